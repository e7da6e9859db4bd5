"""What pages offer to try, and what a button sets is what the page's own widgets take."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from widgets_asked import key_of, widgets_of

from playground.ui.tries import offered

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("toy2d/*/page.py"), *ROOT.glob("images/*/page.py")])


def settings_of(path: Path) -> dict[str, dict]:
    """Label -> settings of what the page offers; nothing where it has no file of it."""
    known = offered(path) if path.with_name("tries.toml").exists() else {}
    return {label: choice["set"] for label, choice in known.items()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_page_that_offers_to_try_offers_two_or_three_things_with_its_own_keys(path):
    choices = settings_of(path)
    assert len(choices) in (0, 2, 3)
    assert bool(choices) == ("tries(__file__" in path.read_text(encoding="utf-8"))
    near = [*path.parent.glob("*.py"), path.parents[1] / "ui.py"]
    written = "".join(file.read_text(encoding="utf-8") for file in near)
    keys = set(re.findall(r'key(?:: str)? ?= ?"([\w-]+)"', written))
    keys |= {key_of(call) for file in near for call in widgets_of(file)}
    for settings in choices.values():
        assert set(settings) <= keys, settings


def test_nearly_all_pages_offer_something():
    assert sum(bool(settings_of(path)) for path in PAGES) >= 24  # trainings and runs have nothing to try


@pytest.mark.parametrize(
    "page", ["mixing", "diffusion", "few_steps", "guidance", "likelihood", "mixing_time"]
)
def test_each_button_sets_its_widgets(page):
    """On the pages that need no network: the values arrive, none is refused, and the look is said."""
    path = ROOT / "toy2d" / page / "page.py"
    app = AppTest.from_file(str(path), default_timeout=120)
    if page in ("mixing", "diffusion", "few_steps", "guidance"):
        app.query_params["particles"] = "100"
    app.run()
    for label, settings in settings_of(path).items():
        app.button(key=f"try-{label}").click().run()
        assert not app.exception and not app.error, (label, app.exception, app.error)
        for key, value in settings.items():
            assert app.session_state[key] == value, (label, key)
