"""The best w by length of training: what is counted against closed forms, and what the exact model says."""

import json

import numpy as np
import pytest

from playground.errors import UserError
from playground.statistics import HOLDS
from toy2d.__main__ import main
from toy2d.guidance.best_w import EXACT, BestW, BestWConfig, best_w, claims

SMALL = {
    "lengths": (20, 400),
    "trainings": 3,
    "ws": (0.0, 0.5, 2.0),
    "particles": 400,
    "points": 1_000,
    "steps": 20,
}


def told(short: list[list[float]], long: list[list[float]]) -> BestW:
    config = BestWConfig(lengths=(10, 1000), trainings=len(short), ws=(0.0, 1.0, 2.0))
    return BestW(config, {"10": np.array(short), "1000": np.array(long)}, 0.05)


def test_the_best_w_is_where_the_distance_is_least_and_the_difference_is_paired():
    found = told(
        [[3, 2, 1], [3, 1, 2], [3, 2, 1], [3, 2, 1.5]],
        [[1, 2, 3], [1, 2, 3], [1.5, 1, 3], [1, 2, 3]],
    )
    assert found.best("10").tolist() == [2, 1, 2, 2] and found.best("1000").tolist() == [0, 0, 1, 0]
    apart = np.array([2, 1, 1, 2])
    larger = found.larger()
    assert larger.value == pytest.approx(1.5)
    assert larger.high - larger.value == pytest.approx(
        3.1824 * apart.std(ddof=1) / 2, rel=1e-4
    )  # t, 3 degrees
    assert f": {HOLDS};" in claims(found)[-1]


def test_the_gain_is_of_a_w_that_the_other_trainings_chose():
    """Each training's own least is elsewhere; what the others choose is worse than nothing for it."""
    found = told([[1, 0.5, 1.4], [1, 1.4, 0.5]], [[1, 2, 3], [1, 2, 3]])
    assert found.gain("10").value == pytest.approx(1 - 1.4)
    assert found.gain("1000").value == 0  # w = 0 is the best: nothing is gained


def test_exact_models_want_no_guidance():
    found = best_w(BestWConfig(**SMALL))
    assert list(found.distances) == ["20", "400", EXACT]
    assert (found.best(EXACT) == 0).all()
    assert (found.distances[EXACT][:, 0] < found.distances["20"][:, 0]).all()
    assert (np.diff(found.distances[EXACT], axis=1) > 0).all()  # each more of it leads farther away
    assert np.isfinite(found.distances["20"]).all() and len(claims(found)) == 4


def test_more_training_is_nearer_without_guidance():
    found = best_w(BestWConfig(**{**SMALL, "ws": (0.0, 1.0)}))
    assert found.distances["400"][:, 0].mean() < found.distances["20"][:, 0].mean()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"ws": (1.0, 2.0)}, "begin with 0"), ({"ws": (0.0,)}, "begin with 0"), ({"ws": (0.0, 50.0)}, "guidance w is 50"),
     ({"lengths": ()}, "length of training"), ({"lengths": (0,)}, "training steps is 0"), ({"label": 9}, "class is 9"),
     ({"trainings": 1}, "trainings is 1"), ({"particles": 50_000, "trainings": 50}, "is taken on")],
)  # fmt: skip
def test_bad_settings_are_refused(wrong, said):
    with pytest.raises(UserError, match=said):
        BestWConfig(**wrong)


def test_the_command_writes_the_chart_and_the_numbers(tmp_path, capsys):
    few = [
        "--lengths",
        "5",
        "20",
        "--trainings",
        "2",
        "--ws",
        "0",
        "1",
        "--steps",
        "4",
        "--particles",
        "100",
        "--points",
        "200",
    ]
    assert main(["best-w", *few, "--out", str(tmp_path)]) == 0
    about = json.loads((tmp_path / "best-w.json").read_text())
    assert set(about["distances"]) == {"5", "20", EXACT} and (tmp_path / "best-w.png").is_file()
    assert "The weaker model wants the larger w" in capsys.readouterr().out
