"""streamlit run streamlit_app.py: navigation only."""

import os
from pathlib import Path

# Before torch is loaded: its threads sleep while they wait, so that a training beside the app keeps its speed.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import streamlit as st

from images.topics import TOPICS as IMAGES
from playground.topics import Topic
from playground.ui.history import one_entry_per_page
from playground.ui.home import home
from toy2d.topics import TOPICS as TOY2D

HERE = Path(__file__).parent
UI = HERE / "playground" / "ui"


def page_of(path: str, topic: Topic) -> st.Page:
    return st.Page(HERE / path, title=topic.title, icon=f":material/{topic.icon}:", url_path=topic.address)


sections = {
    "Two dimensions": [(page_of(f"toy2d/{topic.folder}/page.py", topic), topic.blurb) for topic in TOY2D],
    "MNIST": [(page_of(f"images/{topic.folder}/page.py", topic), topic.blurb) for topic in IMAGES],
}
start = st.Page(lambda: home(sections), title="Start", icon=":material/home:", url_path="start", default=True)
st.set_page_config(page_title="Denoising playground", page_icon=str(UI / "icon.png"), layout="wide")
st.html(UI / "style.css")
one_entry_per_page()
st.navigation(
    {"": [start], **{name: [page for page, _ in pages] for name, pages in sections.items()}}, position="top"
).run()
