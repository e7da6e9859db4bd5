"""What one network that is told π gives away: beside networks trained for one π alone, and beside the exact models.

    python -m benchmarks.told [--pis 0.05 0.5 0.95] [--trainings 3] [--steps 400] [--out out/told.json]

Told and alone are trained for as many steps, by DDPM's loss, from as many seeds.  The score's error at x_t is its root
mean square over that of the exact score, on noised data.  With --guided, on the page's mixture of two classes that
overlap: where classifier-free guidance ends, in sliced Wasserstein-1 from where the exact models do, by other noise.
"""

import argparse
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from playground.cli import Parser
from playground.cli import run as run_command
from playground.denoisers import Denoiser, guided, score_of
from playground.errors import UserError
from playground.files import write_json
from playground.knobs import Knobs, knob
from playground.levels import SCHEDULES, seeded
from playground.statistics import interval, mean_difference, verdict
from playground.steps import ddim
from playground.tables import markdown_table
from playground.walk import checked, final, starting_noise, walk
from toy2d.conditional import component
from toy2d.distances import sliced_wasserstein
from toy2d.guidance.experiment import FIRST
from toy2d.labelled import learned_denoiser
from toy2d.net import PIS, LearnConfig, learn, pi_code
from toy2d.presets import MixtureSpec

WALK = 50  # steps of DDIM


@dataclass(frozen=True)
class ToldConfig(Knobs):
    """t: the level of the linear schedule at which scores are compared; N points; w: of guidance."""

    pis: tuple[float, ...] = (0.05, 0.5, 0.95)
    trainings: int = knob(3, 2, 50, "The number of trainings")
    steps: int = knob(400, 1, 100_000, "The number of training steps")
    t: int = knob(500, 1, 1_000, "The level t")
    N: int = knob(4_000, 100, 100_000, "The number of points")
    w: float = knob(3.0, 0, 20, "The guidance w")

    def __post_init__(self) -> None:
        super().__post_init__()
        for pi in self.pis:
            if not PIS[0] <= pi <= PIS[1]:
                raise UserError(
                    f"π is {pi:g}; it must lie in {PIS[0]} to {PIS[1]}, as in training: choose another."
                )


@dataclass(frozen=True, eq=False)
class Row:
    """told, alone: (trainings,) of one π; exact: what the exact models reach, the floor."""

    pi: float
    told: np.ndarray
    alone: np.ndarray
    exact: float


def scores(config: ToldConfig) -> list[Row]:
    """The score's relative error on the mixture of two modes; the exact one has none."""
    level, first = SCHEDULES["linear"]().level(config.t), LearnConfig(objective="ddpm", steps=config.steps)
    many = [learn(replace(first, seed=seed).telling_pi()) for seed in range(config.trainings)]
    rows = []
    for pi in config.pis:
        spec = MixtureSpec(pi=pi)
        mixture = spec.build()
        xt = mixture.sample_noised(config.N, level, seeded(5))
        exact = mixture.score(xt, level.to(xt))

        def off(denoise: Denoiser, xt: Tensor = xt, exact: Tensor = exact) -> float:
            error = score_of(denoise)(xt, level.to(xt)) - exact
            return float(error.square().mean().sqrt() / exact.square().mean().sqrt())

        alone = [learn(replace(first, mixture=spec, seed=s)).denoise for s in range(config.trainings)]
        rows.append(
            Row(pi, np.array([off(one.at(pi).denoise) for one in many]), np.array(list(map(off, alone))), 0.0)
        )
    return rows


def guidances(config: ToldConfig) -> list[Row]:
    """Where guided samples of the first class end, from where the exact models' do."""
    first = LearnConfig(FIRST, "ddpm", steps=config.steps)
    many = [learned_denoiser(replace(first, seed=seed).telling_pi()) for seed in range(config.trainings)]
    rows = []
    for pi in config.pis:
        spec = replace(FIRST, pi=pi)
        mixture, code = spec.build(), pi_code(torch.tensor([pi]))
        exact, again = (guided_ends(component(mixture, 0), mixture, config, seed) for seed in (1, 2))
        found: dict[str, list[float]] = {"told": [], "alone": []}
        for seed, one in enumerate(many):
            alone = learned_denoiser(replace(first, mixture=spec, seed=seed))
            pairs: dict[str, tuple[Denoiser, Denoiser]] = {
                "told": (one.given(label=0, vector=code), one.given(vector=code)),
                "alone": (alone.given(label=0), alone),
            }
            for name, (conditional, other) in pairs.items():
                found[name].append(sliced_wasserstein(guided_ends(conditional, other, config, 2), exact))
        rows.append(
            Row(pi, np.array(found["told"]), np.array(found["alone"]), sliced_wasserstein(again, exact))
        )
    return rows


def guided_ends(conditional: Denoiser, other: Denoiser, config: ToldConfig, seed: int) -> Tensor:
    """(N, 2)."""
    grid, rng = SCHEDULES["linear"]().grid(WALK), seeded(seed)
    start = starting_noise((config.N, 2), grid[0], rng)
    return final(checked(walk(ddim(0.0), guided(conditional, other, config.w), start, grid, rng)))


def table(rows: list[Row], config: ToldConfig) -> str:
    at = f"{config.trainings} trainings"
    said = []
    for row in rows:
        apart = mean_difference(row.told, row.alone)
        said.append({
            "π": f"{row.pi:g}", "told": _spread(row.told), "alone": _spread(row.alone), "exact": f"{row.exact:.3f}",
            "told less alone": interval(apart), "that told is farther off": verdict(apart, at),
        })  # fmt: skip
    return markdown_table(said)


def _spread(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def command(arguments: argparse.Namespace) -> None:
    config = ToldConfig(tuple(arguments.pis), arguments.trainings, arguments.steps, arguments.t, arguments.N)
    found = {"score": scores(config)} | ({"guidance": guidances(config)} if arguments.guided else {})
    for name, rows in found.items():
        print(
            f"\n{name}, {config.steps:,} steps, N = {config.N:,}, {config.trainings} seeds; ± is their spread\n"
        )
        print(table(rows, config))
    plain: dict[str, Any] = {name: [asdict(row) for row in rows] for name, rows in found.items()}
    print(write_json(Path(arguments.file), {"config": asdict(config)} | plain))


def main(argv: list[str] | None = None) -> int:
    p = Parser(prog="python -m benchmarks.told", description=__doc__.splitlines()[0])
    p.set_defaults(run=command)
    p.add_argument(
        "--pis", nargs="+", type=float, default=list(ToldConfig.pis), help="the weights of the first mode"
    )
    p.add_argument(
        "--trainings", type=int, default=ToldConfig.trainings, help="of each kind, each of its own seed"
    )
    p.add_argument("--steps", type=int, default=ToldConfig.steps, help="of each training")
    p.add_argument("--t", type=int, default=ToldConfig.t, help="the level at which scores are compared")
    p.add_argument("--N", type=int, default=ToldConfig.N, help="points, and guided samples")
    p.add_argument("--guided", action="store_true", help="guidance, too; trains as many denoisers again")
    p.add_argument("--out", dest="file", default="out/told.json", metavar="FILE", help="where the figures go")
    return run_command(p, argv)


if __name__ == "__main__":
    sys.exit(main())
