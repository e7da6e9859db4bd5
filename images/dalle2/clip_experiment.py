"""What CLIP has learned: classes and attributes without a classifier, search by text, and the two clouds."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from images.dalle2.agreement import Share
from images.dalle2.clip_task import SHIPPED, embedded
from images.dalle2.prior_task import caption_of
from images.data.captions import ATTRIBUTES, UNSAID, VALUES, Caption, codes_of, true_of
from images.data.mnist import Digits
from images.films import content
from images.metrics.estimates import Estimate, bootstrap
from images.networks.clip import Clip, cosines
from playground.errors import require
from playground.levels import seeded
from playground.progress import Report, silent
from playground.statistics import difference, verdict


def for_file(digits: Digits) -> tuple:
    """What shipped measurements were made for: CLIP's file, and the very digits."""
    return content(SHIPPED), digits.images, digits.labels


def prompts(attribute: int) -> Tensor:
    """Captions that say one attribute and no other, "a zero" to "a nine" for the first: (values, 4) codes."""
    values = len(VALUES[attribute])
    codes = torch.full((values, 4), UNSAID)
    codes[:, attribute] = torch.arange(values)
    return codes


def prompts_of_classes(attribute: int) -> Tensor:
    """The same with the class said, too: (10, values, 4) codes."""
    codes = prompts(attribute).expand(10, -1, -1).clone()
    codes[:, :, 0] = torch.arange(10)[:, None]
    return codes


@dataclass(frozen=True)
class ZeroShot:
    """shares: of each attribute, how often the nearest of its captions is true of the image."""

    shares: dict[str, Share]


def zero_shot(clip: Clip, digits: Digits) -> ZeroShot:
    """Each digit's embedding against the captions of one attribute (Radford et al. 2021, Section 3.1)."""
    right = told_rightly(clip, digits)
    return ZeroShot({name: Share(int(hits.sum()), len(hits)) for name, hits in right.items()})


@torch.no_grad()
def told_rightly(clip: Clip, digits: Digits) -> dict[str, Tensor]:
    """Of each attribute, whether the nearest of its captions is true of the digit: (N,) bool, on the CPU.

    The class by "a zero" to "a nine"; the others by captions that also say the digit's own class, because thin, narrow
    and upright are compared within it.
    """
    device = clip.log_scale.device
    z_i, codes = embedded(clip, digits.images), codes_of(digits.images, digits.labels).to(device)
    right = {}
    for k, name in enumerate(ATTRIBUTES):
        if k == 0:
            chosen = cosines(z_i, caption_of(clip, prompts(0).to(device))["vector"]).argmax(1)
        else:
            said = prompts_of_classes(k).to(device)
            z_t = caption_of(clip, said.flatten(0, 1))["vector"].view(10, said.shape[1], -1)
            chosen = torch.einsum("nd,nvd->nv", z_i, z_t[codes[:, 0]]).argmax(1)
        right[name] = (chosen == codes[:, k]).cpu()
    return right


@torch.no_grad()
def found(clip: Clip, z_i: Tensor, codes: Tensor, count: int) -> Tensor:
    """The numbers of the images nearest to a caption, (count,): z_i (N, D), codes (4,)."""
    z_t = caption_of(clip, codes[None].to(z_i.device))["vector"]
    return cosines(z_t, z_i)[0].topk(count).indices


@dataclass(frozen=True, eq=False)
class Clouds:
    """Image and text embeddings in the plane of their two main directions, (N, 2) each; centres: their distance.

    spread: the mean distance of an image's embedding from the images' centre, in the same units.
    """

    images: Tensor
    texts: Tensor
    centres: float
    spread: float


@torch.no_grad()
def clouds(clip: Clip, digits: Digits) -> Clouds:
    """The gap between the two kinds of embedding (Liang et al. 2022), for full captions of the very digits."""
    z_i = embedded(clip, digits.images)
    z_t = caption_of(clip, codes_of(digits.images, digits.labels).to(z_i.device))["vector"]
    both = torch.cat([z_i, z_t])
    _, _, V = torch.pca_lowrank(both, q=2, niter=4)
    flat = (both - both.mean(0)) @ V
    gap = float((z_i.mean(0) - z_t.mean(0)).norm())
    return Clouds(flat[: len(z_i)], flat[len(z_i) :], gap, float((z_i - z_i.mean(0)).norm(dim=1).mean()))


