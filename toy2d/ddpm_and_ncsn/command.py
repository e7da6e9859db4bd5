"""families: each family's network with the other's sampler."""

import argparse
import dataclasses

from playground.levels import SCHEDULES
from toy2d.command import command, progress, spec, write
from toy2d.ddpm_and_ncsn import told_command
from toy2d.ddpm_and_ncsn.experiment import FamiliesConfig, two_families
from toy2d.ddpm_and_ncsn.figures import SAMPLER_NAMES, TRAINED_NAMES, families_clouds, families_figure
from toy2d.distances import in_a_line
from toy2d.drawing.clouds import clouds_gif
from toy2d.ncsn.experiment import learn_each


def add(commands: argparse._SubParsersAction) -> None:
    told_command.add(commands)
    parser = command(
        commands, "families", families_command, "networks trained as NCSN and DDPM, with both's samplers"
    )
    parser.add_argument("--T", type=int, default=30, help="annealed Langevin steps at each level")
    parser.add_argument("--levels", type=int, default=10, help="noise levels of annealed Langevin")
    parser.add_argument("--schedule", choices=list(SCHEDULES), default="linear", help="DDPM's noise schedule")
    parser.add_argument("--steps", type=int, default=50, help="steps of DDPM and DDIM")
    parser.add_argument("--all-levels", action="store_true", help="walk DDPM's whole schedule")
    parser.add_argument("--points", type=int, default=10_000, help="training points")
    parser.add_argument("--train-steps", type=int, default=2_000, help="training steps of each network")
    parser.add_argument("--particles", type=int, default=1_000, help="samples of each run")


def families_command(arguments: argparse.Namespace) -> None:
    names = ("T", "levels", "schedule", "steps", "points", "train_steps", "particles", "seed")
    config = FamiliesConfig(
        spec(arguments), inside=not arguments.all_levels, **{name: getattr(arguments, name) for name in names}
    )
    config.preserving()  # refuses too many steps before the training
    networks = learn_each(config.learning(), progress("training"))
    result = two_families(config, networks, progress("sampling"))
    numbers = {
        "floor": dataclasses.asdict(result.floor),
        "sigmas": result.sigmas,
        "errors": result.errors,
        "runs": [],
    }
    for (trained, sampler), run in result.runs.items():
        numbers["runs"].append(
            {"trained": trained, "sampler": sampler, "calls": run.calls} | dataclasses.asdict(run.distances)
        )
        print(f"{TRAINED_NAMES[trained]:<16} {SAMPLER_NAMES[sampler]:<18} {in_a_line(run.distances)}")
    print(f"{'exact samples':<35} {in_a_line(result.floor)}")
    gif = clouds_gif(families_clouds(config, result, "ddpm"))
    write(arguments.out, "families", config, numbers, families_figure(config, result), gif)
