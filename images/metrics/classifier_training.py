"""python -m images train-classifier: the training run behind the metrics, and the card that records it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from images.data.mnist import Digits, to_model
from images.metrics.classifier import VERSION, accuracy, build, classification, load_classifier
from playground.checkpoint import save_checkpoint
from playground.errors import SEEDS, require
from playground.files import note_result, require_replaceable, write_json
from playground.knobs import Knobs, knob
from playground.objectives import Batch
from playground.training import Progress, Recipe, Trainee, train

WANTED = 0.99  # test accuracy below which the metrics would measure the classifier, not the images


@dataclass(frozen=True)
class ClassifierConfig(Knobs):
    """epochs: how often each training digit is seen; shift: the largest move, in pixels."""

    epochs: float = knob(5.0, 0, 1000, "The number of epochs", open_ends=True)
    batch: int = knob(128, 1, 8192, "The batch")
    lr: float = 3e-3
    shift: int = knob(2, 0, 8, "The shift")
    seed: int = knob(0, *SEEDS, "The seed")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.recipe(10_000)  # the learning rate's own rules, and the seed's

    def recipe(self, digits: int) -> Recipe:
        steps = max(1, round(self.epochs * digits / self.batch))
        warmup = min(200, steps // 10 + 1)
        return Recipe(steps, self.lr, warmup, ema=0.998, weight_decay=0.02, seed=self.seed)


def train_classifier(
    config: ClassifierConfig,
    digits: Digits,
    test: Digits,
    out: str | Path,
    report: Callable[[Progress], None] = lambda progress: None,
    command: str = "python -m images train-classifier",
) -> dict[str, Any]:
    """Trains, writes the averaged weights as float16 and the card beside them; returns the card.

    The test accuracy is that of the very file: rounded weights, loaded again.
    """
    require_free(out)
    trainee = Trainee(build(config.seed), config.recipe(len(digits)))
    start = time.perf_counter()
    for progress in train(trainee, _passes(digits, config), classification(config.shift)):
        report(progress)
    seconds = time.perf_counter() - start
    weights = trainee.averaged()
    path = save_checkpoint(out, {name: value.half() for name, value in weights.items()}, {"version": VERSION})
    note_result(path)
    unrounded = build()
    unrounded.load_state_dict(weights)
    card = {
        "version": VERSION,
        "test_accuracy": accuracy(load_classifier(path), test),
        "test_accuracy_float32": accuracy(unrounded.eval(), test),
        "test_digits": len(test),
        "parameters": sum(value.numel() for value in weights.values()),
        "command": command,
        "config": asdict(config),
        "data": {"digits": len(digits), "fingerprint": digits.fingerprint(), "test": test.fingerprint()},
        "seconds": round(seconds, 1),
        "device": f"cpu, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    write_json(path.with_suffix(".json"), card)
    return card


def require_free(out: str | Path) -> None:
    """Raises UserError, before any work, unless weights and card may be written at `out` and beside it."""
    path = Path(out)
    require(path.suffix == ".safetensors", f"{out} does not end in .safetensors, as weights do: name it so.")
    for file in (path, path.with_suffix(".json")):
        require_replaceable(file)


def _passes(digits: Digits, config: ClassifierConfig) -> Callable[[int, Generator], Batch]:
    """Labelled batches: an own permutation of the digits for each epoch, so none is left out."""
    batch = config.batch
    require(
        len(digits) >= batch,
        f"There are {len(digits)} digits, less than a batch of {batch}: lower the batch.",
    )
    a_pass = len(digits) // batch

    def labelled(step: int, rng: Generator) -> Batch:
        epoch, place = divmod(step, a_pass)
        order = torch.randperm(len(digits), generator=Generator().manual_seed(1000 * config.seed + epoch))
        chosen = order[place * batch : (place + 1) * batch]
        return Batch(to_model(digits.images[chosen]), {"label": digits.labels[chosen]})

    return labelled
