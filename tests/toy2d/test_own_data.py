"""Finite data: the empirical optimum against autograd and mixtures, what is pasted or painted, page and command."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from page_opened import fine, opened
from scipy import stats
from sklearn.datasets import make_circles, make_moons

from playground.errors import UserError
from playground.levels import Level, noised, randn_like, seeded
from playground.ui.points import MOST, decode_points, encode_points
from toy2d import empirical
from toy2d.__main__ import main
from toy2d.datasets import DATASETS, MOST_POINTS, Fit, draw, fitted, parse_csv
from toy2d.empirical import Empirical, nearest_distances
from toy2d.mixture import Mixture
from toy2d.noised import LOST
from toy2d.own_data.experiment import OwnDataConfig, last_fine_grid, own_data, train_network
from toy2d.presets import EXTENT

PAGE = Path(__file__).parents[2] / "toy2d/own_data/page.py"
LEVELS = [Level.of(sigma=0.05), Level.of(0.8, 0.6), Level.of(0.01, 1.0), Level.of(sigma=20.0)]
TRIANGLE = ((-4.0, -4.0), (4.0, -4.0), (0.0, 5.0))


@pytest.fixture
def data() -> torch.Tensor:
    return 4 * torch.randn((30, 2), generator=seeded(0), dtype=torch.float64)


# --- the exact optimum ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
def test_the_score_is_autograd_of_the_log_density(data, level):
    level = level.to(data)
    x = noised(data, randn_like(data, seeded(1)), level).requires_grad_()
    gradient = torch.autograd.grad(Empirical(data).log_prob(x, level).sum(), x)[0]
    assert torch.allclose(Empirical(data).score(x.detach(), level), gradient, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_it_is_the_limit_of_a_mixture_of_narrow_modes(data, level):
    """Modes of standard deviation 1e-5 at every point differ from the points by 1e-10 in all closed forms."""
    narrow, level = Mixture.of(data.tolist(), std=1e-5, dtype=torch.float64), level.to(data)
    x = noised(data, randn_like(data, seeded(1)), level)
    assert torch.allclose(Empirical(data)(x, level), narrow(x, level), atol=1e-5)
    assert torch.allclose(Empirical(data).log_prob(x, level), narrow.log_prob(x, level), atol=1e-5)


def test_no_noise_gives_the_nearest_point_and_much_noise_the_mean(data):
    x = data + 0.01
    assert torch.equal(Empirical(data)(x, Level.of(sigma=0.0)), data)
    assert torch.allclose(Empirical(data)(x, Level.of(1e-9, 1.0)), data.mean(0).expand(30, 2), atol=1e-6)
    far = torch.full((1, 2), 1e6, dtype=torch.float64)  # no weight is a number there but in log space
    assert Empirical(data)(far, Level.of(sigma=0.01)).isfinite().all()


@pytest.mark.parametrize("sigma", [1e-4, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 20.0])
def test_single_precision_knows_the_weights_at_any_noise(data, sigma):
    """By products where these are precise, by differences elsewhere: a logit is LOST off at most, by which a weight
    changes by as much of itself, and a mean by no more of the data's diameter."""
    level, points = Level.of(0.9, sigma), 3 * data
    x = level.alpha * points + sigma * torch.randn(30, 2, generator=seeded(3), dtype=torch.float64)
    single = Empirical(points.float())(x.float(), level)
    off = (single - Empirical(points)(x, level)).abs().max()
    rounding = float(torch.cdist(points, points).max())
    assert off < 10 * LOST * rounding


def test_the_optimum_has_a_gradient_at_any_noise(data):
    """Along and across: by finite differences, where squares are expanded and where they are not."""
    for sigma in (0.05, 1.0):
        x = (data[:4] + 0.01).clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda x, s=sigma: Empirical(data.double())(x, Level.of(sigma=s)), x)


def test_each_sample_may_have_its_own_level_and_chunks_change_nothing(data, monkeypatch):
    sigma = torch.linspace(0.1, 3, 30, dtype=torch.float64)[:, None]
    x = noised(data, randn_like(data, seeded(1)), Level(torch.ones_like(sigma), sigma))
    whole = Empirical(data)(x, Level(torch.ones_like(sigma), sigma))
    monkeypatch.setattr(empirical, "PAIRS", 7 * 30)
    assert torch.allclose(Empirical(data)(x, Level(torch.ones_like(sigma), sigma)), whole, atol=1e-12)
    one = torch.cat([Empirical(data)(x[i : i + 1], Level.of(sigma=float(sigma[i]))) for i in range(30)])
    assert torch.allclose(one, whole, atol=1e-6)  # these levels are float32


