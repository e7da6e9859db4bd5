"""Steps in blocks: the same chain, whatever the block, compiled or not."""

import pytest
import torch

from playground.blocks import _draw, blocked
from playground.errors import UserError
from playground.levels import CLEAN, Level, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.mixture import two_modes


def start(B: int = 50) -> torch.Tensor:
    return 8 * torch.randn(B, 2, generator=seeded(0))


def run(n: int, steps: int = 20, **options) -> torch.Tensor:
    grid = [CLEAN] * (steps // n + 1)
    return final(walk(blocked(langevin(0.1), n, **options), two_modes(), start(), grid, seeded(1)))


def test_a_block_takes_the_steps_that_a_walk_takes_with_its_noise():
    """By hand: the block's noise, handed to one step after the other."""
    noise = _draw(4, start(), seeded(1))
    x = start()
    for z in noise:
        x, _ = langevin(0.1)(two_modes(), x, CLEAN, CLEAN, z)
    torch.testing.assert_close(run(4, steps=4), x)


def test_noise_is_standard_normal_and_laid_out_for_the_batch():
    """Mean and variance of 40,000 numbers, to five standard errors."""
    noise = _draw(10, torch.zeros(2_000, 2), seeded(0))
    assert noise.shape == (10, 2_000, 2) and noise[0].T.is_contiguous()
    assert abs(float(noise.mean())) < 5 / 40_000**0.5
    assert float(noise.var()) == pytest.approx(1, abs=5 * (2 / 40_000) ** 0.5)


def test_same_seed_same_walk():
    assert torch.equal(run(5), run(5))


def test_images_walk_in_blocks_too(gaussian):
    x = torch.randn(3, 1, 4, 4, generator=seeded(0))
    level = Level.of(1.0, 0.5)
    out = final(walk(blocked(langevin(0.01), 3), gaussian(1.0), x, [level] * 3, seeded(1)))
    assert out.shape == x.shape and torch.isfinite(out).all()


def test_shares_are_those_of_the_plain_walk():
    """Each of 2,000 particles stays in the mode it starts nearest to; the two runs start alike."""
    x = 16 * torch.rand(2_000, 2, generator=seeded(3)) - 8
    plain = final(walk(langevin(0.1), two_modes(), x, [CLEAN] * 101, seeded(1)))
    block = final(walk(blocked(langevin(0.1), 10), two_modes(), x, [CLEAN] * 11, seeded(2)))
    shares = [(out.sum(1) > 0).float().mean() for out in (plain, block)]
    assert float(shares[0]) == pytest.approx(float(shares[1]), abs=0.02)  # only starts near the border differ


def test_compiled_and_plain_blocks_agree():
    """To rounding: a compiler may reorder sums.  Where there is no compiler both are plain, and agree the more."""
    torch.testing.assert_close(run(2, 6, compiled=True), run(2, 6), rtol=1e-3, atol=1e-3)


def test_without_a_compiler_the_block_runs_all_the_same(monkeypatch):
    def broken(function, **options):
        def call(*arguments):
            raise RuntimeError("no C++ compiler was found")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    assert torch.equal(run(5, compiled=True), run(5))


def test_an_empty_block_is_refused():
    with pytest.raises(UserError, match="A block has 0 steps"):
        blocked(langevin(0.1), 0)
