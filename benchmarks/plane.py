"""What the plane's pages compute at a change of π or at their button, timed; and beside another checkout.

    python -m benchmarks.plane [--against DIR] [--only few-steps recovery] [--rounds 5]

Each work is timed in a process of its own, on one thread, in turns here and there (DIR: an older checkout, by
`git worktree add DIR COMMIT`).  The clock is the processor's, and the least of all rounds counts: other work on the
machine only ever adds time.  Both checkouts take as many particles, steps, cells and repeats.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from playground.cli import Parser
from playground.cli import run as run_command
from playground.errors import UserError, require, require_known, require_whole
from playground.files import write_atomically

HERE = Path(__file__).parents[1]
WARM = 2  # times that a process does its work; the least counts


def works() -> dict[str, Callable[[], Any]]:
    """By name; imported where they are timed, so that this file runs in either checkout."""
    from toy2d.annealing.experiment import AnnealingConfig, MapConfig, annealing, annealing_map
    from toy2d.captions.experiment import CaptionsConfig, captions
    from toy2d.few_steps.experiment import FewStepsConfig, few_steps
    from toy2d.few_steps.flow import FlowConfig, orders, round_trip
    from toy2d.inpainting.experiment import InpaintConfig, inpainting
    from toy2d.mixing.experiment import MixingConfig, mixing
    from toy2d.mixing_time.experiment import CrossingConfig, SweepConfig, crossing, sweep
    from toy2d.mixing_time.recovery import RecoveryConfig, recovery
    from toy2d.own_data.experiment import OwnDataConfig, own_data

    chain = replace(AnnealingConfig(), particles=1_000)
    short = replace(chain, T=15, particles=500)
    L, eps = (1.0, 3.0, 10.0, 30.0), (0.01, 0.03, 0.1, 0.3, 1.0)
    return {
        "few-steps": lambda: few_steps(FewStepsConfig()),
        "round-trip": lambda: round_trip(FlowConfig()),
        "orders": lambda: orders(FlowConfig()),
        "annealing": lambda: annealing(AnnealingConfig()),
        "annealing-map": lambda: annealing_map(MapConfig(chain, "L", "eps", L, eps)),
        "annealing-map-first": lambda: annealing_map(MapConfig(short, "L", "eps")),
        "recovery": lambda: recovery(RecoveryConfig()),
        "recovery-first": lambda: recovery(RecoveryConfig((0.1, 0.3, 0.5, 0.7, 0.9), T=20)),
        "crossing": lambda: crossing(CrossingConfig()),
        "crossing-sweep": lambda: sweep(SweepConfig(measured_at=(1.0, 1.5, 2.0))),
        "inpainting": lambda: inpainting(InpaintConfig(resamplings=20)),
        "own-data": lambda: own_data(OwnDataConfig(n=2_000)),
        "captions": lambda: captions(CaptionsConfig(particles=1_000)),
        "mixing": lambda: mixing(MixingConfig(particles=1_000)),
    }


NAMES = (
    "few-steps", "round-trip", "orders", "annealing", "annealing-map", "annealing-map-first", "recovery",
    "recovery-first", "crossing", "crossing-sweep", "inpainting", "own-data", "captions",
    "mixing",
)  # fmt: skip


def timed(name: str) -> float:
    """Seconds of the processor, in this process."""
    import torch

    torch.set_num_threads(1)
    run, seconds = works()[name], []
    for _ in range(WARM):
        begun = time.process_time()
        run()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def timed_in(checkout: Path, name: str) -> float:
    """The same, by this file, in a process that imports from `checkout`."""
    code = f"import runpy; print(runpy.run_path({str(Path(__file__))!r})['timed']({name!r}))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise UserError(f"{name} could not be timed in {checkout}: {last[0]}.")
    return float(done.stdout.split()[-1])


def command(arguments: argparse.Namespace) -> None:
    require_whole("The number of rounds", arguments.rounds, 1, 100)
    asked = arguments.only or list(NAMES)
    for name in asked:
        require_known("The work", name, NAMES)
    there = arguments.against and Path(arguments.against)
    require(
        there is None or (there / "toy2d").is_dir(),
        f"There is no checkout in {there}: make one with git worktree add.",
    )
    print(f"load {os.getloadavg()[0]:.1f}, one thread, the least of {arguments.rounds} rounds\n")
    print("| | here, s | there, s | ratio |\n|---|---|---|---|")
    rows = []
    for name in asked:
        both: list[list[float]] = [[], []]
        for _ in range(arguments.rounds):
            both[0].append(timed_in(HERE, name))
            both[1] += [timed_in(there, name)] if there else []
        here, old = min(both[0]), min(both[1], default=None)
        print(f"| {name} | {here:.3f} | {f'{old:.3f} | {old / here:.1f}' if old else '|'} |", flush=True)
        rows.append({"work": name, "here": both[0], "there": both[1]})
    print(write_atomically(arguments.file, json.dumps(rows, indent=1).encode()))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.plane", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument("--against", metavar="DIR", help="another checkout, timed in turns with this one")
    p.add_argument("--only", nargs="+", metavar="WORK", help="these (default: all)")
    p.add_argument("--rounds", type=int, default=5, help="the least of so many counts")
    p.add_argument(
        "--out", dest="file", default="out/plane.json", metavar="FILE", help="where the figures go"
    )
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
