"""A knob's first value stands once, in its experiment's dataclass: commands and pages begin with it."""

import argparse
import ast
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from widgets_asked import called, key_of, widgets_of

import playground.ui.busy
from images.__main__ import parser as images_parser
from images.generate.experiment import SampleConfig
from playground.knobs import Knobs
from toy2d.__main__ import parser as toy2d_parser
from toy2d.topics import TOPICS

HOUSE = Path(__file__).parents[2]
# Options that are no experiment's: how networks hear of a class, for example, is asked on the command line alone.
NO_KNOB = {("guidance", "dropout"), ("claims", "only"), ("draw-scene", "count"), ("table-clip", "digits"),
           ("clip-between", "digits")}  # fmt: skip
CHOSEN = {"digit", "other", "measure", "strengths"}  # which test digit; off, or chosen for each guide
# Where a page begins with less work than the command line, its experiment says so under the name FIRST.
PAGES = {"ddpm_and_ncsn": "FamiliesConfig", "ncsn": "NcsnConfig"}
# How much of a walk is drawn; what the page's other widgets choose: among them whether networks serve every π, as they
# do at first where a slider moves it, and not for a command, which has one.
SHOWN = {"frames", "mixture", "given", "told_pi"}


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction))


@pytest.mark.parametrize(
    ("wing", "parser", "least"),
    [("toy2d", toy2d_parser, 80), ("images", images_parser, 60)],
    ids=["toy2d", "images"],
)
def test_options_begin_with_their_dataclass(wing: str, parser, least: int):
    """pi is the mixture's, which two experiments choose for themselves; there the parser's default is theirs."""
    seen = 0
    for name, command in subcommands(parser()).items():
        for action in command._actions:
            if action.type not in (int, float) or (name, action.dest) in NO_KNOB or action.dest in CHOSEN:
                continue
            if wing == "images" and name.startswith("train"):
                continue  # a preset says what is not given
            assert hasattr(action, "knob"), f"{name} --{action.dest}: let add_options read it from the config"
            config, field = action.knob
            own = (
                {"guidance": 0.6, "best-w": 0.6, "inpainting": 0.63}.get(name)
                if action.dest == "pi"
                else None
            )
            value = next(f.default for f in fields(config) if f.name == field)
            assert action.default == (value if own is None else own), (name, action.dest)
            seen += 1
    assert seen > least


@pytest.mark.parametrize("topic", [topic.folder for topic in TOPICS])
def test_a_page_opens_with_the_dataclasss_values(topic, monkeypatch):
    """The page is stopped where its work would begin; what it has asked for until then is looked at."""
    made: list = []

    @contextmanager
    def stopped(*args, **options):
        st.stop()
        yield

    for module in (playground.ui.busy, import_module("playground.ui.page"), import_module("toy2d.ui")):
        if hasattr(module, "busy"):
            monkeypatch.setattr(module, "busy", stopped)
    module = import_module(f"toy2d.{topic}.experiment")
    configs = [
        value for name, value in vars(module).items()
        if name.endswith("Config") and is_dataclass(value) and value.__module__ == module.__name__
    ]  # fmt: skip
    for config in configs:
        check = config.__post_init__
        monkeypatch.setattr(
            config, "__post_init__", lambda self, check=check: (made.append(self), check(self))
        )
    app = AppTest.from_file(str(HOUSE / "toy2d" / topic / "page.py"), default_timeout=60).run()
    assert not app.exception, app.exception
    wanted = PAGES.get(topic)
    first = module.FIRST if wanted else None
    checked = 0
    for config in configs:
        shown = next((one for one in made if type(one) is config), None)
        if shown is None or (wanted and config.__name__ != wanted):
            continue
        for field in fields(config):
            if field.name in SHOWN or field.name in ("base", "plain"):
                continue
            value = getattr(first, field.name) if first is not None else field.default
            assert getattr(shown, field.name) == value, (config.__name__, field.name)
            checked += 1
    assert checked > 0


DIGITS = ("autoencoders", "dalle2", "diffusion_autoencoder", "families", "generate", "guidance", "inpainting",
          "latent", "palette", "variations")  # fmt: skip


