"""crossing, recovery: how long plain Langevin dynamics would need, and what weights it finds before that."""

import argparse
import dataclasses
import math

import numpy as np

from playground.cli import refuse_idle
from playground.errors import require
from toy2d.command import command, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.mixing_time.experiment import CrossingConfig, Measured, SweepConfig, Times, crossing, sweep
from toy2d.mixing_time.figures import crossing_cloud, crossing_figure, recovery_figure
from toy2d.mixing_time.recovery import RecoveryConfig, recovery
from toy2d.presets import MixtureSpec
from toy2d.starts import STARTS


def add(commands: argparse._SubParsersAction) -> None:
    one = command(
        commands, "crossing", crossing_command, "the time plain Langevin needs, by crossings and by formulas"
    )
    one.add_argument(
        "--distance", type=float, default=2.0, help="modes at (d, d) and (-d, -d); the paper has 5"
    )
    one.add_argument("--step-size", type=float, default=0.1, help="a of x + (a/2) score + sqrt(a) z")
    one.add_argument("--particles", type=int, default=1_000, help="particles from each mode")
    one.add_argument("--longest", type=int, default=2_000, help="the most steps of a walk")
    one.add_argument("--measured-at", type=float, nargs="+", default=(1.0, 1.5, 2.0, 2.5),
                     metavar="D", help="distances at which crossings are counted")  # fmt: skip

    many = command(
        commands, "recovery", recovery_command, "recovered against true weight, plain and annealed"
    )
    many.add_argument("--pis", type=float, nargs="+", default=(0.1, 0.3, 0.5, 0.7, 0.9), metavar="PI",
                      help="the true weights")  # fmt: skip
    many.add_argument("--repeats", type=int, default=4, help="independent runs at each weight")
    many.add_argument("--particles", type=int, default=500, help="particles of each run")
    many.add_argument("--L", type=int, default=10, help="noise levels")
    many.add_argument("--T", type=int, default=100, help="steps at each level")
    many.add_argument("--start", choices=list(STARTS), default="square", help="where the particles start")


def crossing_command(arguments: argparse.Namespace) -> None:
    _two_modes_only(spec(arguments))
    names = ("pi", "step_size", "particles", "longest", "seed")
    given = {name: getattr(arguments, name) for name in names}
    config = CrossingConfig(distance=arguments.distance, **given)
    swept = SweepConfig(measured_at=tuple(arguments.measured_at), **given)
    one, many = crossing(config, progress("walking")), sweep(swept, progress("sweeping"))
    seen = one.measured
    print(f"measured: {seen.steps:.5g} ± {seen.error:.2g} steps; {seen.changed} particles changed modes")
    for name, steps in dataclasses.asdict(one.times).items():
        print(f"{name}: {steps:.5g} steps")
    numbers = {
        "measured": _known(one.measured), "times": _known(one.times), "shares": one.shares, "expected": one.expected,
        "sweep": {
            "distances": many.distances, "times": [_known(each) for each in many.times],
            "measured": [{"distance": distance, **_known(each)} for distance, each in many.measured],
        },
    }  # fmt: skip
    gif = clouds_gif([crossing_cloud(config, one)])
    write(arguments.out, "crossing", config, numbers, crossing_figure(config, one, many), gif)


def _known(found: Times | Measured) -> dict[str, float | None]:
    """JSON has no NaN: what is not known is null."""
    return {name: None if math.isnan(value) else value for name, value in dataclasses.asdict(found).items()}


def _two_modes_only(mixture: MixtureSpec) -> None:
    """The distance is that of two modes; --mixture stands at every subcommand."""
    require(
        mixture.preset == "two_modes",
        f"The mixture is {mixture.preset}; this experiment moves two round modes: leave --mixture out.",
    )


def recovery_command(arguments: argparse.Namespace) -> None:
    _two_modes_only(spec(arguments))
    refuse_idle(arguments, "pi", "beside --pis, which names all weights")
    names = ("repeats", "particles", "L", "T", "start", "seed")
    config = RecoveryConfig(tuple(arguments.pis), **{name: getattr(arguments, name) for name in names})
    result = recovery(config, progress("sampling"))
    for i, pi in enumerate(result.pis):
        plain, annealed = (_told(shares[i]) for shares in (result.plain, result.annealed))
        print(f"pi {pi:.3f}   plain {plain} (expected {result.expected[i]:.4f})   annealed {annealed}")
    write(arguments.out, "recovery", config, dataclasses.asdict(result), recovery_figure(result))


def _told(shares: np.ndarray) -> str:
    return f"{shares.mean():.4f} ± {shares.std(ddof=1):.4f}"
