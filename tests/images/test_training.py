"""Training on digits: it learns, it can be stopped and killed, and it goes on as if nothing had happened."""

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from conftest import wait_for

from images.__main__ import main
from images.data.mnist import load, to_model
from images.models import load_model
from images.training import job, making, runs
from images.training.config import TrainConfig
from images.training.presets import PRESETS
from images.training.session import MODEL, RESUME, Session, run
from images.training.tasks import passing
from playground.checkpoint import load_checkpoint
from playground.errors import UserError
from playground.gif import png_bytes
from playground.levels import seeded
from playground.objectives import ddpm_simple
from playground.training import train

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
TINY = TrainConfig(images=32 * 12, batch=32, width=8, blocks=1, T=50)


@pytest.fixture(scope="session")
def digits():
    """Real digits, from whatever source this machine has without a download."""
    return load("train", download=False)


def quiet(progress) -> None:
    pass


def go(session, stop_at: int | None = None) -> bool:
    return run(
        session,
        report=quiet,
        stopped=lambda: session.trainee.step == stop_at,
        save_every=1e9,
        preview_every=1e9,
    )


def test_a_short_training_on_real_digits_denoises_better_than_the_mean_image(digits, tmp_path):
    """After 150 steps the network beats the best constant guess of x0 on digits it has not seen."""
    config = TrainConfig(images=64 * 150, batch=64, width=16, blocks=1)
    session = Session(config, digits, tmp_path, CPU)
    assert go(session)
    model = load_model(tmp_path / MODEL)
    x0 = to_model(load("test", download=False).images[:200])
    level = model.schedule.level(250)
    xt = level.alpha * x0 + level.sigma * torch.randn(x0.shape, generator=seeded(1))
    error = (model.denoise(xt, level) - x0).square().mean()
    constant = (to_model(digits.images).mean(0) - x0).square().mean()
    # 0.55 on one machine; the margin is for sums in another order, which a short training magnifies.
    assert error < 0.75 * constant


def test_the_loss_is_what_the_objective_says(digits, tmp_path):
    """The first reported loss, recomputed by hand from the same seed, per pixel."""
    session = Session(
        TrainConfig(images=64, batch=32, width=8, blocks=1, objective="simple"), digits, tmp_path, CPU
    )
    net = session.config.model.build(session.config.seed)
    first = next(session.steps())
    rng = torch.Generator().manual_seed(0)
    x0 = session.batches(0, rng).x0
    by_hand = ddpm_simple(session.config.model.build_schedule())(net, x0, rng).mean() / 784
    assert torch.allclose(first.loss, by_hand, rtol=1e-5)


@pytest.mark.parametrize("changes", [{}, {"optimizer": "muon", "without_replacement": True}])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(digits, tmp_path, changes):
    whole, halves, config = tmp_path / "whole", tmp_path / "halves", replace(TINY, **changes)
    assert go(Session(config, digits, whole, CPU))
    assert not go(Session(config, digits, halves, CPU), stop_at=5)
    second = Session(config, digits, halves, CPU)
    second.resume()
    assert second.trainee.step == 5
    assert go(second)
    one, two = load_checkpoint(whole / RESUME)[0], load_checkpoint(halves / RESUME)[0]
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_every_digit_comes_once_before_any_comes_again():
    N, batch = 10, 4
    row = torch.cat([passing(N, step * batch, batch, seed=3) for step in range(10)])
    passes = row.view(4, N)
    assert all(torch.equal(one.sort().values, torch.arange(N)) for one in passes)
    assert not torch.equal(passes[0], passes[1])
    assert torch.equal(passing(N, 7, 25, seed=3), row[7:32])
    assert not torch.equal(passing(N, 0, N, seed=4), passes[0])


def test_a_run_from_before_there_were_optimizers_to_choose_is_one_with_adamw(digits, tmp_path):
    """Its settings lack the newer fields, and go on as what they were, whatever the presets have now."""
    session = Session(TINY, digits, tmp_path, CPU)
    newer = {"optimizer", "matrix_lr", "without_replacement"}
    old = {name: value for name, value in session.about()["config"].items() if name not in newer}
    assert session._begun_with(old) and TrainConfig(**old).optimizer == "adamw"
    assert PRESETS["look"].optimizer == "muon"


