"""Half a digit, filled in eight times by RePaint, with the model that came with the project."""

import sys
from pathlib import Path

import numpy as np

from images.data.mnist import load
from images.inpainting.experiment import InpaintConfig, inpaint
from images.models import load_model
from playground.gif import png_bytes, tiled

steps, out = int(sys.argv[1]) if len(sys.argv) > 1 else 50, Path(sys.argv[2] if len(sys.argv) > 2 else "out")
digit = load("test").images[18, 0].numpy()
hole = np.zeros((28, 28), bool)
hole[:, :14] = True
film = inpaint(load_model(), digit, hole, InpaintConfig(count=8, steps=steps, resamplings=2))
out.mkdir(parents=True, exist_ok=True)
(out / "inpainted.png").write_bytes(png_bytes(tiled(film.images, columns=8)))
print(out / "inpainted.png")
