"""The work that benchmarks count, against what one multiplies out by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.counting import CACHE, counted
from images.networks.unet import UNetConfig
from playground.levels import CLEAN, seeded
from playground.steps import langevin
from playground.walk import final, walk
from toy2d.mixture import Mixture

FLOAT = 4  # bytes


def test_a_linear_layer_forwards_and_backwards():
    B, n, m = 8, 16, 32
    layer, x = nn.Linear(n, m), torch.ones(B, n)
    with torch.no_grad():
        work = counted(lambda: layer(x))
    assert work.multiply_adds == B * n * m
    assert work.near == FLOAT * (B * n + n * m + m + B * m)  # x, weights, bias, and what comes out
    assert (work.far, work.exponentials, work.normals, work.operations) == (0, 0, 0, 1)
    given = x.requires_grad_()
    both = counted(lambda: layer(given).sum().backward())
    assert both.multiply_adds == 3 * B * n * m  # out; the gradients of x and of the weights


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution(stride):
    B, n, m, side, kernel = 2, 3, 5, 8, 3
    layer, x = nn.Conv2d(n, m, kernel, stride, padding=1), torch.ones(B, n, side, side)
    places = (side // stride) ** 2
    with torch.no_grad():
        work = counted(lambda: layer(x))
    assert work.multiply_adds == B * m * places * n * kernel**2
    assert work.near == FLOAT * (x.numel() + m * n * kernel**2 + m + B * m * places)


def test_attention_is_two_products():
    B, heads, tokens, size = 2, 3, 49, 32
    q = torch.ones(B, heads, tokens, size)
    with torch.no_grad():
        work = counted(lambda: F.scaled_dot_product_attention(q, q, q))
    assert work.multiply_adds == 2 * B * heads * tokens**2 * size


@pytest.mark.parametrize("B, K, D", [(100, 2, 2), (64, 5, 3)])
def test_a_langevin_step_on_a_mixture_is_two_products_and_a_softmax(B, K, D):
    """Of two modes the difference is enough: products with a vector, and one exponential for each sample."""
    mixture = Mixture.of(torch.randn(K, D, generator=seeded(0)).tolist())
    start, steps = torch.zeros(B, D), 3
    mixture.score(start)  # what a level keeps is made once

    def run(n: int) -> torch.Tensor:
        return final(walk(langevin(0.1, estimate=False), mixture, start, [CLEAN] * (n + 1), seeded(0)))

    work = counted(lambda: run(steps))
    rows = 1 if K == 2 else K
    assert work.multiply_adds == steps * 2 * B * rows * D  # with the means, and the means' average
    assert work.exponentials == steps * B * rows
    assert work.normals == steps * B * D


def test_the_unet_grows_with_the_batch_alone():
    net, work = UNetConfig(8, 1).build().eval(), {}
    for B in (1, 4):
        x, told = torch.zeros(B, 1, 28, 28), torch.zeros(B)
        with torch.no_grad():
            work[B] = counted(lambda x=x, told=told: net(x, told))
    assert work[4].multiply_adds == 4 * work[1].multiply_adds > 0
    assert work[4].operations == work[1].operations


def test_views_and_expansions_move_nothing():
    x = torch.ones(10, 1)
    assert counted(lambda: x.expand(10, 50).T[:3]).operations == 0
    work = counted(lambda: x.expand(10, 50).clone())
    assert work.near == FLOAT * (10 + 500)


def test_what_does_not_fit_the_cache_is_far():
    x = torch.zeros(CACHE // FLOAT)
    work = counted(lambda: x + 1)
    assert (work.near, work.far) == (0, 2 * CACHE)
