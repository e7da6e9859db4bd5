"""Predict first: nothing is shown before an answer, both after it; verdicts are made from the result."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from page_opened import opened
from streamlit.testing.v1 import AppTest

from playground.ui.predict import compared
from toy2d.mixing.experiment import Chain, Mixing, MixingConfig, said
from toy2d.presets import MixtureSpec

WING = Path(__file__).parents[2] / "toy2d"


@pytest.mark.parametrize("name", ["mixing", "diffusion", "inpainting", "guidance", "inverse_problems"])
def test_results_wait_for_the_answer_and_new_settings_ask_again(name):
    app = opened(WING / name / "page.py", particles="100", predict="true")
    assert not drawn(app)
    key = {"inpainting": "inpainting-2d", "inverse_problems": "inverse"}.get(name, name)
    asked, changed = (1.5, ("value", 1.0)) if name == "inverse_problems" else (0.3, ("pi", 0.2))
    app.slider(key=f"{key}-answer").set_value(asked).run()
    assert not drawn(app)
    app.button(key=f"{key}-say").click().run()
    assert drawn(app)
    assert any(f"You said {asked:.2f}; it is" in text.value for text in app.markdown)
    app.slider(key=changed[0]).set_value(changed[1]).run()
    assert not drawn(app) and app.button(key=f"{key}-say")
    app.toggle(key="predict").set_value(False).run()
    assert drawn(app) and not any("You said" in text.value for text in app.markdown)


def drawn(app: AppTest) -> bool:
    return bool(app.get("bidi_component") or app.get("plotly_chart"))


def test_an_answer_stands_beside_the_truth():
    assert compared(None, 0.5) == ""
    assert compared(0.9, 0.5) == "You said 0.90; it is 0.50, 0.40 from it."
    assert compared(5, 9) == "You said 5; it is 9, 4 from it."
    assert compared("DDIM", "DDPM") == "You said DDIM; it is DDPM."


def mixed(plain: float, annealed: float, pi: float = 0.8) -> Mixing:
    """Two chains that end with these shares in mode 1."""

    def chain(share: float) -> Chain:
        shares = np.array([[0.5, 0.5], [share, 1 - share]])
        return Chain(np.zeros((2, 1, 2)), np.zeros((2, 1)), shares, np.arange(2), np.zeros(2))

    return Mixing(chain(plain), chain(annealed), np.array([pi, 1 - pi]))


@pytest.mark.parametrize(
    ("plain", "annealed", "outcome"),
    [
        (0.5, 0.81, "holds"),
        (0.5, 0.77, "cannot be told at N = 1,000"),  # 0.03 -+ 0.026 off, and 0.05 is tolerated
        (0.8, 0.5, "does not hold"),
        (0.5, 0.7, "does not hold"),
        (0.8, 0.8, "does not hold"),
    ],
)
def test_mixings_verdict_follows_the_shares(plain, annealed, outcome):
    """1,000 particles at 0.8 have a 95 % interval of about 0.8 -+ 0.025."""
    sentence, found = said(MixingConfig(MixtureSpec(pi=0.8), particles=1_000), mixed(plain, annealed))
    assert found == outcome
    assert ("Plain Langevin agrees" in sentence) == (plain == 0.8)
    assert ("annealed agrees" in sentence) == (abs(annealed - 0.8) < 0.02)
    if plain == 0.5:
        assert "Plain Langevin is 0.300 off π" in sentence


@pytest.mark.parametrize(
    ("plain", "outcome"), [((0.4, 0.2, 0.4), "holds"), ((0.2, 0.3, 0.5), "does not hold")]
)
def test_of_many_modes_the_share_in_a_wrong_one_decides(plain, outcome):
    """Annealed is exact; plain has a fifth of the particles in a wrong mode, or no more than chance has."""
    weights = np.array([0.2, 0.3, 0.5])
    found = replace(mixed(0.5, 0.5), weights=weights)
    chains = {name: replace(getattr(found, name), shares=np.array([shares, shares]))
              for name, shares in (("plain", np.array(plain)), ("annealed", weights))}  # fmt: skip
    assert said(MixingConfig(particles=2_000), replace(found, **chains))[1] == outcome
