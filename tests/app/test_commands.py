"""The lists of subcommands, and that help costs nothing that it does not need."""

import argparse
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import images.__main__
import toy2d.__main__
from images.topics import COMMANDS as IMAGES
from toy2d.topics import COMMANDS as TOY2D
from toy2d.topics import TOPICS

ROOT = Path(__file__).parents[2]
WINGS = {"toy2d": TOY2D, "images": IMAGES}
FOLDERS = [(wing, folder) for wing, commands in WINGS.items() for folder in commands]
HEAVY = {"torch", "numpy", "scipy", "sklearn", "matplotlib", "plotly", "PIL"}


@pytest.mark.parametrize("wing, folder", FOLDERS)
def test_the_list_names_what_each_topic_adds(wing, folder):
    commands = argparse.ArgumentParser().add_subparsers()
    import_module(f"{wing}.{folder}.command").add(commands)
    assert {each.dest: each.help for each in commands._choices_actions} == WINGS[wing][folder]


def test_every_topic_of_the_plane_and_every_command_file_of_the_digits_is_in_a_list():
    assert list(TOY2D) == [
        *(topic.folder for topic in TOPICS),
        "claims",
    ]  # the claims of all topics come last
    assert sorted(IMAGES) == sorted(path.parent.name for path in (ROOT / "images").glob("*/command.py"))


@pytest.mark.parametrize("wing, one", [("toy2d", "crossing"), ("images", "sample")])
def test_help_imports_no_library_of_numbers_or_pictures(wing, one):
    code = (
        f"import sys; from {wing}.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(','.join({HEAVY} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert one in done.stdout


@pytest.mark.parametrize(
    "parser, wanted, other",
    [(toy2d.__main__.parser, "mixing", "crossing"), (images.__main__.parser, "sample", "evaluate")],
)
def test_the_wanted_command_is_whole_and_the_others_are_names(parser, wanted, other):
    """A whole one knows what runs it."""
    found = next(a for a in parser(wanted)._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert callable(found[wanted].get_default("run"))
    assert found[other].get_default("run") is None


@pytest.mark.parametrize("parser", [toy2d.__main__.parser, images.__main__.parser])
def test_a_name_that_no_list_has_is_looked_for_everywhere(parser):
    found = next(a for a in parser("unlisted")._actions if isinstance(a, argparse._SubParsersAction)).choices
    assert all(callable(each.get_default("run")) for each in found.values())
