"""The autoregressive prior: rounding, causality, and that it learns a law it can be held against."""

import pytest
import torch

from images.dalle2.ar_prior_task import bucket_entropy
from images.networks.ar_prior import ARPrior, ARPriorConfig
from images.networks.clip import on_sphere
from playground.errors import UserError
from playground.levels import seeded
from playground.objectives import Batch
from playground.training import Recipe, Trainee, train

D = 8


def embeddings(N: int, seed: int = 0):
    """On the sphere, with directions of very different variance."""
    scales = torch.tensor([4.0, 3.0, 2.0, 1.5, 0.3, 0.2, 0.1, 0.05])
    return on_sphere(torch.randn(N, D, generator=seeded(seed)) * scales)


def test_directions_are_orthonormal_and_ordered_by_their_variance():
    z = embeddings(4000)
    net = ARPriorConfig(D, D, 8, 16, 1).build().fit(z)
    torch.testing.assert_close(net.directions @ net.directions.T, torch.eye(D), atol=1e-5, rtol=0)
    variance = ((z - net.centre) @ net.directions.T).var(0)
    assert (variance.diff() <= 0).all()
    assert float(variance.sum()) == pytest.approx(float(z.var(0).sum()), rel=1e-4)  # nothing is left out


def test_finer_buckets_come_nearer_and_a_value_of_a_bucket_is_exact():
    z, errors = embeddings(4000), []
    for buckets in (4, 16, 64):
        net = ARPriorConfig(D, D, buckets, 16, 1).build().fit(z)
        errors.append(float((net.embedding(net.quantised(z)) - z).square().sum(1).mean()))
        centres = net.values.T[:, :1].expand(-1, D)  # each bucket's own value, along the first direction
        again = net.quantised(net.centre + centres[:, :1] * net.directions[0])
        assert torch.equal(again[:, 0], torch.arange(buckets))
    assert (
        errors[0] > 3 * errors[1] > 9 * errors[2]
    )  # 4 times finer: 16 times less for a flat law, less in tails


def test_a_place_is_told_only_the_buckets_before_it():
    net = ARPriorConfig(D, 5, 8, 16, 2).build().eval()
    one = torch.randint(8, (3, 5), generator=seeded(0))
    for place in range(5):
        other = one.clone()
        other[:, place] = (other[:, place] + 1) % 8
        changed = (net(one) - net(other)).abs().amax((0, 2))
        assert (changed[: place + 1] < 1e-6).all() and (changed[place + 1 :] > 1e-4).all()


def test_it_learns_which_of_two_embeddings_a_caption_means_and_samples_it():
    """Two captions, two far embeddings with a little noise: after training each gets its own."""
    centres = on_sphere(torch.tensor([[1.0] * 4 + [0.0] * 4, [0.0] * 4 + [1.0] * 4]))
    captions = torch.tensor([[3.0] + [0.0] * 7, [-3.0] + [0.0] * 7])

    def batches(step, rng):
        which = torch.randint(2, (64,), generator=rng)
        z = on_sphere(centres[which] + 0.2 * torch.randn(64, D, generator=rng))
        return Batch(z, {"vector": captions[which]})

    net = ARPriorConfig(D, 4, 8, 16, 1).build().fit(batches(0, seeded(1)).x0)
    trainee = Trainee(net, Recipe(300, lr=5e-3, warmup=5, ema=0.9))
    losses = [float(progress.loss) for progress in train(trainee, batches, bucket_entropy)]
    assert losses[-1] < losses[0]
    told = {"vector": captions.repeat_interleave(50, 0)}
    z = net.eval().sample(told, 100, seeded(2))
    nearest = torch.cdist(z, centres).argmin(1)
    right = (nearest == torch.arange(2).repeat_interleave(50)).float().mean()
    assert float(right) > 0.9  # by chance 0.5, with a standard deviation of 0.05
    torch.testing.assert_close(z, on_sphere(z))


def test_too_few_embeddings_for_the_buckets_are_refused():
    with pytest.raises(UserError, match="3 embeddings for 8 buckets"):
        ARPrior(ARPriorConfig(D, 4, 8, 16, 1)).fit(embeddings(3))
