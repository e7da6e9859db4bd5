"""Our steps against diffusers' schedulers: the same network, the same noise, the same result at every step.

Runs where diffusers is installed (`pip install diffusers`); nothing here needs a download.  diffusers counts
t = 0..999 where the lecture, and we, count 1..1000 with t = 0 for clean data.
"""

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from playground.denoisers import TO_X0, Denoiser, clipped
from playground.levels import Level, Schedule, cosine, linear_beta, randn_like, seeded
from playground.solvers import dpmpp_2m
from playground.steps import Step, ancestral, ddim
from playground.walk import walk

diffusers = pytest.importorskip("diffusers")

SHAPE = (3, 1, 6, 6)
Output = Callable[[Tensor, int], Tensor]


@pytest.fixture
def schedule() -> Schedule:
    return linear_beta()


def output(x: Tensor, t: int) -> Tensor:
    """A network's output at our t: smooth, bounded, and dependent on every pixel and on t."""
    return torch.tanh(0.8 * x + torch.roll(x, 1, -1) * t / 2000) + 0.2 * torch.sin(3 * x + t / 100)


def denoiser(schedule: Schedule, predicts: str) -> Denoiser:
    """The same output, read as eps, v or x0; t is found again from the level."""

    def denoise(xt: Tensor, level: Level) -> Tensor:
        t = int((schedule.alpha - level.alpha).abs().argmin())
        return TO_X0[predicts](output(xt, t), xt, level)

    return denoise


def ours(
    step: Step, denoise: Denoiser, schedule: Schedule, times: list[int], dtype=torch.float64
) -> list[Tensor]:
    """Every x of our walk along `times`, which run from T down to 0."""
    grid = [Level(schedule.alpha[t].to(dtype), schedule.sigma[t].to(dtype)) for t in times]
    return [state.x for state in walk(step, denoise, start(dtype), grid, seeded(1))]


def theirs(scheduler, times: list[int], dtype=torch.float64, **options) -> Iterator[Tensor]:
    """Every x of diffusers' loop.  options: for `scheduler.step`."""
    x = start(dtype)
    yield x
    if "generator" in options:
        options["generator"] = seeded(1)
    for t, ours_t in zip(scheduler.timesteps, times[:-1], strict=True):
        assert int(t) == ours_t - 1
        x = scheduler.step(output(x, int(t) + 1), t, x, return_dict=False, **options)[0]
        yield x


def start(dtype: torch.dtype) -> Tensor:
    return randn_like(torch.empty(SHAPE, dtype=dtype), seeded(0))


def exact(scheduler, schedule: Schedule):
    """diffusers keeps its alpha_bar in float32; with ours in float64 the formulas can be held to 1e-9."""
    scheduler.alphas_cumprod = schedule.alpha[1:].square()
    return scheduler


def assert_all_close(one: list[Tensor], two, tolerance: float = 1e-9) -> None:
    """Each step's x, relative to the size of that x."""
    two = list(two)
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert (a - b).abs().max() <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("build, name", [(linear_beta, "linear"), (cosine, "squaredcos_cap_v2")])
def test_the_schedules_agree(build, name):
    """To float32's rounding: theirs is a product of a thousand rounded factors, 6e-8 each."""
    alphas_cumprod = diffusers.DDPMScheduler(beta_schedule=name).alphas_cumprod
    assert torch.allclose(build().alpha[1:].square().float(), alphas_cumprod, rtol=1000 * 6e-8, atol=0)


PREDICTS = [("eps", "epsilon"), ("v", "v_prediction"), ("x0", "sample")]
VARIANCES = [("beta_tilde", "fixed_small"), ("beta", "fixed_large")]


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("predicts, prediction_type", PREDICTS)
@pytest.mark.parametrize("variance, variance_type", VARIANCES)
def test_ddpm_over_all_thousand_steps(schedule, variance, variance_type, predicts, prediction_type, clip):
    scheduler = diffusers.DDPMScheduler(
        variance_type=variance_type, prediction_type=prediction_type, clip_sample=clip
    )
    times = list(range(1000, -1, -1))
    denoise = denoiser(schedule, predicts)
    xs = ours(ancestral(variance), clipped(denoise, -1, 1) if clip else denoise, schedule, times)
    assert_all_close(xs, theirs(exact(scheduler, schedule), times, generator=True))


@pytest.mark.parametrize("steps", [10, 37, 100])
@pytest.mark.parametrize("variance, variance_type", VARIANCES)
def test_ddpm_on_a_subset_of_the_steps(schedule, variance, variance_type, steps):
    """The sigma-hat row of the lecture's Table 1 is `fixed_large`.

    The last step is left out there: diffusers adds noise to it unless its t is 0, and we never noise clean data.
    """
    scheduler = diffusers.DDPMScheduler(variance_type=variance_type, clip_sample=False)
    times = schedule.subset(steps)
    scheduler.set_timesteps(timesteps=[t - 1 for t in times[:-1]])
    xs = ours(ancestral(variance), denoiser(schedule, "eps"), schedule, times)
    expected = list(theirs(exact(scheduler, schedule), times, generator=True))
    kept = len(xs) if variance == "beta_tilde" else -1
    assert_all_close(xs[:kept], expected[:kept])


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("steps", [10, 50, 1000])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_ddim(schedule, eta, steps, clip):
    """Clipped, eps is made from the clipped x0, as in diffusers with use_clipped_model_output."""
    scheduler = diffusers.DDIMScheduler(clip_sample=clip, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    times, denoise = schedule.subset(steps), denoiser(schedule, "eps")
    xs = ours(ddim(eta), clipped(denoise, -1, 1) if clip else denoise, schedule, times)
    options = {"eta": eta, "use_clipped_model_output": clip, "generator": True}
    assert_all_close(xs, theirs(exact(scheduler, schedule), times, **options))


@pytest.mark.parametrize("predicts, prediction_type", PREDICTS)
@pytest.mark.parametrize("steps", [10, 15, 20, 50])
def test_dpm_solver_plus_plus_second_order(schedule, steps, predicts, prediction_type):
    """diffusers computes in float32 here, with log(alpha) - log(sigma) from rounded numbers: hence 1e-4."""
    scheduler = diffusers.DPMSolverMultistepScheduler(
        algorithm_type="dpmsolver++",
        solver_order=2,
        solver_type="midpoint",
        prediction_type=prediction_type,
        beta_start=1e-4,
        beta_end=0.02,
    )
    times = schedule.subset(steps)
    scheduler.set_timesteps(timesteps=[t - 1 for t in times[:-1]])
    xs = ours(dpmpp_2m(), denoiser(schedule, predicts), schedule, times, torch.float32)
    assert_all_close(xs, theirs(scheduler, times, torch.float32), tolerance=1e-4)
