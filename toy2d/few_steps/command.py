"""steps: eta against the number of steps, the round trip and the orders of convergence."""

import argparse

from playground.knobs import add_options
from toy2d.command import add_learned, asked, command, learned, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.few_steps.experiment import ROWS, FewSteps, FewStepsConfig, few_steps, last_noises
from toy2d.few_steps.figures import MEASURES, few_steps_charts, trip_clouds
from toy2d.few_steps.flow import SOLVERS, FlowConfig, orders, round_trip


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "steps", steps_command)
    add_options(
        parser,
        FewStepsConfig,
        schedule="the noise schedule",
        steps="the table's columns",
        times="even: from T down; authors: 1, 1 + T/S, ..., as in the code that made DDIM's Table 1",
        particles="samples of each repeat of a cell",
        repeats="repeats of each cell",
        renamed={"times": "spacing"},
        metavar="S",
    )
    add_learned(parser, "ddpm")


def steps_command(arguments: argparse.Namespace) -> None:
    config = asked(FewStepsConfig, arguments, spacing=arguments.times)
    flow = FlowConfig(config.mixture, config.schedule, seed=config.seed)
    table = few_steps(config, learned(arguments, schedule=config.schedule), progress("sampling"))
    trip, converged = round_trip(flow, report=progress("round trip")), orders(flow, progress("orders"))
    print_table(config, table)
    for name, noises in last_noises(config).items():
        said = ", ".join(f"{added:.3f} ({has:.3f})" for added, has in noises)
        print(f"sigma-hat's noise in the last step but one (the level's own), times {name}: {said}")
    for name, order in zip(SOLVERS, converged.orders, strict=True):
        print(f"order of {name}: {order:.2f}")
    numbers = {
        "rows": list(ROWS), "steps": config.steps, "calls": table.calls,
        **{measure: table.values(measure) for measure in MEASURES},
        "floor": {measure: getattr(table.floor, measure) for measure in MEASURES},
        "solvers": list(SOLVERS), "solver_steps": trip.steps, "round_trip": trip.errors,
        "convergence": converged.errors, "orders": converged.orders,
        "last_noises": last_noises(config),
    }  # fmt: skip
    charts = few_steps_charts(table, trip, converged)
    write(arguments.out, "steps", config, numbers, charts, clouds_gif(trip_clouds(flow, trip), fps=10))


def print_table(config: FewStepsConfig, table: FewSteps) -> None:
    """Sliced Wasserstein-1 distance, as the lecture's Table 1 is laid out."""
    print(f"{'sliced Wasserstein-1, S =':<26}" + "".join(f"{S:>9}" for S in config.steps))
    for name, row in zip(ROWS, table.values("sliced"), strict=True):
        print(f"{name:<26}" + "".join(f"{value:9.4f}" for value in row))
    print(f"{'exact samples (floor)':<26}" + f"{table.floor.sliced:9.4f}" * len(config.steps))
