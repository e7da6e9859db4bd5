"""forward, bound, losses: the diffusion probabilistic model on the command line."""

import argparse

from playground.knobs import add_options
from toy2d.command import add_learned, add_training, asked, claimed, command, learned, progress, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.forward_and_bound.bound import (
    BoundConfig,
    bounds,
    gaps_by_length,
    learn_both,
    losses,
    said_of_bound,
)
from toy2d.forward_and_bound.bound_figures import bound_charts, losses_chart
from toy2d.forward_and_bound.experiment import ForwardConfig, forward, posterior, said
from toy2d.forward_and_bound.figures import forward_charts, forward_clouds


def add(commands: argparse._SubParsersAction) -> None:
    chain = command(commands, "forward", forward_command)
    add_options(
        chain,
        ForwardConfig,
        steps="steps of the chain",
        t="the step whose posterior is shown",
        particles="chains from the same x_0",
        schedule="the noise schedule",
    )
    bound = command(commands, "bound", bound_command)
    add_options(
        bound,
        BoundConfig,
        steps="steps of the chain",
        samples="points that it is averaged over",
        schedule="the noise schedule",
    )
    add_learned(bound, "ddpm")
    both = command(commands, "losses", losses_command)
    add_options(both, BoundConfig, samples="points that both are measured on", schedule="the noise schedule")
    add_training(both, "training steps of each network")


def forward_command(arguments: argparse.Namespace) -> None:
    config = asked(ForwardConfig, arguments)
    path = forward(config)
    found = posterior(config, path)
    claim = claimed(*said(config, path, found))
    print(f"KL of the posterior to p: {found.kl}\nKL of the true reverse step to p: {found.reverse_kl}")
    numbers = {
        "claims": claim, "deviation_in_standard_errors": path.deviation, "x0": path.x0, "xt": found.xt,
        "posterior_mean": found.posterior.mean, "posterior_std": found.posterior.std, "kl": found.kl,
        "reverse_kl": found.reverse_kl,
    }  # fmt: skip
    gif = clouds_gif(forward_clouds(config, path))
    write(arguments.out, "forward", config, numbers, forward_charts(config, path, found), gif)


def bound_command(arguments: argparse.Namespace) -> None:
    config = asked(BoundConfig, arguments)
    network = learned(arguments, schedule=config.schedule)
    networks = {} if network is None else {"learned": network}
    result = bounds(config, networks, progress("bound"))
    gaps = gaps_by_length(config, networks, progress("lengths"))
    print(f"exact -log p: {result.nll:.4f} nats")
    for row in result.rows:
        print(
            f"bound, {row.model}, {row.variance}: {row.total:.4f}, gap {row.gap:.4f} +- {2 * row.gap_se:.4f}"
        )
    by_steps = [
        {"model": model, "variance": variance, "steps": gaps.lengths, "gap": gap, "se": gaps.errors[model, variance]}
        for (model, variance), gap in gaps.gaps.items()
    ]  # fmt: skip
    numbers = {
        "exact_nll": result.nll, "exact_nll_se": result.nll_se, "bounds": result.rows, "gaps": by_steps,
        "claims": claimed(*said_of_bound(config, result)),
    }  # fmt: skip
    write(arguments.out, "bound", config, numbers, bound_charts(result, gaps))


def losses_command(arguments: argparse.Namespace) -> None:
    config = asked(BoundConfig, arguments)
    networks = learn_both(config, arguments.points, arguments.train_steps, report=progress("training"))
    result = losses(config, networks, progress("measuring"))
    numbers = {"times": result.times, "floor": result.floor}
    for name, loss in result.losses.items():
        numbers[name] = loss
        print(
            f"{name}: gap {loss.gap['beta']:.4f} nats, sliced Wasserstein distance {loss.distances.sliced:.4f}"
        )
    write(arguments.out, "losses", config, numbers, losses_chart(result))
