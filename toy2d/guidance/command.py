"""guidance: three ways of pulling samples towards a class, against what they are believed to sample."""

import argparse
from typing import Any

from playground.cli import refuse_idle
from playground.errors import require_range
from playground.knobs import add_options
from toy2d.command import add_training, asked, claimed, command, printed, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.guidance.best_w import BestWConfig, best_w, claims
from toy2d.guidance.experiment import FIRST, GuidanceConfig, guidance
from toy2d.guidance.figures import best_w_chart, guidance_charts, guidance_clouds, said
from toy2d.labelled import DROPOUT, Models, learned_models
from toy2d.net import LearnConfig


def add(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "guidance", guidance_command)
    parser.set_defaults(mixture=FIRST.preset, pi=FIRST.pi)
    add_options(
        parser,
        GuidanceConfig,
        label="the class: a mode, counted from 0",
        w="guidance; the classifier's scale is 1 + w",
        steps="steps back",
        particles="particles of each method",
        low="guide only above this level, sigma / alpha",
        high="guide only up to this level, sigma / alpha",
    )
    parser.add_argument(
        "--learned", action="store_true", help="train a classifier and a denoiser now, and use these"
    )
    parser.add_argument(
        "--dropout", type=float, default=DROPOUT, help="share of points trained without their class"
    )
    add_training(parser, "training steps of each network")
    _add_best_w(commands)


def _add_best_w(commands: argparse._SubParsersAction) -> None:
    parser = command(commands, "best-w", best_w_command)
    parser.set_defaults(mixture=FIRST.preset, pi=FIRST.pi)
    add_options(
        parser,
        BestWConfig,
        label="the class: a mode, counted from 0",
        lengths="of training, in steps, from short to long",
        trainings="of each length, each from its own seed",
        ws="guidance weights to try, 0 first",
        steps="steps back",
        particles="particles at each w",
        points="training points",
        metavar="N",
    )


def best_w_command(arguments: argparse.Namespace) -> None:
    config = asked(BestWConfig, arguments)
    result = best_w(config, progress("training and sampling"))
    said = printed(claims(result))
    numbers = {"floor": result.floor, "distances": result.distances, "claims": said}
    write(arguments.out, "best-w", config, numbers, best_w_chart(result))


def _models(arguments: argparse.Namespace, config: GuidanceConfig) -> Models | None:
    """Trained now where that was asked for; None for exact ones."""
    if not arguments.learned:
        refuse_idle(arguments, "dropout points train_steps", "without --learned: all models are exact")
        return None
    require_range("The label dropout", arguments.dropout, 0, 1, open_ends=True)
    learn = LearnConfig(
        config.mixture, "ddpm", points=arguments.points, steps=arguments.train_steps, seed=arguments.seed
    )
    return learned_models(learn, arguments.dropout, progress("training"))


def guidance_command(arguments: argparse.Namespace) -> None:
    config = asked(GuidanceConfig, arguments)
    result = guidance(config, _models(arguments, config), progress("sampling"))
    numbers: dict[str, Any] = {"floor": result.belief.floor, "disagreement": result.disagreement}
    for run in result.runs:
        numbers[run.name] = {
            "to_belief": run.to_belief, "to_conditional": run.to_conditional, "mean_on_axis": run.along.mean(),
            "std_on_axis": run.along.std(),
        }  # fmt: skip
        print(
            f"{run.name}: to the believed density {run.to_belief:.3f}, to the conditional {run.to_conditional:.3f}"
        )
    print(f"floor, two samples of the believed density: {result.belief.floor:.3f}")
    numbers["claims"] = claimed(*said(config, result))
    gif = clouds_gif(guidance_clouds(config, result), fps=15)
    charts = guidance_charts(config, result)
    write(arguments.out, "guidance", config, numbers, charts, gif, title=f"w = {config.w:g}")
