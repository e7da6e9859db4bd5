"""films: what pages of digits open with, and what their first slider leads to, computed and kept here."""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from images.command import command
from images.data.corruptions import TASKS
from images.data.mnist import Digits, load, packaged
from images.diffusion_autoencoder.experiment import (
    FILM,
    BetweenConfig,
    ReconstructConfig,
    between,
    reconstruct,
)
from images.families.experiment import FIRST as FAMILIES
from images.films import packed
from images.generate.experiment import SampleConfig, sample
from images.guidance.experiment import FIRST as GUIDED
from images.guidance.experiment import GuidanceConfig, classifier_free, the_ten
from images.inpainting.experiment import FIRST_DIGIT, InpaintConfig, image_key, inpaint, left_half
from images.latent.experiment import LatentConfig
from images.latent.experiment import sample as sample_latents
from images.models import SHIPPED, Model, load_model
from images.palette.experiment import FIRST as RESTORED
from images.palette.experiment import PaletteConfig, for_file, in_bytes, restore
from images.sampling import ANNEALED
from playground.files import write_result
from playground.knobs import limits
from playground.solvers import dpmpp_2m

OPENS = ReconstructConfig()
Of = Callable[[str], Digits]  # split -> digits
Made = tuple[Any, Callable[[], Any]]  # what it is made for, as the page says it, and what computes the result


mnist = partial(load, download=False)
package = partial(packaged, reason="asked for")


def generated() -> Made:
    model, config = _model(), SampleConfig.quick()
    return (model.about, config), lambda: sample(model, config)


def both_families() -> Made:
    model = _model()
    configs = FAMILIES, SampleConfig(FAMILIES.count, ANNEALED, FAMILIES.steps, seed=FAMILIES.seed)
    return ((model.about, model.about), configs), lambda: tuple(sample(model, each) for each in configs)


def inpainted(of: Of = mnist) -> Made:
    model, config = _model(), InpaintConfig()
    image, hole = of("test").images[FIRST_DIGIT, 0].numpy(), left_half()
    return (model.about, config, image_key(image, hole)), lambda: inpaint(model, image, hole, config)


def guided(config: GuidanceConfig = GUIDED) -> Made:
    model = _model("labelled")
    return (model.about, "itself", config), lambda: the_ten(model, classifier_free(model, dpmpp_2m), config)


def latents() -> Made:
    model, config = _model("latent"), LatentConfig()
    return (model.about, config), lambda: sample_latents(model, config)


def in_between(config: BetweenConfig = FILM, ends: tuple[int, int] = (0, 1), of: Of = mnist) -> Made:
    model, test = _model("diffusion-autoencoder"), of("test")
    one, two = (test.images[i, 0].numpy() for i in ends)
    return (model.about, one, two, config), lambda: between(model, one, two, config)


def restored(config: PaletteConfig = RESTORED, of: Of = mnist) -> Made:
    model, test = _model("palette"), of("test")
    return for_file(model, test, config), lambda: in_bytes(restore(model, test, config))


def latents_shown(of: Of = mnist) -> Made:
    from images.autoencoders.experiment import SHIPPED as NETS
    from images.autoencoders.experiment import ShowConfig, settled, show
    from images.autoencoders.experiment import for_file as made_for

    config, training, test = ShowConfig(), of("train"), of("test")
    return made_for(test, config), lambda: show(settled(NETS[config.which], training), training, test, config)


def reconstructed(config: ReconstructConfig = OPENS, of: Of = mnist) -> Made:
    model, image = _model("diffusion-autoencoder"), of("test").images[0, 0].numpy()
    return (model.about, image, config), lambda: reconstruct(model, image, config)


def drawn() -> Made:
    from images.dalle2.experiment import DrawConfig, draw, load_stack
    from images.dalle2.experiment import for_file as made_for

    return made_for(DrawConfig()), lambda: draw(load_stack(), DrawConfig())


def embedded(of: Of = mnist) -> Made:
    from images.dalle2.clip_experiment import SHIPPED as CLIP
    from images.dalle2.clip_experiment import for_file as made_for
    from images.dalle2.clip_experiment import measured
    from images.dalle2.clip_task import load_clip

    few = of("test").part(0, 2_000)
    return made_for(few), lambda: measured(load_clip(CLIP), few)


def varied(w: float = 0.0, of: Of = mnist) -> Made:
    from images.dalle2.experiment import load_stack, variations
    from images.variations.experiment import FIRST, ORIGINAL
    from images.variations.experiment import for_file as made_for

    image, config = of("test").images[ORIGINAL], replace(FIRST, w=w)
    return made_for(image, config), lambda: variations(load_stack(), image, config)


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
    "variations": varied,
}


# --- what the first slider of a page leads to -----------------------------------------------------------------


def others(first: Any, knob: str) -> Iterator[Any]:
    """The settings at each other value that a page's slider offers."""
    for value in limits(type(first), knob).among:
        if value != getattr(first, knob):
            yield replace(first, **{knob: value})


HALVES = tuple(w / 2 for w in range(1, 9))  # of the decoder's w; the slider goes on to 8
NOTCHES: dict[str, Callable[[], Made]] = {
    **{f"guidance-{each.steps}": partial(guided, each) for each in others(GUIDED, "steps")},
    **{f"between-{each.steps}": partial(in_between, each) for each in others(FILM, "steps")},
    "between-2-18": partial(in_between, FILM, (2, 18)),  # the page's button for another pair
    **{f"palette-{each.steps}": partial(restored, each) for each in others(RESTORED, "steps")},
    **{
        f"palette-{task}": partial(restored, replace(RESTORED, task=task))
        for task in TASKS
        if task != RESTORED.task
    },
    **{f"variations-{w:g}": partial(varied, w) for w in HALVES},
    **{f"autoencode-{each.steps}": partial(reconstructed, each) for each in others(OPENS, "steps")},
}
# What pages of real digits open with where MNIST's files are not: they are then of a package's.
PACKAGED: dict[str, Callable[[], Made]] = {
    "inpaint-packaged": partial(inpainted, package),
    "between-packaged": partial(in_between, of=package),
    "palette-packaged": partial(restored, of=package),
    "autoencoders-packaged": partial(latents_shown, package),
    "autoencode-packaged": partial(reconstructed, of=package),
    "clip-packaged": partial(embedded, package),
    "variations-packaged": partial(varied, of=package),
}
ALL = FILMS | NOTCHES | PACKAGED


def _model(name: str = "model") -> Model:
    return load_model(SHIPPED.with_name(f"{name}.safetensors"), torch.device("cpu"))


def add(commands: Any) -> None:
    p = command(commands, "films", films_command)
    p.add_argument("--only", nargs="+", choices=list(ALL), default=list(ALL), help="which of them")
    p.add_argument("--out", default="out", metavar="DIR", help="where the files go")


def films_command(arguments: argparse.Namespace) -> None:
    for name in arguments.only:
        made_for, make = ALL[name]()
        print(write_result(Path(arguments.out) / f"{name}.npz", packed(made_for, make())))
