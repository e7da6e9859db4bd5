"""The tour: every page belongs to a section of the lecture, and Next alone reaches all of them."""

import pytest
from streamlit.testing.v1 import AppTest

import images.topics
import toy2d.topics
from playground.topics import SECTIONS, touring

ALL = (*toy2d.topics.TOPICS, *images.topics.TOPICS)


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic.address)
def test_a_topic_says_its_section_and_its_claim_in_one_sentence(topic):
    assert topic.section in SECTIONS
    assert topic.claim.endswith(".") and len(topic.claim) < 120


def test_the_tour_is_the_lectures_order_and_leaves_no_page_out():
    tour = touring(ALL)
    assert set(tour) == set(ALL) and len(tour) == len(ALL)
    places = [SECTIONS.index(topic.section) for topic in tour]
    assert places == sorted(places)


FOUR_PAGES = """
import streamlit as st
from playground.topics import DDIM, Topic
from playground.ui.page import page
from playground.ui.tour import Stop, set_out, tour

names = ["start", "one", "two", "three"]
pages = [st.Page(lambda: None, title=name, url_path=name, default=name == "start") for name in names]
topics = [Topic(name, name, name, "draw", "", DDIM, f"Claim {name}.") for name in names]
at = names.index(st.session_state.get("at", "start"))
st.navigation(pages)
set_out([Stop(*pair) for pair in zip(pages, topics, strict=True)], pages[at])
with page(names[at]):
    st.session_state["next"] = tour().neighbour(1).page.url_path or "start"
    st.session_state["back"] = tour().neighbour(-1).page.url_path or "start"
"""


def test_next_alone_reaches_every_page_and_back_undoes_next():
    app = AppTest.from_string(FOUR_PAGES)
    app.session_state["at"] = "start"
    app.run()
    seen = []
    for _ in range(4):
        here = app.session_state["at"]
        seen.append(here)
        app.session_state["at"] = app.session_state["next"]
        app.run()
        assert not app.exception and app.session_state["back"] == here
    assert sorted(seen) == ["one", "start", "three", "two"] and app.session_state["at"] == "start"


def test_a_page_of_the_tour_shows_its_number_section_and_claim():
    app = AppTest.from_string(FOUR_PAGES)
    app.session_state["at"] = "two"
    app.run()
    assert app.caption[0].value == "2 of 3 · Denoising diffusion implicit model (DDIM)"
    assert app.markdown[0].value == "Claim two."
