"""films: what the pages of digits open with, computed and kept with the repository."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from images.data.mnist import load
from images.diffusion_autoencoder.experiment import BetweenConfig, between
from images.families.experiment import FIRST as FAMILIES
from images.films import packed
from images.generate.experiment import SampleConfig, sample
from images.guidance.experiment import GuidanceConfig, classifier_free, the_ten
from images.inpainting.experiment import FIRST_DIGIT, InpaintConfig, image_key, inpaint, left_half
from images.latent.experiment import LatentConfig
from images.latent.experiment import sample as sample_latents
from images.models import SHIPPED, Model, load_model
from images.sampling import ANNEALED
from playground.files import write_result

Made = tuple[Any, Any]  # what it was made for, as the page says it, and the result


def generated() -> Made:
    model, config = _model(), SampleConfig.quick()
    return (model.about, config), sample(model, config)


def both_families() -> Made:
    model = _model()
    configs = FAMILIES, SampleConfig(FAMILIES.count, ANNEALED, FAMILIES.steps, seed=FAMILIES.seed)
    return ((model.about, model.about), configs), tuple(sample(model, config) for config in configs)


def inpainted() -> Made:
    model, config = _model(), InpaintConfig()
    image, hole = _digits().images[FIRST_DIGIT, 0].numpy(), left_half()
    return (model.about, config, image_key(image, hole)), inpaint(model, image, hole, config)


def guided() -> Made:
    model, config = _model("labelled"), GuidanceConfig()
    return (model.about, "itself", config), the_ten(model, classifier_free(model), config)


def latents() -> Made:
    model, config = _model("latent"), LatentConfig()
    return (model.about, config), sample_latents(model, config)


def in_between() -> Made:
    model, config = _model("diffusion-autoencoder"), BetweenConfig(21)
    one, two = (_digits().images[i, 0].numpy() for i in (0, 1))
    return (model.about, one, two, config), between(model, one, two, config)


FILMS: dict[str, Callable[[], Made]] = {
    "generate": generated,
    "inpaint": inpainted,
    "families": both_families,
    "guidance": guided,
    "latent": latents,
    "between": in_between,
}


def _model(name: str = "model") -> Model:
    return load_model(SHIPPED.with_name(f"{name}.safetensors"), torch.device("cpu"))


def _digits():
    return load("test", download=False)


def add(commands: Any) -> None:
    p = commands.add_parser("films", help="make again what the pages of digits open with")
    p.set_defaults(run=films_command)
    p.add_argument("--only", nargs="+", choices=list(FILMS), default=list(FILMS), help="which of them")
    p.add_argument("--out", default="out", metavar="DIR", help="where the files go")


def films_command(arguments: argparse.Namespace) -> None:
    for name in arguments.only:
        print(write_result(Path(arguments.out) / f"{name}.npz", packed(*FILMS[name]())))
