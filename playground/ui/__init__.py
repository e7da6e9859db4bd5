"""What the pages of both wings share: the animation player, the mask canvas, download buttons.

The only part of `playground` that imports Streamlit.  Each component is Python, HTML, CSS and JavaScript side
by side; Streamlit mounts them inline, and they take their colours and fonts from the theme.
"""