def test_going_on_with_other_settings_or_other_digits_is_refused(digits, tmp_path):
    go(Session(TINY, digits, tmp_path, CPU))
    with pytest.raises(UserError, match="other settings"):
        Session(TrainConfig(images=999, batch=32, width=8, blocks=1, T=50), digits, tmp_path, CPU).resume()
    fewer = type(digits)(digits.images[:100], digits.labels[:100], "train", "100 digits")
    with pytest.raises(UserError, match="100 digits"):
        Session(TINY, fewer, tmp_path, CPU).resume()


@pytest.mark.parametrize(
    "bad",
    [
        {"batch": 0},
        {"images": 10},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"objective": "magic"},
        {"schedule": "square"},
    ],
)
def test_bad_settings_are_refused(bad):
    with pytest.raises(UserError):
        TrainConfig(**bad)


def test_a_learning_rate_that_explodes_is_reported_and_stops(digits, tmp_path):
    session = Session(TINY, digits, tmp_path, CPU)
    with torch.no_grad():
        next(session.trainee.net.parameters()).fill_(float("inf"))
    with pytest.raises(UserError, match="finite"):
        go(session)
    assert session.trainee.step == 0


# --- as a process ------------------------------------------------------------------------------------------


@pytest.fixture
def runs_here(tmp_path, monkeypatch):
    """A place for runs of its own, and no process left behind."""
    monkeypatch.setenv(runs.ENV, str(tmp_path / "runs"))
    yield
    for left in runs.all_runs():
        if left.status()["state"] in runs.LIVE:
            psutil.Process(left.status()["pid"]).kill()


LONG = TrainConfig(images=32 * 4000, batch=32, width=8, blocks=1, T=50)


def running(run) -> bool:
    assert run.status()["state"] in runs.LIVE, (run.directory / "output.txt").read_text()
    return run.status().get("step", 0) >= 3


def test_start_stop_and_go_on_in_a_process_of_its_own(runs_here):
    first = job.start(LONG, name="first")
    with pytest.raises(UserError, match="first is still training"):
        job.start(LONG, name="second")
    wait_for(lambda: running(first))
    assert runs.live_run() == first
    first.ask_to_stop()
    wait_for(lambda: first.status()["state"] == "stopped")
    stopped_at = load_checkpoint(first.directory / RESUME)[1]["step"]
    assert load_model(first.model).about["step"] == stopped_at >= 3
    assert first.can_go_on
    job.start(name="first")
    wait_for(lambda: running(first) and first.status()["step"] > stopped_at)
    first.ask_to_stop()
    wait_for(lambda: first.status()["state"] == "stopped")
    assert len(first.log()) >= 2


def test_a_killed_run_is_seen_as_dead_and_leaves_nothing_half_written(runs_here):
    killed = job.start(LONG, name="killed")
    wait_for(lambda: running(killed))
    os.kill(killed.status()["pid"], signal.SIGKILL)
    wait_for(lambda: killed.status()["state"] == "died")
    assert runs.live_run() is None
    json.loads((killed.directory / "status.json").read_text())
    job.start(name="killed")  # without a checkpoint yet it starts again
    wait_for(lambda: running(killed))
    killed.ask_to_stop()
    wait_for(lambda: killed.status()["state"] == "stopped")


def test_a_termination_signal_saves_before_the_end(runs_here):
    ended = job.start(LONG, name="terminated")
    wait_for(lambda: running(ended))
    os.kill(ended.status()["pid"], signal.SIGTERM)
    wait_for(lambda: ended.status()["state"] == "stopped")
    assert load_checkpoint(ended.directory / RESUME)[1]["step"] >= 3


def waiting(run: runs.Run, pid: int, since: float = 0.0) -> None:
    """A run that some process says it trains; its last word is `since` seconds old."""
    job.Reporter(run, pid=pid).state("running", steps=12)
    path = run.directory / "status.json"
    status = json.loads(path.read_text())
    path.write_text(json.dumps(status | {"updated": status["updated"] - since}))


