"""An evaluation as files and as lines of a terminal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from images.metrics import classifier
from images.metrics.estimates import MEANINGS, Estimate
from images.metrics.evaluate import Evaluation, Yardstick, fingerprint
from images.models import Model
from playground.files import plain, write_result
from playground.gif import png_bytes, tiled


def write_evaluation(
    out: Path,
    evaluation: Evaluation,
    yardstick: Yardstick,
    about: dict[str, Any],
    write: Callable[[Path, bytes], Path] = write_result,
) -> list[Path]:
    """samples.png: the first hundred; nearest.png: the ten nearest to a training digit, above it; JSON."""
    index, distance = evaluation.neighbours
    closest = distance.argsort()[:10]
    pairs = torch.cat([evaluation.images[closest], yardstick.training.images[index[closest]]])
    content = about | {
        "metrics": evaluation.metrics,
        "floors": evaluation.floors,
        "bound": evaluation.bound,
        "class_counts": evaluation.class_counts,
        "nearest": {"training_digit": index.tolist(), "distance": [round(d, 4) for d in distance.tolist()]},
    }
    return [
        write(out / "samples.png", _sheet(evaluation.images[:100], 10)),
        write(out / "nearest.png", _sheet(pairs, len(closest))),
        write(out / "evaluation.json", json.dumps(plain(content)).encode()),
    ]


def _sheet(images: Tensor, columns: int) -> bytes:
    return png_bytes(tiled(images[:, 0].numpy(), columns=columns))


def reference_of(yardstick: Yardstick) -> dict[str, Any]:
    """The digits that others are held against, by what they are called and a fingerprint."""
    test = yardstick.test
    return {
        "digits": len(test),
        "fingerprint": test.fingerprint(),
        "called": test.called,
        "caution": test.caution,
    }


def about_evaluation(model: Model, yardstick: Yardstick) -> dict[str, Any]:
    """Everything that a number needs beside it."""
    return {
        "model": {"fingerprint": fingerprint(model), "parameters": model.parameters, "about": model.about},
        "classifier": classifier.card(),
        "reference": reference_of(yardstick),
        "device": str(model.device),
        "threads": torch.get_num_threads(),
    }


def readable(evaluation: Evaluation, yardstick: Yardstick) -> list[str]:
    N = len(evaluation.images)
    lines = [f"{N:,} generated digits against {yardstick.test.source}"]
    lines.append(_row("", "value", "95 % interval", f"{N:,} real digits"))
    for name, e in evaluation.metrics.items():
        floor = evaluation.floors[name]
        lines.append(
            _row(
                name,
                number_text(e.value),
                interval_text(e),
                f"{number_text(floor.value)}  {interval_text(floor)}",
            )
        )
    if (limit := evaluation.bound) is not None:
        parts = f"L_T {limit.prior:.4f}, L_1 to L_T-1 {limit.steps:.4f}, L_0 {limit.decoder:.4f}"
        lines.append(
            _row("bound, bits per dimension", number_text(limit.bits.value), interval_text(limit.bits), parts)
        )
        lines.append(f"  (on {limit.digits:,} {yardstick.test.called})")
    if yardstick.test.caution:
        lines.append(yardstick.test.caution)
    lines += [f"{name}: {meaning}" for name, meaning in MEANINGS.items()]
    lines.append("predicted classes 0 to 9: " + " ".join(map(str, evaluation.class_counts)))
    return lines


def _row(name: str, value: str, interval: str, floor: str) -> str:
    return f"{name:28}{value:>10}   {interval:22}{floor}".rstrip()


def number_text(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"


def interval_text(estimate: Estimate) -> str:
    return f"{number_text(estimate.low)} to {number_text(estimate.high)}"
