"""Runs against what use does to them: trainers at once, damaged and newer files, folders that cannot be written."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import wait_for
from streamlit.testing.v1 import AppTest

from images.__main__ import main
from images.metrics.classifier import SHIPPED
from images.training import job, making, runs
from images.training.config import TrainConfig
from images.training.session import MODEL, RESUME
from images.ui import describe
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.errors import UserError

ROOT = Path(__file__).parents[2]
TINY = TrainConfig(images=64, batch=32, width=8, blocks=1, T=50)
SMALL = ("--preset", "look", "--batch", "32", "--width", "8")
LONG = (*SMALL, "--images", str(32 * 20_000), "--save-every", "0.5")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))
    return tmp_path / "runs"


def trainers(*commands: tuple[str, ...], before: tuple[str, ...] = ()) -> list[subprocess.Popen]:
    env = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    start = [*before, sys.executable, "-m", "images", "train"]
    return [subprocess.Popen([*start, *words], cwd=ROOT, env=env, **pipes) for words in commands]


def ends(processes: list[subprocess.Popen]) -> list[tuple[int, str]]:
    try:
        said = [process.communicate(timeout=300)[0] for process in processes]
        return sorted((process.returncode, words) for process, words in zip(processes, said, strict=True))
    finally:
        for process in processes:
            process.kill()


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


# --- processes ------------------------------------------------------------------------------------------------


def test_of_three_that_go_on_at_once_exactly_one_trains(place):
    """The run is held for as long as the first trains, so the others are refused whenever they come."""
    run = runs.Run(place / "R")
    making.create(run, TrainConfig(images=32 * 20_000, batch=32, width=8, blocks=1))
    go_on = ("--resume", "--run", str(run.directory), "--save-every", "0.5")
    processes = trainers(go_on, go_on, go_on)
    wait_for(lambda: sum(process.poll() is None for process in processes) == 1, 120)
    wait_for(lambda: run.status().get("step", 0) >= 3, 120)
    run.ask_to_stop()
    outcome = ends(processes)
    assert [status for status, _ in outcome] == [0, 2, 2], outcome
    assert "stopped after" in outcome[0][1]
    assert all("being trained by process" in words and words.count("\n") == 1 for _, words in outcome[1:])
    steps = [row["step"] for row in run.log()]
    assert steps == sorted(set(steps))  # one writer
    assert run.status()["state"] == "stopped"


def test_one_of_two_makes_a_directory_and_two_without_a_name_get_one_each(place):
    named = (*SMALL, "--images", "64", "--run", str(place / "R"))
    unnamed = (*SMALL, "--images", "64")
    outcome = ends(trainers(named, named))
    assert [status for status, _ in outcome] == [0, 2], outcome
    assert [status for status, _ in ends(trainers(unnamed, unnamed))] == [0, 0]
    assert len(runs.all_runs()) == 3
    assert {run.status()["state"] for run in runs.all_runs()} == {"finished"}


def test_names_of_one_second_do_not_collide(place, monkeypatch):
    monkeypatch.setattr("time.strftime", lambda form: "20260101-000000")
    for _ in range(3):
        with making.new() as run:
            making.write_config(run, TINY)
    assert {run.name for run in runs.all_runs()} == {f"20260101-000000{end}" for end in ("", "-2", "-3")}


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_closed_terminal_saves_and_ends_and_nohup_does_not(place):
    run, other = runs.Run(place / "R"), runs.Run(place / "N")
    (first,) = trainers((*LONG, "--run", str(run.directory)))
    (second,) = trainers(
        (*LONG, "--run", str(other.directory)), before=("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")
    )
    try:
        wait_for(lambda: run.status().get("step", 0) >= 3 and other.status().get("step", 0) >= 3, 120)
        first.stdout.close()  # who would have read it is gone, too
        for process in (first, second):
            process.send_signal(signal.SIGHUP)
        wait_for(lambda: run.status()["state"] == "stopped")
        assert load_checkpoint(run.directory / RESUME)[1]["step"] >= 3
        assert other.status()["state"] == "running"
        other.ask_to_stop()
        wait_for(lambda: other.status()["state"] == "stopped")
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
            process.stdout.close()


def test_what_is_ignored_stays_ignored(monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    monkeypatch.setattr(signal, "signal", None)  # calling it would fail
    assert not job.stop_on_signals()()


# --- nothing before everything is checked -----------------------------------------------------------------------


def test_a_command_that_is_refused_leaves_nothing_and_the_corrected_one_runs(
    place, tmp_path, capsys, quiet_signals
):
    words = ["train", *SMALL, "--images", "64", "--run", str(place / "R")]
    for wrong in (["--data", str(tmp_path / "none")], ["--device", "cuda:77"], ["--width", "0"]):
        assert main([*words, *wrong]) == 2
        assert not place.exists()
    assert main(words) == 0
    before = files(place)
    assert main(["train", "--resume", "--run", str(place / "R"), "--data", str(tmp_path / "none")]) == 2
    assert files(place) == before
    assert runs.Run(place / "R").status()["state"] == "finished"
    assert main(words) == 2 and files(place) == before  # it is not begun again, either
    assert "go on with it" in capsys.readouterr().err


def test_other_digits_leave_a_finished_run_finished(place, tmp_path, quiet_signals):
    from images.data.idx import write_idx
    from images.data.mnist import FILES, load

    words = ["train", *SMALL, "--images", "64", "--run", str(place / "R")]
    assert main(words) == 0
    digits, other = load("train", download=False), tmp_path / "other"
    for split in FILES:
        for name, array in zip(FILES[split], (digits.images[:, 0], digits.labels.byte()), strict=True):
            write_idx(other / f"{name}.gz", array[:200].numpy())
    before = files(place)
    assert main(["train", "--resume", "--run", str(place / "R"), "--data", str(other)]) == 2
    assert files(place) == before


@pytest.fixture
def quiet_signals(monkeypatch):
    """Commands within this process leave its signals and its priority alone."""
    monkeypatch.setattr("images.train.command._give_way", lambda: None)
    monkeypatch.setattr("images.training.job.stop_on_signals", lambda: lambda: False)


def test_a_new_run_needs_a_directory_of_its_own(place, quiet_signals):
    (place / "mine").mkdir(parents=True)
    (place / "mine" / "letter.txt").write_text("dear")
    assert main(["train", *SMALL, "--images", "64", "--run", str(place / "mine")]) == 2
    assert files(place) == {"mine/letter.txt": b"dear"}
    (place / "empty").mkdir()
    assert main(["train", *SMALL, "--images", "64", "--run", str(place / "empty")]) == 0


# --- a line about a run never ends it ---------------------------------------------------------------------------


def test_a_status_that_cannot_be_written_ends_no_training(place, monkeypatch, quiet_signals):
    """As on Windows, where a page that reads the status for longer than anybody waits refuses the rename."""
    real = os.replace

    def replace(source, target):
        if Path(target).name in ("status.json",) or "preview" in Path(target).name:
            raise PermissionError(errno.EACCES, "Access is denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("playground.files.PATIENCE", 0.0)
    assert main(["train", *SMALL, "--images", "64", "--run", str(place / "R")]) == 0
    assert load_checkpoint(place / "R" / MODEL)[1]["step"] == 2
    assert not (place / "R" / "status.json").exists() and not list((place / "R").glob(".*"))


# --- damaged and newer ------------------------------------------------------------------------------------------

DAMAGES = {
    "list": ("config.json", b"[]"),
    "no JSON": ("config.json", b"{"),
    "not UTF-8": ("config.json", b'{"net": "\xff"}'),
    "newer": ("config.json", json.dumps({"images": 64, "batch": 32, "telepathy": 1}).encode()),
    "settings": ("config.json", b'{"batch": "many"}'),
    "no settings": ("config.json", b'{"batch": -4, "images": 64}'),
    "deep": ("config.json", b"[" * 100_000),
    "no state": ("status.json", b'{"step": 3}'),
    "status list": ("status.json", b"[1]"),
    "status bytes": ("status.json", b"\x80\x81"),
}


def damaged(name: str, damage: str) -> runs.Run:
    run = runs.Run(runs.root() / name)
    making.create(run, TINY)
    file, content = DAMAGES[damage]
    (run.directory / file).write_bytes(content)
    return run


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_says_what_is_wrong_and_can_be_deleted(damage, capsys):
    run = damaged("bad", damage)
    status = run.status()
    assert status["state"] == runs.DAMAGED and DAMAGES[damage][0] in status["message"]
    assert runs.all_runs() == [run] and runs.live_run() is None and not run.can_go_on
    if DAMAGES[damage][0] == "config.json":
        assert main(["train", "--resume", "--run", str(run.directory)]) == 2
        error = capsys.readouterr().err
        assert "config.json" in error and error.count("\n") == 1
        with pytest.raises(UserError, match=r"config\.json"):
            job.start(name="bad")
    runs.delete(run)
    assert runs.all_runs() == []


@pytest.mark.parametrize(
    "status",
    [
        {"state": "running", "step": "3", "steps": 7},
        {"state": "stopped", "step": 3},
        {"state": "stopped", "step": 9, "steps": 0, "loss": 1, "images_per_second": 1, "seconds": 1},
        {"state": "running", "pid": "me", "started": "then", "updated": None},
        {"state": "finished", "message": 3, "loss": [1]},
        {"state": "stopped", "step": float("nan"), "steps": 7, "seconds": 10**400},
    ],
)
def test_numbers_that_are_none_are_not_believed(status):
    run = runs.Run(runs.root() / "odd")
    making.create(run, TINY)
    (run.directory / "status.json").write_text(json.dumps(status))
    (run.directory / "log.jsonl").write_bytes(b'[1]\n{"step": 1}\n{"step": 2, "loss": 0.5}\n\xff\n{"st')
    (run.directory / "previews").mkdir()
    (run.directory / "previews" / "preview-zero.png").touch()
    (run.directory / "previews" / "preview-0000003.png").write_bytes(b"not a picture")
    assert "step" not in run.status() and run.silence() == 0.0
    assert [row["step"] for row in run.log()] == [2] and run.previews() == []
    job.forget_after(run, 5)


def opened(page: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "images" / page / "page.py"), default_timeout=120).run()
    assert not app.exception, app.exception
    return app


def test_the_pages_show_damaged_runs_beside_sound_ones_and_delete_them(quiet_signals):
    assert main(["train", *SMALL, "--images", "64", "--run", str(runs.root() / "sound")]) == 0
    for name, damage in (("aa", "list"), ("bb", "not UTF-8"), ("cc", "newer"), ("dd", "no state")):
        damaged(name, damage)
    (runs.root() / "sound" / "evaluation").mkdir()
    (runs.root() / "sound" / "evaluation" / "evaluation.json").write_text('{"metrics": {}}')
    app = opened("runs")
    table = app.dataframe[0].value.set_index("run")
    assert set(table.index) == {"sound", "aa", "bb", "cc", "dd"}
    assert dict(table["state"]) == {"sound": "finished"} | dict.fromkeys(
        ("aa", "bb", "cc", "dd"), runs.DAMAGED
    )
    assert "telepathy" in table["what is wrong"]["cc"] and "no state" in table["what is wrong"]["dd"]
    for name in ("aa", "bb", "cc", "dd"):
        app.selectbox(key="tidy-run").set_value(name).run()
        app.checkbox(key=f"sure-{name}").check().run()
        next(button for button in app.button if button.label == "Delete").click().run()
        assert not app.exception and not (runs.root() / name).exists()
    assert [run.name for run in runs.all_runs()] == ["sound"] and not app.error


@pytest.mark.parametrize("damage", ["list", "newer", "no state"])
def test_the_train_page_shows_a_damaged_run_and_all_else(damage):
    run = damaged("bad", damage)
    making.create(runs.Run(runs.root() / "good"), TINY)
    app = opened("train")
    app.selectbox(key="run").set_value(run.name).run()
    assert not app.exception
    said = [element.value for element in (*app.error, *app.markdown)]
    assert any(DAMAGES[damage][0] in words for words in said)
    app.selectbox(key="run").set_value("good").run()
    assert not app.exception and not app.error


def test_a_model_that_does_not_say_what_it_saw_is_described_without():
    from images.models import load_model

    run = runs.Run(runs.root() / "older")
    making.create(run, TINY)
    about = {"format": 1, "model": TINY.model.to_dict()}
    save_checkpoint(run.model, TINY.model.build().state_dict(), about)
    model = load_model(run.model)
    assert describe(model) == f"{model.parameters:,} parameters. Samples on cpu."
    assert not opened("generate").error


# --- folders that cannot be written -----------------------------------------------------------------------------


def test_a_read_only_place_is_a_sentence_on_every_page(monkeypatch):
    """root ignores the permissions of files, so the system's answer is given in its stead."""
    making.create(runs.Run(runs.root() / "kept"), TINY)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("mkdir", "rename", "unlink", "rmdir", "replace"):
        monkeypatch.setattr(os, name, refuse)
    app = opened("train")
    next(b for b in app.sidebar.button if b.label == "Start training").click().run()
    assert not app.exception
    assert any("Read-only file system" in error.value for error in app.error)
    app = opened("runs")
    app.checkbox(key="sure-kept").check().run()
    next(b for b in app.button if b.label == "Delete").click().run()
    assert not app.exception
    assert any("Read-only file system" in error.value for error in app.error)
    app.text_input(key="new-name-kept").set_value("moved").run()
    next(b for b in app.button if b.label == "Rename").click().run()
    assert not app.exception
    assert any("Read-only file system" in error.value for error in app.error)


