"""Inpainting measured: every method on the same held-out digits and masks, and DPS on other linear inverse problems.

Whether a completion is right is read by the metrics' classifier, which guides nothing.  All methods are told the same
digits and start from noise of the same seed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from images.data.corruptions import coloured
from images.data.mnist import Digits, to_model, to_uint8
from images.inpainting.experiment import METHODS, Walker, turns
from images.inpainting.zeta import TRAINING, ZETAS, Zeta, error, least
from images.metrics.classifier import Classifier, features
from images.metrics.estimates import Estimate, share_of
from images.models import Model
from images.palette.experiment import inked, told_picture
from images.sampling import require_calls
from playground.errors import SEEDS, require
from playground.inpainting import following
from playground.knobs import Knobs, knob
from playground.levels import randn_like, seeded
from playground.progress import Report, silent, turn_of
from playground.statistics import Difference, interval, interval_of_mean, verdict
from playground.steps import ddim
from playground.walk import checked, final, starting_noise, walk, watched

PALETTE = "Palette"
BATCH = 250
LONGEST = 30 * 60.0  # seconds: nobody waits before a page for this table, and 500 digits are asked for


def _half(rows: slice, columns: slice) -> Tensor:
    hole = torch.zeros(28, 28, dtype=torch.bool)
    hole[rows, columns] = True
    return hole


# True where the digit is to be filled in; Palette was trained on boxes and sides, never on scattered pixels
MASKS: dict[str, Tensor] = {
    "left": _half(slice(None), slice(0, 14)),
    "bottom": _half(slice(14, None), slice(None)),
    "centre": _half(slice(8, 20), slice(8, 20)),
    "scattered": torch.rand((28, 28), generator=seeded(7)) < 0.7,
}


def down_sampled(x: Tensor) -> Tensor:
    """A quarter of the width and height, by means: (B, 1, 28, 28) -> (B, 1, 7, 7)."""
    return F.avg_pool2d(x, 4)


def blurred(x: Tensor, sigma: float = 2.0) -> Tensor:
    """By a Gaussian of `sigma` pixels; paper lies beyond the edge."""
    at = torch.arange(-6, 7, dtype=x.dtype, device=x.device)
    kernel = (-(at**2) / (2 * sigma**2)).softmax(0)
    padded = F.pad(x, [6, 6, 6, 6], value=-1.0)
    return F.conv2d(F.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])


# y = A(x0) + noise: the operator and the noise's standard deviation, where ink and paper are 2 apart
INVERSE: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "4x down-sampling": (down_sampled, 0.05),
    "blur": (blurred, 0.05),
    "noise": (lambda x: x, 0.7),
}


@dataclass(frozen=True)
class TableConfig(Knobs):
    """digits: held-out ones, completed twice each; steps of DDIM with eta = 1; r of RePaint; zeta of DPS.

    zeta None: chosen for each problem on training digits, because a step that is tuned on the digits it is measured on
    makes DPS look better than it is.
    """

    digits: int = knob(500, 2, 5_000, "The number of digits")
    steps: int = knob(20, 2, 1_000, "The number of steps")
    resamplings: int = knob(3, 1, 50, "The number of resamplings")
    zeta: float | None = knob(None, 0, 10, "zeta")
    seed: int = knob(0, *SEEDS, "The seed")
    eta: float = field(default=1.0, init=False)


@dataclass(frozen=True, eq=False)
class Row:
    """One method on one mask, or on one inverse problem.

    images: (N, 1, 28, 28) uint8, the first completions.  right: (N,), whether each was read as its class; read: its
    share.  apart: the standard deviation of a completion's gray value where it is made, in [0, 255], from two each.
    exact: the share of digits whose known part is kept to one gray value, before anything is pasted; None where
    nothing is known exactly.  residual: the root mean square of A(x) - y, over the noise's standard deviation.
    """

    method: str
    problem: str
    images: Tensor
    right: Tensor
    read: Estimate
    apart: Estimate
    exact: float | None
    residual: float | None
    seconds: float


@dataclass(frozen=True, eq=False)
class Table:
    """rows, and for each problem what the classifier reads of the damaged digits, seen: (N, 1, 28, 28) uint8.

    zetas: of each problem, DPS's step and how it was chosen; none where it was given.
    """

    config: TableConfig
    rows: tuple[Row, ...]
    inverse: tuple[Row, ...]
    seen: dict[str, Tensor]
    floors: dict[str, Estimate]
    truth: Estimate
    zetas: dict[str, Zeta] = field(default_factory=dict)


def table(
    model: Model, palette: Model, judge: Classifier, digits: Digits, config: TableConfig, report: Report = silent,
    training: Digits | None = None,
) -> Table:  # fmt: skip
    """Every method on every mask, then DPS on every inverse problem.

    training: digits to choose DPS's zeta on, needed unless the config names one.
    """
    chosen = digits.part(0, config.digits)
    most = max(turns(name, config.resamplings) for name in METHODS)
    require_calls(
        model, longest=LONGEST, digits=2 * len(chosen), masks=len(MASKS), steps=config.steps, turns=most
    )
    jobs = [(problem, name) for problem in MASKS for name in (*METHODS, PALETTE)]
    choosing = len(MASKS) + len(INVERSE) if config.zeta is None else 0
    parts = choosing + len(jobs) + len(INVERSE)
    zetas = (
        {}
        if not choosing
        else chosen_zetas(model, training, config, lambda turn: turn_of(report, turn, parts))
    )

    def tuned(problem: str) -> TableConfig:
        return replace(config, zeta=zetas[problem].value) if zetas else config

    rows = [
        _filled(
            model,
            palette,
            judge,
            chosen,
            tuned(problem),
            problem,
            name,
            turn_of(report, choosing + turn, parts),
        )
        for turn, (problem, name) in enumerate(jobs)
    ]
    inverse = [
        _inverted(
            model, judge, chosen, tuned(problem), problem, turn_of(report, choosing + len(jobs) + turn, parts)
        )
        for turn, problem in enumerate(INVERSE)
    ]
    seen = {name: torch.where(hole, 0, chosen.images) for name, hole in MASKS.items()}
    floors = {name: share_of(features(judge, x).classes == chosen.labels) for name, x in seen.items()}
    whole = share_of(features(judge, chosen.images).classes == chosen.labels)
    return Table(config, tuple(rows), tuple(inverse), seen, floors, whole, zetas)


def chosen_zetas(
    model: Model, training: Digits | None, config: TableConfig, part: Callable[[int], Report]
) -> dict[str, Zeta]:
    """DPS's step for every mask and every inverse problem, by the squared error on training digits."""
    require(
        training is not None and training.split == "train",
        "DPS's zeta is to be chosen on training digits, and none were given: give them, or name a zeta.",
    )
    few = training.part(0, min(TRAINING, config.digits))  # type: ignore[union-attr]
    truth = to_model(few.images).to(model.device)
    everywhere = torch.ones((1, 1, 28, 28), dtype=torch.bool, device=model.device)
    found = {}
    for turn, problem in enumerate((*MASKS, *INVERSE)):
        hole = MASKS[problem].to(model.device)[None, None] if problem in MASKS else everywhere

        def error_of(zeta: float, problem: str = problem, hole: Tensor = hole) -> float:
            here = replace(config, zeta=zeta)
            if problem in MASKS:
                walker = METHODS["DPS"](model, truth, ~hole, here)
            else:
                walker = _measuring(model, problem, here, _measured(model, problem, truth, here))
            return error(model, walker, truth, hole, config.seed)

        found[problem] = least(error_of, ZETAS, part(turn))
    return found


