"""One training run: configuration in, checkpoints and previews out, one report after each step."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from images.data.mnist import Digits
from images.training.config import TrainConfig, _check_resumable
from images.training.tasks import Contested, Task, task_for
from playground.adversarial import Rivals, train_rivals
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError
from playground.files import write_atomically
from playground.gif import png_bytes
from playground.training import Progress, Trainee, train

RESUME, MODEL = "checkpoint.safetensors", "model.safetensors"


class Session:
    """A run in its directory: builds or takes up the trainee, and writes what must survive."""

    def __init__(self, config: TrainConfig, digits: Digits, directory: Path, device: torch.device):
        self.config, self.digits, self.directory, self.device = config, digits, Path(directory), device
        self.task = task_for(config)
        self.trainee = _trainee(self.task, config, device)
        if config.compiled:  # in place: the weights keep their names, so checkpoints are the same
            inner = getattr(self.trainee.net, "net", self.trainee.net)  # a denoiser's network, or the whole
            inner.compile(mode="reduce-overhead" if device.type == "cuda" else None)
        self.seconds_before = 0.0
        self.batches, self.loss = self.task.batches(digits, config.batch, device), self.task.loss()
        self._clock = time.perf_counter()

    @property
    def alone(self) -> Trainee:
        """The trainee of a task without a critic."""
        assert isinstance(self.trainee, Trainee)
        return self.trainee

    def resume(self) -> None:
        """Goes on from the run's last checkpoint, if it has one; refuses other settings and other digits."""
        if not (self.directory / RESUME).exists():
            return
        tensors, about = load_checkpoint(self.directory / RESUME, _check_resumable)
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
        if isinstance(self.trainee, Rivals):
            assert isinstance(self.task, Contested)
            losses = self.task.makers_loss(), self.task.critics_loss()
            return train_rivals(self.trainee, self.batches, *losses, autocast=autocast)
        return train(self.trainee, self.batches, self.loss, autocast=autocast)

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
        self.task.save(self.directory / MODEL, self.trainee.averaged(), about)

    def preview(self) -> Path:
        """What the averaged weights do, always from the same noise; one PNG for each look."""
        net = self.task.build(0).to(self.device)
        net.load_state_dict(self.trainee.averaged())
        sheet = self.task.preview(net.eval().requires_grad_(False), self.device)
        path = self.directory / "previews" / f"preview-{self.trainee.step:07d}.png"
        with suppress(UserError):  # a picture that cannot be written must not end the run
            write_atomically(path, png_bytes(sheet))
        return path


def _trainee(task: Task, config: TrainConfig, device: torch.device) -> Trainee | Rivals:
    net = task.build(config.seed).to(device)
    if isinstance(task, Contested):
        return task.trainee(net, config.recipe, config.seed)
    return Trainee(net, config.recipe)


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
