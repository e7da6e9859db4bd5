"""forward, bound, losses: the diffusion probabilistic model on the command line."""

import argparse

from playground.levels import SCHEDULES
from toy2d.command import add_learned, command, learned, progress, spec, write
from toy2d.drawing.clouds import clouds_gif
from toy2d.forward_and_bound.bound import BoundConfig, bounds, gaps_by_length, learn_both, losses
from toy2d.forward_and_bound.bound_figures import bound_figure, losses_figure
from toy2d.forward_and_bound.experiment import ForwardConfig, forward, posterior
from toy2d.forward_and_bound.figures import forward_clouds, forward_figure


def add(commands: argparse._SubParsersAction) -> None:
    chain = command(
        commands, "forward", forward_command, "the forward chain, its closed form, one step's posterior"
    )
    chain.add_argument("--steps", type=int, default=5, help="steps of the chain")
    chain.add_argument("--t", type=int, default=3, help="the step whose posterior is shown")
    chain.add_argument("--particles", type=int, default=1_000, help="chains from the same x_0")
    bound = command(
        commands, "bound", bound_command, "the variational bound, term by term, against the exact value"
    )
    bound.add_argument("--steps", type=int, default=100, help="steps of the chain")
    bound.add_argument("--samples", type=int, default=2_000, help="points that it is averaged over")
    add_learned(bound, "ddpm")
    both = command(commands, "losses", losses_command, "DDPM's simple and weighted loss, one network by each")
    both.add_argument("--samples", type=int, default=2_000, help="points that both are measured on")
    both.add_argument("--points", type=int, default=10_000, help="training points")
    both.add_argument("--train-steps", type=int, default=2_000, help="training steps of each network")
    for parser in (chain, bound, both):
        parser.add_argument(
            "--schedule", choices=list(SCHEDULES), default="linear", help="the noise schedule"
        )


def forward_command(arguments: argparse.Namespace) -> None:
    config = ForwardConfig(
        spec(arguments), arguments.schedule, arguments.steps, arguments.t, arguments.particles, arguments.seed
    )
    path = forward(config)
    found = posterior(config, path)
    print(f"chain against closed form: {path.deviation:.2f} standard errors at the worst")
    print(f"KL of the posterior to p: {found.kl}\nKL of the true reverse step to p: {found.reverse_kl}")
    numbers = {
        "deviation_in_standard_errors": path.deviation, "x0": path.x0, "xt": found.xt,
        "posterior_mean": found.posterior.mean, "posterior_std": found.posterior.std, "kl": found.kl,
        "reverse_kl": found.reverse_kl,
    }  # fmt: skip
    gif = clouds_gif(forward_clouds(config, path))
    write(arguments.out, "forward", config, numbers, forward_figure(config, path, found), gif)


def bound_command(arguments: argparse.Namespace) -> None:
    config = BoundConfig(
        spec(arguments), arguments.schedule, arguments.steps, arguments.samples, arguments.seed
    )
    network = learned(arguments, schedule=config.schedule)
    networks = {} if network is None else {"learned": network}
    result = bounds(config, networks, progress("bound"))
    gaps = gaps_by_length(config, networks, progress("lengths"))
    print(f"exact -log p: {result.nll:.4f} nats")
    for row in result.rows:
        print(
            f"bound, {row.model}, {row.variance}: {row.total:.4f}, gap {row.gap:.4f} +- {2 * row.gap_se:.4f}"
        )
    numbers = {
        "exact_nll": result.nll,
        "exact_nll_se": result.nll_se,
        "bounds": [vars(row) for row in result.rows],
    }
    numbers["gaps"] = [
        {
            "model": model,
            "variance": variance,
            "steps": gaps.lengths,
            "gap": gap,
            "se": gaps.errors[model, variance],
        }
        for (model, variance), gap in gaps.gaps.items()
    ]
    write(arguments.out, "bound", config, numbers, bound_figure(result, gaps))


def losses_command(arguments: argparse.Namespace) -> None:
    config = BoundConfig(spec(arguments), arguments.schedule, samples=arguments.samples, seed=arguments.seed)
    networks = learn_both(config, arguments.points, arguments.train_steps, report=progress("training"))
    result = losses(config, networks, progress("measuring"))
    numbers = {"times": result.times, "floor": vars(result.floor)}
    for name, loss in result.losses.items():
        numbers[name] = {**vars(loss), "distances": vars(loss.distances)}
        print(
            f"{name}: gap {loss.gap['beta']:.4f} nats, sliced Wasserstein distance {loss.distances.sliced:.4f}"
        )
    write(arguments.out, "losses", config, numbers, losses_figure(result))