def test_nearest_distances_leave_a_point_out_of_its_own(data, monkeypatch):
    square = (data[:, None] - data[None]).norm(dim=2)
    assert torch.allclose(nearest_distances(data, data), torch.zeros(30, dtype=torch.float64))
    square.fill_diagonal_(np.inf)
    monkeypatch.setattr(empirical, "PAIRS", 7 * 30)
    assert torch.allclose(nearest_distances(data, data, leave_one_out=True), square.amin(1))


# --- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(DATASETS))
def test_named_data_lie_in_the_square_and_follow_their_seed(name):
    x = draw(name, 2_000, seeded(0))
    assert x.shape == (2_000, 2) and x.abs().max() < EXTENT and x.abs().max() > 5
    assert torch.equal(x, draw(name, 2_000, seeded(0))) and not torch.equal(x, draw(name, 2_000, seeded(1)))


@pytest.mark.parametrize("name", DATASETS)
def test_the_points_of_a_set_are_drawn_independently(name):
    """The means of 300 draws of 100 points vary as a hundredth of the points' own variance does.  sklearn's evenly
    spaced moons have a thirtieth of that, and the floor came out at a third of its value.  A variance of 300 is known
    to 8 % (kurtosis of these sets is below that of a normal): 35 % is more than four standard errors.
    """
    rng = seeded(0)
    means = torch.stack([draw(name, 100, rng).mean(0) for _ in range(300)])
    assert torch.allclose(means.var(0) * 100, draw(name, 10_000, rng).var(0), rtol=0.35)


@pytest.mark.parametrize("name, make", [("moons", make_moons), ("circles", make_circles)])
def test_drawn_points_have_sklearns_distribution(name, make):
    """Along 16 directions, by Kolmogorov and Smirnov: 1.95 is exceeded once in a thousand by chance (of independent
    draws; sklearn's evenly spaced ones lie nearer to their law), and 16 directions are far from independent.
    """
    arguments = {"moons": {"noise": 0.06}, "circles": {"noise": 0.04, "factor": 0.5}}[name]
    x = make(8_000, random_state=0, **arguments)[0]
    x = 4.5 * (x - [0.5, 0.25]) if name == "moons" else 6.5 * x
    angles = np.pi * np.arange(16) / 16
    rays, found = np.stack([np.cos(angles), np.sin(angles)]), draw(name, 8_000, seeded(0)).double().numpy()
    worst = max(stats.ks_2samp(x @ ray, found @ ray).statistic for ray in rays.T)
    assert worst * np.sqrt(8_000 / 2) < 1.95


def test_the_checkerboard_is_uniform_on_its_dark_squares():
    cells = ((draw("checkerboard", 8_000, seeded(0)) + 8) / 4).floor().long()
    counts = torch.bincount(4 * cells[:, 1] + cells[:, 0], minlength=16)
    dark = counts[counts > 0]
    assert len(dark) == 8 and (cells.sum(1) % 2 == cells[0].sum() % 2).all()
    assert (dark - 1_000).abs().max() < 4 * np.sqrt(1_000 * 7 / 8)  # four standard deviations of a binomial


@pytest.mark.parametrize(
    "text",
    ["x,y\n1,2\n3,-4e1\n", "1;2\r\n3;-40", "1\t2\n\n# remark\n3\t-40", " 1   2 \n 3 -40 ", "1, 2\n3, -40,\n"],
)
def test_csv_in_the_usual_forms(text):
    assert parse_csv(text).tolist() == [[1, 2], [3, -40]]


@pytest.mark.parametrize(
    "text",
    [
        "-1,2\n3,-40",
        "\N{MINUS SIGN}1,2\n3,\N{MINUS SIGN}40",
        "\N{EN DASH}1 2\n3 \N{FULLWIDTH HYPHEN-MINUS}40",
        '"-1","2"\n"3","-40"',
        "'-1';'2'\n'3';'-40'",
        '" -1 ", "2"\n3\t" -40"',
        "\ufeff-1,2\n3,-40",
        '"x","y (cm)"\n-1,2\n3,-40',
    ],
)
def test_a_first_row_of_numbers_is_no_header_however_it_is_written(text):
    assert parse_csv(text).tolist() == [[-1, 2], [3, -40]]


