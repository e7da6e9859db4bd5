"""A knob's first value, its limits and its name stand in one place; outside them nothing is made."""

import argparse
from dataclasses import dataclass

import pytest

from playground.errors import SEEDS, UserError
from playground.knobs import Knobs, add_options, choice, config_of, knob, limits


@dataclass(frozen=True)
class Config(Knobs):
    steps: int = knob(20, 2, 100, "The number of steps")
    share: float = knob(0.5, 0, 1, "The share", open_ends=True)
    way: str = choice("up", ("up", "down"), "The way")
    seed: int = knob(0, *SEEDS, "The seed")
    plain: str = "as it was"
    label: int | None = knob(None, 0, 9, "The label", whole=True)


@dataclass(frozen=True)
class Even(Config):
    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps % 2:
            raise UserError(f"{self.steps} steps are odd: take one more.")


def test_the_first_values_are_the_classs_own_and_pass():
    assert (Config().steps, Config.share, Config.way) == (20, 0.5, "up")
    assert Config(2, 0.999, "down", SEEDS[1]).plain == "as it was"


@pytest.mark.parametrize(
    ("given", "said"),
    [({"steps": 1}, "The number of steps is 1; it must lie from 2 to 100"), ({"steps": 101}, "from 2 to 100"),
     ({"steps": 20.0}, "whole number"), ({"steps": True}, "whole number"), ({"share": 0.0}, "strictly between 0 and 1"),
     ({"share": float("nan")}, "The share is nan"),
     ({"way": "left"}, "known are up, down"), ({"seed": -1}, "The seed"),
     ({"steps": None}, "The number of steps is None"), ({"label": 10}, "The label is 10"),
     ({"label": 1.0}, "whole number")],
)  # fmt: skip
def test_what_lies_outside_is_refused_in_a_sentence(given: dict, said: str):
    with pytest.raises(UserError, match=said):
        Config(**given)


def test_more_rules_follow_the_knobs():
    assert Even(4).steps == 4
    with pytest.raises(UserError, match="odd"):
        Even(5)
    with pytest.raises(UserError, match="from 2 to 100"):  # a knob's own rule speaks first
        Even(101)


def test_pages_read_the_limits_and_a_field_without_any_is_named():
    steps = limits(Config, "steps")
    assert (steps.low, steps.high) == steps.page == (2, 100)
    with pytest.raises(UserError, match="Config states no limits for plain"):
        limits(Config, "plain")


def test_a_choices_options_come_from_the_field():
    parser = argparse.ArgumentParser()
    add_options(parser, Config, way="where to", steps="how many", label="which")
    assert config_of(Config, parser.parse_args(["--way", "down", "--label", "7"])) == Config(
        way="down", label=7
    )
    with pytest.raises(SystemExit):
        parser.parse_args(["--way", "left"])
