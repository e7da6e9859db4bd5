"""What CLIP has learned: classes and attributes without a classifier, search by text, and the two clouds."""

from dataclasses import dataclass

import torch
from torch import Tensor

from images.dalle2.agreement import Share
from images.dalle2.clip_task import embedded
from images.dalle2.prior_task import caption_of
from images.data.captions import ATTRIBUTES, UNSAID, VALUES, codes_of
from images.data.mnist import Digits
from images.networks.clip import Clip, cosines


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


@torch.no_grad()
def zero_shot(clip: Clip, digits: Digits) -> ZeroShot:
    """Each digit's embedding against the captions of one attribute (Radford et al. 2021, Section 3.1).

    The class by "a zero" to "a nine"; the others by captions that also say the digit's own class, because thin, narrow
    and upright are compared within it.
    """
    device = clip.log_scale.device
    z_i, codes = embedded(clip, digits.images), codes_of(digits.images, digits.labels).to(device)
    shares = {}
    for k, name in enumerate(ATTRIBUTES):
        if k == 0:
            chosen = cosines(z_i, caption_of(clip, prompts(0).to(device))["vector"]).argmax(1)
        else:
            said = prompts_of_classes(k).to(device)
            z_t = caption_of(clip, said.flatten(0, 1))["vector"].view(10, said.shape[1], -1)
            chosen = torch.einsum("nd,nvd->nv", z_i, z_t[codes[:, 0]]).argmax(1)
        shares[name] = Share(int((chosen == codes[:, k]).sum()), len(codes))
    return ZeroShot(shares)


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