@pytest.mark.parametrize(
    "text, words",
    [
        ("1,2\n3\n", "Row 2 has 1 value; it must have two"),
        ("x,y,z\n1,2,3\n", "Row 2 has 3 values; it must have two"),
        ("1,2\n\n3,four\n", "Row 3 has 'four'; that is not a number"),
        ("1,2\n3,nan\n", "Row 2 has nan; values must be finite"),
        ("1,1e300", "Row 1 has 1e300"),
        ("1,2\nx,y\n", "Row 2 has 'x'"),
        ("1,,2", "Row 1 has 3 values"),
        ("1\t\t2", "Row 1 has 3 values"),
        (",1,2", "Row 1 has 3 values"),
        ("\t1\t2", "Row 1 has 3 values"),
        ("1,2\n3,\n", "Row 2 has an empty value"),
        ('"",2', "Row 1 has an empty value"),
        ("--,--\n1,2", "Row 1 has '--'"),  # a header has letters
        ("1-2,3-4\n1,2", "Row 1 has '1-2'"),
        ("1_000,2", "Row 1 has '1_000'"),
        ('"1,5"', "Row 1 has '\"1'"),
        ("1,2\n" * (MOST_POINTS + 1), "at most 10,000"),
    ],
)
def test_a_bad_row_is_named_with_the_remedy(text, words):
    with pytest.raises(UserError, match=words):
        parse_csv(text)


def test_given_points_are_fitted_into_the_square_and_good_ones_left_alone():
    small = np.array([[1000.0, 5.0], [1000.2, 5.1]])
    points, fit = fitted(small)
    assert np.abs(points).max() == pytest.approx(8) and np.allclose(points / fit.scale + fit.centre, small)
    assert np.ptp(points[:, 0]) / np.ptp(points[:, 1]) == pytest.approx(2)  # both axes alike
    assert fitted(np.array(TRIANGLE))[1] == Fit()
    for wrong, words in (
        ([[1.0, 2.0]], "There is 1 point"),
        ([], "There are 0"),
        ([[3.0, 3]] * 5, "one place"),
    ):
        with pytest.raises(UserError, match=words):
            fitted(np.array(wrong).reshape(-1, 2))


def test_painted_points_survive_the_way_and_nothing_else_is_taken():
    points = np.array([[1.2345, -9.0], [0.0, 8.9996]])
    assert np.allclose(decode_points(encode_points(points)), points, atol=6e-4)  # three decimals
    assert decode_points("[]").shape == (0, 2)
    many = json.dumps([[0, 0]] * (MOST + 1))
    shapes = ("", "{}", "null", "7", "[1, 2]", "[[1]]", "[[1, 2, 3]]")
    for wrong in (*shapes, '[["a", 1]]', "[[1e9, 0]]", "[[NaN, 0]]", many):
        with pytest.raises(UserError):
            decode_points(wrong)


def test_a_million_points_are_refused_before_they_are_read(monkeypatch):
    """Their number alone is looked at: nothing parses them, so no size takes longer than counting."""
    forged = json.dumps([[0.125, 0.125]] * 1_000_000)

    def never(text: str) -> None:
        raise AssertionError("parsed")

    with monkeypatch.context() as patched:
        patched.setattr("playground.ui.points.json.loads", never)
        patched.setattr("toy2d.datasets._pair", never)
        with pytest.raises(UserError, match="at most 2,000 points"):
            decode_points(forged)
        with pytest.raises(UserError, match="at most 10,000 are taken"):
            parse_csv("1,2\n" * (MOST_POINTS + 1))
        with pytest.raises(UserError, match=r"characters; at most 2,000,000"):
            parse_csv("1,2\n" * 1_000_000)
    rng = np.random.default_rng(0)
    most = rng.uniform(-9, 9, (MOST, 2))
    assert np.allclose(
        decode_points(encode_points(most)), most, atol=6e-4
    )  # as many as are allowed, three decimals


