"""The networks that are shipped are those of the defaults, small, and know the score as well as a fresh one should."""

import pytest
import torch

from playground.denoisers import score_of
from playground.levels import SCHEDULES, Level, seeded
from toy2d.net import LearnConfig, load
from toy2d.shipped import DEFAULTS, path_of, shipped


@pytest.mark.parametrize("name", list(DEFAULTS))
def test_a_shipped_network_is_that_of_the_default_and_small(name):
    assert load(path_of(name)).config == DEFAULTS[name]
    assert path_of(name).stat().st_size < 100_000
    assert shipped(DEFAULTS[name]) is not None


def test_any_other_configuration_is_not_shipped():
    assert shipped(LearnConfig(seed=1)) is None
    assert shipped(LearnConfig(objective="ddpm", schedule="cosine")) is None


@pytest.mark.parametrize("name", list(DEFAULTS))
def test_a_shipped_score_is_near_the_exact_one_where_data_lie(name):
    """Within 25 % in root mean square over noised data, at a low, a middle and a high level: a score of zero has 100 %,
    so this tells a trained network from a damaged or an untrained one, and asks no more of it.
    """
    network, mixture = shipped(DEFAULTS[name]), DEFAULTS[name].mixture.build()
    schedule = SCHEDULES["linear"]()
    levels = (
        [schedule.level(t) for t in (200, 500, 800)]
        if name == "ddpm"
        else [Level.of(1.0, s) for s in (0.5, 2, 8)]
    )
    for level in levels:
        x = mixture.sample_noised(4_000, level, seeded(5))
        exact = mixture.score(x, level.to(x))
        error = score_of(network.denoise)(x, level.to(x)) - exact
        assert float(error.square().mean().sqrt() / exact.square().mean().sqrt()) < 0.25, level


def test_loading_and_saving_keep_the_weights(tmp_path):
    network = shipped(DEFAULTS["ncsn"])
    again = load(network.save(tmp_path / "again.safetensors"))
    for a, b in zip(network.denoise.state_dict().values(), again.denoise.state_dict().values(), strict=True):
        assert torch.equal(a, b)