HOLD = """
import sys, time
from playground.locks import Lock
assert Lock(sys.argv[1]).take()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def sleeper(runs_here):
    """A process that has the run "busy", and does nothing, as one that hangs."""
    run = runs.Run(runs.root() / "busy")
    making.create(run, TINY)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.lock)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_process_that_hangs_is_noticed_and_can_be_ended(runs_here, sleeper):
    run = runs.Run(runs.root() / "busy")
    waiting(run, sleeper.pid, since=runs.SILENT + 30)
    assert run.silence() == pytest.approx(runs.SILENT + 30, abs=20)
    run.kill()
    sleeper.wait(timeout=60)
    wait_for(lambda: run.status()["state"] == "died")
    assert run.silence() == 0.0
    assert "start a new run" in run.status()["message"]  # there is no checkpoint to go on from


def test_a_run_that_another_process_has_is_left_alone(runs_here, sleeper, capsys):
    """Whatever its status says: who holds the lock trains it."""
    run = runs.Run(runs.root() / "busy")
    assert run.status()["state"] == "starting"  # it has said nothing yet
    before = {path: path.read_bytes() for path in run.directory.iterdir()}
    for state in ("running", "stopped", "finished"):
        job.Reporter(run, pid=sleeper.pid).state(state)
        before[run.directory / "status.json"] = (run.directory / "status.json").read_bytes()
        assert run.status()["state"] in runs.LIVE and runs.live_run() == run
        assert main(["train", "--resume", "--run", str(run.directory)]) == 2
        assert f"by process {sleeper.pid}" in capsys.readouterr().err
        for action in (
            lambda: runs.delete(run),
            lambda: runs.rename(run, "other"),
            lambda: job.start(name="busy"),
        ):
            with pytest.raises(UserError, match="still training"):
                action()
    assert before == {path: path.read_bytes() for path in run.directory.iterdir()}
    sleeper.kill()
    sleeper.wait()
    job.Reporter(run, pid=sleeper.pid).state("running")
    assert run.status()["state"] == "died"  # the system let go of the lock; the status alone means nothing
    runs.delete(run)


def test_what_a_kill_left_is_cleared_and_the_log_goes_back_to_the_checkpoint(runs_here):
    run = runs.Run(runs.root() / "killed")
    making.create(run, TINY)
    reporter = job.Reporter(run, every=0.0)
    for step in (1, 2, 3):
        reporter.progress(step, 12, 0.5, images_per_second=1.0, seconds_left=1.0, seconds=float(step))
    reporter.state("died")
    (run.directory / "previews").mkdir()
    for step in (1, 3):
        (run.directory / "previews" / f"preview-{step:07d}.png").write_bytes(
            png_bytes(np.zeros((4, 4), np.uint8))
        )
    half_written = run.directory / f".{RESUME}.abc"
    half_written.touch()
    run.ask_to_stop()
    os.utime(run.directory / "stop", (0, 0))  # a wish from long ago
    job.take_up(run)
    job.forget_after(run, 2)
    assert not half_written.exists() and not job.stop_requested(run)
    assert [row["step"] for row in run.log()] == [1, 2]
    assert [path.name for path in run.previews()] == ["preview-0000001.png"]
    assert job.Reporter(run).fields["step"] == 3  # until the next step is done, the page says how far it was


def test_a_wish_to_stop_while_the_process_starts_counts(runs_here):
    run = runs.Run(runs.root() / "starts")
    making.create(run, TINY)
    run.ask_to_stop()
    job.take_up(run)
    assert job.stop_requested(run)


# --- the command line --------------------------------------------------------------------------------------


def images_cli(*words: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "images", *words],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_train_sample_and_inpaint_from_the_command_line(tmp_path):
    made = images_cli(
        "train",
        "--preset",
        "look",
        "--images",
        "256",
        "--batch",
        "64",
        "--width",
        "8",
        "--run",
        str(tmp_path / "r"),
    )
    assert made.returncode == 0, made.stderr
    model = str(tmp_path / "r" / MODEL)
    for words in (["sample", "--count", "4"], ["inpaint", "--count", "2", "--resamplings", "2"]):
        out = images_cli(*words, "--model", model, "--steps", "5", "--out", str(tmp_path / "o"))
        assert out.returncode == 0, out.stderr
        paths = [Path(line) for line in out.stdout.split()]
        assert [path.suffix for path in paths] == [".png", ".gif", ".json"]
        assert all(path.stat().st_size > 50 for path in paths)


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "--eta", "2"],
        ["sample", "--count", "0"],
        ["sample", "--model", "nowhere.safetensors"],
        ["sample", "--steps", "many"],
        ["inpaint", "--image", "nowhere.png"],
        ["inpaint", "--digit", "-1"],
        ["train", "--lr", "-1", "--run", "never-made"],
        ["train", "--resume", "--run", "never-made"],
        ["train", "--resume", "--run", "never-made", "--lr", "0.001"],
        ["train", "--width", "0", "--run", "never-made"],
        ["sample", "--sampler", "annealed Langevin", "--steps", "0"],
        ["train", "--data", "never-made", "--run", "never-made"],
        ["conquer"],
        [],
    ],
)
def test_bad_input_is_one_line_and_status_two(words, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    words = [str(tmp_path / word) if word == "never-made" else word for word in words]
    try:
        status = main(words)
    except SystemExit as stop:  # argparse's own way out
        status = stop.code
    said = capsys.readouterr().err
    assert status == 2 and said.count("\n") == 1 and "Traceback" not in said, said


def test_so_it_is_of_a_process(tmp_path):
    out = images_cli("sample", "--model", "nowhere.safetensors", PLAYGROUND_RUNS=str(tmp_path))
    assert out.returncode == 2 and out.stderr.count("\n") == 1 and "Traceback" not in out.stderr


def test_a_full_disk_is_said_and_the_last_checkpoint_survives(digits, tmp_path, monkeypatch):
    """The disk fills after the first save: the run stops with a sentence, and goes on from that save later."""
    session = Session(TINY, digits, tmp_path, CPU)
    next(session.steps())
    session.save()
    before = load_checkpoint(tmp_path / RESUME)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        go(session)
    monkeypatch.undo()
    after = load_checkpoint(tmp_path / RESUME)
    assert after[1] == before[1]
    assert all(torch.equal(after[0][name], value) for name, value in before[0].items())
    assert not list(tmp_path.glob(".*"))  # nothing half-written is left


def test_bfloat16_as_on_a_gpu_gives_nearly_the_same_loss(digits, tmp_path):
    """The path a GPU takes, on the CPU: bfloat16 keeps 8 bits, so losses agree to a few per cent."""
    losses = []
    for autocast in (None, torch.bfloat16):
        session = Session(TINY, digits, tmp_path, CPU)
        steps = train(session.trainee, session.batches, session.loss, autocast=autocast)
        losses.append(torch.stack([progress.loss for progress in steps]))
    assert torch.allclose(losses[0], losses[1], rtol=0.05)


def test_a_compiled_network_trains_as_it_does_otherwise_and_its_checkpoint_is_the_same_kind(
    digits, tmp_path, monkeypatch
):
    """Traced and differentiated by the compiler, without its last stage, which needs minutes and a C++ compiler."""
    compile_module, graphs = torch.nn.Module.compile, []

    def backend(graph, inputs):
        graphs.append(graph)
        return torch._dynamo.lookup_backend("aot_eager")(graph, inputs)

    monkeypatch.setattr(torch.nn.Module, "compile", lambda net, mode: compile_module(net, backend=backend))
    losses, names = [], []
    for compiled in (False, True):
        session = Session(replace(TINY, compiled=compiled), digits, tmp_path / str(compiled), CPU)
        losses.append(torch.stack([progress.loss for progress in session.steps()]))
        session.save()
        names.append(load_checkpoint(tmp_path / str(compiled) / RESUME)[0].keys())
        assert load_model(tmp_path / str(compiled) / MODEL).parameters
    assert len(graphs) == 1  # one graph holds the whole network, and serves every step
    assert torch.allclose(*losses, rtol=1e-3)  # float32 sums in another order, over twelve steps
    assert names[0] == names[1]


def test_where_nothing_can_be_compiled_the_command_says_so_in_one_line(tmp_path, monkeypatch, capsys):
    def no_compiler(module, inputs):
        raise RuntimeError("no C++ compiler was found")

    compile_module = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda net, mode: compile_module(net, backend=no_compiler)
    )
    # they change this very process
    monkeypatch.setattr("images.train.command._give_way", lambda: None)
    monkeypatch.setattr("images.training.job.stop_on_signals", lambda: lambda: False)
    settings = ["--preset", "look", "--images", "64", "--width", "8", "--device", "cpu", "--compile"]
    assert main(["train", *settings, "--run", str(tmp_path / "run")]) == 2
    assert "could not be compiled" in capsys.readouterr().err
    status = runs.Run(tmp_path / "run").status()
    assert status["state"] == "failed" and "without --compile" in status["message"]


def test_runs_can_be_renamed_and_deleted_but_not_while_they_train(runs_here):
    run = runs.Run(runs.root() / "one")
    making.create(run, TINY)
    renamed = runs.rename(run, "two")
    assert [r.name for r in runs.all_runs()] == ["two"]
    for bad in ("", "../two", "a/b"):
        with pytest.raises(UserError, match="name"):
            runs.rename(renamed, bad)
    with runs.holding(renamed, "try"), pytest.raises(UserError, match="still training"):
        runs.delete(renamed)
    runs.delete(renamed)
    assert runs.all_runs() == []
