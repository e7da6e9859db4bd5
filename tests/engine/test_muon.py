"""Muon: its steps are orthogonal, it learns, torch's own agrees, and each parameter goes where it should."""

import math

import pytest
import torch
from torch import nn

from images.networks.dilated import DilatedConfig
from images.networks.unet import UNetConfig
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.denoisers import NetworkDenoiser
from playground.errors import UserError
from playground.levels import linear_beta, seeded
from playground.muon import Muon, as_matrix, hidden_matrices, orthogonalised, shaped
from playground.objectives import ddpm_simple
from playground.training import Recipe, Trainee, train
from toy2d.net import PlaneNet


def with_singular_values(values: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A random matrix that has these singular values, by QR."""
    n, rng = len(values), seeded(0)
    left, right = (torch.linalg.qr(torch.randn(m, n, generator=rng))[0] for m in (rows, columns))
    return left @ torch.diag(values) @ right.T


@pytest.mark.parametrize("rows, columns", [(16, 16), (16, 144), (144, 16)])
def test_a_step_has_the_singular_vectors_of_the_momentum_and_singular_values_near_one(rows, columns):
    """By SVD, for singular values over two decades: Jordan's quintic leaves them between 0.68 and 1.21."""
    matrix = with_singular_values(torch.logspace(-2, 0, 16), rows, columns)
    U, _, Vh = torch.linalg.svd(matrix, full_matrices=False)
    inside = U.T @ orthogonalised(matrix) @ Vh.T
    assert inside.diagonal().min() > 0.67 and inside.diagonal().max() < 1.22
    # float32 knows the left vectors of the smallest values to about 1e-7 / 1e-2, and the quintic magnifies that
    assert (inside - torch.diag(inside.diagonal())).abs().max() < 2e-3


def test_size_does_not_matter_and_zero_stays_zero():
    matrix = torch.randn(3, 8, 20, generator=seeded(1))
    torch.testing.assert_close(orthogonalised(1e-3 * matrix), orthogonalised(matrix), rtol=1e-3, atol=1e-4)
    assert torch.equal(orthogonalised(torch.zeros(8, 20)), torch.zeros(8, 20))


def test_a_stack_is_orthogonalised_matrix_by_matrix():
    stack = torch.randn(3, 8, 20, generator=seeded(2))
    alone = torch.stack([orthogonalised(matrix) for matrix in stack])
    torch.testing.assert_close(orthogonalised(stack), alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(12, 30), (30, 12)])
def test_on_matrices_it_takes_the_steps_of_torchs_muon(shape):
    """torch's iterates in bfloat16, whose three digits are the tolerance: an entry of a step is about 0.2 * 0.02."""
    start, rng = torch.randn(shape, generator=seeded(3)), seeded(4)
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    mine = Muon([ours], lr=0.02, weight_decay=0.1)
    torchs = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1)
    for _ in range(5):
        gradient = torch.randn(shape, generator=rng)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step(), torchs.step()
    moved, by = (start - ours).norm(), (ours - theirs).norm()
    assert by < 0.03 * moved and moved > 0.1


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_is_a_matrix_and_comes_back(layout):
    weight = torch.randn(6, 4, 3, 3, generator=seeded(5)).to(memory_format=layout)
    matrix = as_matrix(weight)
    assert matrix.shape == (6, 36) and torch.equal(shaped(matrix, weight.shape), weight)
    x = torch.randn(1, 4, 3, 3, generator=seeded(6))  # one place: the convolution is the matrix product
    torch.testing.assert_close(
        nn.functional.conv2d(x, weight)[0, :, 0, 0], matrix @ as_matrix(x)[0], rtol=1e-4, atol=1e-5
    )


def test_a_convolution_steps_as_its_matrix_does():
    weight = torch.randn(6, 4, 3, 3, generator=seeded(7)).to(memory_format=torch.channels_last)
    folded, flat = nn.Parameter(weight.clone()), nn.Parameter(as_matrix(weight).clone())
    folded.grad = torch.randn(6, 4, 3, 3, generator=seeded(8))
    flat.grad = as_matrix(folded.grad).clone()
    Muon([folded], lr=0.1).step(), Muon([flat], lr=0.1).step()
    torch.testing.assert_close(as_matrix(folded), flat, rtol=1e-5, atol=1e-6)


def test_a_regression_is_solved():
    """Y = W X + no noise: the error falls to what steps of the last size leave, a hundredth of where it began."""
    rng = seeded(9)
    truth, X = torch.randn(8, 12, generator=rng), torch.randn(12, 200, generator=rng)
    weight = nn.Parameter(torch.zeros(8, 12))
    optimizer, errors = Muon([weight], lr=0.1), []
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        optimizer.zero_grad()
        error = ((weight - truth) @ X).square().mean()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < 0.01 * errors[0]