# --- the experiment ---------------------------------------------------------------------------------------


def test_the_optimum_copies_and_a_barely_trained_network_does_not():
    config = OwnDataConfig(n=50, train_steps=60, width=32, steps=20, particles=400, frames=5)
    result = own_data(config, train_network(config))
    assert result.optimum.copies > 0.98  # at the last level sigma is 0.01, a twentieth of a copy's distance
    assert result.network.copies < 0.2
    # a share s of the typical distance holds about s**2 ln 2 of the fresh data: 3 %, on a curve up to s ln 2 = 14 %
    assert 0.005 < result.fresh_copies < 0.15
    assert result.below == pytest.approx(config.threshold * np.median(result.reference), rel=1e-3)
    assert 0 < result.floor < result.network.to_fresh


def test_the_optimum_samples_each_point_alike():
    config = OwnDataConfig("own", given=TRIANGLE, steps=50, particles=900, frames=3)
    result = own_data(config)
    ends = torch.from_numpy(result.optimum.xs[-1])
    at = torch.cdist(ends, torch.tensor(TRIANGLE)).argmin(1)
    shares = torch.bincount(at, minlength=3) / 900
    assert (
        shares - 1 / 3
    ).abs().max() < 0.08  # five standard errors; the start, N(0, I) but for 0.6 %, adds a little
    assert result.network is None and result.floor is None and result.optimum.to_fresh is None


def test_points_given_twice_do_not_make_the_threshold_vanish():
    result = own_data(OwnDataConfig("own", given=TRIANGLE * 5, steps=5, particles=20, frames=3))
    assert result.typical == pytest.approx(8.0)  # two corners are 8 apart, and that is the nearest of most


def test_the_grid_ends_in_the_last_traces_of_noise():
    sigmas = [float(level.sigma) for level in last_fine_grid(10)]
    assert sigmas == sorted(sigmas, reverse=True) and sigmas[-1] == 0 and 0 < sigmas[-2] < 0.011


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"source": "x"}, "data are 'x'"),
        ({"n": 1}, "training points is 1"),
        ({"threshold": 0.0}, "threshold is 0"),
        ({"train_steps": 0}, "training steps is 0"),
        ({"given": ((0.0, 0.0),)}, "given points is 1"),
    ],
)
def test_bad_settings_are_named(wrong, words):
    with pytest.raises(UserError, match=words):
        OwnDataConfig(**wrong)


# --- page and command -------------------------------------------------------------------------------------


def test_the_page_opens_takes_a_csv_and_names_a_bad_row():
    app = opened(PAGE, train="100", width="16", samples="200")
    fine(app.select_slider(key="n").set_value(10).run())
    # The optimum for finite data ends on the data: every sample copies one of the ten points.
    assert {m.label: m.value for m in app.metric}["Copies: exact optimum"] == "100.0%"
    fine(app.segmented_control(key="source").set_value("csv").run())
    app.text_area(key="csv").set_value("1,2\n3\n").run()
    assert "Row 2 has 1 value" in app.error[0].value
    fine(app.segmented_control(key="source").set_value("painted").run())


def test_a_long_training_waits_for_a_click():
    app = opened(PAGE, train="10000", samples="100")
    assert "not trained" in [metric.value for metric in app.metric]
    assert any("Train for 10,000" in button.label for button in app.button)


def test_the_command_writes_numbers_picture_and_animation(tmp_path, capsys):
    few = ["--n", "20", "--train-steps", "20", "--width", "16", "--steps", "5", "--particles", "100"]
    assert main(["own-data", *few, "--out", str(tmp_path)]) == 0
    numbers = json.loads((tmp_path / "own-data.json").read_text())
    assert numbers["optimum"]["copies"] > 0.9 and numbers["floor"] > 0
    assert (tmp_path / "own-data.png").stat().st_size > 1_000
    assert (tmp_path / "own-data.gif").read_bytes()[:3] == b"GIF"
    bad = tmp_path / "bad.csv"
    bad.write_text("1,2\n3,x\n")
    assert main(["own-data", "--csv", str(bad), "--out", str(tmp_path)]) == 2
    assert "Row 2 has 'x'" in capsys.readouterr().err
    assert main(["own-data", "--csv", str(tmp_path / "none.csv"), "--out", str(tmp_path)]) == 2
