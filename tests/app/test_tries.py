"""What pages offer to try, and what a button sets is what the page's own widgets take."""

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("toy2d/*/page.py"), *ROOT.glob("images/*/page.py")])


def offered(path: Path) -> list[tuple[str, dict]]:
    """(label, settings) of each Try(...) that the page writes out."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Try":
            found.append((ast.literal_eval(node.args[0]), ast.literal_eval(node.args[2])))
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_page_that_offers_to_try_offers_two_or_three_things_with_its_own_keys(path):
    choices = offered(path)
    assert len(choices) in (0, 2, 3)
    near = [*path.parent.glob("*.py"), path.parents[1] / "ui.py"]
    keys = set(
        re.findall(r'key(?:: str)? ?= ?"([\w-]+)"', "".join(p.read_text(encoding="utf-8") for p in near))
    )
    for _, settings in choices:
        assert set(settings) <= keys, settings


def test_nearly_all_pages_offer_something():
    assert sum(bool(offered(path)) for path in PAGES) >= 24  # trainings and runs have nothing to try


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
    for label, settings in offered(path):
        app.button(key=f"try-{label}").click().run()
        assert not app.exception and not app.error, (label, app.exception, app.error)
        for key, value in settings.items():
            assert app.session_state[key] == value, (label, key)
