"""Training: it finds a known optimum, its averages are what they say, and it goes on as if never stopped."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.denoisers import NetworkDenoiser
from playground.errors import UserError
from playground.levels import Level, linear_beta, seeded
from playground.objectives import Batch, ddpm_simple, dsm, per_dimension
from playground.training import (
    Progress,
    Recipe,
    Trainee,
    below,
    ema_decay,
    learning_rate,
    train,
)
from playground.training import _step_seed as step_seed

LOSS = per_dimension(ddpm_simple(linear_beta(50, 1e-3, 0.2)))


def batches(step, rng):
    return Batch(torch.randn(16, 2, generator=rng))


def weights(trainee: Trainee) -> torch.Tensor:
    return torch.cat([value.flatten().clone() for value in trainee.net.state_dict().values()])


def run(trainee: Trainee, until: int | None = None) -> list[Progress]:
    """Trains, and stops after the step `until`."""
    seen = []
    for progress in train(trainee, batches, LOSS):
        seen.append(progress)
        if progress.step == until:
            break
    return seen


# --- it learns --------------------------------------------------------------------------------------------


class Slope(nn.Module):
    """eps_hat = slope * x, for x in units of its own scale."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(()))

    def forward(self, x, log_snr):
        return self.slope * x


def test_training_finds_the_known_optimum():
    """One sigma, Gaussian data: the averaged weight is the closed form's, by denoising score matching."""
    s, sigma = 2.0, 1.5
    trainee = Trainee(NetworkDenoiser(Slope(), predicts="eps"), Recipe(steps=600, lr=0.02, ema=0.99))
    loss = per_dimension(dsm(Level.of(sigma=sigma)))
    for _ in train(trainee, lambda step, rng: Batch(s * torch.randn(256, 2, generator=rng)), loss):
        pass
    # eps_hat = sigma / (s**2 + sigma**2) * xt, and the network sees xt / sqrt(1 + sigma**2)
    best = sigma / (s**2 + sigma**2) * math.sqrt(1 + sigma**2)
    # The averages over the last hundreds of batches of 512 numbers: a standard error below 0.005
    assert trainee.averaged()["net.slope"].item() == pytest.approx(best, abs=0.02)


