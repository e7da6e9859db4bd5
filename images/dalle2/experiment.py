"""A caption becomes a digit: the prior draws an embedding, the decoder a 14 x 14 digit, the upsampler a 28 x 28 one."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.dalle2.ar_prior_task import load_ar_prior
from images.dalle2.clip_task import SHIPPED, embedded, load_clip, mark_of
from images.dalle2.prior_task import caption_of
from images.dalle2.upsampler_task import enlarged
from images.data.captions import parse
from images.data.mnist import to_uint8
from images.films import content
from images.models import Model, load_model
from images.networks.ar_prior import ARPrior
from images.networks.clip import Clip, on_sphere
from playground.denoisers import Denoiser, guided
from playground.errors import SEEDS, require
from playground.knobs import Knobs, knob
from playground.levels import seeded
from playground.progress import Report, part_of, silent
from playground.steps import ddim
from playground.trajectory import Trajectory, frames_of, recorded
from playground.walk import checked, starting_noise, walk, watched

STAGES = ("prior", "decoder", "upsampler")
MOST = 100  # digits in one go


@dataclass(frozen=True, eq=False)
class Stack:
    """The four networks, and the other prior where there is one.  Priors and decoder belong to this very CLIP."""

    clip: Clip
    prior: Model
    decoder: Model
    upsampler: Model
    ar_prior: ARPrior | None = None

    @property
    def parameters(self) -> int:
        models = sum(model.parameters for model in (self.prior, self.decoder, self.upsampler))
        return models + sum(p.numel() for p in self.clip.parameters())


def load_stack(folder: str | Path = SHIPPED.parent, device: torch.device | str = "cpu") -> Stack:
    """clip, prior, decoder and upsampler .safetensors of a folder, and ar-prior.safetensors where there is one.

    Raises UserError where one is missing, of another kind, or built on another CLIP.
    """
    folder = Path(folder)
    clip = load_clip(folder / "clip.safetensors", device)
    models: dict[str, Any] = {}
    for kind in STAGES:
        path = folder / f"{kind}.safetensors"
        models[kind] = model = load_model(path, device)
        require(
            model.config.kind == kind,
            f"{path} holds a model of the kind {model.config.kind!r}; it must be a {kind}: "
            f"train one with 'python -m images train --preset {kind}'.",
        )
        _require_clip(path, kind, model.about, clip)
    path = folder / "ar-prior.safetensors"
    if not path.is_file():
        return Stack(clip, **models)
    ar_prior, about = load_ar_prior(path, device)
    _require_clip(path, "ar-prior", about, clip)
    return Stack(clip, **models, ar_prior=ar_prior)


def _require_clip(path: Path, kind: str, about: dict[str, Any], clip: Clip) -> None:
    beside = path.with_name("clip.safetensors")
    require(
        kind == "upsampler" or about.get("clip") == mark_of(clip),
        f"{path} was trained with another CLIP than {beside}: train it again with "
        f"'python -m images train --preset {kind} --using {beside}'.",
    )


@dataclass(frozen=True)
class DrawConfig(Knobs):
    """count digits for a caption.  w: guidance of the decoder, prior_w of the prior, 0 none; steps: of each stage."""

    caption: str = "a thick seven leaning left"
    count: int = knob(8, 1, MOST, "The number of digits", page=(1, 25))
    w: float = knob(1.0, 0, 20, "The guidance w", page=(0, 8))
    prior_w: float = knob(0.0, 0, 20, "The prior's guidance w", page=(0, 4))
    steps: int = knob(25, 1, 1000, "The number of steps", among=(5, 10, 20, 25, 50, 100))
    seed: int = knob(0, *SEEDS, "The seed")
    frames: int = 13

    def __post_init__(self) -> None:
        super().__post_init__()
        parse(self.caption)


def for_file(config: DrawConfig) -> tuple:
    """What a shipped drawing was made for: the files of the stack, and the settings."""
    return content(*(SHIPPED.with_name(f"{name}.safetensors") for name in ("clip", *STAGES))), config


@dataclass(frozen=True, eq=False)
class Drawing:
    """The walks of the three stages, and what came of them.

    embeddings (F, B, D), smalls (F, B, 14, 14) uint8, larges (F, B, 28, 28) uint8; z_t (D,), the caption's embedding.
    """

    embeddings: np.ndarray
    smalls: np.ndarray
    larges: np.ndarray
    z_t: np.ndarray

    @property
    def images(self) -> np.ndarray:
        """(B, 28, 28) uint8."""
        return self.larges[-1]


def draw(stack: Stack, config: DrawConfig, report: Report = silent) -> Drawing:
    """Digits for a caption; report(done, total) after every step of each stage."""
    device = stack.decoder.device
    codes = torch.tensor([parse(config.caption).codes], device=device)
    told, rng = caption_of(stack.clip, codes), seeded(config.seed, device)
    z_path, z_i = imagined(stack, told, config.count, config, rng, _stage(report, 0, config))
    return _seen(stack, z_path.xs, z_i, told, config, rng, report)


def variations(stack: Stack, image: Tensor, config: DrawConfig, report: Report = silent) -> Drawing:
    """Digits from the embedding of one image, (1, 28, 28) uint8, and no caption: what varies, CLIP did not keep."""
    device = stack.decoder.device
    z_i = embedded(stack.clip, image[None]).expand(config.count, -1)
    told = {"vector": z_i[0]}
    return _seen(stack, z_i[None].cpu(), z_i, told, config, seeded(config.seed, device), report)


def between(
    stack: Stack, first: Tensor, last: Tensor, config: DrawConfig, report: Report = silent
) -> Drawing:
    """From one image to another, (1, 28, 28) uint8 each: count embeddings along the arc, decoded from one noise.

    So all that changes is what CLIP sees (Ramesh et al. 2022, Section 3.2).
    """
    require(
        config.count >= 2, f"There is {config.count} digit between two; it takes 2 or more: raise the count."
    )
    ends = embedded(stack.clip, torch.stack([first, last]))
    z_i = arc(ends[0], ends[1], config.count)
    told, device = {"vector": z_i[0]}, stack.decoder.device
    return _seen(
        stack, z_i[None].cpu(), z_i, told, config, seeded(config.seed, device), report, one_noise=True
    )


def arc(first: Tensor, last: Tensor, count: int) -> Tensor:
    """`count` points at equal angles on the sphere from `first` (D,) to `last` (D,), both included: (count, D)."""
    angle = torch.acos((first @ last / (first.norm() * last.norm())).clamp(-1, 1))
    share = torch.linspace(0, 1, count, device=first.device)[:, None]
    if angle < 1e-4:  # nearly one point: the straight line is the arc
        return on_sphere(first + share * (last - first))
    return on_sphere((((1 - share) * angle).sin() * first + (share * angle).sin() * last) / angle.sin())


def _seen(
    stack: Stack,
    z_path: Tensor,
    z_i: Tensor,
    told: dict[str, Tensor],
    config: DrawConfig,
    rng: Generator,
    report: Report,
    one_noise: bool = False,
) -> Drawing:
    """Decodes and enlarges embeddings z_i (B, D); told: the caption's, or the embedding alone."""
    words = {"tokens": told["tokens"][0]} if "tokens" in told else {}
    small_path, small = decoded(
        stack, {"vector": z_i, **words}, config, rng, _stage(report, 1, config), one_noise=one_noise
    )
    large_path, _ = upsampled(stack, small, config, rng, _stage(report, 2, config), one_noise=one_noise)
    small_film, large_film = (to_uint8(path.xs)[:, :, 0].numpy() for path in (small_path, large_path))
    return Drawing(
        z_path.numpy(), small_film, large_film, told["vector"].reshape(-1, z_i.shape[1])[0].cpu().numpy()
    )


