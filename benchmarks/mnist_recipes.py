"""What each part of the training recipe is worth: one change at a time, equally many images, then measured.

    python -m benchmarks.mnist_recipes --out out/recipes

Each variant is one run of `images.training.config` from the same seed, evaluated as `python -m images evaluate` does.
Finished variants are kept in OUT/recipes.json, so a second call goes on.  The speeds of --speeds are measured
in turns, in one process, so that whatever else the machine does meets all of them alike.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from images.data.mnist import Digits, load, to_model
from images.metrics.estimates import FCD, PRECISION, RECALL
from images.metrics.evaluate import EvaluateConfig, Yardstick, generate
from images.models import Model, load_model
from images.training.config import TrainConfig, with_changes
from images.training.presets import PRESETS
from images.training.session import Session
from playground.cli import Parser, ProgressLine
from playground.cli import run as run_command
from playground.denoisers import NetworkDenoiser
from playground.files import write_atomically
from playground.levels import eps_from_x0, noised, randn_like, seeded
from playground.objectives import uniform_times
from playground.training import Trainee, train

MUON = {"optimizer": "muon"}
VARIANTS: dict[
    str, dict[str, Any]
] = {  # name -> what it changes in `look` with batches of 128, AdamW and min-SNR
    "as it is": {},
    "simple loss": {"objective": "simple"},
    "weighted loss": {"objective": "weighted"},
    "predicts eps": {"predicts": "eps"},
    "predicts x0": {"predicts": "x0"},
    "cosine schedule": {"schedule": "cosine"},
    "learning rate / 2": {"lr": 1e-3},
    "learning rate * 2": {"lr": 4e-3},
    "batch 64": {"batch": 64},
    "batch 32": {"batch": 32},
    "batch 32, rate / 2": {"batch": 32, "lr": 1e-3},
    "batch 16": {"batch": 16},
    "batch 16, rate / 2": {"batch": 16, "lr": 1e-3},
    "no patches": {"patch": 1, "width": 16},
    "width 20": {"width": 20},
    "width 48": {"width": 48},
    "two blocks": {"blocks": 2},
    "muon, batch 128": MUON,
    "muon": MUON | {"batch": 32},
    "muon 0.005": MUON | {"batch": 32, "matrix_lr": 0.005},
    "muon 0.02": MUON | {"batch": 32, "matrix_lr": 0.02},
    "muon 0.03": MUON | {"batch": 32, "matrix_lr": 0.03},
    "muon, batch 16": MUON | {"batch": 16},
    "muon 0.007, batch 16": MUON | {"batch": 16, "matrix_lr": 0.007},
    "muon, batch 8": MUON | {"batch": 8},
    "muon, rate 0.004": MUON | {"batch": 32, "lr": 4e-3},
    "muon, rate 0.001": MUON | {"batch": 32, "lr": 1e-3},
    "muon, without replacement": MUON | {"batch": 32, "without_replacement": True},
    "muon, flow": MUON | {"batch": 32, "objective": "flow"},
    "muon, flow, middle": MUON | {"batch": 32, "objective": "flow-logit-normal"},
    "flow, middle": {"batch": 32, "objective": "flow-logit-normal"},
    "muon, simple loss": MUON | {"batch": 32, "objective": "simple"},
    "muon, cosine schedule": MUON | {"batch": 32, "schedule": "cosine"},
    "muon, predicts x0": MUON | {"batch": 32, "predicts": "x0"},
    "muon, ema 0.99": MUON | {"batch": 32, "ema": 0.99},
    "muon, width 24": MUON | {"batch": 32, "width": 24},
    "muon, width 40": MUON | {"batch": 32, "width": 40},
    "muon, two blocks": MUON | {"batch": 32, "blocks": 2},
}


@dataclass(frozen=True)
class Measured:
    """One trained variant, measured by its averaged weights.  fcd: value, low, high."""

    name: str
    parameters: int
    seconds: float
    images_per_second: float
    fcd: tuple[float, float, float]
    precision: float
    recall: float


def measure(
    name: str, config: TrainConfig, digits: Digits, yardstick: Yardstick, evaluation: EvaluateConfig
) -> Measured:
    """Trains a variant without writing anything, and measures it."""
    session, line = Session(config, digits, Path(), torch.device("cpu")), ProgressLine()
    start = time.perf_counter()
    for progress in session.steps():
        line(f"{name}: step {progress.step} of {progress.steps}, {progress.seconds_left:.0f} s left")
    seconds = time.perf_counter() - start
    model = model_of(session, session.trainee.averaged())
    metrics = yardstick.measure(generate(model, evaluation))[1]
    fcd, speed = metrics[FCD], config.recipe.steps * config.batch / seconds
    interval = (fcd.value, fcd.low, fcd.high)
    return Measured(
        name,
        model.parameters,
        seconds,
        speed,
        interval,
        metrics[PRECISION].value,
        metrics[RECALL].value,
    )


def model_of(session: Session, weights: dict[str, Tensor]) -> Model:
    """A copy with these weights."""
    config = session.config.model
    net = config.build()
    net.load_state_dict(weights)
    return Model(config, net.eval(), config.build_schedule(), {})


def averages(
    config: TrainConfig, digits: Digits, yardstick: Yardstick, evaluation: EvaluateConfig
) -> dict[str, float]:
    """The distance of the averaged and of the last weights, half-way and at the end of one run."""
    session, found = Session(config, digits, Path(), torch.device("cpu")), {}
    for progress in session.steps():
        for when, step in (("half-way", progress.steps // 2), ("end", progress.steps)):
            if progress.step == step:
                last = {name: value.clone() for name, value in session.trainee.net.state_dict().items()}
                for which, weights in (("average", session.trainee.averaged()), ("last", last)):
                    images = generate(model_of(session, weights), evaluation)
                    found[f"{which}, {when}"] = yardstick.measure(images)[1][FCD].value
    return found


def drawing_times(digits: Digits, batches: int = 100, batch: int = 128) -> dict[str, float]:
    """How much the loss of a batch wavers for the shipped model, with t spread over the batch and without.

    The loss is DDPM's simple one per pixel; its mean is the same either way.
    """
    model, rng = load_model(), seeded(0)
    losses: dict[str, list[float]] = {"spread over the batch": [], "independent": []}
    for _ in range(batches):
        x0 = to_model(digits.images[torch.randint(len(digits), (batch,), generator=rng)])
        times = {
            "spread over the batch": uniform_times(x0, model.schedule, rng),
            "independent": torch.randint(1, model.schedule.T + 1, (batch,), generator=rng),
        }
        for name, t in times.items():
            level, eps = model.schedule.at(t, x0), randn_like(x0, rng)
            xt = noised(x0, eps, level)
            eps_hat = eps_from_x0(model.denoise(xt, level), xt, level)
            losses[name].append(float((eps_hat - eps).square().mean()))
    return {name: float(torch.tensor(values).std()) for name, values in losses.items()}


# --- speed ------------------------------------------------------------------------------------------------


def speeds(config: TrainConfig, digits: Digits, seconds: float, turns: int) -> dict[str, float]:
    """Images a second by layout, compiler and folding, in turns; each has warmed up before."""
    trainers = {
        "channels last": session_with(config, digits),
        "channels first": session_with(config, digits, channels_first),
        "compiled": session_with(config, digits, compiled),
        "no patches, same width": session_with(with_changes(config, patch=1), digits),
        "no patches, width 16": session_with(with_changes(config, patch=1, width=16), digits),
        "batch 64": session_with(with_changes(config, batch=64), digits),
        "batch 32": session_with(with_changes(config, batch=32), digits),
        "batch 16": session_with(with_changes(config, batch=16), digits),
        "no attention": session_with(config, digits, without_attention),
        "AdamW not fused": session_with(config, digits),
        "bfloat16": session_with(config, digits),
    }
    apart = trainers["AdamW not fused"].alone
    apart.optimizers["adam"] = torch.optim.AdamW(
        [{"params": list(apart.net.parameters()), "peak": config.lr}], betas=(0.9, 0.99), weight_decay=0.0
    )
    steps = {
        name: train(
            s.alone,
            s.batches,
            s.loss,
            autocast=torch.bfloat16 if name == "bfloat16" else None,
        )
        for name, s in trainers.items()
    }
    done, spent = dict.fromkeys(steps, 0), dict.fromkeys(steps, 0.0)
    for turn in range(turns + 1):
        for name, trainer in steps.items():
            start = time.perf_counter()
            while time.perf_counter() - start < seconds / turns or not turn:
                next(trainer)
                done[name] += turn > 0
                if not turn and time.perf_counter() - start > 1.0:
                    break
            spent[name] += (time.perf_counter() - start) * (turn > 0)
    return {name: done[name] * trainers[name].config.batch / spent[name] for name in steps}


def session_with(
    config: TrainConfig, digits: Digits, change: Callable[[nn.Module], nn.Module] = lambda net: net
) -> Session:
    session = Session(config, digits, Path(), torch.device("cpu"))
    denoise = session.trainee.net
    assert isinstance(denoise, NetworkDenoiser)
    denoise.net = change(denoise.net)
    session.trainee = Trainee(denoise, with_changes(config, images=10**8).recipe)
    return session


def channels_first(net: Any) -> nn.Module:
    found: nn.Module = net.laid_out(torch.contiguous_format)
    return found


def compiled(net: nn.Module) -> nn.Module:
    net.compile()
    return net


def without_attention(net: Any) -> nn.Module:
    net.middle = nn.ModuleList([block for block in net.middle if not hasattr(block, "qkv")])
    found: nn.Module = net
    return found


# --- the command line -------------------------------------------------------------------------------------


def command(arguments: argparse.Namespace) -> None:
    base = with_changes(
        PRESETS["look"], images=arguments.images, batch=128, optimizer="adamw", objective="min-snr",
        seed=arguments.seed,
    )  # fmt: skip
    digits, path = load("train", arguments.data), Path(arguments.out) / "recipes.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    if arguments.speeds:
        found["speeds"] = {**speeds(base, digits, arguments.speeds, turns=5), "load": os.getloadavg()[0]}
        write_atomically(path, json.dumps(found, indent=1).encode())
        print(json.dumps(found["speeds"], indent=1))
    yardstick = Yardstick.load(arguments.data)
    evaluation = EvaluateConfig(
        arguments.samples, "DDIM", arguments.steps, seed=arguments.seed, bound_digits=0
    )
    floor = yardstick.floors(arguments.samples)[FCD].value
    if arguments.averages:
        found["averages"] = averages(base, digits, yardstick, evaluation)
        write_atomically(path, json.dumps(found, indent=1).encode())
        print(json.dumps(found["averages"], indent=1))
    if arguments.times:
        found["standard deviation of a batch's loss"] = drawing_times(digits)
        write_atomically(path, json.dumps(found, indent=1).encode())
        print(json.dumps(found["standard deviation of a batch's loss"], indent=1))
    print(f"floor {floor:.3f}; {arguments.images:,} images a run; {torch.get_num_threads()} threads")
    for name in VARIANTS if arguments.variants is None else arguments.variants:
        key = f"{name}, {arguments.images} images, seed {arguments.seed}, N = {arguments.samples}"
        key += f", {arguments.steps} steps, {digits.fingerprint()}"
        if key not in found:
            config = with_changes(base, **VARIANTS[name])
            result = measure(name, config, digits, yardstick, evaluation)
            found[key] = {
                **asdict(result),
                "load": os.getloadavg()[0],
                "floor": floor,
                "N": arguments.samples,
            }
            write_atomically(path, json.dumps(found, indent=1).encode())
        print(row(found[key]), flush=True)


def row(r: dict) -> str:
    value, low, high = r["fcd"]
    return (
        f"{r['name']:20} {r['parameters']:>9,} {r['images_per_second']:6.0f} images/s  "
        f"FCD of {r['N']:,} {value:6.2f} "
        f"({low:.2f} to {high:.2f})  precision {r['precision']:.3f}  "
        f"recall {r['recall']:.3f}  load {r['load']:.1f}"
    )


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.mnist_recipes", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--images", type=int, default=20_000, help="training images in each run")
    p.add_argument("--samples", type=int, default=1000, help="digits to measure with")
    p.add_argument("--steps", type=int, default=20, help="DDIM steps")
    p.add_argument(
        "--variants",
        nargs="*",
        choices=VARIANTS,
        metavar="NAME",
        help=f"of {', '.join(VARIANTS)} (default: all)",
    )
    p.add_argument("--speeds", type=float, default=0.0, help="seconds for each speed; 0 for none")
    p.add_argument("--averages", action="store_true", help="measure what averaging the weights does, too")
    p.add_argument("--times", action="store_true", help="measure how drawing t matters, too")
    p.add_argument("--seed", type=int, default=0, help="start, batches and noise")
    p.add_argument("--data", metavar="DIR", help="directory of MNIST's IDX files (or set MNIST_DIR)")
    p.add_argument("--out", default="out/recipes", metavar="DIR", help="where recipes.json goes")
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
