"""families: each family's network with the other's sampler."""

import argparse
from typing import Any

from playground.knobs import add_options
from toy2d.command import asked, command, progress, write
from toy2d.ddpm_and_ncsn import told_command
from toy2d.ddpm_and_ncsn.experiment import FamiliesConfig, two_families
from toy2d.ddpm_and_ncsn.figures import SAMPLER_NAMES, TRAINED_NAMES, families_charts, families_clouds
from toy2d.distances import in_a_line
from toy2d.drawing.clouds import clouds_gif
from toy2d.ncsn.experiment import learn_each


def add(commands: argparse._SubParsersAction) -> None:
    told_command.add(commands)
    parser = command(commands, "families", families_command)
    add_options(
        parser,
        FamiliesConfig,
        T="annealed Langevin steps at each level",
        levels="noise levels of annealed Langevin",
        schedule="DDPM's noise schedule",
        steps="steps of DDPM and DDIM",
        points="training points",
        train_steps="training steps of each network",
        particles="samples of each run",
    )
    parser.add_argument("--all-levels", action="store_true", help="walk DDPM's whole schedule")


def families_command(arguments: argparse.Namespace) -> None:
    config = asked(FamiliesConfig, arguments, inside=not arguments.all_levels)
    config.preserving()  # refuses too many steps before the training
    networks = learn_each(config.learning(), progress("training"))
    result = two_families(config, networks, progress("sampling"))
    runs: list[dict[str, Any]] = []
    for (trained, sampler), run in result.runs.items():
        runs.append({"trained": trained, "sampler": sampler, "calls": run.calls} | vars(run.distances))
        print(f"{TRAINED_NAMES[trained]:<16} {SAMPLER_NAMES[sampler]:<18} {in_a_line(run.distances)}")
    print(f"{'exact samples':<35} {in_a_line(result.floor)}")
    numbers = {"floor": result.floor, "sigmas": result.sigmas, "errors": result.errors, "runs": runs}
    gif = clouds_gif(families_clouds(config, result, "ddpm"))
    write(arguments.out, "families", config, numbers, families_charts(config, result), gif, side=3.6)
