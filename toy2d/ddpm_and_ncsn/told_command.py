"""told-noise: annealed Langevin told sigma_i, as it is written, and told the noise that is there."""

import argparse
from collections.abc import Mapping

import numpy as np

from playground.knobs import add_options
from toy2d.command import asked, command, progress, write
from toy2d.ddpm_and_ncsn.told_figures import MEASURED, told_charts, verdict
from toy2d.ddpm_and_ncsn.told_noise import MEASURES, TOLD, ToldConfig, mean_and_se, told_noise
from toy2d.net import learn


def add(commands: argparse._SubParsersAction) -> None:
    add_options(
        command(commands, "told-noise", told_command),
        ToldConfig,
        levels="noise levels, from 30 to 0.01",
        hold="steps at each level",
        train_steps="training steps of the network",
        particles="samples of each run",
        repeats="independent runs, for the intervals",
    )


def told_command(arguments: argparse.Namespace) -> None:
    config = asked(ToldConfig, arguments)
    network = learn(config.learning(), progress("training")).denoise
    result = told_noise(config, {"ncsn": network}, progress("sampling"))
    for name, runs in result.measured.items():
        for told in TOLD:
            print(f"{name:<6} told {told:<23} {_line(runs[told])}")
    print(f"{'exact samples':<35} {_line(result.floors)}")
    print(verdict(result))
    numbers = {"c": config.c, "v": result.v, "measured": result.measured, "floors": result.floors}
    title = f"{config.levels} levels of {config.hold} steps, {config.particles:,} particles"
    write(arguments.out, "told-noise", config, numbers, told_charts(config, result), side=3.6, title=title)


def _line(values: Mapping[str, np.ndarray]) -> str:
    """Each measure's mean over the repeats and its standard error."""
    return "   ".join("{} {:.3f} ± {:.3f}".format(MEASURED[m], *mean_and_se(values[m])) for m in MEASURES)
