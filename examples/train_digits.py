"""A small digit model, trained for a minute and sampled: the whole way in one screen."""

import sys
from pathlib import Path

import torch

from images.data.mnist import load, to_model, to_uint8
from images.networks.unet import UNetConfig
from playground.denoisers import NetworkDenoiser, clipped
from playground.gif import png_bytes, tiled
from playground.levels import linear_beta, seeded
from playground.objectives import Batch, flow_matching, logit_normal, per_dimension
from playground.steps import ddim
from playground.training import Recipe, Trainee, train
from playground.walk import final, starting_noise, walk

steps, out = int(sys.argv[1]) if len(sys.argv) > 1 else 600, Path(sys.argv[2] if len(sys.argv) > 2 else "out")
digits = load("train").images
model = NetworkDenoiser(UNetConfig(width=32, blocks=1).build())
trainee = Trainee(model, Recipe(steps, optimizer="muon"))


def batches(step: int, rng: torch.Generator) -> Batch:
    return Batch(to_model(digits[torch.randint(len(digits), (32,), generator=rng)]))


for progress in train(trainee, batches, per_dimension(flow_matching(logit_normal))):
    if progress.step % 100 == 0 or progress.step == steps:
        print(f"step {progress.step} of {steps}, loss {float(progress.loss):.3f}")
model.load_state_dict(trainee.averaged())

grid, rng = linear_beta().grid(20), seeded(0)
x = final(
    walk(ddim(), clipped(model.eval(), -1, 1), starting_noise((16, 1, 28, 28), grid[0], rng), grid, rng)
)
out.mkdir(parents=True, exist_ok=True)
(out / "digits.png").write_bytes(png_bytes(tiled(to_uint8(x)[:, 0].numpy())))
print(out / "digits.png")
