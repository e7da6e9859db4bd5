"""Every numeric option of every subcommand, with hostile values: one line, status 2, and no work begun."""

import argparse
import time

import pytest

from images.__main__ import parser as images_parser
from playground.cli import run
from toy2d.__main__ import parser as toy2d_parser

PARSERS = {"toy2d": toy2d_parser, "images": images_parser}
HOSTILE = ["nan", "inf", "-1", "1e308", "1" + "0" * 30, "9" * 5000]
# What an option needs beside it to count at all.
BESIDE = {
    ("mixing", "--sigma-L"): ["--levels", "added"],
    ("annealing", "--sigma-L"): ["--levels", "added"],
    ("field", "--seed"): ["--learned"],
    ("train", "--sigma"): ["--objective", "dsm"],
}
NEGATIVE_IS_FINE = {
    ("inpainting", "--value"), ("inverse", "--value"),  # a place in the plane
    ("caption-twin", "--angle"),  # a direction
}  # fmt: skip


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return found[0].choices


def numeric_options() -> list[tuple[str, str, str, list[str]]]:
    """(wing, subcommand, option, what else it needs)."""
    options = []
    for wing, make in PARSERS.items():
        for name, parser in subcommands(make()).items():
            flags = parser._option_string_actions
            for action in parser._actions:
                if action.type in (int, float):
                    beside = BESIDE.get((name, action.option_strings[0]), []) if wing == "toy2d" else []
                    if "--learned" in flags and action.dest in ("points", "train_steps", "dropout"):
                        beside = ["--learned"]
                    options.append((wing, name, action.option_strings[0], beside))
    return options


OPTIONS = numeric_options()


def refused(wing: str, words: list[str], capsys) -> str:
    start = time.perf_counter()
    try:
        status = run(
            PARSERS[wing](words[0]), words
        )  # as the program does: this command's parser alone is whole
    except SystemExit as stop:  # argparse's own way out
        status = stop.code
    seconds = time.perf_counter() - start
    error = capsys.readouterr().err
    assert status == 2, (words, status, error)
    assert error.count("\n") == 1 and error.startswith(f"python -m {wing}") and len(error) < 600, error
    assert "Traceback" not in error and "smaller step size" not in error
    assert seconds < 5, f"{seconds:.1f} s of work before {words} was refused"
    return error


def test_the_walk_finds_the_options():
    assert len(OPTIONS) > 100
    assert {"--sigma-1", "--measured-at", "--seed", "--w", "--images", "--epochs", "--save-every"} <= {
        option for _, _, option, _ in OPTIONS
    }


@pytest.mark.parametrize("wing, name, option, beside", OPTIONS, ids=lambda part: str(part))
def test_a_hostile_number_is_one_line_and_status_2(wing, name, option, beside, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path.parent / "cache"))
    for value in HOSTILE:
        if value == "-1" and (name, option) in NEGATIVE_IS_FINE:
            continue
        refused(wing, [name, *beside, f"{option}={value}"], capsys)
    assert list(tmp_path.iterdir()) == []  # no run, no result


@pytest.mark.parametrize("wing", PARSERS)
def test_seeds_beyond_the_pages_are_refused_everywhere(wing, capsys, tmp_path, monkeypatch):
    """2**31 - 1 is the last; 2**32 used to be seed 0, silently."""
    monkeypatch.chdir(tmp_path)
    for name in [name for w, name, option, _ in OPTIONS if w == wing and option == "--seed"]:
        for seed in (2**31, 2**32):
            beside = {
                "field": ["--learned"],
                "draw": ["a thick seven"],
                "draw-scene": ["a red three left of a green five"],
            }.get(name, [])
            assert "2,147,483,647" in refused(wing, [name, *beside, "--seed", str(seed)], capsys)


@pytest.mark.parametrize("name", ["sample", "inpaint", "evaluate", "table1", "train"])
@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "quantum"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(
    name, device, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    error = refused("images", [name, "--device", device], capsys)
    assert "cpu" in error and "choose one of these" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wing, words, told",
    [
        ("images", "train --resume --run x --preset cpu", "--preset"),
        ("images", "train --resume", "--run DIR"),
        ("images", "sample --sampler Heun --eta 0.5", "--eta"),
        ("images", "evaluate --sampler DDPM --eta 0.5", "--eta"),
        ("images", "inpaint --image x.png --digit 3", "--digit"),
        ("images", "inpaint --fit", "--fit"),
        ("images", "inpaint --method project --resamplings 3", "--resamplings"),
        ("images", "train --run CON", "device on Windows"),
        ("images", f"train --run {'n' * 300}", "300 characters"),
        ("toy2d", "field --mixture ring --pi 0.5", "--pi"),
        ("toy2d", "field --points 100", "--points"),
        ("toy2d", "field --model x --learned", "--learned"),
        ("toy2d", "mixing --sigma-L 0.2", "--sigma-L"),
        ("toy2d", "annealing --rule prose --eps 0.2", "--eps"),
        ("toy2d", "diffusion --sampler heun --eta 1", "--eta"),
        ("toy2d", "train --objective ncsn --sigma 1", "--sigma"),
        ("toy2d", "guidance --dropout 0.1", "--dropout"),
        ("toy2d", "inpainting --mixture ring --lean 1", "--lean"),
        ("toy2d", "own-data --csv x --n 10", "--n"),
        ("toy2d", "crossing --mixture ring", "--mixture"),
        ("toy2d", "recovery --pi 0.4", "--pi"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(wing, words, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))
    assert told in refused(wing, words.split(), capsys)
    assert list(tmp_path.iterdir()) == []
