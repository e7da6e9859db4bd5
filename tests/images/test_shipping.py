"""What is shipped: half the bytes, the same denoiser to three digits, and a card about the very file."""

import json

import pytest
import torch

from images.__main__ import main
from images.metrics.evaluate import fingerprint
from images.models import ModelConfig, load_model, save_model
from images.networks.unet import UNetConfig
from images.runs.ship import ship
from playground.errors import UserError
from playground.levels import Level, seeded

SMALL = ModelConfig(UNetConfig(16, 1))


@pytest.fixture
def source(tmp_path):
    net, rng = SMALL.build(), seeded(0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=rng))
    return save_model(tmp_path / "run.safetensors", SMALL, net.state_dict(), {"seconds": 3.0, "torch": "x"})


def test_half_the_bytes_and_the_same_estimates(source, tmp_path):
    out = tmp_path / "shipped.safetensors"
    card = ship(source, out)
    assert 0.45 < out.stat().st_size / source.stat().st_size < 0.65  # the header is a few kilobytes
    before, after = load_model(source), load_model(out)
    assert all(p.dtype == torch.float32 for p in after.denoise.parameters())
    x, level = torch.randn(4, 1, 28, 28, generator=seeded(1)), Level.of(0.6, 0.8)
    wanted = before.denoise(x, level)
    # float16 rounds weights by up to 2**-11 = 0.0005 of themselves
    assert (after.denoise(x, level) - wanted).norm() < 0.005 * wanted.norm()
    assert card["fingerprint"] == fingerprint(after) and card["seconds"] == 3.0
    assert json.loads(out.with_suffix(".json").read_text()) == card
    assert ship(out, tmp_path / "again.safetensors")["fingerprint"] == card["fingerprint"]


def test_an_evaluation_of_other_weights_is_refused_and_nothing_is_written(source, tmp_path, capsys):
    out, evaluation = tmp_path / "shipped.safetensors", tmp_path / "evaluation.json"
    figures = {"config": {}, "metrics": {}, "floors": {}, "bound": None, "class_counts": []}
    evaluation.write_text(json.dumps(figures | {"model": {"fingerprint": "0123456789ab"}}))
    with pytest.raises(UserError, match="measured the weights 0123456789ab"):
        ship(source, out, evaluation)
    assert main(["ship", "--model", str(source), "--out", str(out), "--evaluation", str(source)]) == 2
    assert "is no evaluation" in capsys.readouterr().err and not out.exists()
    rounded = ship(source, tmp_path / "first.safetensors")["fingerprint"]
    evaluation.write_text(json.dumps(figures | {"model": {"fingerprint": rounded}}))
    assert main(["ship", "--model", str(source), "--out", str(out), "--evaluation", str(evaluation)]) == 0
    assert json.loads(out.with_suffix(".json").read_text())["evaluation"] == figures


def test_a_card_names_what_a_model_builds_on_but_no_folder_of_the_machine(tmp_path):
    about = {"config": {"using": str(tmp_path / "clip.safetensors"), "seed": 1}}
    run = save_model(tmp_path / "run.safetensors", SMALL, SMALL.build().state_dict(), about)
    card = ship(run, tmp_path / "shipped.safetensors")
    assert card["config"] == {"using": "clip.safetensors", "seed": 1}
    assert str(tmp_path) not in (tmp_path / "shipped.safetensors").read_bytes()[:5000].decode("latin1")
