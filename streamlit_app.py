"""streamlit run streamlit_app.py: navigation only.

The server imports this file once, as a module, for `app`; each run of a page executes it as __main__.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

# Before torch is loaded: its threads sleep while they wait, so that a training beside the app keeps its speed.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from images.topics import TOPICS as IMAGES
from playground.claims import Claim, Outcome, kept
from playground.topics import Topic, touring
from playground.ui.claims import TITLE, claims_page
from playground.ui.history import one_entry_per_page
from playground.ui.home import home
from playground.ui.serving import serving
from playground.ui.tour import Stop, set_out
from toy2d.topics import TOPICS as TOY2D

HERE = Path(__file__).parent
UI = HERE / "playground" / "ui"
WINGS = {"two dimensions": "toy2d", "MNIST": "images"}  # on the page of claims, and the folder


def stop_at(wing: str, topic: Topic) -> Stop:
    path, icon = HERE / wing / topic.folder / "page.py", f":material/{topic.icon}:"
    return Stop(st.Page(path, title=topic.title, icon=icon, url_path=topic.address), topic)


def claims() -> dict[str, Sequence[Claim]]:
    """Imported when the page is opened: they bring all experiments with them."""
    from images.claims.digits import CLAIMS as ON_DIGITS
    from toy2d.claims.plane import CLAIMS as IN_THE_PLANE

    return dict(zip(WINGS, (IN_THE_PLANE, ON_DIGITS), strict=True))


def came_out(wings: Mapping[str, Sequence[Claim]]) -> Mapping[str, Mapping[int, Outcome]]:
    """When this version was made: `python -m toy2d claims`, `python -m images claims`."""
    files = {name: HERE / wing / "shipped" / "claims" / "claims.json" for name, wing in WINGS.items()}
    return {name: kept(files[name], claims) for name, claims in wings.items()}


def run_page(page: StreamlitPage, on_one_thread: bool) -> None:
    """A page of the plane takes one thread: its tensors are small, and a second one waits longer than it works."""
    if not on_one_thread:
        page.run()
        return
    from playground.threads import one_thread

    with one_thread():
        page.run()


def may_measure() -> bool:
    from images.training.runs import readonly

    return not readonly()


def find_digits() -> None:
    """MNIST's, downloaded where they are not here: else the first page of digits would wait for them."""
    from images.data.mnist import load

    load("test")


def main() -> None:
    """One run of the page that is asked for."""
    wings = {
        "Two dimensions": {topic: stop_at("toy2d", topic) for topic in TOY2D},
        "MNIST": {topic: stop_at("images", topic) for topic in IMAGES},
    }
    found = {**wings["Two dimensions"], **wings["MNIST"]}
    stops = [found[topic] for topic in touring(found)]
    all_claims = st.Page(
        lambda: claims_page(claims, may_measure, came_out),
        title=TITLE,
        icon=":material/checklist:",
        url_path="claims",
    )
    about = "What the lecture says, where it is tested, and how it came out."
    stops.append(Stop(all_claims, Topic("", "claims", TITLE, "checklist", about, claim=about)))
    start = st.Page(
        lambda: home(stops), title="Start", icon=":material/home:", url_path="start", default=True
    )
    st.set_page_config(page_title="Denoising playground", page_icon=str(UI / "icon.png"), layout="wide")
    st.html(UI / "style.css")
    one_entry_per_page()
    menu = {
        "": [start, all_claims],
        **{name: [stop.page for stop in pages.values()] for name, pages in wings.items()},
    }
    current = st.navigation(menu, position="top")
    set_out([Stop(start, Topic("", "start", "Start", "home", "")), *stops], current)
    in_the_plane = {stop.page.url_path for stop in wings["Two dimensions"].values()}
    run_page(current, current.url_path in in_the_plane)


if __name__ == "__main__":
    main()
else:
    app = st.App(__file__, lifespan=partial(serving, also=find_digits))
