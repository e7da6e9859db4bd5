"""How long a preset takes on this machine: a second of the training itself, measured in a process of its own."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from images.data.mnist import Digits
from images.training.config import TrainConfig
from images.training.job import environment
from images.training.presets import PRESETS
from images.training.session import Session
from playground.progress import duration

OFFERED = ("look", "cpu-quick", "cpu", "labelled-quick", "labelled")  # presets that draw digits on a CPU
FIRST = 2  # steps that are not counted: memory is fetched in these
_LINE = re.compile(r"^([\w-]+): ([\d.]+) images/s")


def images_per_second(
    config: TrainConfig,
    digits: Digits,
    device: torch.device,
    seconds: float = 1.0,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Training images a second, over `seconds` of the steps that a run of these settings takes; nothing is written.

    Previews and checkpoints are not in it; they take at most a twentieth of a run.
    """
    began, images = 0.0, 0
    for progress in Session(config, digits, Path(), device).steps():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        now = clock()
        if progress.step <= FIRST:
            began = now
            continue
        images += config.batch
        if now - began >= seconds:
            break
    return images / (clock() - began) if images else float("nan")


def said(preset: str, speed: float) -> str:
    """One line: "look: 812.3 images/s: about 37 s for 30,000 images"."""
    images = PRESETS[preset].images
    return f"{preset}: {speed:.1f} images/s: about {duration(images / speed)} for {images:,} images"


class Measuring:
    """The same from a page: `python -m images minutes` beside it, as slow or fast as a training will be.

    What is measured is asked for with `found`, which never waits.
    """

    def __init__(self) -> None:
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  as long as the server
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Once; calls after the first do nothing."""
        if self._process is None:
            command = [sys.executable, "-m", "images", "minutes"]
            root = Path(__file__).parents[2]
            self._process = subprocess.Popen(
                command, stdout=self._out, stderr=subprocess.DEVNULL, cwd=root, text=True, env=environment()
            )

    def stop(self) -> None:
        """For a training that begins: it has the cores for itself.  What was measured stays; the rest is not."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    @property
    def is_over(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def found(self) -> dict[str, float]:
        """preset -> images a second, of those that are measured by now."""
        self._out.seek(0)
        lines = map(_LINE.match, self._out.read().splitlines())
        return {line[1]: float(line[2]) for line in lines if line}
