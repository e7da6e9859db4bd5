"""Addresses that no widget takes, and settings that are each allowed but multiply to hours."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from images.inpainting.experiment import InpaintConfig
from images.sampling import LONGEST as LONGEST_SAMPLING
from images.sampling import require_calls
from playground.errors import UserError
from playground.ui.address import stands_for
from playground.work import require_work
from toy2d.annealing.experiment import AnnealingConfig, MapConfig
from toy2d.ddpm_and_ncsn.experiment import FamiliesConfig
from toy2d.diffusion.experiment import DiffusionConfig
from toy2d.few_steps.experiment import FewStepsConfig
from toy2d.forward_and_bound.bound import BoundConfig
from toy2d.guidance.experiment import GuidanceConfig, guidance_sweep
from toy2d.inpainting.experiment import InpaintConfig as Inpaint2dConfig
from toy2d.likelihood.experiment import LikelihoodConfig
from toy2d.mixing.experiment import MixingConfig
from toy2d.mixing_time.experiment import CrossingConfig, crossing
from toy2d.ncsn.experiment import NcsnConfig
from toy2d.net import LearnConfig
from toy2d.own_data.experiment import OwnDataConfig
from toy2d.presets import MixtureSpec

GRID = MixtureSpec("grid")  # 25 modes


def script() -> None:
    import streamlit as st

    from playground.ui.address import from_address

    names = {"a": "aa", "b": "bb"}
    values = {
        "whole": from_address(st.number_input, "w", 1, 200, 10, key="whole"),
        "real": from_address(st.number_input, "r", 0.1, 10.0, 1.0, key="real"),
        "slider": from_address(st.slider, "s", 0.0, 1.0, 0.5, 0.1, key="slider"),
        "counted": from_address(st.slider, "c", 0, 10, 5, key="counted"),
        "select": from_address(st.select_slider, "ss", [1, 2, 5], value=2, key="select"),
        "box": from_address(st.selectbox, "sb", list(names), key="box", format_func=names.get),
        "part": from_address(
            st.segmented_control,
            "p",
            list(names),
            default="a",
            required=True,
            key="part",
            format_func=names.get,
        ),
        "many": from_address(st.multiselect, "m", [1, 2, 3], default=[1], key="many"),
        "toggle": from_address(st.toggle, "t", True, key="toggle"),
    }
    st.session_state["values"] = values


DEFAULTS = {"whole": 10, "real": 1.0, "slider": 0.5, "counted": 5, "select": 2, "box": "a", "part": "a"}
DEFAULTS |= {"many": [1], "toggle": True}


def opened(key: str, text: str) -> AppTest:
    app = AppTest.from_function(script, default_timeout=20)
    app.query_params[key] = text
    return app.run()


@pytest.mark.parametrize("text", ["inf", "-inf", "nan", "1e999", "9" * 400, "9" * 5_000, "", "x", "<b>**x**"])
@pytest.mark.parametrize("key", DEFAULTS)
def test_what_a_widget_cannot_take_is_its_default_and_is_said(key, text):
    app = opened(key, text)
    assert not app.exception
    assert app.session_state["values"] == DEFAULTS
    (toast,) = app.toast
    assert f"The address has {key}=" in toast.value and "is used" in toast.value
    assert len(toast.value) < 200
    assert not app.run().toast  # said once; and the address is right now


@pytest.mark.parametrize(
    "key, text, value",
    [("whole", "20", 20), ("real", "2.5", 2.5), ("slider", "0.1", 0.1), ("select", "5", 5), ("box", "bb", "b"),
     ("part", "bb", "b"), ("many", "2", [2]), ("toggle", "false", False), ("whole", "10", 10)],
)  # fmt: skip
def test_what_a_widget_takes_is_taken_without_a_word(key, text, value):
    app = opened(key, text)
    assert not app.exception and not app.toast
    assert app.session_state["values"] == DEFAULTS | {key: value}


def test_a_value_that_is_not_the_one_asked_for_is_told_apart():
    assert stands_for(["0.10"], 0.1) and stands_for(["TRUE"], True) and stands_for(["2", "1"], [1, 2])
    assert not stands_for(["2.5"], 2) and not stands_for(["1", "x"], [1]) and not stands_for(["x"], None)


# --- work -------------------------------------------------------------------------------------------------


def test_the_sentence_has_the_product_an_estimate_and_a_remedy_that_is_taken():
    with pytest.raises(UserError) as refused:
        require_work(100.0, 60.0, particles=1_000, steps=12)
    assert str(refused.value) == (
        "These settings ask for 1,000 particles x 12 steps, about 2 min 00 s of work; at most 1 min 00 s is taken on: "
        "choose 500 particles or fewer, or less of the rest."
    )
    require_work(100.0, 60.0, particles=500, steps=12)  # the remedy, to the last particle
    with pytest.raises(UserError):
        require_work(100.0, 60.0, particles=501, steps=12)


HOURS = {
    "mixing": lambda: MixingConfig(particles=200_000, T=1_000),
    "annealing": lambda: AnnealingConfig(GRID, particles=200_000, L=1_000, T=1_000),
    "map": lambda: MapConfig(AnnealingConfig(GRID, L=200, T=300), "eps", "sigma_1", (1,) * 9, (2.0, 5.0)),
    "diffusion": lambda: DiffusionConfig(GRID, particles=200_000, steps=1_000),
    "few steps": lambda: FewStepsConfig(steps=(500, 1_000), particles=20_000, repeats=100),
    "inpainting": lambda: Inpaint2dConfig(resamplings=200, steps=1_000, particles=20_000),
    "guidance": lambda: guidance_sweep(GuidanceConfig(steps=1_000, particles=50_000)),
    "likelihood": lambda: LikelihoodConfig(steps=10_000, samples=100_000),
    "ncsn": lambda: NcsnConfig(levels=200, T=1_000),
    "own data": lambda: OwnDataConfig(n=10_000, steps=1_000, particles=20_000),
    "families": lambda: FamiliesConfig(levels=200, T=1_000, particles=20_000),
    "bound": lambda: BoundConfig(GRID, steps=1_000, samples=100_000),
    "learning": lambda: LearnConfig(steps=100_000, batch=10_000),
    "crossing": lambda: crossing(CrossingConfig(particles=100_000, distance=4.0, longest=1_000_000)),
}


@pytest.mark.parametrize("name", HOURS)
def test_hours_by_address_are_refused_before_any_work(name):
    began = time.perf_counter()
    with pytest.raises(UserError, match=r"These settings ask for .* of work; .* choose "):
        HOURS[name]()
    assert time.perf_counter() - began < 10  # crossing first finds how many steps there would be


def test_hours_of_digits_are_refused_on_a_processor():
    class Cpu:
        class device:
            type = "cpu"

    most = InpaintConfig(64, steps=250, resamplings=20)
    require_calls(Cpu, images=400, steps=500)
    with pytest.raises(UserError, match="about 26 min 00 s of work"):
        require_calls(Cpu, images=most.count, steps=most.steps, turns=2 * most.resamplings - 1)
    assert LONGEST_SAMPLING == 15 * 60


def test_the_page_says_it_and_does_not_work():
    app = AppTest.from_file(str(Path(__file__).parents[2] / "toy2d/mixing/page.py"), default_timeout=30)
    app.query_params.update({"particles": "200000", "T": "1000"})
    began = time.perf_counter()
    app.run()
    assert not app.exception and any("at most 2 min 00 s is taken on" in error.value for error in app.error)
    assert time.perf_counter() - began < 20
