"""One training run on digits: configuration in, checkpoints and previews out, one report after each step."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from images.mnist import Digits, to_model, to_uint8
from images.model import NETWORKS, SIGMA_1, SIGMA_L, ModelConfig, save_model
from playground.checkpoint import load_checkpoint, save_checkpoint, write_atomically
from playground.denoisers import TO_X0, clipped
from playground.errors import UserError, require, require_known
from playground.gif import png_bytes, tiled
from playground.levels import SCHEDULES, Schedule, geometric_sigmas, seeded
from playground.objectives import (
    Batch,
    Loss,
    Objective,
    ddpm_min_snr,
    ddpm_simple,
    ddpm_weighted,
    ncsn,
    per_dimension,
)
from playground.steps import ddim
from playground.training import Progress, Recipe, Trainee, train
from playground.walk import final, prior, walk

NCSN_LEVELS = 200
# Each from a schedule; NCSN's own levels come from the data's range instead.
OBJECTIVES: dict[str, Callable[[Schedule], Objective]] = {
    "simple": ddpm_simple,
    "min-snr": ddpm_min_snr,
    "weighted": ddpm_weighted,
    "ncsn": lambda schedule: ncsn(geometric_sigmas(SIGMA_1, SIGMA_L, NCSN_LEVELS)),
}
RESUME, MODEL = "checkpoint.safetensors", "model.safetensors"


@dataclass(frozen=True)
class TrainConfig:
    """images: how many training images to show in all, the length of the run; batch and lr as usual.

    compiled: the network through torch.compile, on a GPU as a CUDA graph.  Its sums are ordered otherwise, so the
    weights agree with those of an uncompiled run to rounding only.
    """

    images: int = 200_000
    batch: int = 128
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

    def __post_init__(self) -> None:
        require(
            1 <= self.batch <= 8192,
            f"The batch is {self.batch}; it must lie from 1 to 8192: 32 suits two CPU cores.",
        )
        require(
            self.images >= self.batch,
            f"The length is {self.images} images, less than one batch of {self.batch}: raise it.",
        )
        for name, known in (("objective", OBJECTIVES), ("schedule", SCHEDULES), ("net", NETWORKS)):
            require_known(f"The {name}", getattr(self, name), known)
        require(self.patch in (1, 2), f"The patch is {self.patch}; pixels are folded by 1 or 2: choose one.")
        require(
            self.predicts in TO_X0,
            f"The network is to predict {self.predicts!r}; known are {', '.join(TO_X0)}: choose one of these.",
        )
        require(
            0 <= self.ema < 1,
            f"The average's decay is {self.ema:g}; it must be at least 0 and below 1: 0.999 is usual.",
        )
        _ = self.recipe, self.model  # their own rules are checked now, not when the run has started

    @property
    def recipe(self) -> Recipe:
        steps = self.images // self.batch
        return Recipe(steps, self.lr, warmup=min(200, steps // 10 + 1), ema=self.ema, seed=self.seed)

    @property
    def model(self) -> ModelConfig:
        net = NETWORKS[self.net](self.width, self.blocks, patch=self.patch)
        return ModelConfig(net, self.predicts, self.schedule, self.T)

    def build_loss(self) -> Loss:
        return per_dimension(OBJECTIVES[self.objective](SCHEDULES[self.schedule](self.T)))


PRESETS = {
    # Many small steps: on a CPU they cost little more, and short runs gain much (docs/training.md).
    "look": TrainConfig(images=30_000, batch=32, width=32, blocks=1),
    "cpu-quick": TrainConfig(images=90_000, batch=32, width=32, blocks=2),
    "cpu": TrainConfig(images=480_000),
    "ncsn": TrainConfig(
        images=120_000, batch=32, net="dilated", width=32, blocks=1, predicts="eps", objective="ncsn"
    ),
    # Sized by arithmetic, not by measurement: see docs/training.md.
    "gpu-minute": TrainConfig(images=2_000_000, batch=1024, lr=4e-3),
    "gpu": TrainConfig(images=12_000_000, batch=1024, width=64),
}


class Session:
    """A run in its directory: builds or takes up the trainee, and writes what must survive."""

    def __init__(self, config: TrainConfig, digits: Digits, directory: Path, device: torch.device):
        self.config, self.digits, self.directory, self.device = config, digits, Path(directory), device
        self.trainee = Trainee(config.model.build(config.seed).to(device), config.recipe)
        if config.compiled:  # in place: the weights keep their names, so checkpoints are the same
            self.trainee.net.net.compile(mode="reduce-overhead" if device.type == "cuda" else None)
        self.seconds_before = 0.0
        self.images = digits.images.to(device)
        self._clock = time.perf_counter()

    def resume(self) -> None:
        """Goes on from the run's last checkpoint, if it has one; refuses other settings and other digits."""
        if not (self.directory / RESUME).exists():
            return
        tensors, about = load_checkpoint(self.directory / RESUME)
        if not self._begun_with(about.get("config", {})):
            raise UserError(
                f"{self.directory} was trained with other settings: go on with those, or start a new run."
            )
        if about["data"]["fingerprint"] != self.digits.fingerprint():
            raise UserError(
                f"{self.directory} was trained on {about['data']['digits']}, but {self.digits.source} were "
                "loaded: name the same data, or start a new run."
            )
        self.trainee.restore(tensors)
        self.seconds_before = about["seconds"]

    def _begun_with(self, settings: dict[str, Any]) -> bool:
        """Whether these are this run's settings; fields that are newer than the file have their default."""
        try:
            return TrainConfig(**settings) == self.config
        except (TypeError, UserError):
            return False

    def steps(self) -> Iterator[Progress]:
        """Trains; on a GPU in bfloat16, elsewhere in float32."""
        autocast = torch.bfloat16 if self.device.type == "cuda" else None
        return train(
            self.trainee, self._batch, self.config.build_loss(), autocast=autocast
        )

    def _batch(self, step: int, rng: Generator) -> Batch:
        i = torch.randint(len(self.images), (self.config.batch,), generator=rng, device=self.device)
        return Batch(to_model(self.images[i]))

    @property
    def seconds(self) -> float:
        """Training time over all the sittings of this run."""
        return self.seconds_before + time.perf_counter() - self._clock

    def about(self) -> dict[str, Any]:
        return {
            "config": asdict(self.config),
            "data": {
                "digits": f"{len(self.digits):,} {'training' if self.digits.split == 'train' else 'test'} digits",
                "fingerprint": self.digits.fingerprint(),
            },
            "step": self.trainee.step,
            "images_seen": self.trainee.step * self.config.batch,
            "seconds": round(self.seconds, 1),
            "device": _describe(self.device),
            "torch": torch.__version__,
        }

    def save(self) -> None:
        """The state to go on from, and the averaged weights that every page can use."""
        about = self.about()
        save_checkpoint(self.directory / RESUME, self.trainee.tensors(), about)
        save_model(self.directory / MODEL, self.config.model, self.trainee.averaged(), about)

    def preview(self, count: int = 16, steps: int = 20) -> Path:
        """Digits from the averaged weights, always from the same noise; one PNG for each look."""
        net = self.config.model.build().to(self.device)
        net.load_state_dict(self.trainee.averaged())
        schedule = SCHEDULES[self.config.schedule](self.config.T)
        rng = seeded(0, self.device)
        grid = schedule.grid(min(steps, schedule.T))
        start = prior((count, 1, 28, 28), grid[0], rng)
        x = final(walk(ddim(0.0), clipped(net.eval(), -1, 1), start, grid, rng))
        sheet = tiled(to_uint8(x).cpu()[:, 0].numpy(), columns=8)
        name = f"preview-{self.trainee.step:07d}.png"
        return write_atomically(self.directory / "previews" / name, png_bytes(sheet))


def run(
    session: Session,
    *,
    report: Callable[[Progress], None],
    stopped: Callable[[], bool],
    save_every: float = 30.0,
    preview_every: float = 20.0,
) -> bool:
    """Trains to the end or until `stopped()`; saves every `save_every` seconds and at the end.

    Returns whether the end was reached.  Previews come early at first, then take at most a twentieth of the time.
    """
    saved = looked = time.perf_counter()
    wait = min(5.0, preview_every)
    for progress in session.steps():
        report(progress)
        now = time.perf_counter()
        halt = stopped()
        if halt or now - saved >= save_every:
            session.save()
            saved = time.perf_counter()
        if halt:
            return progress.step == progress.steps
        if now - looked >= wait:
            session.preview()
            looked = time.perf_counter()
            wait = max(min(2 * wait, preview_every), 20 * (looked - now))
    session.save()
    session.preview()
    return True


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads"


def with_changes(config: TrainConfig, **changes: Any) -> TrainConfig:
    """A preset with the given fields replaced; None leaves a field as it is."""
    return replace(config, **{name: value for name, value in changes.items() if value is not None})
