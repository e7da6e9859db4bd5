"""The lecture, claim by claim: every claim points somewhere, verdicts follow from numbers, and Stop loses nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import images.topics
import toy2d.topics
from images.__main__ import parser as images_parser
from images.claims.digits import CLAIMS as ON_DIGITS
from images.data.mnist import load
from playground.claims import (
    Claim,
    Outcome,
    alike,
    all_of,
    as_good,
    as_json,
    chosen,
    kept,
    measure_each,
    mostly,
    no_less,
    shown,
    within,
)
from playground.errors import UserError
from playground.progress import silent
from playground.statistics import FAILS, HOLDS, OPEN, Difference, interval
from playground.topics import SECTIONS
from toy2d.__main__ import main as toy2d_main
from toy2d.__main__ import parser as toy2d_parser
from toy2d.claims import diffusion, langevin
from toy2d.claims.plane import CLAIMS as IN_THE_PLANE

ROOT = Path(__file__).parents[2]
WINGS = {
    "toy2d": (IN_THE_PLANE, toy2d.topics.TOPICS, toy2d_parser),
    "images": (ON_DIGITS, images.topics.TOPICS, images_parser),
}
ALL = [(wing, claim) for wing, (claims, _, _) in WINGS.items() for claim in claims]


# --- the lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wing, claim", ALL, ids=lambda part: getattr(part, "says", part))
def test_a_claim_names_a_section_a_page_and_a_command_that_there_are(wing: str, claim: Claim):
    _, topics, parser = WINGS[wing]
    assert claim.section in SECTIONS
    assert claim.page in {topic.address for topic in topics}
    assert claim.says.endswith(".") and len(claim.says) < 120
    start = f"python -m {wing} "
    assert claim.command.startswith(start)
    words = claim.command.removeprefix(start).split()
    assert parser(words[0]).parse_args(words).run


@pytest.mark.parametrize("wing", WINGS)
def test_claims_come_in_the_lectures_order_and_each_once(wing: str):
    claims = WINGS[wing][0]
    places = [SECTIONS.index(claim.section) for claim in claims]
    assert places == sorted(places)
    assert len({claim.says for claim in claims}) == len({claim.measure for claim in claims}) == len(claims)


# --- verdicts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "low, high, verdict",
    [(-0.04, 0.04, HOLDS), (0.06, 0.2, FAILS), (-0.2, -0.06, FAILS), (0.0, 0.1, OPEN), (-0.2, 0.2, OPEN)],
)
def test_no_difference_that_matters_is_told_from_the_whole_interval(low: float, high: float, verdict: str):
    assert within(0.05, Difference((low + high) / 2, low, high)) == verdict


def test_of_several_numbers_each_must_hold_and_one_that_fails_is_enough():
    assert all_of([HOLDS, f"{HOLDS} at N = 9"]) == HOLDS
    assert all_of([HOLDS, f"{OPEN} at N = 9"]) == OPEN
    assert all_of([f"{OPEN} at N = 9", FAILS, HOLDS]) == FAILS


@pytest.mark.parametrize(
    "low, high, told",
    [
        (-0.09, 0.09, (HOLDS, HOLDS, OPEN)), (0.01, 0.05, (FAILS, FAILS, FAILS)),
        (-0.5, 0.2, (OPEN, OPEN, OPEN)), (-0.5, -0.1, (FAILS, HOLDS, HOLDS)),
    ],
)  # fmt: skip
def test_as_large_no_less_and_as_good_are_told_from_the_whole_interval(low: float, high: float, told: tuple):
    apart = Difference((low + high) / 2, low, high)
    found = [alike(apart, "N = 9"), no_less(apart, "N = 9"), as_good(apart, "N = 9")]
    assert all(outcome.startswith(word) for outcome, word in zip(found, told, strict=True))
    assert all(outcome.endswith("at N = 9") for outcome in found if outcome.startswith(OPEN))


def test_most_are_so_where_wilsons_interval_lies_above_one_half():
    assert [mostly(hits, 20) for hits in (19, 11, 1)] == [HOLDS, f"{OPEN} at N = 20", FAILS]


CHEAP = [
    langevin.plain_forgets_pi,  # 1,000 steps from a square: both modes are some 5 standard deviations away
    langevin.collapses_without_noise,  # gradient ascent ends at the peaks
    diffusion.forward_at_once,  # an identity of Gaussians
    diffusion.guidance_overshoots,  # w = 3 on two classes that overlap
    diffusion.regression_lies_between,  # the ring is empty where two of its sides are averaged
]


@pytest.mark.parametrize("measure", CHEAP, ids=lambda measure: measure.__name__)
def test_what_must_be_so_in_closed_form_holds(measure):
    found = measure(silent)
    assert found.verdict == HOLDS and "N = " in found.words


def test_a_claim_that_is_not_so_does_not_hold(monkeypatch):
    """From exact samples plain Langevin dynamics keeps pi: then "it gets pi wrong" must not hold."""
    monkeypatch.setattr(langevin, "MIXING", replace(langevin.MIXING, start="data", L=2, T=10))
    assert langevin.plain_forgets_pi(silent).verdict != HOLDS


# --- a list of them -------------------------------------------------------------------------------------------


def claim(says: str, outcome: Outcome, log: list[str] | None = None) -> Claim:
    def measure(report):
        report(1, 2)
        if log is not None:
            log.append(says)
        return outcome

    return Claim(SECTIONS[0], says, "mixing", "python -m toy2d mixing", measure)


THREE = [claim(f"Claim {i}.", Outcome(f"{i} of N = 3", HOLDS)) for i in (1, 2, 3)]


def test_numbers_choose_claims_and_others_are_refused():
    assert list(chosen(THREE, None)) == [1, 2, 3]
    assert list(chosen(THREE, [3, 1, 3])) == [1, 3]
    with pytest.raises(UserError, match="Claim 4 is asked for, and there are claims 1 to 3"):
        chosen(THREE, [4])


def test_progress_rises_to_its_total_and_each_outcome_is_kept_at_once():
    reports, kept = [], []
    found = measure_each(
        chosen(THREE, [1, 3]),
        lambda done, total, stage="": reports.append((done, total)),
        lambda number, outcome: kept.append((number, outcome.words)),
    )
    assert list(found) == [1, 3] and kept == [(1, "1 of N = 3"), (3, "3 of N = 3")]
    dones = [done for done, _ in reports]
    assert dones == sorted(dones) and len({total for _, total in reports}) == 1
    assert reports[-1][0] == reports[-1][1] and len(set(dones)) == 5  # 0, a half, 1, one and a half, 2 claims


def test_the_table_and_the_json_say_the_same():
    claims = chosen(THREE, [2])
    found = measure_each(claims)
    (row,) = json.loads(as_json(claims, found))
    assert row["number"] == 2 and row["verdict"] == HOLDS
    for words in (row["claim"], row["words"], row["section"], row["command"]):
        assert words in shown(claims, found)
    assert interval(Difference(0.5, 0.25, 0.75), ".2f") == "0.50 (0.25 to 0.75)"


def test_the_command_writes_what_it_prints(tmp_path, capsys):
    number = next(i for i, each in enumerate(IN_THE_PLANE, 1) if each.measure is diffusion.forward_at_once)
    assert toy2d_main(["claims", "--only", str(number), "--out", str(tmp_path)]) == 0
    (row,) = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert row["claim"] == IN_THE_PLANE[number - 1].says and row["words"] in capsys.readouterr().out


# --- the page -------------------------------------------------------------------------------------------------

PAGE = """
from playground.claims import Claim, Outcome
from playground.topics import DDIM, SCORE
from playground.ui.claims import claims_page