def _stage(report: Report, number: int, config: DrawConfig) -> Report:
    return part_of(report, number * config.steps, len(STAGES) * config.steps)


# --- the stages, which the claims use, too ---------------------------------------------------------------------


def imagined(
    stack: Stack,
    told: dict[str, Tensor],
    count: int,
    config: DrawConfig,
    rng: Generator,
    report: Report = silent,
) -> tuple[Trajectory, Tensor]:
    """The prior's walk, and `count` image embeddings on the sphere, (B, D), for what a caption tells.

    told: "vector" (1 or B, D), "tokens" (1 or B, LENGTH, D).  Nothing is clipped: embeddings have no range.
    """
    each: dict[str, Any] = {name: value.expand(count, *value.shape[1:]) for name, value in told.items()}
    model = stack.prior
    denoise = guided(model.denoise.given(**each), model.denoise, config.prior_w)
    path, z = _walked(model, denoise, count, config, rng, report)
    return path, on_sphere(z)


def decoded(
    stack: Stack, told: dict[str, Any], config: DrawConfig, rng: Generator, report: Report = silent,
    count: int = 0, one_noise: bool = False,
) -> tuple[Trajectory, Tensor]:  # fmt: skip
    """The decoder's walk, and small digits (B, 1, 14, 14) in [-1, 1].

    told: "vector", "tokens", or both; count: of digits, 0: as configured; one_noise: all start from the same noise.
    """
    model = stack.decoder
    denoise = guided(model.denoise.given(**told), model.denoise, config.w)
    return walked_decoder(stack, denoise, count or config.count, config, rng, report, one_noise)


def walked_decoder(
    stack: Stack, denoise: Denoiser, count: int, config: DrawConfig, rng: Generator, report: Report = silent,
    one_noise: bool = False,
) -> tuple[Trajectory, Tensor]:  # fmt: skip
    """The same by any denoiser of `count` small digits, however it is guided; estimates are clipped after that."""
    model = stack.decoder
    return _walked(model, model.within(denoise), count, config, rng, report, one_noise)


def upsampled(
    stack: Stack,
    small: Tensor,
    config: DrawConfig,
    rng: Generator,
    report: Report = silent,
    one_noise: bool = False,
) -> tuple[Trajectory, Tensor]:
    """The upsampler's walk, and digits (B, 1, 28, 28); it is told the small ones, unguided."""
    model = stack.upsampler
    denoise = model.within(model.denoise.given(image=enlarged(small)))
    return _walked(model, denoise, len(small), config, rng, report, one_noise)


def _walked(
    model: Model,
    denoise: Denoiser,
    count: int,
    config: DrawConfig,
    rng: Generator,
    report: Report,
    one_noise: bool = False,
) -> tuple[Trajectory, Tensor]:
    grid = model.schedule.grid(min(config.steps, model.schedule.T))
    start = starting_noise((1 if one_noise else count, *model.shape), grid[0], rng).expand(
        count, *model.shape
    )
    states = walk(ddim(0.0), denoise, start, grid, rng)
    return recorded(watched(checked(states), report, len(grid) - 1), frames_of(len(grid) - 1, config.frames))
