"""Fused steps, which a benchmark measures: the same chain, whatever the block, compiled or not."""

import pytest
import torch

from benchmarks.fused import drawn, fused_langevin, written_out
from playground.errors import UserError
from playground.levels import CLEAN, gaussian, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.mixture import anisotropic_pair, ring, two_modes


def start(B: int = 50) -> torch.Tensor:
    return 8 * torch.randn(B, 2, generator=seeded(0))


def run(n: int, steps: int = 20, **options) -> torch.Tensor:
    grid, mixture = [CLEAN] * (steps // n + 1), two_modes()
    return final(walk(fused_langevin(mixture, 0.1, n, **options), mixture, start(), grid, seeded(1)))


def test_a_block_takes_the_steps_that_langevin_takes_with_its_noise():
    """The engine's own step, handed the block's noise one entry after the other."""
    x = start()
    for z in drawn(4, start(), gaussian(seeded(1))):
        x, _ = langevin(0.1)(two_modes(), x, CLEAN, CLEAN, lambda x, z=z: z)
    torch.testing.assert_close(run(4, steps=4), x)


@pytest.mark.parametrize("mixture", [two_modes(), ring(), anisotropic_pair()])
def test_the_score_written_out_is_the_score(mixture):
    x, mixture = start().double(), mixture.to(torch.float64)
    torch.testing.assert_close(written_out(mixture, CLEAN)(x), mixture.score(x), rtol=1e-9, atol=1e-9)


def test_same_seed_same_walk():
    assert torch.equal(run(5), run(5))


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
        fused_langevin(two_modes(), 0.1, 0)