@pytest.mark.parametrize("topic", DIGITS)
def test_a_page_of_digits_opens_with_the_dataclasss_values(topic, monkeypatch):
    """The page ends where its first config is made.  FIRST, where an experiment has one, is what it opens with."""
    made: list = []
    module = import_module(f"images.{topic}.experiment")
    first = SampleConfig.quick() if topic == "generate" else getattr(module, "FIRST", None)
    check = Knobs.__post_init__

    def noted(self):
        check(self)
        if isinstance(self, type(first)) if first else type(self).__module__ == module.__name__:
            made.append(self)
            st.stop()

    monkeypatch.setattr(Knobs, "__post_init__", noted)
    app = AppTest.from_file(str(HOUSE / "images" / topic / "page.py"), default_timeout=120).run()
    assert not app.exception, app.exception
    begins, (config,) = first or check_free(type(made[0])), made
    knobs = [field.name for field in fields(config) if "limits" in field.metadata]
    assert knobs and [getattr(config, name) for name in knobs] == [getattr(begins, name) for name in knobs]


def check_free(config: type) -> object:
    """A config's first values, without its checks."""
    begins = object.__new__(config)
    begins.__dict__.update({field.name: field.default for field in fields(config)})
    return begins


# --- limits --------------------------------------------------------------------------------------------------

NUMBERS = {"slider", "number_input", "select_slider"}
NO_FIELD = {  # widgets of numbers that no experiment's field holds: which digit, how far along a slider, what is drawn
    "eta", "path_steps", "at", "class", "told-hold", "digit", "d-one", "v-digit", "v-other", "c-one", "c-two",
    "c-count", "c-others", "c-{}",
}  # fmt: skip


def configs_of(wing: str) -> list[type]:
    """Every dataclass of knobs that a wing's files define."""
    modules = [
        import_module(".".join(path.relative_to(HOUSE).with_suffix("").parts))
        for path in sorted((HOUSE / wing).rglob("*.py"))
        if path.name not in ("page.py", "weights_page.py", "measured_page.py", "__main__.py")
        and "knob(" in path.read_text()
    ]
    return [
        value for module in modules for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Knobs) and value.__module__ == module.__name__
    ]  # fmt: skip


@pytest.mark.parametrize("wing, least", [("toy2d", 40), ("images", 15)])
def test_what_a_page_offers_lies_within_the_limits_and_holds_the_first_value(wing, least):
    seen = 0
    for config in configs_of(wing):
        for field in fields(config):
            if (found := field.metadata.get("limits")) is None:
                continue
            low, high = found.page
            assert found.low <= low < high <= found.high, (config.__name__, field.name)
            offered = found.among or (low, high)
            assert list(offered) == sorted(set(offered)), (config.__name__, field.name)
            assert low <= offered[0] and offered[-1] <= high, (config.__name__, field.name)
            if field.default is not None:
                assert low <= field.default <= high, (config.__name__, field.name)
            assert not found.among or field.default in found.among, (config.__name__, field.name)
            seen += (low, high) != (found.low, found.high) or bool(found.among)
    assert seen > least


@pytest.mark.parametrize("wing", ["toy2d", "images"])
def test_no_page_says_a_limit_of_its_own(wing):
    """Widgets of numbers read knobs by `ask`, whose least and most are what model or data allow: no literals."""
    seen = 0
    for path in [HOUSE / wing / "ui.py", *(HOUSE / wing).glob("*/*page.py")]:
        for call in widgets_of(path):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            key = key_of(call)
            if getattr(call.args[0], "attr", "") not in NUMBERS or key in NO_FIELD:
                continue
            where = f"{path.relative_to(HOUSE)}:{call.lineno}, {key}"
            assert called(call) in ("ask", "form"), (
                f"{where}: let `ask` read first value and limits from the experiment's knob"
            )
            literal = [
                name for name in ("least", "most") if isinstance(given.get(name), (ast.Constant, ast.UnaryOp))
            ]
            assert not literal, f"{where}: write the limit into the knob (page=, among=)"
            seen += 1
    assert seen > 10
