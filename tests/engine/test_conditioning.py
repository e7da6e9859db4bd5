"""Told denoisers: one family, whatever they are told, and nothing of it known to samplers and objectives."""

from dataclasses import replace

import pytest
import torch

from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from playground.conditioning import both
from playground.denoisers import NetworkDenoiser, clipped, guided
from playground.errors import UserError
from playground.levels import Level, linear_beta, seeded
from playground.objectives import Batch, ddpm_simple, dropping, per_dimension
from playground.steps import ddim
from playground.walk import final, starting_noise, walk
from toy2d.net import PlaneNet

TELL = TellConfig(classes=10, vector=6, tokens=5, image=2)
LEVEL = Level.of(0.8, 0.6)


def scrambled(net: torch.nn.Module) -> torch.nn.Module:
    """Every weight random, the null tokens and the layers that start at zero as well: as after training."""
    rng = seeded(3)
    for parameter in net.parameters():
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=rng)
    return net


@pytest.fixture(scope="module")
def model() -> NetworkDenoiser:
    config = UNetConfig(width=8, blocks=1, tell=TELL)
    return scrambled(NetworkDenoiser(config.build())).double().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def plane() -> NetworkDenoiser:
    mean = torch.tensor([1.0, -2.0])
    return scrambled(NetworkDenoiser(PlaneNet(16, classes=3), "v", 1.5, mean)).double().requires_grad_(False)


def digits(B: int, seed: int = 0) -> torch.Tensor:
    return torch.randn((B, 1, 8, 8), generator=seeded(seed), dtype=torch.float64)


def conditions(B: int) -> dict[str, torch.Tensor]:
    rng, options = seeded(1), {"dtype": torch.float64}
    return {
        "label": torch.randint(10, (B,), generator=rng),
        "vector": torch.randn((B, 6), generator=rng, **options),
        "tokens": torch.randn((B, 3, 5), generator=rng, **options),
        "image": torch.randn((B, 2, 8, 8), generator=rng, **options),
    }


@pytest.mark.parametrize("names", [["label"], ["vector"], ["tokens"], ["image"], list(conditions(1))])
def test_withheld_is_as_if_nothing_had_been_told(model, names):
    x, all_hidden = digits(4), torch.ones(4, dtype=torch.bool)
    told = {name: value for name, value in conditions(4).items() if name in names}
    hidden = dict.fromkeys(names, all_hidden)
    assert torch.allclose(model.given(hidden=hidden, **told)(x, LEVEL), model(x, LEVEL), atol=1e-12)
    assert not torch.allclose(model.given(**told)(x, LEVEL), model(x, LEVEL), atol=1e-3)


@pytest.mark.parametrize("name", list(conditions(1)))
def test_each_sample_is_told_its_own_and_withheld_its_own(model, name):
    x, value = digits(4), conditions(4)[name]
    hidden = torch.tensor([False, True, False, True])
    together = model.given(hidden={name: hidden}, **{name: value})(x, LEVEL)
    for i in range(4):
        denoise = model if hidden[i] else model.given(**{name: value[i]})
        assert torch.allclose(together[i : i + 1], denoise(x[i : i + 1], LEVEL), atol=1e-12)


@pytest.mark.parametrize("name", list(conditions(1)))
def test_one_condition_for_all_is_a_batch_of_it(model, name):
    x, one = digits(3), conditions(1)[name][0]
    many = one.expand(3, *one.shape)
    assert torch.allclose(
        model.given(**{name: one})(x, LEVEL), model.given(**{name: many})(x, LEVEL), atol=1e-12
    )


def test_labels_in_the_plane_behave_the_same(plane):
    x, labels = torch.randn((4, 2), generator=seeded(0), dtype=torch.float64), torch.tensor([0, 1, 2, 0])
    mixed = plane.given(label=labels)(x, LEVEL)
    for i, label in enumerate(labels):
        assert torch.allclose(mixed[i : i + 1], plane.given(label=label)(x[i : i + 1], LEVEL), atol=1e-12)
    hidden = {"label": torch.ones(4, dtype=torch.bool)}
    assert torch.allclose(plane.given(label=labels, hidden=hidden)(x, LEVEL), plane(x, LEVEL), atol=1e-12)
    assert not torch.allclose(mixed, plane(x, LEVEL), atol=1e-3)


