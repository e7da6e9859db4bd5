"""What a training run on digits is made of: its settings, the presets, the losses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from images.models import NETWORKS, SIGMA_1, SIGMA_L, ModelConfig
from images.networks.telling import TellConfig
from images.training.tasks import KINDS
from playground.checkpoint import Shapes
from playground.errors import require, require_known
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Schedule, shell_sigmas
from playground.objectives import (
    Objective,
    ddpm_clamped_snr,
    ddpm_min_snr,
    ddpm_simple,
    ddpm_weighted,
    flow_matching,
    logit_normal,
    ncsn,
    regression,
)
from playground.training import Recipe

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
    net: str = "unet"
    width: int = 48
    blocks: int = 2
    patch: int = 2
    predicts: str = "v"
    objective: str = "min-snr"
    schedule: str = "linear"
    T: int = 1000
    ema: float = 0.999
    seed: int = 0
    compiled: bool = False
    task: str = "digits"
    labels: bool = False
    withheld: float = 0.1
    size: int = knob(0, 0, 1024, "The size")
    using: str = ""
    optimizer: str = "adamw"
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
        known_names = ("objective", OBJECTIVES), ("schedule", SCHEDULES), ("net", NETWORKS), ("task", KINDS)
        for name, known in known_names:
            require_known(f"The {name}", getattr(self, name), known)
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
    def model(self) -> ModelConfig:
        tell = {"tell": TellConfig(classes=10)} if self.labels else {}
        net = NETWORKS[self.net](self.width, self.blocks, patch=self.patch, **tell)
        highest = SIGMA_1 if self.objective == "ncsn" else None
        return ModelConfig(net, self.predicts, self.schedule, self.T, highest=highest)


PRESETS = {
    # Many small steps: on a CPU they cost little more, and short runs gain much (docs/training.md).
    "look": TrainConfig(
        images=30_000, batch=32, width=32, blocks=1, optimizer="muon", objective="flow-logit-normal"
    ),
    "cpu-quick": TrainConfig(
        images=90_000, batch=32, width=32, blocks=2, optimizer="muon", objective="flow-logit-normal"
    ),
    "cpu": TrainConfig(images=400_000, batch=64, optimizer="muon", objective="flow-logit-normal"),
    "labelled-quick": TrainConfig(
        images=90_000,
        batch=32,
        width=32,
        blocks=2,
        optimizer="muon",
        labels=True,
    ),
    "labelled": TrainConfig(
        images=240_000,
        batch=32,
        width=32,
        blocks=2,
        optimizer="muon",
        labels=True,
    ),
    "guide": TrainConfig(images=90_000, batch=32, width=24, blocks=1, optimizer="muon", task="guide"),
    "guide-clean": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="guide", objective="simple"
    ),
    # clamped-snr asks about x0 at every level: its first step from pure noise is then the regression
    "palette": TrainConfig(
        images=120_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="clamped-snr",
        task="palette",
    ),
    # DALL-E 2, stage by stage (images.dalle2): the prior and the decoder build on CLIP.
    "clip": TrainConfig(images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip"),
    # the same length for CLIP, for its own loss, and for a text encoder that knows no order
    "clip-own": TrainConfig(
        images=80_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip", positives="own"
    ),
    "clip-bag": TrainConfig(
        images=80_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip", layers=0
    ),
    "noisy-clip": TrainConfig(
        images=60_000, batch=100, width=24, blocks=1, optimizer="muon", task="noisy-clip"
    ),
    "prior": TrainConfig(images=150_000, batch=200, lr=2e-3, width=64, blocks=2, predicts="x0", task="prior"),
    "ar-prior": TrainConfig(images=150_000, batch=200, lr=2e-3, width=64, blocks=2, size=16, task="ar-prior"),
    "decoder": TrainConfig(
        images=80_000,
        batch=32,
        width=24,
        blocks=1,
        patch=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="decoder",
    ),
    "upsampler": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="upsampler",
    ),
    # scenes of two digits: a CLIP, one that knows no order of words, and the decoder that is built on either
    "scene-clip": TrainConfig(
        images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="scene-clip"
    ),
    "scene-clip-bag": TrainConfig(
        images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="scene-clip", layers=0
    ),
    "scene-decoder": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
    ),
    "scene-words": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
        told="words",
    ),
    "scene-embedding": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
        told="embedding",
    ),
    "diffusion-autoencoder": TrainConfig(
        images=90_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        task="diffusion-autoencoder",
        size=32,
        objective="clamped-snr",
    ),
    "z-prior": TrainConfig(
        images=1_000_000, batch=200, width=128, blocks=3, optimizer="muon", task="z-prior"
    ),
    # its own seed, so that not even its first weights are those of another classifier
    "perception": TrainConfig(images=60_000, batch=64, lr=3e-3, width=16, seed=71, task="perception"),
    "autoencoder-f4": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=4
    ),
    "autoencoder-f2": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=2
    ),
    "autoencoder-f8": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=8
    ),
    "autoencoder-f4-perceptual": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        task="autoencoder",
        size=4,
        perceptual=0.1,
    ),
    "autoencoder-f4-adversarial": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        task="autoencoder",
        size=4,
        perceptual=0.1,
        adversarial=0.5,
    ),
    "latent-f4": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent"
    ),
    # told labels, and without them for a fifth of the digits: it draws both
    "latent-f4-labelled": TrainConfig(
        images=120_000,
        batch=32,
        width=32,
        blocks=1,
        patch=1,
        optimizer="muon",
        task="latent",
        labels=True,
        withheld=0.2,
    ),
    "latent-f2": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent", size=2
    ),
    "latent-f8": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent", size=8
    ),
    "ncsn": TrainConfig(images=120_000, batch=32, net="dilated", width=32, blocks=1, objective="ncsn"),
    # Sized by arithmetic, not by measurement: see docs/training.md.
    "gpu-minute": TrainConfig(
        images=2_000_000, batch=1024, lr=4e-3, optimizer="muon", objective="flow-logit-normal"
    ),
    "gpu": TrainConfig(
        images=12_000_000, batch=1024, width=64, optimizer="muon", objective="flow-logit-normal"
    ),
}


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
