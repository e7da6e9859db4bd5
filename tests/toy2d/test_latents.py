"""Codes of one number against samples and closed forms; the order of inversion; scales."""

import json
from pathlib import Path

import pytest
import torch
from page_opened import opened

from playground.levels import linear_beta, seeded
from playground.statistics import FAILS, HOLDS
from playground.steps import ddim
from playground.walk import final, walk
from toy2d import latents as topic
from toy2d.__main__ import main
from toy2d.latents.experiment import (
    MODE,
    NOTHING,
    LatentsConfig,
    brought_back,
    claims,
    climbed,
    code_of,
    covariance,
    latents,
    left_by,
    quantiles,
    scale_errors,
    there_and_back,
)
from toy2d.mixture import Mixture, two_modes

MIXTURE = LatentsConfig().build()


def test_pca_keeps_nine_tenths_and_knows_nothing_of_the_modes():
    """9 of 9 + 1 + 0.04; x is the same in both modes, so c is, too."""
    code = code_of(MIXTURE, 1.0)
    assert code.kept == pytest.approx(9 / 10.04) and code.confused == pytest.approx(0.5)
    weighted = code_of(MIXTURE, 10.0)
    assert weighted.kept == pytest.approx(1.04 / 10.04)
    assert weighted.confused == pytest.approx(float(torch.special.ndtr(torch.tensor(-5.0))), rel=1e-3)


@pytest.mark.parametrize("weight", [1.0, 2.0, 10.0])
def test_what_a_code_keeps_is_what_samples_show(weight):
    """A tilted mixture, so that nothing is along an axis; 20,000 samples, 3 % for their chance."""
    S = [[4.0, 1.0], [1.0, 0.5]]
    mixture = Mixture.of([[0.3, -1.0], [-0.3, 1.0]], covariances=[S, S], dtype=torch.float64)
    code, x = code_of(mixture, weight), mixture.sample(20_000, seeded(0))
    lost = float((code.rebuilt(x) - x).square().sum(1).mean())
    assert lost == pytest.approx(float(covariance(mixture).trace()) * (1 - code.kept), rel=0.03)
    assert code.latents.std() == pytest.approx(1.0)


def test_no_linear_code_has_less_weighted_error():
    S, weight = covariance(MIXTURE), 2.0
    W = torch.diag(torch.tensor([1.0, weight]).double())

    def error(along):
        back = S @ along / (along @ S @ along)
        rest = torch.eye(2).double() - back[:, None] * along
        return float((W @ rest @ S @ rest.T @ W).trace())

    best = error(code_of(MIXTURE, weight).along)
    angles = torch.linspace(0, torch.pi, 90, dtype=torch.float64)
    assert all(error(torch.stack([a.cos(), a.sin()])) > best - 1e-9 for a in angles)


def test_quantiles_come_back_through_the_distribution():
    line = code_of(MIXTURE, 10.0).latents
    p = torch.tensor([0.01, 0.25, 0.5, 0.9], dtype=torch.float64)
    x = quantiles(line, p)
    std = line.covariances[:, 0, 0].sqrt()
    back = (line.log_weights.exp() * torch.special.ndtr((x[:, None] - line.means[:, 0]) / std)).sum(1)
    assert torch.allclose(back, p, atol=1e-12)


def test_the_error_by_scale_is_u_shaped_and_more_steps_help_small_scales_only():
    line = code_of(MIXTURE, 10.0).latents
    small, middle, large = scale_errors(line, (0.01, 1.0, 100.0), 20).tolist()
    assert small > 2 * middle and large > 2 * middle
    finer = scale_errors(line, (0.01, 100.0), 200).tolist()
    assert finer[0] < small
    assert finer[1] > large / 2  # the start is wrong, and no step mends it


def test_scales_side_by_side_are_walks_of_scaled_data():
    """One walk for each scale, of the mixture whose means and covariances are scaled; float64 leaves rounding only."""
    line, n, steps = code_of(MIXTURE, 10.0).latents, 200, 10
    p = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    for c, found in zip(
        (0.01, 1.0, 30.0), scale_errors(line, (0.01, 1.0, 30.0), steps, n).tolist(), strict=True
    ):
        scaled = Mixture(c * line.means, c**2 * line.covariances, line.log_weights)
        grid = linear_beta(1000).grid(steps)
        made = final(walk(ddim(0.0), scaled, torch.special.ndtri(p)[:, None], grid, seeded(0)))[:, 0] / c
        assert found == pytest.approx(float((made.sort().values - quantiles(line, p)).abs().mean()), rel=1e-8)


def test_what_z_leaves_is_the_conditional_variance():
    """Two modes at +-(5, 5) of variance one: x names the mode but for one in millions."""
    left = left_by(two_modes(0.8).to(torch.float64))
    assert left["the mode"] == pytest.approx(2.0)
    assert left["nothing"] == pytest.approx(2 + 2 * 100 * 0.8 * 0.2)
    assert left["x"] == pytest.approx(1.0, abs=1e-3)


def test_inversion_has_the_order_of_its_step_and_few_steps_suffice_when_told():
    """Up: 1 and 2, seen against a thousand steps, which leave a tenth of the last error: log2 of (40 - 1) / (9 - 1)."""
    ways = there_and_back(200, 0)
    for what in (NOTHING, MODE):
        assert ways.climb_slopes["DDIM", what] == pytest.approx(1, abs=0.2)
        assert ways.slopes["DDIM", what] == pytest.approx(1, abs=0.2)
    assert ways.climb_slopes["Heun", NOTHING] == pytest.approx(2, abs=0.25)
    assert ways.slopes["Heun", NOTHING] == pytest.approx(3, abs=0.2)  # the even error of the way back cancels
    assert ways.misses["DDIM", MODE][0] < ways.misses["DDIM", NOTHING][0] / 2
    assert ways.trips["Heun", MODE].max() < 1e-12 and ("Heun", MODE) not in ways.slopes
    said = claims(latents(LatentsConfig(points=20)), ways)
    assert sum("exact in" in claim.words for claim in said) == 1


def test_what_varies_most_is_what_matters_most_where_the_modes_lie_far_apart_for_their_length():
    """Modes 2 apart and 3 long vary most in x, which says nothing of the mode; 0.5 long they vary most in y."""
    ways = there_and_back(20, 0)
    for spread, outcome in ((3.0, HOLDS), (0.5, FAILS)):
        first = claims(latents(LatentsConfig(points=20, spread=spread)), ways)[0]
        assert first.verdict == outcome and "matters most" in first.words


def test_a_mode_of_another_width_is_no_longer_exact_for_heun():
    """Only a mode of variance one turns by the angle itself; on a narrow one the orders are those of the step."""
    pair = two_modes(0.8, std=0.3).to(torch.float64)
    x, modes = pair.sample_with_modes(200, seeded(0))
    ways = []
    for n in (100, 200):
        back = brought_back(pair, climbed(pair, x, modes, "Heun", True, n), modes, "Heun", True, n)
        ways.append(float((back - x).norm(dim=1).median()))
    assert ways[0] > 1e-9 and ways[0] / ways[1] == pytest.approx(2**3, rel=0.3)


def test_the_command_and_the_page(tmp_path):
    assert main(["latents", "--points", "50", "--out", str(tmp_path)]) == 0
    about = json.loads((tmp_path / "latents.json").read_text())
    assert about["codes"]["PCA"]["kept"] == pytest.approx(0.896, abs=0.001)
    app = opened(Path(topic.__file__).with_name("page.py"))
    assert "latents" in app.session_state
