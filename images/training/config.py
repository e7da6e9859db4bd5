"""What a training run on digits is made of: its settings and the losses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from images.models import NETWORKS, SIGMA_1, SIGMA_L, ModelConfig
from images.networks.telling import TellConfig
from images.training.tasks import KINDS
from playground.checkpoint import Shapes
from playground.denoisers import TO_X0
from playground.errors import require
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Schedule, shell_sigmas
from playground.objectives import (
    Loss,
    Objective,
    ddpm_clamped_snr,
    ddpm_min_snr,
    ddpm_simple,
    ddpm_weighted,
    flow_matching,
    logit_normal,
    ncsn,
    per_dimension,
    regression,
)
from playground.training import OPTIMIZERS, Recipe

PIXELS = 28 * 28
# Each from a schedule; NCSN's own levels come from the data's range instead.
OBJECTIVES: dict[str, Callable[[Schedule], Objective]] = {
    "simple": ddpm_simple,
    "min-snr": ddpm_min_snr,
    "clamped-snr": ddpm_clamped_snr,
    "weighted": ddpm_weighted,
    "regression": regression,
    "flow": lambda schedule: flow_matching(),
    "flow-logit-normal": lambda schedule: flow_matching(logit_normal),
    "ncsn": lambda schedule: ncsn(shell_sigmas(SIGMA_1, SIGMA_L, PIXELS)),
}

# Kinds that take another model's file, or for Palette a task's name, in `using`.
BUILD_ON = (
    "palette",
    "latent",
    "z-prior",
    "diffusion-autoencoder",
    "prior",
    "ar-prior",
    "decoder",
    "noisy-clip",
    "scene-decoder",
)


@dataclass(frozen=True)
class TrainConfig(Knobs):
    """images: how many training images to show in all, the length of the run; batch and lr as usual.

    task: what is trained (`images.training.tasks`).  labels: whether the network is told the class;
    withheld: the share of conditions that are hidden.  size: of a code, or what an
    autoencoder divides lengths by; kl: the weight of its divergence from N(0, I); perceptual, adversarial: those of its
    other losses, and critic_from: the share of the run after which the critic enters;
    latent_scale: the standard deviation of the latents that a diffusion is trained on.  using: the model that this one
    builds on, a file; empty: the shipped one.
    told: what a decoder of scenes learns from, "both", "words" or "embedding".
    layers: of CLIP's text encoder, 0 a bag of words; positives: CLIP's, "true": all images that a caption is true of,
    "own": the image that it was made for.
    optimizer, matrix_lr: as in `playground.training.Recipe`; without_replacement: every digit is seen once before any
    is seen again.

    compiled: the network through torch.compile, on a GPU as a CUDA graph.  Its sums are ordered otherwise, so the
    weights agree with those of an uncompiled run to rounding only.
    """

    images: int = knob(200_000, 1, 10**10, "The length, in images,")
    batch: int = knob(128, 1, 8192, "The batch")
    lr: float = 2e-3
    net: str = choice("unet", NETWORKS, "The net")
    width: int = 48
    blocks: int = 2
    patch: int = knob(2, 1, 2, "The patch")
    predicts: str = choice("v", TO_X0, "What the network predicts")
    objective: str = choice("min-snr", OBJECTIVES, "The objective")
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    T: int = 1000
    ema: float = 0.999
    seed: int = 0
    compiled: bool = False
    task: str = choice("digits", KINDS, "The task")
    labels: bool = False
    withheld: float = 0.1
    size: int = knob(0, 0, 1024, "The size")
    using: str = ""
    optimizer: str = choice("adamw", OPTIMIZERS, "The optimizer")
    matrix_lr: float = 0.01
    without_replacement: bool = False
    kl: float = knob(1e-6, 0, 10, "The weight of KL")
    perceptual: float = knob(0.0, 0, 100, "The weight of the perceptual loss")
    adversarial: float = knob(0.0, 0, 10, "The weight of the adversarial loss")
    critic_from: float = knob(1 / 3, 0, 0.9, "The share of the run before the critic enters")
    latent_scale: float = knob(1.0, 1e-3, 1e3, "The scale of the latents")
    layers: int = knob(2, 0, 16, "The number of the text's layers")
    positives: str = choice("true", ("true", "own"), "What counts as CLIP's positives")
    told: str = choice("both", ("both", "words", "embedding"), "What a decoder of scenes is told")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.images >= self.batch,
            f"The length is {self.images} images, less than one batch of {self.batch}: raise it.",
        )
        require(
            0 <= self.ema < 1,
            f"The average's decay is {self.ema:g}; it must be at least 0 and below 1: 0.999 is usual.",
        )
        share = self.withheld
        require(
            0 <= share < 1, f"The share withheld is {share:g}; it must be from 0 to below 1: 0.1 is usual."
        )
        require(
            self.task == "autoencoder" or (self.perceptual == 0 and self.adversarial == 0),
            f"Only autoencoders have a perceptual and an adversarial loss, and this is the task {self.task!r}: leave "
            "them out.",
        )
        require(
            self.task == "latent" or self.latent_scale == 1,
            f"Only a latent model has latents to scale, and this is the task {self.task!r}: leave the scale out.",
        )
        require(
            not self.using or self.task in BUILD_ON,
            f"A model of the kind {self.task!r} builds on no other, so --using {self.using} would do nothing: leave it "
            f"out. Those that do: {', '.join(BUILD_ON)}.",
        )
        require(not self.labels or self.net == "unet", "Only the U-Net can be told labels: choose net unet.")
        _ = self.recipe, self.model  # their own rules are checked now, not when the run has started

    @property
    def recipe(self) -> Recipe:
        steps = self.images // self.batch
        return Recipe(
            steps, self.lr, warmup=min(200, steps // 10 + 1), ema=self.ema, seed=self.seed,
            optimizer=self.optimizer, matrix_lr=self.matrix_lr,
        )  # fmt: skip

    @property
    def loss(self) -> Loss:
        """The objective's, in each dimension."""
        return per_dimension(OBJECTIVES[self.objective](self.model.build_schedule()))

    @property
    def model(self) -> ModelConfig:
        tell = {"tell": TellConfig(classes=10)} if self.labels else {}
        net = NETWORKS[self.net](self.width, self.blocks, patch=self.patch, **tell)
        highest = SIGMA_1 if self.objective == "ncsn" else None
        return ModelConfig(net, self.predicts, self.schedule, self.T, highest=highest)


def _check_resumable(about: dict[str, Any], shapes: Shapes) -> None:
    """Refuses a description that lacks what `Session.resume` reads."""
    data = about.get("data")
    told = isinstance(data, dict) and {"digits", "fingerprint"} <= data.keys()
    require(told and isinstance(about.get("config"), dict), "it does not say what it was trained on")
    require(isinstance(about.get("seconds"), (int, float)), "it does not say how long it was trained")
    require(shapes.get("step") == (), "it does not say how far it came")


def with_changes(config: TrainConfig, **changes: Any) -> TrainConfig:
    """A preset with the given fields replaced; None leaves a field as it is."""
    return replace(config, **{name: value for name, value in changes.items() if value is not None})
