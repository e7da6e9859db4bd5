"""Each example runs as it stands, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name, few, says",
    [
        ("langevin", [], "weight of the first mode"),
        ("train_digits", ["3"], "digits.png"),
        ("inpaint", ["3"], "inpainted.png"),
        ("new_sampler", [], "share of the first mode 0."),
    ],
)
def test_the_example_runs(name, few, says, tmp_path):
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), *few, *([str(tmp_path)] if few else [])]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=300)
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
