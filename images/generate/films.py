"""films: what the pages of digits open with, computed and kept with the repository."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from images.command import command
from images.data.mnist import load
from images.diffusion_autoencoder.experiment import FILM, ReconstructConfig, between, reconstruct
from images.families.experiment import FIRST as FAMILIES
from images.films import packed
from images.generate.experiment import SampleConfig, sample
from images.guidance.experiment import FIRST as GUIDED
from images.guidance.experiment import classifier_free, the_ten
from images.inpainting.experiment import FIRST_DIGIT, InpaintConfig, image_key, inpaint, left_half
from images.latent.experiment import LatentConfig
from images.latent.experiment import sample as sample_latents
from images.models import SHIPPED, Model, load_model
from images.sampling import ANNEALED
from playground.files import write_result
from playground.solvers import dpmpp_2m

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
    model = _model("labelled")
    return (model.about, "itself", GUIDED), the_ten(model, classifier_free(model, dpmpp_2m), GUIDED)


def latents() -> Made:
    model, config = _model("latent"), LatentConfig()
    return (model.about, config), sample_latents(model, config)


def in_between() -> Made:
    model, config = _model("diffusion-autoencoder"), FILM
    one, two = (_digits().images[i, 0].numpy() for i in (0, 1))
    return (model.about, one, two, config), between(model, one, two, config)


def restored() -> Made:
    from images.palette.experiment import FIRST, for_file, restore

    model, test = _model("palette"), _digits()
    return for_file(model, test, FIRST), restore(model, test, FIRST)


def latents_shown() -> Made:
    from images.autoencoders.experiment import SHIPPED as NETS
    from images.autoencoders.experiment import ShowConfig, for_file, settled, show

    config, training, test = ShowConfig(), load("train", download=False), _digits()
    return for_file(test, config), show(settled(NETS[config.which], training), training, test, config)


def reconstructed() -> Made:
    model, config, image = (
        _model("diffusion-autoencoder"),
        ReconstructConfig(),
        _digits().images[0, 0].numpy(),
    )
    return (model.about, image, config), reconstruct(model, image, config)


def drawn() -> Made:
    from images.dalle2.experiment import DrawConfig, draw, for_file, load_stack

    return for_file(DrawConfig()), draw(load_stack(), DrawConfig())


def embedded() -> Made:
    from images.dalle2.clip_experiment import SHIPPED as CLIP
    from images.dalle2.clip_experiment import for_file, measured
    from images.dalle2.clip_task import load_clip

    few = _digits().part(0, 2_000)
    return for_file(few), measured(load_clip(CLIP), few)


FILMS: dict[str, Callable[[], Made]] = {
    "generate": generated,
    "inpaint": inpainted,
    "families": both_families,
    "guidance": guided,
    "latent": latents,
    "between": in_between,
    "palette": restored,
    "autoencoders": latents_shown,
    "autoencode": reconstructed,
    "dalle2": drawn,
    "clip": embedded,
}


def _model(name: str = "model") -> Model:
    return load_model(SHIPPED.with_name(f"{name}.safetensors"), torch.device("cpu"))


def _digits():
    return load("test", download=False)


def add(commands: Any) -> None:
    p = command(commands, "films", films_command)
    p.add_argument("--only", nargs="+", choices=list(FILMS), default=list(FILMS), help="which of them")
    p.add_argument("--out", default="out", metavar="DIR", help="where the files go")


def films_command(arguments: argparse.Namespace) -> None:
    for name in arguments.only:
        print(write_result(Path(arguments.out) / f"{name}.npz", packed(*FILMS[name]())))
