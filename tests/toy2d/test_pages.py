"""The first 2-D pages through Streamlit's own test client."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from toy2d import ui
from toy2d.starts import MOST

WING = Path(__file__).parents[2] / "toy2d"


def opened(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(WING / name / "page.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def numbers(app: AppTest) -> list[str]:
    return [metric.value for metric in app.metric]


def test_moving_pi_changes_the_shares():
    app = opened("mixing")
    before = numbers(app)
    assert before[0] == "0.800"
    app.slider(key="pi").set_value(0.3).run()
    assert not app.error and not app.exception
    assert numbers(app)[0] == "0.300"
    assert float(numbers(app)[1]) == pytest.approx(0.5, abs=0.064)  # plain: the start decides; 4 se of 1,000
    assert float(numbers(app)[2]) == pytest.approx(0.3, abs=0.09)  # annealed, with its own bias of about 0.02


def test_the_address_opens_the_same_experiment():
    app = opened("mixing", pi="0.35", mixture="anisotropic pair", z="false")
    assert app.slider(key="pi").value == 0.35
    assert app.selectbox(key="mixture").value == "anisotropic_pair"
    assert app.toggle(key="z").value is False


def test_many_modes_show_the_share_in_a_wrong_mode():
    app = opened("mixing", mixture="ring of eight", particles="200")
    assert app.metric[0].value == "8"
    assert "wrong mode" in app.metric[1].label


def test_a_diverging_step_is_an_error_and_no_traceback():
    app = opened("mixing", particles="50")
    app.number_input(key="a").set_value(9.0).run()
    assert not app.exception
    assert any("diverged" in error.value for error in app.error)


def test_learned_scores_mix_on_the_page(monkeypatch):
    """With a network of a few steps: the page's way is tested here, not the network."""
    learn = ui.learn
    monkeypatch.setattr(ui, "learn", lambda config, report: learn(short(config), report))
    app = opened("mixing", particles="50", L="2", T="10")
    app.segmented_control(key="score").set_value("learned").run()
    assert not app.error and not app.exception


def short(config):
    return replace(config, steps=20)


def test_the_diffusion_page_counts_steps():
    app = opened("diffusion")
    fine = float(numbers(app)[0])
    app.select_slider(key="steps").set_value(1).run()
    assert not app.error and not app.exception
    assert float(numbers(app)[0]) > fine


def test_the_score_page_needs_no_network_at_sigma_zero(monkeypatch):
    learn = ui.learn
    monkeypatch.setattr(ui, "learn", lambda config, report: learn(short(config), report))
    app = opened("score_fields")
    assert len(app.metric) == 3
    app.select_slider(key="sigma").set_value(0.0).run()
    assert not app.error and not app.exception and not app.metric
    assert any("σ = 0" in caption.value for caption in app.caption)


def test_particles_have_bounds_on_the_page():
    app = opened("mixing", particles="50")
    assert app.number_input(key="particles").max == MOST