def _filled(
    model: Model, palette: Model, judge: Classifier, digits: Digits, config: TableConfig, problem: str, method: str,
    report: Report,
) -> Row:  # fmt: skip
    """Both completions of every digit by one method, and its time."""
    hole, start = MASKS[problem].to(model.device), time.perf_counter()
    known = to_model(digits.images).to(model.device)
    if method == PALETTE:
        x = _by_palette(palette, digits, hole, config, report)
    else:
        x = _twice(model, lambda part: METHODS[method](model, part, ~hole, config), known, config, report)
    seconds = time.perf_counter() - start
    off = ((x[0] - known).abs() * 127.5).flatten(1)[:, ~hole.flatten()].amax(1)
    exact = float((off <= 1).double().mean())
    return _row(method, problem, x, hole, judge, digits, exact, None, seconds)


def _inverted(
    model: Model, judge: Classifier, digits: Digits, config: TableConfig, problem: str, report: Report
) -> Row:
    """DPS on y = A(x0) + noise."""
    operator, std = INVERSE[problem]
    start, truth = time.perf_counter(), to_model(digits.images).to(model.device)
    y = _measured(model, problem, truth, config)

    def walker(part: Tensor) -> Walker:
        return _measuring(model, problem, config, part)

    x = _twice(model, walker, y, config, report)
    residual = float((operator(x[0]) - y).square().mean().sqrt()) / std
    everywhere = torch.ones(28, 28, dtype=torch.bool, device=model.device)
    seconds = time.perf_counter() - start
    return _row("DPS", problem, x, everywhere, judge, digits, None, residual, seconds)


def _measured(model: Model, problem: str, truth: Tensor, config: TableConfig) -> Tensor:
    """y = A(x0) + noise."""
    operator, std = INVERSE[problem]
    clean = operator(truth)
    return clean + std * randn_like(clean, seeded(config.seed, model.device))