def test_the_loss_is_per_dimension():
    """Twice the dimensions, the same loss: E ||eps - eps_hat||**2 / D, detached, one number."""
    for D in (2, 20):
        trainee, shape = Trainee(NetworkDenoiser(Slope(), predicts="eps"), Recipe(steps=1)), (50_000 // D, D)
        (progress,) = train(
            trainee, lambda _, rng, shape=shape: Batch(torch.randn(shape, generator=rng)), LOSS
        )
        assert progress.loss.shape == () and not progress.loss.requires_grad
        # eps_hat = 0, so the loss is the mean of eps**2: standard error sqrt(2 / 50,000) = 0.0063
        assert progress.loss.item() == pytest.approx(1, abs=0.032)


# --- progress ---------------------------------------------------------------------------------------------


def test_there_is_one_progress_for_each_step(tiny):
    trainee = Trainee(tiny(), Recipe(steps=5))
    seen = run(trainee)
    assert [progress.step for progress in seen] == [progress.done_now for progress in seen] == [1, 2, 3, 4, 5]
    assert all(progress.steps == 5 for progress in seen) and trainee.step == 5
    assert run(trainee) == []  # nothing is left to do


def test_the_time_left_is_that_of_the_steps_left_at_the_speed_of_this_call():
    """Resumed at step 90 of 100, 4 steps in 2 seconds: 6 more take 3 s.  The 90 before do not count."""
    assert Progress(94, 100, torch.zeros(()), 0.1, seconds=2.0, done_now=4).seconds_left == pytest.approx(3)
    assert Progress(100, 100, torch.zeros(()), 0.1, seconds=2.0, done_now=10).seconds_left == 0


def test_the_learning_rate_rises_and_falls(tiny):
    recipe = Recipe(steps=1000, lr=0.01, warmup=100)
    rates = [learning_rate(step, recipe) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01 / 100)
    assert rates[500] == pytest.approx(0.005)  # half of the cosine
    assert 0 < rates[-1] < 1e-6 and max(rates) <= 0.01
    assert all(a < b for a, b in pairwise(rates[:90]))  # the rise, before the cosine is felt at its end
    assert all(a > b for a, b in pairwise(rates[100:]))
    trainee = Trainee(tiny(), Recipe(steps=20, lr=0.01, warmup=5))
    for progress in train(trainee, batches, LOSS):
        assert progress.lr == learning_rate(progress.step - 1, trainee.recipe)
        assert trainee.optimizers["adam"].param_groups[0]["lr"] == progress.lr


# --- the average ------------------------------------------------------------------------------------------


def test_the_average_is_the_recursion_over_the_weights_of_every_step(tiny):
    trainee = Trainee(tiny(), Recipe(steps=40, ema=0.75, warmup=1, lr=0.01))
    average = {name: value.double().clone() for name, value in trainee.net.state_dict().items()}
    for progress in train(trainee, batches, LOSS):
        decay = min(0.75, progress.step / (9 + progress.step))  # 0.75 from step 27 on
        for name, value in trainee.net.state_dict().items():
            average[name] = decay * average[name] + (1 - decay) * value.double()
    for name, value in trainee.averaged().items():
        # float32 rounds to 6e-8; an average of decay 0.75 remembers four of those
        torch.testing.assert_close(value.double(), average[name], rtol=1e-5, atol=1e-6)
    assert not torch.equal(below(trainee.tensors(), "ema.")["net.inner.weight"], trainee.net.net.inner.weight)


def test_the_averages_memory_is_short_at_first():
    recipe = Recipe(steps=10, ema=0.999)
    assert ema_decay(0, recipe) == pytest.approx(0.1)
    assert all(ema_decay(step, recipe) <= 0.999 for step in range(0, 100_000, 1000))
    assert ema_decay(100_000, recipe) == 0.999


# --- stopping and going on --------------------------------------------------------------------------------


def test_a_run_that_goes_on_from_a_checkpoint_is_the_run_that_was_never_stopped(tiny, tmp_path):
    """To the last bit: weights, averages, Adam's moments, losses."""
    recipe = Recipe(steps=20, lr=0.01, warmup=5, seed=3)
    whole = Trainee(tiny(0), recipe)
    losses = [progress.loss.item() for progress in run(whole)]

    stopped = Trainee(tiny(0), recipe)
    run(stopped, until=7)
    save_checkpoint(tmp_path / "run.safetensors", stopped.tensors(), {})
    resumed = Trainee(tiny(99), recipe)  # another start, so that everything must come from the file
    resumed.restore(load_checkpoint(tmp_path / "run.safetensors")[0])
    assert resumed.step == 7
    rest = run(resumed)

    assert [progress.loss.item() for progress in rest] == losses[7:]
    assert [progress.step for progress in rest] == list(range(8, 21))
    ours, theirs = resumed.tensors(), whole.tensors()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_trainee_restored_in_memory_shares_nothing_with_the_one_it_came_from(tiny):
    first = Trainee(tiny(0), Recipe(steps=10))
    run(first, until=3)
    second = Trainee(tiny(1), Recipe(steps=10))
    second.restore(first.tensors())
    before = {name: value.clone() for name, value in first.tensors().items()}
    run(second)
    assert all(torch.equal(value, before[name]) for name, value in first.tensors().items())


def test_a_run_can_be_saved_before_its_first_step(tiny):
    fresh, other = Trainee(tiny(0), Recipe(steps=4)), Trainee(tiny(1), Recipe(steps=4))
    other.restore(fresh.tensors())
    run(fresh), run(other)
    assert torch.equal(weights(fresh), weights(other))


def test_a_checkpoint_of_another_network_is_refused_and_changes_nothing(tiny):
    """Its first layer fits, its second does not: neither may be taken over."""
    trainee, other = Trainee(tiny(0, hidden=8), Recipe(steps=4)), Trainee(tiny(1, hidden=9), Recipe(steps=4))
    run(trainee, until=2), run(other, until=3)
    without_ema = {name: value for name, value in trainee.tensors().items() if not name.startswith("ema.")}
    swapped = {**Trainee(tiny(5), Recipe(steps=4)).tensors(), "net.net.outer.bias": torch.zeros(3)}
    before = {name: value.clone() for name, value in trainee.tensors().items()}
    for tensors in (other.tensors(), without_ema, swapped, {}):
        with pytest.raises(UserError, match="another network"):
            trainee.restore(tensors)
    assert all(torch.equal(value, before[name]) for name, value in trainee.tensors().items())


# --- seeds ------------------------------------------------------------------------------------------------


def test_every_seed_has_its_own_batches_and_every_step_too(tiny):
    """torch's CPU generator uses 32 bits of a seed: seeds must differ there, too."""
    seen = {}
    for seed in (0, 1, 2, 4, 1024):
        losses = run(Trainee(tiny(0), Recipe(steps=3, seed=seed)))
        seen[seed] = tuple(progress.loss.item() for progress in losses)
    assert len({loss for losses in seen.values() for loss in losses}) == 3 * len(seen)


def test_batches_and_noise_come_from_the_steps_generator_alone(tiny):
    first, second = (Trainee(tiny(0), Recipe(steps=3, seed=5)) for _ in range(2))
    before = torch.get_rng_state()
    run(first), run(second)
    assert torch.equal(weights(first), weights(second))
    assert torch.equal(torch.get_rng_state(), before)


# --- what goes wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_refused_and_the_weights_stay(tiny, poison):
    def poisoned(step, rng):
        return Batch(batches(step, rng).x0 * (poison if step == 3 else 1))

    trainee, seen = Trainee(tiny(), Recipe(steps=10)), []
    with pytest.raises(UserError, match=r"step 3 the loss became .*learning rate below"):
        for progress in train(trainee, poisoned, LOSS):
            seen.append(progress.step)
            kept = weights(trainee)
            average = {name: value.clone() for name, value in trainee.averaged().items()}
    assert seen == [1, 2, 3] and trainee.step == 3
    assert torch.equal(weights(trainee), kept)
    assert all(torch.equal(value, average[name]) for name, value in trainee.averaged().items())


def test_a_finite_loss_with_a_gradient_that_is_no_number_is_refused_too(tiny):
    """sqrt(0) is finite and its slope is not: Adam would write NaN into every weight."""

    def loss(denoise, batch, rng):
        x0_hat = denoise(batch.x0, Level.of(0.6, 0.8))
        return (x0_hat - x0_hat.detach()).square().sum(1).sqrt()

    trainee = Trainee(tiny(), Recipe(steps=10))
    before = weights(trainee)
    with pytest.raises(UserError, match=r"step 0 the loss became .* gradient nan"):
        next(train(trainee, batches, loss))
    assert torch.equal(weights(trainee), before)


@pytest.mark.parametrize("options", [{"steps": 0}, {"steps": 5, "lr": 0.0}, {"steps": 5, "lr": math.nan}])
def test_an_impossible_recipe_is_refused(options):
    with pytest.raises(UserError):
        Recipe(**options)


def test_the_generator_of_a_step_has_a_seed_of_its_own():
    """No two of the first 1,000 seeds meet within a million steps: they start far apart on 2**32."""
    starts = sorted(step_seed(seed, 0) for seed in range(1000))
    gaps = [b - a for a, b in zip(starts, [*starts[1:], starts[0] + 2**32], strict=True)]
    assert min(gaps) > 1_000_000
    assert step_seed(7, 41) + 1 == step_seed(7, 42)
    seeded(step_seed(-1, 0))  # a seed below zero is one, too
