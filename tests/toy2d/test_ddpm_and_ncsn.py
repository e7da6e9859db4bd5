"""Both families from one denoiser: the views agree, the samplers are right on exact scores, page and command."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import opened

from playground.errors import UserError
from playground.levels import Level, seeded
from playground.steps import ddim
from playground.walk import final, walk
from toy2d.__main__ import main
from toy2d.ddpm_and_ncsn.experiment import SAMPLERS, FamiliesConfig, two_families
from toy2d.ddpm_and_ncsn.figures import families_clouds
from toy2d.ncsn.experiment import learn_each
from toy2d.presets import MixtureSpec

PAGE = Path(__file__).parents[2] / "toy2d/ddpm_and_ncsn/page.py"
SMALL = FamiliesConfig(MixtureSpec("ring"), T=12, steps=25, train_steps=250, particles=400, frames=5)


@pytest.fixture(scope="module")
def networks():
    return learn_each(SMALL.learning())


@pytest.fixture(scope="module")
def result(networks):
    return two_families(SMALL, networks)


def test_every_network_runs_with_every_sampler(result):
    assert set(result.runs) == {(name, sampler) for name in ("exact", "ncsn", "ddpm") for sampler in SAMPLERS}
    assert result.runs["ncsn", "annealed"].calls == 120 and result.runs["ncsn", "ddim"].calls == 25


def test_with_exact_scores_ddpm_comes_to_the_floor(result):
    """On the ring DDPM's bias at 25 steps is small beside the noise of 400 samples; the distance itself scatters by
    about a third around its mean, so twice the floor is three of that.
    """
    exact = result.runs["exact", "ddpm"].distances
    assert exact.sliced < 2 * result.floor.sliced
    assert exact.energy < 2 * result.floor.energy
    assert exact.log_likelihood == pytest.approx(result.floor.log_likelihood, abs=0.5)


def test_the_two_views_walk_the_same_path(networks):
    """DDIM on the preserving levels, divided by alpha, is DDIM on the exploding ones: float32 over 25 steps."""
    preserving = SMALL.preserving()[:-1]
    exploding = [Level(torch.ones(()), level.sigma / level.alpha) for level in preserving]
    start = 20 * torch.randn((50, 2), generator=seeded(0))
    for denoise in (SMALL.mixture.build(), networks["ncsn"].denoise, networks["ddpm"].denoise):
        a = (
            final(walk(ddim(), denoise, preserving[0].alpha * start, preserving, seeded(0)))
            / preserving[-1].alpha
        )
        b = final(walk(ddim(), denoise, start, exploding, seeded(0)))
        assert torch.allclose(a, b, atol=5e-3)


def test_a_networks_score_is_the_same_in_both_views(networks):
    """E[x0 | x_t] does not care by which factor x_t was scaled."""
    x = 5 * torch.randn((20, 2), generator=seeded(1))
    level = SMALL.preserving()[5]
    scaled = Level(torch.ones(()), level.sigma / level.alpha)
    for network in networks.values():
        assert torch.allclose(network.denoise(level.alpha * x, level), network.denoise(x, scaled), atol=1e-4)


def test_levels_that_both_have_seen_lie_within_ncsns():
    ratios = [float(level.sigma / level.alpha) for level in SMALL.preserving()]
    assert len(ratios) == SMALL.steps + 1 and ratios[-1] == 0
    assert SMALL.sigma_L <= ratios[-2] < 1.2 * SMALL.sigma_L  # T = 1000 has levels closer than that
    assert 0.9 * SMALL.sigma_1 < ratios[0] <= SMALL.sigma_1
    assert all(a > b for a, b in pairwise(ratios))
    whole = replace(SMALL, inside=False).preserving()
    assert float(whole[0].sigma / whole[0].alpha) > 5 * SMALL.sigma_1


def test_rescaled_clouds_are_divided_by_alpha(result):
    plain, scaled = (families_clouds(SMALL, result, "exact", rescaled)[2] for rescaled in (False, True))
    run = result.runs["exact", "ddim"]
    assert np.allclose(scaled.xs * run.alphas[:, None, None], plain.xs, atol=1e-5)
    assert np.allclose(scaled.xs[-1], plain.xs[-1])  # alpha is one at clean data


def test_more_steps_than_levels_are_refused():
    with pytest.raises(UserError, match="take fewer steps"):
        FamiliesConfig(steps=900).preserving()


def test_the_page_opens_and_shows_another_network():
    app = opened(PAGE)
    table = app.dataframe[0].value
    assert len(table) == 10  # nine runs and the floor
    app.number_input(key="steps").set_value(10).run()
    assert any("have changed" in caption.value for caption in app.caption)
    next(b for b in app.button if b.key == "families-go").click().run()
    assert not app.exception and not app.error
    assert not app.dataframe[0].value.equals(table)


def test_the_command_writes_its_three_files(tmp_path):
    options = ["--T", "2", "--levels", "3", "--steps", "5", "--train-steps", "20", "--particles", "50"]
    assert main(["families", *options, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "families.json").read_text())
    assert len(numbers["runs"]) == 9 and "floor" in numbers
    assert all((tmp_path / f"families.{suffix}").stat().st_size > 1000 for suffix in ("png", "gif"))


def test_the_command_refuses_too_many_steps_in_one_line(tmp_path, capsys):
    assert main(["families", "--steps", "900", "--out", str(tmp_path)]) == 2
    assert "take fewer steps" in capsys.readouterr().err
