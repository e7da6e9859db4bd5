"""A maker and a critic: the losses by their formulas, the adaptive weight by gradients, and two trainings as one."""

import pytest
import torch
from torch import Generator, Tensor, nn

from playground.adversarial import (
    Rivals,
    adaptive_weight,
    critics_recipe,
    hinge_critic,
    hinge_maker,
    train_rivals,
)
from playground.errors import UserError
from playground.levels import seeded
from playground.training import Recipe, Trainee, weights_from

STEPS = 12


def test_the_hinge_is_one_for_a_critic_that_says_nothing_and_zero_for_a_sure_one():
    nothing, sure = torch.zeros(3, 5, 5), torch.full((3, 5, 5), 2.0)
    assert torch.equal(hinge_critic(nothing, nothing), torch.ones(3))
    assert torch.equal(hinge_critic(sure, -sure), torch.zeros(3))  # beyond the margin nothing is gained
    assert torch.equal(hinge_critic(-sure, sure), torch.full((3,), 3.0))


def test_the_makers_loss_falls_with_the_score_however_bad_it_is():
    scores = torch.tensor([[-50.0], [0.0], [50.0]], requires_grad=True)
    hinge_maker(scores).sum().backward()
    assert torch.equal(scores.grad, -torch.ones(3, 1))


def test_the_adaptive_weight_makes_both_gradients_equally_long_and_is_clamped():
    w = nn.Parameter(torch.randn(4, 3, generator=seeded(0)))
    x = torch.randn(10, 3, generator=seeded(1))
    y = x @ w.T
    faithful, adversarial = y.square().mean(), (3 * y).sin().mean()
    weight = adaptive_weight(faithful, adversarial, w, most=1e6)
    one, other = (torch.autograd.grad(v, w, retain_graph=True)[0] for v in (faithful, weight * adversarial))
    assert torch.allclose(one.norm(), other.norm(), rtol=1e-5) and not weight.requires_grad
    assert adaptive_weight(faithful, 0 * adversarial, w, most=7.0) == 7  # no gradient, and no infinity


@pytest.mark.parametrize("steps", [1, 2, 10, 900])
def test_the_critic_enters_at_a_share_of_the_run_however_short_it_is(steps):
    recipe = critics_recipe(Recipe(steps), 1 / 3, 1e-3)
    assert recipe.steps == steps - steps // 3 >= 1
    with pytest.raises(UserError, match="share of the run"):
        critics_recipe(Recipe(steps), 1.0, 1e-3)


# --- two trainings as one -------------------------------------------------------------------------------------


def rivals(share: float = 0.5, seed: int = 0, steps: int = STEPS) -> Rivals:
    """A maker (1 -> 1) that is to fit y = 2 x, and a critic of its output."""
    with weights_from(seed):
        maker, critic = nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 4), nn.Tanh(), nn.Linear(4, 1))
    return Rivals(Trainee(maker, Recipe(steps, lr=0.05, warmup=1)), critic, share, lr=0.05)


def batches(step: int, rng: Generator) -> Tensor:
    return torch.randn(8, 1, generator=rng)


def makers_loss(net: nn.Module, critic: nn.Module | None, x: Tensor, rng: Generator) -> Tensor:
    plain = (net(x) - 2 * x).square().mean(1)
    return plain if critic is None else plain + hinge_maker(critic(net(x)))


def critics_loss(critic: nn.Module, net: nn.Module, x: Tensor, rng: Generator) -> Tensor:
    with torch.no_grad():
        made = net(x)
    return hinge_critic(critic(2 * x), critic(made))


def taken(pair: Rivals, count: int) -> Rivals:
    steps = train_rivals(pair, batches, makers_loss, critics_loss)
    for _ in range(count):
        next(steps)
    return pair


def test_the_critic_is_left_alone_until_it_enters_and_learns_every_step_from_then_on():
    pair = rivals()
    begun = {name: value.clone() for name, value in pair.critic.net.state_dict().items()}
    taken(pair, STEPS // 2)
    assert pair.step == STEPS // 2 and pair.critic.step == 0
    assert all(torch.equal(value, begun[name]) for name, value in pair.critic.net.state_dict().items())
    taken(pair, STEPS // 2)
    assert pair.step == STEPS and pair.critic.step == STEPS // 2 == pair.critic.recipe.steps
    assert not torch.equal(pair.critic.net[0].weight, begun["0.weight"])


def test_the_makers_gradient_does_not_train_the_critic_nor_the_other_way_round():
    """With a rate of zero for one of them only the other moves."""
    pair = rivals(share=0.0)
    for group in pair.critic.optimizers["adam"].param_groups:
        group["peak"] = 0.0
    before = {name: value.clone() for name, value in pair.critic.net.state_dict().items()}
    start = pair.net.weight.clone()
    taken(pair, 3)
    assert all(torch.equal(value, before[name]) for name, value in pair.critic.net.state_dict().items())
    assert not torch.equal(pair.net.weight, start)


@pytest.mark.parametrize("stop", [1, STEPS // 2 - 1, STEPS // 2, STEPS // 2 + 1, STEPS - 1])
def test_stopped_anywhere_and_taken_up_they_end_with_the_same_bits(stop):
    whole, first, second = taken(rivals(), STEPS), taken(rivals(), stop), rivals(seed=5)
    second.restore({name: value.clone() for name, value in first.tensors().items()})
    assert second.step == stop
    taken(second, STEPS - stop)
    one, two = whole.tensors(), second.tensors()
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_checkpoint_without_a_critic_or_with_another_is_refused_untouched():
    pair, other = taken(rivals(), STEPS - 1), rivals()
    tensors = pair.tensors()
    before = {name: value.clone() for name, value in other.net.state_dict().items()}
    with pytest.raises(UserError, match="holds no critic"):
        other.restore({n: v for n, v in tensors.items() if not n.startswith("critic.")})
    with pytest.raises(UserError, match="another network"):
        other.restore(tensors | {"critic.net.0.weight": torch.zeros(9, 1)})
    assert all(torch.equal(value, before[name]) for name, value in other.net.state_dict().items())


def test_both_losses_on_a_critic_that_cannot_be_fooled_lead_to_the_truth():
    """The critic's optimum is zero only where the maker's y = 2 x: the two together find it, to a tenth."""
    pair = rivals(share=0.3, steps=400)
    taken(pair, 400)
    assert abs(float(pair.averaged()["weight"]) - 2) < 0.1