# --- one digit of each class against its captions, and the gap, measured ---------------------------------------


@dataclass(frozen=True, eq=False)
class Similarity:
    """cosines (10, 10): digits, rows, against captions, columns; true (10, 10) bool: whether caption j is true of
    digit i.  images (10, 28, 28) uint8; texts: the captions.
    """

    cosines: Tensor
    true: Tensor
    images: Tensor
    texts: tuple[str, ...]


@torch.no_grad()
def similarity(clip: Clip, digits: Digits, full: bool, skipped: int = 0) -> Similarity:
    """One digit of each class against ten captions: their own full ones, or "a zero" to "a nine".

    skipped: how many digits of each class to pass over, to see others.
    """
    places = [(digits.labels == label).nonzero()[:, 0] for label in range(10)]
    fewest = min(len(place) for place in places)
    require(
        0 <= skipped < fewest,
        f"{skipped} digits of each class are to be passed over; there are {fewest} of one: choose from 0 to "
        f"{fewest - 1}.",
    )
    first = torch.stack([place[skipped] for place in places])
    codes = codes_of(digits.images[first], digits.labels[first])
    captions = codes if full else prompts(0)
    z_t = caption_of(clip, captions.to(clip.log_scale.device))["vector"]
    found_cosines = cosines(embedded(clip, digits.images[first]), z_t).cpu()
    texts = tuple(Caption(*map(int, code)).text for code in captions)
    return Similarity(found_cosines, true_of(captions, codes), digits.images[first][:, 0], texts)


@dataclass(frozen=True)
class Gap:
    """distance of the clouds' centres; floor: of the centres of two halves of the images; told_apart: the share of the
    other half's embeddings that the nearer centre names rightly.
    """

    distance: Estimate
    floor: Estimate
    told_apart: Share

    @property
    def verdict(self) -> str:
        """Whether the two kinds lie farther apart than two halves of one kind do."""
        a, b = self.distance, self.floor
        return verdict(difference(a.value, a.se, b.value, b.se), f"N = {self.told_apart.n:,}")


@torch.no_grad()
def gap(clip: Clip, digits: Digits, seed: int = 0) -> Gap:
    """How far images and their own full captions lie from each other on the sphere, with bootstrap intervals."""
    z_i = embedded(clip, digits.images)
    z_t = caption_of(clip, codes_of(digits.images, digits.labels).to(z_i.device))["vector"]
    z_i, z_t = z_i.double().cpu(), z_t.double().cpu()
    half, rng = len(z_i) // 2, seeded(seed)

    def apart(first: Tensor, second: Tensor) -> Estimate:
        def statistic(weights: Tensor) -> float:
            return float((weights @ (first - second) / weights.sum()).norm())

        return bootstrap(statistic, len(first), rng, ends=(0.0, math.inf))

    centres = z_i[:half].mean(0), z_t[:half].mean(0)
    nearer = [(z - centres[0]).norm(dim=1) < (z - centres[1]).norm(dim=1) for z in (z_i[half:], z_t[half:])]
    right = int(nearer[0].sum()) + int((~nearer[1]).sum())
    return Gap(apart(z_i, z_t), apart(z_i[:half], z_i[half : 2 * half]), Share(right, 2 * len(z_i[half:])))


def measured(clip: Clip, digits: Digits, report: Report = silent) -> tuple[ZeroShot, Clouds, Gap]:
    """Classes and attributes without a classifier, the two clouds, and the gap between them, over the same digits."""
    report(0, 3, "without a classifier")
    zero = zero_shot(clip, digits)
    report(1, 3, "the clouds")
    both = clouds(clip, digits)
    report(2, 3, "the gap")
    apart = gap(clip, digits)
    report(3, 3)
    return zero, both, apart