def test_a_mean_moves_the_data_and_nothing_else():
    """E[x0 | xt] of data moved by m, at a point moved by alpha m, is moved by m."""
    net = scrambled(PlaneNet(16))
    mean = torch.tensor([3.0, -1.0], dtype=torch.float64)
    at_zero, moved = (NetworkDenoiser(net, "v", 1.5, m).double() for m in (None, mean))
    x = torch.randn((5, 2), generator=seeded(0), dtype=torch.float64)
    assert torch.allclose(moved(x + 0.8 * mean, LEVEL), at_zero(x, LEVEL) + mean, atol=1e-12)


# --- guidance -----------------------------------------------------------------------------------------------


def test_w_zero_is_the_conditional_and_w_minus_one_the_unconditional(model):
    x, told = digits(3), model.given(label=4)
    assert torch.equal(guided(told, model, 0.0)(x, LEVEL), told(x, LEVEL))
    assert torch.allclose(guided(told, model, -1.0)(x, LEVEL), model(x, LEVEL), atol=1e-12)


@pytest.mark.parametrize(
    "level", [LEVEL, Level(torch.full((3, 1, 1, 1), 0.8), torch.full((3, 1, 1, 1), 0.6))]
)
def test_both_halves_are_one_call_and_the_same_numbers(model, level):
    x, calls = digits(3), []
    hook = model.net.register_forward_hook(lambda *_: calls.append(1))
    level = Level(level.alpha.double(), level.sigma.double())
    told, other = model.given(**conditions(3)), model.given(vector=conditions(3)["vector"])
    one, two = both(told, other)(x, level)
    hook.remove()
    assert len(calls) == 1
    assert torch.allclose(one, told(x, level), atol=1e-12) and torch.allclose(
        two, other(x, level), atol=1e-12
    )


def test_two_models_are_two_calls(model, plane):
    x = torch.randn((4, 2), generator=seeded(0), dtype=torch.float64)
    w, other = 1.5, clipped(plane, -1, 1)
    expected = (1 + w) * plane.given(label=1)(x, LEVEL) - w * other(x, LEVEL)
    assert torch.equal(guided(plane.given(label=1), other, w)(x, LEVEL), expected)


# --- from one that is told less ------------------------------------------------------------------------------


def test_new_ways_of_telling_start_at_zero_so_a_model_may_start_from_one_told_less():
    less = scrambled(UNetConfig(width=8, blocks=1).build()).double()
    more = UNetConfig(width=8, blocks=1, tell=TELL).build().double()
    missing = more.load_state_dict(less.state_dict(), strict=False)
    assert not missing.unexpected_keys and all(
        "tell" in n or "token" in n or "beside" in n for n in missing.missing_keys
    )
    x = digits(2)
    told = NetworkDenoiser(more).given(**conditions(2))
    assert torch.allclose(told(x, LEVEL), NetworkDenoiser(less)(x, LEVEL), atol=1e-12)


def test_nothing_told_has_the_parameter_names_that_shipped_files_have():
    assert not any("tell" in name for name in UNetConfig(width=8, blocks=1).build().state_dict())


def test_the_sampler_walks_a_told_model_like_any_other(model):
    grid, rng = linear_beta(20).grid(4), seeded(0)
    x = starting_noise((2, 1, 8, 8), grid[0], rng).double()
    out = final(walk(ddim(0.0), clipped(guided(model.given(label=3), model, 2.0), -1, 1), x, grid, rng))
    assert out.shape == x.shape and out.isfinite().all() and float(out.abs().max()) <= 1


# --- training -----------------------------------------------------------------------------------------------


