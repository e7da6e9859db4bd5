"""What the app offers to others: where it listens, what it tells, and what it refuses when it is read-only."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from page_opened import opened
from streamlit import config as streamlit_config
from streamlit.web.server.app_discovery import discover_asgi_app

from images.__main__ import main
from images.training import job, making, runs
from images.training.config import TrainConfig
from playground.errors import UserError
from playground.ui import launch

ROOT = Path(__file__).parents[2]


@pytest.fixture
def one_run(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    run = runs.Run(tmp_path / "first")
    making.create(run, TrainConfig(images=1_000))
    monkeypatch.setenv(runs.READONLY, "1")
    return run


def test_the_shipped_configuration_listens_here_alone_and_tells_nothing():
    shipped = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert shipped["server"]["address"] == "127.0.0.1"
    assert shipped["client"] == {"showErrorDetails": "none", "toolbarMode": "minimal"}
    known = streamlit_config._config_options_template  # a name that Streamlit does not know would be ignored
    for section, options in shipped.items():
        for name in options:
            if section not in ("theme",):
                assert f"{section}.{name}" in known
    assert "none" in set(streamlit_config.ShowErrorDetailsConfigOptions)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: job.start(TrainConfig(images=1_000)),
        lambda run: job.start(name=run.name),
        lambda run: making.create(runs.Run(run.directory.with_name("second")), TrainConfig(images=1_000)),
        lambda run: runs.rename(run, "renamed"),
        lambda run: runs.delete(run),
        lambda run: run.ask_to_stop(),
        lambda run: run.kill(),
    ],
)
def test_read_only_runs_are_refused_where_they_would_change(one_run, change):
    before = sorted(path.name for path in one_run.directory.parent.rglob("*"))
    with pytest.raises(UserError, match="PLAYGROUND_READONLY is set"):
        change(one_run)
    assert sorted(path.name for path in one_run.directory.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "value, yes", [("1", True), ("true", True), ("0", False), ("", False), ("no", False)]
)
def test_what_counts_as_read_only(monkeypatch, value, yes):
    monkeypatch.setenv(runs.READONLY, value)
    assert runs.readonly() is yes


def test_read_only_pages_offer_no_change(one_run):
    app = opened(ROOT / "images/runs/page.py")
    offered = {button.label for button in app.button} | {button.label for button in app.sidebar.button}
    assert not offered & {"Rename", "Delete", "Measure", "Start training", "Go on with it"}


def test_the_command_line_trains_nothing_read_only(one_run, capsys):
    assert main(["train", "--run", str(one_run.directory.with_name("other"))]) == 2
    error = capsys.readouterr().err
    assert "PLAYGROUND_READONLY is set" in error and error.count("\n") == 1


def test_the_installed_app_is_started_with_the_same_configuration():
    """Streamlit looks for the file in the folder it is started from, which is none of ours after pip install."""

    def flat(settings: dict, before: str = "") -> dict[str, str]:
        found = {}
        for name, value in settings.items():
            nested = (
                flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: str(value)}
            )
            found |= nested
        return found

    said = flat(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")))
    given = dict(option.removeprefix("--").split("=", 1) for option in launch.OPTIONS)
    lower = {name: value.lower() if value in ("True", "False") else value for name, value in said.items()}
    assert given == lower


def test_the_server_loads_torch_before_a_page_is_asked_for():
    """Streamlit finds the app in the file that is run, and its start has loaded torch when its thread is done."""
    assert discover_asgi_app(ROOT / "streamlit_app.py").import_string == "streamlit_app:app"
    code = """
import asyncio, sys, threading
from streamlit_app import app
from playground.ui.serving import serving
before = "torch" in sys.modules
async def start():
    async with serving(app):
        return [thread for thread in threading.enumerate() if thread.name == "ready"]
for thread in asyncio.run(start()):
    thread.join(120)
sys.exit(0 if "torch" in sys.modules and not before else 1)
"""
    environment = {**os.environ, "STREAMLIT_SERVER_HEADLESS": "true"}
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, timeout=200).returncode == 0
    )
