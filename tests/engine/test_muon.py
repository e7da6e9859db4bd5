"""Muon: what is orthogonal, who has it, and that a run goes on with it bit for bit."""

import pytest
import torch
from torch import nn

from images.networks.unet import UNetConfig
from playground.denoisers import NetworkDenoiser
from playground.errors import UserError
from playground.levels import linear_beta, seeded
from playground.muon import Muon, hidden_matrices, orthogonalised
from playground.objectives import Batch, ddpm_simple, per_dimension
from playground.training import Recipe, Trainee, train

LOSS = per_dimension(ddpm_simple(linear_beta(50, 1e-3, 0.2)))


def digits(step, rng):
    return Batch(torch.randn((4, 1, 8, 8), generator=rng))


def net() -> NetworkDenoiser:
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(0)
        return NetworkDenoiser(UNetConfig(width=8, blocks=1).build())


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16), (3, 12, 40)])
def test_the_singular_values_come_near_one_and_the_directions_stay(shape):
    """Against the SVD: G = U S V^T becomes U S' V^T with S' in 0.7 to 1.2, the quintic's own band (Jordan 2024)."""
    G = torch.randn(shape, generator=seeded(0), dtype=torch.float64)
    U, S, Vh = torch.linalg.svd(G, full_matrices=False)
    assert float((S.amax(-1) / S.amin(-1)).min()) > 2  # not orthogonal before
    rotated = U.mT @ orthogonalised(G) @ Vh.mT
    values = rotated.diagonal(dim1=-2, dim2=-1)
    assert float((rotated - torch.diag_embed(values)).abs().max()) < 1e-9
    assert float(values.min()) > 0.65 and float(values.max()) < 1.25


def test_a_step_is_the_formula_for_a_convolution_flattened():
    layer = nn.Conv2d(3, 8, 3)
    before = layer.weight.detach().clone()
    layer.weight.grad = torch.randn(before.shape, generator=seeded(1))
    Muon([layer.weight], lr=0.1, momentum=0.9, weight_decay=0.5).step()
    G = layer.weight.grad.flatten(1)
    average = 0.1 * G  # from zero
    looked_ahead = 0.1 * G + 0.9 * average  # Nesterov
    expected = before.flatten(1) * (1 - 0.1 * 0.5) - 0.1 * orthogonalised(looked_ahead)
    torch.testing.assert_close(layer.weight.detach().flatten(1), expected)


def test_a_tall_matrix_moves_further_by_the_root_of_its_shape():
    layer = nn.Linear(4, 16, bias=False)
    before = layer.weight.detach().clone()
    layer.weight.grad = torch.randn(before.shape, generator=seeded(1))
    Muon([layer.weight], lr=0.1).step()
    moved = torch.linalg.svdvals(before - layer.weight.detach())
    assert float(moved.min()) > 0.1 * 2 * 0.65 and float(moved.max()) < 0.1 * 2 * 1.25  # sqrt(16 / 4) = 2


def test_stacked_matrices_move_as_they_do_alone():
    layers = [nn.Linear(6, 6, bias=False) for _ in range(3)]
    alone = [nn.Parameter(layer.weight.detach().clone()) for layer in layers]
    for i, (layer, single) in enumerate(zip(layers, alone, strict=True)):
        layer.weight.grad = torch.randn((6, 6), generator=seeded(i))
        single.grad = layer.weight.grad.clone()
        Muon([single]).step()
    Muon([layer.weight for layer in layers]).step()
    for layer, single in zip(layers, alone, strict=True):
        torch.testing.assert_close(layer.weight.detach(), single.detach(), rtol=1e-4, atol=1e-6)


def test_first_and_last_layers_embeddings_and_vectors_are_adams():
    model = net()
    trainee = Trainee(model, Recipe(steps=2, muon=0.01))
    chosen = {id(p) for p in hidden_matrices(model)}
    names = {name for name, p in model.named_parameters() if id(p) in chosen}
    assert "net.down.0.conv1.weight" in names and "net.down.0.film.weight" in names and "net.coarsen.weight" in names
    assert not any(part in name for name in names for part in ("enter", "leave", "embed", "bias", "norm"))
    groups = {kind: optimizer.param_groups[0]["params"] for kind, optimizer in trainee.optimizers.items()}
    assert {id(p) for p in groups["muon"]} == chosen
    assert len(groups["muon"]) + len(groups["adam"]) == len(list(model.parameters()))


def test_a_run_that_goes_on_repeats_what_the_whole_run_did():
    recipe = Recipe(steps=6, lr=1e-3, muon=0.01, warmup=2)
    whole, first = Trainee(net(), recipe), Trainee(net(), recipe)
    for _ in train(whole, digits, LOSS):
        pass
    for progress in train(first, digits, LOSS):
        if progress.step == 3:
            break
    second = Trainee(net(), recipe)
    second.restore({name: value.clone() for name, value in first.tensors().items()})
    for _ in train(second, digits, LOSS):
        pass
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, second.net.state_dict()[name]), name


def test_it_learns_faster_than_adam_on_an_ill_conditioned_problem():
    """A linear map with a condition number of 1,000, a fixed number of steps, and the best of three step sizes each."""
    rng = seeded(0)
    x = torch.randn((512, 16), generator=rng) * torch.logspace(0, -3, 16)
    target = x @ torch.randn((16, 16), generator=rng)

    def loss_after(make, lr: float) -> float:
        layer = nn.Linear(16, 16, bias=False)
        nn.init.zeros_(layer.weight)
        optimizer = make([layer.weight], lr)
        for step in range(200):
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = lr * (1 - step / 200)
            loss = (layer(x) - target).square().mean()
            loss.backward()
            optimizer.step()
        return float(loss.detach())

    muon = min(loss_after(lambda p, lr: Muon(p, lr), lr) for lr in (0.03, 0.1, 0.3))
    sgd = min(loss_after(lambda p, lr: torch.optim.SGD(p, lr, momentum=0.95), lr) for lr in (0.03, 0.1, 0.3))
    assert muon < sgd  # momentum alone needs a thousand times as long for the small directions


@pytest.mark.parametrize("step", [-0.1, float("nan"), 2.0])
def test_an_impossible_step_size_is_refused(step):
    with pytest.raises(UserError, match="Muon's step size"):
        Recipe(steps=1, muon=step)
