"""What the engine's tests share: a seeded generator, and oracles whose answers are known in closed form."""

import os

# Before torch is loaded: threads that wait for each other sleep instead of spinning.  Tests start training
# processes beside themselves, and on two cores spinning slows both to a tenth.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # a process for each core already
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from collections.abc import Callable

import pytest
import torch
from torch import Generator, Tensor, nn

from playground.denoisers import Denoiser, NetworkDenoiser
from playground.levels import Level, seeded
from toy2d.mixture import Mixture, two_modes


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: those that drive a browser wait for it half of the time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def rng() -> Generator:
    return seeded(0)


@pytest.fixture
def mixture() -> Mixture:
    """The paper's two modes in float64."""
    return two_modes(0.8).to(torch.float64)


@pytest.fixture
def gaussian() -> Callable[[float], Denoiser]:
    """gaussian(s): E[x0 | xt] for data N(0, s**2 I), for x of any shape."""

    def of(s: float) -> Denoiser:
        def denoise(xt: Tensor, level: Level) -> Tensor:
            return level.alpha * s**2 / (level.alpha**2 * s**2 + level.sigma**2) * xt

        return denoise

    return of


class TinyNet(nn.Module):
    """x (B, 2) and log_snr (B,) -> (B, 2), smooth, with weights from a seed."""

    def __init__(self, seed: int, hidden: int):
        super().__init__()
        self.inner, self.outer = nn.Linear(3, hidden), nn.Linear(hidden, 2)
        rng = seeded(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=rng))

    def forward(self, x: Tensor, log_snr: Tensor) -> Tensor:
        return self.outer(torch.tanh(self.inner(torch.cat([x, log_snr[:, None]], 1))))


@pytest.fixture
def tiny() -> Callable[..., NetworkDenoiser]:
    """tiny(seed, hidden, predicts=..., data_std=...): a small network as a denoiser."""
    return lambda seed=0, hidden=8, **options: NetworkDenoiser(TinyNet(seed, hidden), **options)


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Polls, because processes start in their own time; fails when the condition does not come true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("what was waited for did not happen")