# --- which parameters go where ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "net",
    [UNetConfig(8, 1).build(), DilatedConfig(8, 1).build(), PlaneNet(16)],
    ids=["unet", "dilated", "plane"],
)
def test_muon_has_the_hidden_matrices_and_adamw_the_rest(net):
    trainee = Trainee(NetworkDenoiser(net), Recipe(steps=5, optimizer="muon"))
    names = {id(parameter): name for name, parameter in trainee.net.named_parameters()}
    has = {
        kind: {names[id(p)] for group in optimizer.param_groups for p in group["params"]}
        for kind, optimizer in trainee.optimizers.items()
    }
    assert has["muon"] == set(hidden_matrices(trainee.net))
    assert has["adam"] | has["muon"] == set(names.values()) and not has["adam"] & has["muon"]
    ends = ("net.embed", "net.enter", "net.leave", "net.layers.0.", "net.layers.6.")
    assert not [name for name in has["muon"] if name.startswith(ends) or name.endswith("bias")]
    shapes = {name: parameter.ndim for name, parameter in trainee.net.named_parameters()}
    assert all(shapes[name] == 1 or name.startswith(ends) for name in has["adam"])
    assert len(has["muon"]) >= 2


def test_film_and_attention_are_hidden():
    names = hidden_matrices(UNetConfig(8, 1).build())
    assert {"down.0.film.weight", "middle.1.qkv.weight", "middle.1.out.weight", "coarsen.weight"} <= set(
        names
    )


# --- in a run ---------------------------------------------------------------------------------------------

OBJECTIVE = ddpm_simple(linear_beta(50, 1e-3, 0.2))
SMALL = UNetConfig(8, 1)


def fresh(seed: int = 0, **options) -> Trainee:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = SMALL.build()
    return Trainee(NetworkDenoiser(net), Recipe(steps=8, warmup=2, **{"optimizer": "muon", **options}))


def go(trainee: Trainee, until: int | None = None) -> list[float]:
    losses = []
    for progress in train(trainee, lambda _, rng: torch.randn(4, 1, 28, 28, generator=rng), OBJECTIVE):
        losses.append(progress.loss.item())
        if progress.step == until:
            break
    return losses


def test_a_run_goes_on_to_the_last_bit_with_both_optimisers_moments(tmp_path):
    whole, stopped, resumed = fresh(0), fresh(0), fresh(1)
    losses = go(whole)
    go(stopped, until=3)
    save_checkpoint(tmp_path / "run.safetensors", stopped.tensors(), {})
    resumed.restore(load_checkpoint(tmp_path / "run.safetensors")[0])
    assert go(resumed) == losses[3:]
    ours, theirs = resumed.tensors(), whole.tensors()
    assert ours.keys() == theirs.keys() and any(name.startswith("muon.") for name in ours)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_both_rates_rise_and_fall_together():
    trainee = fresh(lr=0.004, matrix_lr=0.02)
    for progress in train(trainee, lambda _, rng: torch.randn(4, 1, 28, 28, generator=rng), OBJECTIVE):
        (adam,), (muon,) = (trainee.optimizers[kind].param_groups for kind in ("adam", "muon"))
        assert adam["lr"] == progress.lr and muon["lr"] == pytest.approx(5 * progress.lr)


@pytest.mark.parametrize("mine, others", [("muon", "adamw"), ("adamw", "muon")])
def test_moments_of_another_optimizer_are_refused_in_a_sentence(mine, others):
    trainee, other = fresh(optimizer=mine), fresh(optimizer=others)
    go(other, until=2)
    before = {name: value.clone() for name, value in trainee.tensors().items()}
    with pytest.raises(UserError, match=f"not made with the optimizer '{mine}'.* start a new run"):
        trainee.restore(other.tensors())
    assert all(torch.equal(value, before[name]) for name, value in trainee.tensors().items())


def test_a_checkpoint_from_before_there_was_a_choice_goes_on():
    """Names of AdamW's moments as they were: by the parameter's number in the network."""
    trainee = fresh(optimizer="adamw")
    go(trainee, until=2)
    numbered = {f"adam.{i}.exp_avg": p.shape for i, p in enumerate(trainee.net.parameters())}
    assert numbered == {n: v.shape for n, v in trainee.tensors().items() if n.endswith("exp_avg")}


@pytest.mark.parametrize("options", [{"optimizer": "sgd"}, {"matrix_lr": 0.0}, {"matrix_lr": math.nan}])
def test_an_impossible_choice_is_refused(options):
    with pytest.raises(UserError):
        Recipe(steps=5, **options)
