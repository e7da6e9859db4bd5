"""ncsn: one network for all sigmas, trained with three weights."""

import argparse
import dataclasses

from toy2d.command import command, progress, spec, write
from toy2d.distances import in_a_line
from toy2d.drawing.clouds import clouds_gif
from toy2d.ncsn.experiment import NcsnConfig, learn_all, ncsn
from toy2d.ncsn.figures import NAMES, ncsn_clouds, ncsn_figure


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(
        commands, "ncsn", ncsn_command, "one network for all sigmas; lambda = 1, sigma, sigma^2 compared"
    )
    parser.add_argument("--levels", type=int, default=10, help="noise levels L")
    parser.add_argument("--sigma-1", type=float, default=20.0, help="the highest level")
    parser.add_argument("--sigma-L", type=float, default=0.1, help="the lowest level")
    parser.add_argument("--points", type=int, default=10_000, help="training points")
    parser.add_argument("--train-steps", type=int, default=2_000, help="training steps of each network")
    parser.add_argument("--T", type=int, default=100, help="annealed Langevin steps at each level")
    parser.add_argument("--particles", type=int, default=1_000, help="samples of each network")


def ncsn_command(arguments: argparse.Namespace) -> None:
    names = ("levels", "sigma_1", "sigma_L", "points", "train_steps", "T", "particles", "seed")
    config = NcsnConfig(spec(arguments), **{name: getattr(arguments, name) for name in names})
    result = ncsn(config, learn_all(config, progress("training")), progress("sampling"))
    numbers = {"sigmas": result.sigmas, "ceiling": result.ceiling, "exact": dataclasses.asdict(result.exact),
               "floor": dataclasses.asdict(result.floor)}  # fmt: skip
    for objective, run in result.runs.items():
        numbers[objective] = {
            "errors": run.errors, "errors_se": run.errors_se, "loss_shares": run.shares,
            "distances": dataclasses.asdict(run.distances),
        }  # fmt: skip
        print(f"{NAMES[objective]:<16} worst level {run.errors.max():.4f}   {in_a_line(run.distances)}")
    print(f"{'exact score':<16} {'':<18}   {in_a_line(result.exact)}")
    print(f"{'exact samples':<16} {'':<18}   {in_a_line(result.floor)}")
    write(
        arguments.out,
        "ncsn",
        config,
        numbers,
        ncsn_figure(config, result),
        clouds_gif(ncsn_clouds(config, result)),
    )
