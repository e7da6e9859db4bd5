"""crossing, recovery: how long plain Langevin dynamics would need, and what weights it finds before that."""

import argparse

import numpy as np

from playground.cli import refuse_idle
from playground.errors import require
from playground.knobs import add_options, config_of
from toy2d.command import command, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.mixing_time.experiment import CrossingConfig, SweepConfig, crossing, sweep
from toy2d.mixing_time.figures import crossing_cloud, recovery_chart, relaxation_chart, times_chart
from toy2d.mixing_time.recovery import RecoveryConfig, recovery
from toy2d.presets import MixtureSpec


def add(commands: argparse._SubParsersAction) -> None:
    one = command(commands, "crossing", crossing_command)
    add_options(
        one,
        CrossingConfig,
        distance="modes at (d, d) and (-d, -d); the paper has 5",
        step_size="a of x + (a/2) score + sqrt(a) z",
        particles="particles from each mode",
        longest="the most steps of a walk",
    )
    add_options(one, SweepConfig, measured_at="distances at which crossings are counted", metavar="D")

    many = command(commands, "recovery", recovery_command)
    add_options(
        many,
        RecoveryConfig,
        pis="the true weights",
        repeats="independent runs at each weight",
        particles="particles of each run",
        L="noise levels",
        T="steps at each level",
        start="where the particles start",
        metavar="PI",
    )


def crossing_command(arguments: argparse.Namespace) -> None:
    _two_modes_only(spec(arguments))
    config, swept = config_of(CrossingConfig, arguments), config_of(SweepConfig, arguments)
    one, many = crossing(config, progress("walking")), sweep(swept, progress("sweeping"))
    seen = one.measured
    print(f"measured: {seen.steps:.5g} ± {seen.error:.2g} steps; {seen.changed} particles changed modes")
    for name, steps in vars(one.times).items():
        print(f"{name}: {steps:.5g} steps")
    counted = [{"distance": distance, **vars(each)} for distance, each in many.measured]
    numbers = {
        "measured": seen, "times": one.times, "shares": one.shares, "expected": one.expected,
        "sweep": {"distances": many.distances, "times": many.times, "measured": counted},
    }  # fmt: skip
    gif = clouds_gif([crossing_cloud(config, one)])
    charts = [relaxation_chart(config, one), *times_chart(many)]
    write(arguments.out, "crossing", config, numbers, charts, gif)


def _two_modes_only(mixture: MixtureSpec) -> None:
    """The distance is that of two modes; --mixture stands at every subcommand."""
    require(
        mixture.preset == "two_modes",
        f"The mixture is {mixture.preset}; this experiment moves two round modes: leave --mixture out.",
    )


def recovery_command(arguments: argparse.Namespace) -> None:
    _two_modes_only(spec(arguments))
    refuse_idle(arguments, "pi", "beside --pis, which names all weights")
    config = config_of(RecoveryConfig, arguments)
    result = recovery(config, progress("sampling"))
    for i, pi in enumerate(result.pis):
        plain, annealed = (_told(shares[i]) for shares in (result.plain, result.annealed))
        print(f"pi {pi:.3f}   plain {plain} (expected {result.expected[i]:.4f})   annealed {annealed}")
    write(arguments.out, "recovery", config, vars(result), recovery_chart(result))


def _told(shares: np.ndarray) -> str:
    return f"{shares.mean():.4f} ± {shares.std(ddof=1):.4f}"
