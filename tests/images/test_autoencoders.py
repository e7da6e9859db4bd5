"""Autoencoders at every f, measured beside PCA: the numbers by their definitions."""

import json
import math
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from images import autoencoders
from images.__main__ import main
from images.autoencoders.experiment import (
    SHIPPED,
    MeasureConfig,
    ShowConfig,
    claims,
    measure,
    psnr,
    settled,
    show,
)
from images.data.mnist import Digits, load
from images.metrics.classifier import build
from images.training import runs
from playground.errors import UserError
from playground.levels import seeded


@pytest.fixture(scope="module")
def digits() -> Digits:
    found = load("test", download=False)
    return Digits(found.images[:400], found.labels[:400], "test", "400 test digits")


def test_psnr_of_a_known_error():
    """An error of 0.2 everywhere, peak to peak 2: 20 log10(10) = 20 dB; what leaves the range is brought back."""
    x = torch.zeros(12, 1, 4, 4)
    assert psnr(x + 0.2, x, seeded(0)).value == pytest.approx(20, abs=1e-4)
    assert psnr(x + 7.0, x, seeded(0)).value == pytest.approx(20 * math.log10(2), abs=1e-4)


def test_the_shipped_ones_keep_less_the_more_they_divide(digits):
    nets = {name: settled(path, digits) for name, path in SHIPPED.items()}
    found = measure(nets, build(), digits, digits, MeasureConfig(100))
    assert [row.numbers for row in found.rows.values()] == [256, 192, 128]
    values = [row.psnr.value for row in found.rows.values()]
    assert values[0] > values[1] > values[2] > 15
    assert len(claims(found)) == 6
    with pytest.raises(UserError, match="ask for fewer"):
        measure(nets, build(), digits, digits, MeasureConfig(300))


def test_ten_digits_are_shown(digits):
    found = show(settled(SHIPPED["f = 8"], digits), digits, digits, ShowConfig("f = 8"))
    assert found.latents.shape == (10, 4, 32) and found.rebuilt.shape == found.pca.shape == (10, 28, 28)
    with pytest.raises(UserError, match="choose a smaller one"):
        show(settled(SHIPPED["f = 8"], digits), digits, digits, ShowConfig("f = 8", first=395))


def test_the_command_writes_its_table(tmp_path, capsys):
    words = ["autoencoders", "--digits", "20", "--models", str(SHIPPED["f = 8"]), "--out", str(tmp_path)]
    assert main(words) == 0
    assert "dB" in capsys.readouterr().out
    assert json.loads((tmp_path / "autoencoders.json").read_text())["config"]["digits"] == 20


def test_the_page_shows_latents(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    app = AppTest.from_file(str(Path(autoencoders.__file__).with_name("page.py")), default_timeout=300).run()
    assert not app.exception and not app.error
    assert app.session_state["autoencoder-shown"][1].latents.shape == (10, 8, 24)
