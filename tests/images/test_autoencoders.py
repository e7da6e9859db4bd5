"""Autoencoders at every f, measured beside PCA: the numbers by their definitions."""

import json
import math
from pathlib import Path

import pytest
import torch
from page_opened import opened

from images import autoencoders
from images.__main__ import main
from images.autoencoders import losses
from images.autoencoders.experiment import (
    SHIPPED,
    MeasureConfig,
    ShowConfig,
    claims,
    grays,
    measure,
    psnr,
    settled,
    show,
)
from images.data.mnist import ENV, Digits, load
from images.metrics.classifier import build
from images.training import runs
from playground.errors import UserError
from playground.levels import seeded
from playground.statistics import Difference


@pytest.fixture(scope="module")
def digits() -> Digits:
    return load("test", download=False).part(0, 400)


def test_psnr_of_a_known_error():
    """An error of 0.2 everywhere, peak to peak 2: 20 log10(10) = 20 dB; what leaves the range is brought back."""
    x = torch.zeros(12, 1, 4, 4)
    assert psnr(x + 0.2, x, seeded(0)).value == pytest.approx(20, abs=1e-4)
    assert psnr(x + 7.0, x, seeded(0)).value == pytest.approx(20 * math.log10(2), abs=1e-4)


def test_the_shipped_ones_keep_less_the_more_they_divide(digits):
    nets = {name: settled(path, digits) for name, path in SHIPPED.items()}
    found = measure(nets, build(), digits, digits, MeasureConfig(100))
    assert [row.numbers for row in found.rows.values()] == [256, 192, 128, 192]
    values = [row.psnr.value for row in found.rows.values()]
    assert values[0] > values[1] > values[2] > 15
    assert len(claims(found)) == 12
    with pytest.raises(UserError, match="ask for fewer"):
        measure(nets, build(), digits, digits, MeasureConfig(300))


def test_ten_digits_are_shown(digits):
    found = show(settled(SHIPPED["f = 8"], digits), digits, digits, ShowConfig("f = 8"))
    assert found.latents.shape == (10, 4, 32) and found.rebuilt.shape == found.pca.shape == (10, 28, 28)
    with pytest.raises(UserError, match="choose a smaller one"):
        show(settled(SHIPPED["f = 8"], digits), digits, digits, ShowConfig("f = 8", first=395))


def test_the_command_writes_its_table(tmp_path, capsys, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    words = ["autoencoders", "--digits", "20", "--models", str(SHIPPED["f = 8"]), "--out", str(tmp_path)]
    assert main(words) == 0
    assert "dB" in capsys.readouterr().out
    assert json.loads((tmp_path / "autoencoders.json").read_text())["config"]["digits"] == 20


def test_the_page_shows_latents(monkeypatch, tmp_path):
    monkeypatch.setenv(runs.ENV, str(tmp_path))
    app = opened(Path(autoencoders.__file__).with_name("page.py"))
    assert app.session_state["autoencoder-shown"][1].latents.shape == (10, 8, 24)


# --- one against the other ----------------------------------------------------------------------------------


def test_a_comparison_is_signed_and_of_equals_is_nothing(digits):
    """At f = 2 more is kept than at f = 8: a gain one way is the same loss the other way, and none against itself."""
    two, eight = (
        losses.seen(settled(SHIPPED[f], digits), build(), digits, MeasureConfig(100))
        for f in ("f = 2", "f = 8")
    )
    real = grays(digits.images[:100])
    there, back, none = (losses.compared(*pair, real) for pair in ((two, eight), (eight, two), (two, two)))
    assert there.psnr.low > 0 and there.psnr.value == pytest.approx(-back.psnr.value)
    assert there.psnr.value == pytest.approx(
        10 * math.log10(float(eight.errors.mean() / two.errors.mean())), abs=1e-9
    )
    assert none.psnr == none.gray == none.off == Difference(0, 0, 0)
    assert there.gray.value == pytest.approx(float((two.gray - eight.gray).mean()))
    assert losses.claims(none, "N = 100")[0].endswith("**cannot be told at N = 100**.")
    assert losses.claims(back, "N = 100")[0].endswith("**holds**.")  # that its PSNR is lower


def test_over_trainings_the_interval_is_students():
    """Two pairs 1 and 3 dB apart: 2 +- t(0.975, 1) * sqrt(2) / sqrt(2), and t(0.975, 1) = 12.706."""
    nothing = Difference(0, 0, 0)
    pair = [losses.Compared(Difference(v, v, v), nothing, nothing, nothing, nothing) for v in (1.0, 3.0)]
    found = losses.over_trainings(pair).psnr
    assert found.value == 2 and found.high - 2 == pytest.approx(12.706, abs=1e-3)


def test_blur_makes_gray():
    sharp = torch.zeros(2, 1, 28, 28, dtype=torch.uint8)
    sharp[:, :, 10:18, 10:18] = 255
    soft = torch.nn.functional.avg_pool2d(sharp.float(), 3, 1, 1).to(torch.uint8)
    assert float(grays(sharp).sum()) == 0 and float(grays(soft).min()) > 0


def test_the_command_compares_pair_by_pair(tmp_path, capsys, monkeypatch, few_digits):
    monkeypatch.setenv(ENV, str(few_digits))
    words = ["autoencoders", "--digits", "20", "--out", str(tmp_path), "--models", str(SHIPPED["f = 8"])]
    assert main([*words, "--against", str(SHIPPED["f = 2"])]) == 0
    assert "PSNR is lower" in capsys.readouterr().out and (tmp_path / "compared.json").is_file()
    assert main([*words, "--against", str(SHIPPED["f = 2"]), str(SHIPPED["f = 4"])]) == 2
    assert "1 models are set against 2" in capsys.readouterr().err
