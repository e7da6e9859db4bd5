"""ncsn: one network for all sigmas, trained with three weights."""

import argparse

from playground.knobs import add_options
from toy2d.command import asked, command, progress, write
from toy2d.distances import in_a_line
from toy2d.drawing.clouds import clouds_gif
from toy2d.ncsn.experiment import NcsnConfig, learn_all, ncsn
from toy2d.ncsn.figures import NAMES, ncsn_charts, ncsn_clouds


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "ncsn", ncsn_command)
    add_options(
        parser,
        NcsnConfig,
        levels="noise levels L",
        sigma_1="the highest level",
        sigma_L="the lowest level",
        points="training points",
        train_steps="training steps of each network",
        T="annealed Langevin steps at each level",
        particles="samples of each network",
    )


def ncsn_command(arguments: argparse.Namespace) -> None:
    config = asked(NcsnConfig, arguments)
    result = ncsn(config, learn_all(config, progress("training")), progress("sampling"))
    numbers = {name: getattr(result, name) for name in ("sigmas", "ceiling", "exact", "floor")}
    for objective, run in result.runs.items():
        numbers[objective] = {
            "errors": run.errors, "errors_se": run.errors_se, "loss_shares": run.shares, "distances": run.distances
        }  # fmt: skip
        print(f"{NAMES[objective]:<16} worst level {run.errors.max():.4f}   {in_a_line(run.distances)}")
    print(f"{'exact score':<16} {'':<18}   {in_a_line(result.exact)}")
    print(f"{'exact samples':<16} {'':<18}   {in_a_line(result.floor)}")
    gif = clouds_gif(ncsn_clouds(config, result))
    write(arguments.out, "ncsn", config, numbers, ncsn_charts(config, result), gif)
