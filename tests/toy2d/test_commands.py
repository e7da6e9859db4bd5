"""The list of subcommands, and that help costs nothing that it does not need."""

import argparse
import subprocess
import sys
from importlib import import_module

import pytest

from toy2d.topics import COMMANDS, TOPICS


@pytest.mark.parametrize("folder", COMMANDS)
def test_the_list_names_what_each_topic_adds(folder):
    commands = argparse.ArgumentParser().add_subparsers()
    import_module(f"toy2d.{folder}.command").add(commands)
    assert {each.dest: each.help for each in commands._choices_actions} == COMMANDS[folder]


def test_every_topic_is_in_the_list():
    assert list(COMMANDS) == [topic.folder for topic in TOPICS]


def test_help_imports_no_library_of_numbers_or_pictures():
    code = (
        "import sys; from toy2d.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'scipy', 'sklearn', 'matplotlib', 'plotly', 'PIL'} & set(sys.modules)\n"
        "sys.exit(','.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "crossing" in done.stdout
