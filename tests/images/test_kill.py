"""kill -9, for real: a training process is killed again and again, and ends with the weights of one that was not.

Once with one network and one optimiser, once with a maker and a critic, each with its own.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from images.data.mnist import ENV
from images.training import runs
from images.training.session import MODEL, RESUME
from playground.adversarial import CRITIC
from playground.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]
STEPS = 120
# Seconds from one checkpoint to the next: of runs that are killed, and of those that end.
OFTEN, NEVER = 0.1, 3_600.0
PATIENCE = 300  # seconds: the trainer gives way to everything else on a busy machine
TINY = ("--preset", "look", "--images", str(32 * STEPS), "--batch", "32", "--width", "8")
# the critic comes after 5 steps, so that kills find it at work
RIVALS = ("--preset", "autoencoder-f4-adversarial", "--images", str(8 * STEPS), "--batch", "8", "--width", "8",
          "--critic-from", str(5 / STEPS))  # fmt: skip


def trainer(directory: Path, save_every: float, *words: str) -> subprocess.Popen:
    """python -m images train."""
    command = [sys.executable, "-m", "images", "train", "--run", str(directory)]
    return subprocess.Popen(
        [*command, "--save-every", str(save_every), *words],
        cwd=ROOT,
        env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def written(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


def killed_after_a_checkpoint(directory: Path, *words: str) -> int:
    """Starts a trainer, and kills it a moment after it has replaced its checkpoint; the step it had saved."""
    path, end = directory / RESUME, time.monotonic() + PATIENCE
    before, process = written(path), trainer(directory, OFTEN, *words)
    try:
        while written(path) == before:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, "no checkpoint was written"
            time.sleep(0.002)
    finally:
        process.kill()  # SIGKILL: nothing in it can notice
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    return load_checkpoint(path)[1]["step"]


def finishes(directory: Path, *words: str) -> None:
    process = trainer(directory, NEVER, *words)
    try:
        assert "finished" in process.communicate(timeout=PATIENCE)[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("settings", [TINY, RIVALS], ids=["one network", "with a critic"])
def test_a_run_killed_twice_ends_with_the_same_bits_as_one_that_was_not(settings, tmp_path, monkeypatch):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    if ENV not in os.environ:  # not the network: whether it answers may change between two starts
        monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finishes(whole, *settings)
    steps = [killed_after_a_checkpoint(killed, *settings)]
    assert runs.Run(killed).status()["state"] == "died" and runs.Run(killed).can_go_on
    steps.append(killed_after_a_checkpoint(killed, "--resume"))
    assert 0 < steps[0] < steps[1] < STEPS
    finishes(killed, "--resume")
    for name in (RESUME, MODEL):
        one, two = load_checkpoint(whole / name), load_checkpoint(killed / name)
        assert one[1]["step"] == two[1]["step"] == STEPS
        assert one[0].keys() == two[0].keys()
        assert all(torch.equal(one[0][key], two[0][key]) for key in one[0])
    critics = [key for key in load_checkpoint(killed / RESUME)[0] if key.startswith(CRITIC)]
    assert bool(critics) == (settings is RIVALS)