def test_a_place_that_is_no_folder_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(runs.ENV, str(tmp_path / "file"))
    app = opened("train")
    next(b for b in app.sidebar.button if b.label == "Start training").click().run()
    assert not app.exception and any(str(tmp_path / "file") in error.value for error in app.error)
    assert main(["train", *SMALL, "--images", "64"]) == 2


# --- what train-classifier writes -------------------------------------------------------------------------------


def test_train_classifier_replaces_nobodys_file_and_not_the_repositorys(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("images.classify.command.load", None)  # were it called, the work would have begun
    notes, card = tmp_path / "notes.safetensors", tmp_path / "new.json"
    notes.write_text("mine"), card.write_text("mine")
    (tmp_path / "text.txt").touch()
    for out in (notes, card.with_suffix(".safetensors"), tmp_path / "text.txt", tmp_path, SHIPPED):
        before = out.read_bytes() if out.is_file() else None
        assert main(["train-classifier", "--out", str(out)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert before is None or out.read_bytes() == before
    assert notes.read_text() == card.read_text() == "mine"


# --- losses on paper --------------------------------------------------------------------------------------------


def test_losses_of_runs_are_drawn_as_they_were_logged(place, tmp_path, capsys):
    for seed in "0", "1":
        assert (
            main(["train", *SMALL, "--images", "96", "--seed", seed, "--run", str(place / f"run{seed}")]) == 0
        )
    places = [str(place / "run0"), str(place / "run1")]
    assert main(["losses", *places, "--out", str(tmp_path / "out")]) == 0
    drawn = json.loads((tmp_path / "out" / "losses.json").read_text())
    assert drawn["run1"] == {"batch": 32, "log": runs.Run(place / "run1").log()}
    assert (tmp_path / "out" / "losses.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()
    for wrong, word in ([str(place / "none")], "none"), ([places[0], places[0]], "one name"):
        assert main(["losses", *wrong, "--out", str(tmp_path / "no")]) == 2
        error = capsys.readouterr().err
        assert word in error and error.count("\n") == 1 and not (tmp_path / "no").exists()