def test_dropping_withholds_the_share_that_was_asked_for():
    seen = []

    def loss(model, batch, rng):
        seen.append(batch.hidden)
        return batch.x0.sum(1)

    batch = Batch(
        torch.zeros(20_000, 2),
        {"label": torch.zeros(20_000, dtype=torch.long), "vector": torch.zeros(20_000, 3)},
    )
    dropping(loss, {"label": 0.1, "vector": 0.5})(None, batch, seeded(0))
    shares = {name: float(hidden.double().mean()) for name, hidden in seen[0].items()}
    # four standard errors of a share of 20,000: 4 sqrt(p (1 - p) / N) is 0.0085 and 0.0141
    assert shares["label"] == pytest.approx(0.1, abs=0.0085) and shares["vector"] == pytest.approx(
        0.5, abs=0.0141
    )
    together = (seen[0]["label"] & seen[0]["vector"]).double().mean()
    assert float(together) == pytest.approx(0.05, abs=0.0062)  # independent of each other


def test_the_loss_is_divided_by_the_dimensions_of_x0_alone(plane):
    """A label is no dimension: the loss of labelled points is that of points, over two."""
    x0, label = torch.randn((64, 2), generator=seeded(0), dtype=torch.float64), torch.arange(64) % 3
    objective = ddpm_simple(linear_beta(50))
    labelled = per_dimension(objective)(plane, Batch(x0, {"label": label}), seeded(1))
    assert torch.allclose(labelled, objective(plane.given(label=label), x0, seeded(1)) / 2)
    assert torch.allclose(
        per_dimension(objective)(plane, Batch(x0), seeded(1)), objective(plane, x0, seeded(1)) / 2
    )


def test_null_and_label_are_told_apart_after_training():
    """Two points, a label each: told, the network knows which; untold, it has the mean (lecture: the null token)."""
    from playground.training import Recipe, Trainee, train

    points = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        net = NetworkDenoiser(PlaneNet(32, classes=2))
    loss = dropping(per_dimension(ddpm_simple(linear_beta())), 0.3)
    trainee = Trainee(net, Recipe(steps=300, lr=5e-3, ema=0.98))

    def batches(step, rng):
        label = torch.randint(2, (128,), generator=rng)
        return Batch(points[label], {"label": label})

    for _ in train(trainee, batches, loss):
        pass
    net.load_state_dict(trainee.averaged())
    net, nearly_noise = net.eval().requires_grad_(False), linear_beta().level(700)
    x = torch.randn((500, 2), generator=seeded(1))
    found = [float(net.given(label=label)(x, nearly_noise)[:, 0].mean()) for label in (0, 1)]
    # exactly -1, 1 and 0; 300 steps come within a quarter
    assert found == pytest.approx([-1, 1], abs=0.25) and float(
        net(x, nearly_noise)[:, 0].mean()
    ) == pytest.approx(0, abs=0.25)


# --- what cannot be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told, words",
    [
        ({"colour": 1}, "The condition is 'colour'"),
        ({"label": 10}, "known are 0 to 9"),
        ({"label": torch.zeros((2, 2), dtype=torch.long)}, r"label has the shape \(2, 2\)"),
        ({"vector": torch.zeros(7)}, "size 7; it must be 6"),
        ({"image": torch.zeros((3, 8, 8))}, "size 3; it must be 2"),
    ],
)
def test_conditions_that_cannot_be_are_refused_in_a_sentence(model, told, words):
    with pytest.raises(UserError, match=words):
        model.given(**told)


def test_another_number_of_conditions_than_samples_is_refused(model):
    with pytest.raises(UserError, match=r"2 conditions .label. for 3 samples"):
        model.given(label=torch.tensor([1, 2]))(digits(3), LEVEL)


def test_a_model_that_knows_no_condition_says_so():
    untold = NetworkDenoiser(UNetConfig(width=8, blocks=1).build())
    with pytest.raises(UserError, match="it knows nothing"):
        untold.given(label=1)
    assert replace(TELL, classes=0).names == ("vector", "tokens", "image")