def _measuring(model: Model, problem: str, config: TableConfig, y: Tensor) -> Walker:
    """DPS, told what was measured."""
    require(config.zeta is not None, "DPS needs a zeta: choose one on training digits.")
    step = following(ddim(config.eta), INVERSE[problem][0], y, config.zeta or 0.0)
    return step, model.within(model.denoise), model.schedule.grid(config.steps)


def _twice(
    model: Model, walker: Callable[[Tensor], Walker], told: Tensor, config: TableConfig, report: Report
) -> Tensor:
    """Two independent samples for each of `told` (N, ...), (2, N, 1, 28, 28) in [-1, 1]."""
    rng, parts = seeded(config.seed, model.device), torch.cat([told, told]).split(BATCH)
    made = []
    for number, part in enumerate(parts):
        step, denoise, grid = walker(part)
        start = starting_noise((len(part), *model.shape), grid[0], rng)
        states = checked(walk(step, denoise, start, grid, rng))
        made.append(final(watched(states, turn_of(report, number, len(parts)), len(grid) - 1)))
    return torch.cat(made).view(2, len(told), *model.shape)


def _by_palette(palette: Model, digits: Digits, hole: Tensor, config: TableConfig, report: Report) -> Tensor:
    """Palette completes the digit in colour; its ink is read off the luminance, as gray is for the others."""
    rng = seeded(config.seed, palette.device)
    truth = coloured(to_model(digits.images).to(palette.device), digits.labels.to(palette.device), rng)
    holes = hole.expand(len(truth), 1, 28, 28)

    def walker(seen: Tensor) -> Walker:
        denoise = told_picture(palette, seen, holes[:1])
        return ddim(config.eta), denoise, palette.schedule.grid(config.steps)

    seen = torch.where(holes, randn_like(truth, rng), truth)
    x = _twice(palette, walker, seen, config, report)
    return 2 * inked(x.flatten(0, 1)).view(2, len(truth), 1, 28, 28) - 1


def _row(
    method: str, problem: str, x: Tensor, hole: Tensor, judge: Classifier, digits: Digits, exact: float | None,
    residual: float | None, seconds: float,
) -> Row:  # fmt: skip
    images = to_uint8(x[0]).cpu()
    right = features(judge, images).classes == digits.labels
    gray = (x.clamp(-1, 1) + 1) * 127.5
    each = ((gray[0] - gray[1]).square() / 2).flatten(1)[:, hole.flatten()].mean(1).sqrt().double().cpu()
    spread = interval_of_mean(each)
    apart = Estimate(spread.value, max(0.0, spread.low), spread.high)
    return Row(method, problem, images, right, share_of(right), apart, exact, residual, seconds)


def claims(found: Table) -> list[str]:
    """Who is read right more often, over all masks, tested on the same digits; and who keeps what is known."""
    N = f"N = {found.config.digits:,} digits, {len(MASKS)} masks"
    said = []
    for more, less in (("RePaint", "re-noise"), ("DPS", "re-noise"), (PALETTE, "RePaint")):
        gap = read_apart(found, more, less)
        said.append(
            f"**{more} is read right more often than {less}**: {interval(gap, '+.1%')}: "
            f"{verdict(gap, N)}; {N}, seed {found.config.seed}, one training of each model."
        )
    kept = {name: min(r.exact or 0.0 for r in found.rows if r.method == name) for name in (*METHODS, PALETTE)}
    words = ", ".join(f"{name} {share:.0%}" for name, share in kept.items())
    said.append(
        f"**What is known is kept to one gray value**, before anything is pasted, at the worst mask: {words}."
    )
    if found.zetas:
        steps = ", ".join(f"{problem} {zeta.value:g}" for problem, zeta in found.zetas.items())
        said.append(
            f"**DPS's ζ** was chosen on {min(TRAINING, found.config.digits)} training digits by squared error, from "
            f"{', '.join(f'{z:g}' for z in ZETAS)}: {steps}."
        )
    return said


def read_apart(found: Table, more: str, less: str) -> Difference:
    """How much more often one method is read right, over the masks: of each digit the share, then the paired mean."""
    shares = [
        torch.stack([row.right for row in found.rows if row.method == name]).double().mean(0)
        for name in (more, less)
    ]
    apart = shares[0] - shares[1]
    return interval_of_mean(apart)


def sheet_of(found: Table, columns: int = 10) -> np.ndarray:
    """For each mask: the digits that are seen, then each method's completions; (rows * 28, columns * 28) uint8."""
    from playground.gif import tiled

    blocks = []
    for problem, seen in found.seen.items():
        shaded = torch.where(MASKS[problem], 96, seen)
        rows = [shaded[:columns], *(row.images[:columns] for row in found.rows if row.problem == problem)]
        blocks.append(tiled(torch.cat(rows)[:, 0].numpy(), columns=min(columns, len(seen))))
    return np.concatenate(blocks)