def measure(report):
    return Outcome("0.5, N = 2.", "holds")

def fails(report):
    raise RuntimeError("the work ended here")

plane = [Claim(DDIM, "Second.", "few-steps", "a", measure), Claim(DDIM, "Third.", "few-steps", "b", fails)]
digits = [Claim(SCORE, "First.", "mixing", "c", measure)]
claims_page(lambda: {"plane": plane, "digits": digits})
"""


def test_the_page_lists_all_claims_in_order_and_measures_a_wing_at_a_time():
    app = AppTest.from_string(PAGE).run()
    assert not app.exception
    assert [each.value for each in app.subheader] == [
        SECTIONS[0],
        "Denoising diffusion implicit model (DDIM)",
    ]
    assert sum("not yet measured" in each.value for each in app.caption) == 3
    app.button(key="claims-digits-go").click().run()
    assert not app.exception
    row = next(each.value for each in app.markdown if "**holds.**" in each.value)
    assert "0.5, N = 2." in row and row.endswith("[Measured here.]")
    assert sum("not yet measured" in each.value for each in app.caption) == 2
    assert app.button(key="claims-digits-go").disabled


def test_what_was_measured_before_the_work_ended_is_kept():
    app = AppTest.from_string(PAGE).run()
    app.button(key="claims-plane-go").click().run()
    assert app.exception  # the second claim's
    app.run()
    assert not app.exception
    assert sum("**holds.**" in each.value for each in app.markdown) == 1
    assert "holds: 1. 1 of 2 measured here." in [each.value for each in app.caption]


def test_how_a_claim_came_out_before_is_shown_until_it_is_measured_here():
    before = 'before=lambda wings: {"digits": {1: Outcome("Then.", "does not hold")}})'
    app = AppTest.from_string(PAGE.replace('"digits": digits})', f'"digits": digits}}, {before}')).run()
    assert not app.exception
    rows = [each.value for each in app.markdown if "**" in each.value]
    assert len(rows) == 1 and "**does not hold.** Then." in rows[0] and "Measured here" not in rows[0]
    said = "does not hold: 1. Shown as they came out when this version was made."
    assert said in [each.value for each in app.caption]
    app.button(key="claims-digits-go").click().run()
    assert not any("Then." in each.value for each in app.markdown)


# --- what comes with the project ------------------------------------------------------------------------------

# A second or two each; the others are measured again with the slow tests.
QUICK = ("dpm", "score-fields", "inverse", "inpainting-2d", "guidance")


def shipped(wing: str) -> dict[int, Outcome]:
    return kept(ROOT / wing / "shipped" / "claims" / "claims.json", WINGS[wing][0])


@pytest.mark.parametrize("wing", WINGS)
def test_every_claim_of_today_has_come_out(wing: str, tmp_path):
    claims = WINGS[wing][0]
    assert set(shipped(wing)) == set(chosen(claims, None)), (
        f"python -m {wing} claims, and copy what it writes"
    )
    other = [replace(claims[0], says="Another claim."), *claims[1:]]
    assert 1 not in kept(ROOT / wing / "shipped" / "claims" / "claims.json", other)
    (tmp_path / "claims.json").write_text("[{}]", encoding="utf-8")
    assert kept(tmp_path / "claims.json", claims) == kept(tmp_path / "none.json", claims) == {}


@pytest.mark.parametrize(
    "wing, number",
    [
        pytest.param(wing, number, marks=[] if claim.page in QUICK else pytest.mark.slow)
        for wing, (claims, _, _) in WINGS.items()
        for number, claim in enumerate(claims, 1)
    ],
)
def test_a_claim_comes_out_as_it_did(wing: str, number: int):
    """Same seed: other processors' rounding moves no verdict, unless a number lies within rounding of its limit."""
    if wing == "images" and len(load("test", download=False)) != 10_000:
        pytest.skip("MNIST's files are not here, and it came out on its test digits")
    found = WINGS[wing][0][number - 1].measure(silent)
    assert found.verdict == shipped(wing)[number].verdict, found.words


def test_where_the_app_serves_others_nothing_can_be_measured():
    app = AppTest.from_string(PAGE.replace('"digits": digits})', '"digits": digits}, lambda: False)')).run()
    assert not app.exception and not app.button
    assert sum("not yet measured" in each.value for each in app.caption) == 3
