"""The lecture's Table 1 on MNIST: eta down, steps across (DDIM, Song et al. 2021, Table 1).

A cell is one JSON file, written whole when it is finished.  So a kill costs at most one cell, a second call
goes on, and a page can read a table that is still being filled.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from images.metrics.estimates import FCD, Estimate
from images.metrics.evaluate import EvaluateConfig, Yardstick, fingerprint, generate
from images.models import Model
from images.sampling import DDPM_BETA
from playground.errors import SEEDS, UserError, require
from playground.files import write_atomically
from playground.knobs import Knobs, knob
from playground.levels import EVEN
from playground.statistics import HOLDS, Difference, difference, verdict

SIGMA_HAT = "sigma-hat"
ETAS = ("0", "0.2", "0.5", "1", SIGMA_HAT)
STEPS = (10, 20, 50, 100, 1000)
LECTURE = {  # FID in the lecture's table, ETAS down, STEPS across
    "CIFAR10": (
        (13.36, 6.84, 4.67, 4.16, 4.04),
        (14.04, 7.11, 4.77, 4.25, 4.09),
        (16.66, 8.35, 5.25, 4.46, 4.29),
        (41.07, 18.36, 8.01, 5.78, 4.73),
        (367.43, 133.37, 32.72, 9.99, 3.17),
    ),
    "CelebA": (
        (17.33, 13.73, 9.17, 6.53, 3.51),
        (17.66, 14.11, 9.51, 6.79, 3.64),
        (19.86, 16.06, 11.01, 8.09, 4.28),
        (33.12, 26.03, 18.48, 13.93, 5.98),
        (299.71, 183.83, 71.71, 45.20, 3.26),
    ),
}


@dataclass(frozen=True)
class TableConfig(Knobs):
    """samples: images in each cell; etas: numbers from 0 to 1 as text, or "sigma-hat", DDPM's beta; spacing: of the
    times, as in `playground.levels.SPACINGS`.
    """

    samples: int = 1000
    etas: tuple[str, ...] = ETAS
    steps: tuple[int, ...] = STEPS
    seed: int = knob(0, *SEEDS, "The seed")
    spacing: str = EVEN

    def __post_init__(self) -> None:
        super().__post_init__()
        for eta, steps in self.cells:
            self.cell(eta, steps)  # each cell's own rules are checked before the first is computed

    @property
    def cells(self) -> list[tuple[str, int]]:
        """(eta, steps), the quick ones first."""
        etas = list(dict.fromkeys(map(canonical, self.etas)))
        return [(eta, steps) for steps in sorted(set(self.steps)) for eta in etas]

    def cell(self, eta: str, steps: int) -> EvaluateConfig:
        sampler, noise = (DDPM_BETA, 0.0) if eta == SIGMA_HAT else ("DDIM", float(eta))
        return EvaluateConfig(self.samples, sampler, steps, noise, self.seed, 0, self.spacing)


def canonical(eta: str) -> str:
    """One spelling for each eta: "0.20" is "0.2"."""
    if eta == SIGMA_HAT:
        return eta
    try:
        return f"{float(eta):g}"
    except ValueError:
        raise UserError(
            f"eta is {eta!r}; it must be a number from 0 to 1, or {SIGMA_HAT}: choose one."
        ) from None


@dataclass(frozen=True)
class Cell:
    """One finished cell.  metrics, floors: by name, as in `images.metrics.estimates`; seconds: what it took."""

    eta: str
    steps: int
    metrics: dict[str, Estimate]
    floors: dict[str, Estimate]
    seconds: float


@dataclass(frozen=True)
class TableProgress:
    """cell: what is being computed; done, total: network evaluations per image over the missing cells."""

    cell: tuple[str, int]
    done: float
    total: int
    seconds_left: float | None


def fill(
    model: Model,
    config: TableConfig,
    yardstick: Yardstick,
    out: Path,
    report: Callable[[TableProgress], None] = lambda progress: None,
) -> list[Cell]:
    """Computes the cells that `out` lacks, and returns all that were asked for."""
    model.schedule.subset(max(config.steps))  # more steps than the schedule has are refused at once
    _claim(out, _settings(model, config, yardstick))
    missing = [key for key in config.cells if read_cell(out, *key) is None]
    floors = yardstick.floors(config.samples, config.seed) if missing else {}
    total, before, start = sum(steps for _, steps in missing), 0, time.perf_counter()
    for eta, steps in missing:

        def show(
            stage: str, done: int, of: int, here: tuple[str, int] = (eta, steps), before: int = before
        ) -> None:
            if stage == "generating":
                walked = before + here[1] * done / of
                pace = (time.perf_counter() - start) / walked if walked else None
                report(TableProgress(here, walked, total, pace and pace * (total - walked)))

        began = time.perf_counter()
        images = generate(model, config.cell(eta, steps), show)
        metrics = yardstick.measure(images, config.seed)[1]
        _write_cell(out, Cell(eta, steps, metrics, floors, round(time.perf_counter() - began, 1)))
        before += steps
    return [cell for key in config.cells if (cell := read_cell(out, *key)) is not None]


def lowest(cells: list[Cell], metric: str = FCD) -> dict[int, list[Cell]]:
    """For each number of steps its cells, the lowest value first: which eta wins, and by how much."""
    columns: dict[int, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.metrics[metric].value):
        columns.setdefault(cell.steps, []).append(cell)
    return dict(sorted(columns.items()))


def tied(column: list[Cell], metric: str = FCD) -> list[Cell]:
    """Those of a column of `lowest` that the first one has not beaten: each difference is tested by itself, at 95 %.

    Cells start from the same noise.  Luck that two of them share leaves their difference; counted as independent,
    they are told apart too seldom rather than too often.
    """
    best = column[0].metrics[metric]
    return [cell for cell in column[1:] if verdict(ahead(best, cell.metrics[metric])) != HOLDS]


def ahead(best: Estimate, other: Estimate) -> Difference:
    """By how much `best` is lower."""
    return difference(other.value, other.se, best.value, best.se)


# --- the directory ----------------------------------------------------------------------------------------


def _settings(model: Model, config: TableConfig, yardstick: Yardstick) -> dict[str, Any]:
    """What all cells of a table must share, or they could not be compared."""
    return {
        "metric": FCD,
        "samples": config.samples,
        "seed": config.seed,
        "times": config.spacing,
        "model": fingerprint(model),
        "training digits": yardstick.training.fingerprint(),
        "test digits": yardstick.test.fingerprint(),
    }


def _claim(out: Path, settings: dict[str, Any]) -> None:
    """Writes the settings into a new directory; refuses one that was begun with others."""
    path = out / "table1.json"
    if not path.exists():
        write_atomically(path, json.dumps(settings, indent=1).encode())
        return
    for name, value in read_settings(out).items():
        require(
            settings.get(name) == value,
            f"{out} holds a table with {name} {value!r}, not {settings.get(name)!r}: "
            "go on with the same, or name another directory.",
        )


def read_settings(out: Path) -> dict[str, Any]:
    """What the table in `out` was begun with.  Raises UserError where there is none."""
    try:
        return {"times": EVEN} | json.loads((out / "table1.json").read_text())  # older tables know no other
    except (OSError, ValueError) as error:
        raise UserError(
            f"There is no readable table in {out} ({error}): fill one, or name another."
        ) from error


def _path(out: Path, eta: str, steps: int) -> Path:
    return out / f"eta-{canonical(eta)}_steps-{steps}.json"


def _write_cell(out: Path, cell: Cell) -> None:
    write_atomically(_path(out, cell.eta, cell.steps), json.dumps(asdict(cell), indent=1).encode())


def read_cell(out: Path, eta: str, steps: int) -> Cell | None:
    """None where the cell is not finished, or its file is damaged and must be computed again."""
    try:
        plain = json.loads(_path(out, eta, steps).read_text())
        for column in ("metrics", "floors"):
            plain[column] = {name: Estimate(**value) for name, value in plain[column].items()}
        return Cell(**plain)
    except (OSError, ValueError, KeyError, TypeError):
        return None
