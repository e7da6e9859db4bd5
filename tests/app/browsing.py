"""What the tests of the app in a real browser share; their fixtures are in conftest.py."""

from benchmarks.first_visit import chromium
from benchmarks.pages import settled

CHROMIUM = chromium()
PATIENCE = 90_000  # milliseconds: two busy cores are slow at first


def at_rest(page, for_ms: int = 1_500) -> None:
    """Waits until Streamlit has run nothing for a while: a click takes its time to start a run."""
    settled(page, for_ms)
