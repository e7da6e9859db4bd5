"""Training the decoder of scenes: told CLIP's embedding of the scene, and a caption's words, as DALL-E 2's is.

One network learns both: the embedding is withheld from a tenth of the scenes and the words from half of them, so
what the words add can be seen without a second training.  But it seldom sees words alone; networks that learn from
one of the two, for as long, say what each can do.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Generator, Tensor

from images.dalle2.clip_task import mark_of
from images.dalle2.decoder_task import WITHHELD
from images.data.mnist import Digits, load
from images.data.scenes import LENGTH, captions_of, drawn
from images.networks.clip import Clip
from images.networks.prompted import PromptedConfig
from images.scenes.clip_task import SHIPPED as CLIP
from images.scenes.clip_task import caption_of, embedded, load_scene_clip
from images.training.tasks import Batches, DenoiserTask, drawn_by, sheet
from playground.denoisers import NetworkDenoiser
from playground.levels import seeded
from playground.objectives import Batch, Loss, dropping

if TYPE_CHECKING:
    from images.training.config import TrainConfig

KIND = "scene-decoder"
# what it learns from, by the name in a run's settings
TOLD = {"both": ("vector", "tokens"), "words": ("tokens",), "embedding": ("vector",)}
SHIPPED = CLIP.with_name("scene-decoder.safetensors")


@dataclass(frozen=True, eq=False)
class SceneDecoderTask(DenoiserTask):
    clip: Clip
    told: tuple[str, ...] = ("vector", "tokens")

    def batches(self, digits: Digits, size: int, device: torch.device) -> Batches:
        clip, images, labels = self.clip.to(device), digits.images.to(device), digits.labels.to(device)

        def draw(step: int, rng: Generator) -> Batch:
            x, codes = drawn(images, labels, size, rng)
            tokens = caption_of(clip, captions_of(codes, rng))["tokens"]
            known = {"vector": embedded(clip, x), "tokens": tokens}
            return Batch(x, {name: known[name] for name in self.told})

        return draw

    def loss(self) -> Loss:
        withheld: float | dict[str, float] = WITHHELD if len(self.told) > 1 else WITHHELD["vector"]
        return dropping(self.plain, withheld)

    def preview(self, net: NetworkDenoiser, device: torch.device) -> np.ndarray:
        """Eight scenes of test digits, and what is decoded from them: by what it was told first, then by all of it."""
        model = self.model.around(net)
        test, rng, clip = load("test", download=False), seeded(0, device), self.clip.to(device)
        x, codes = drawn(test.images.to(device), test.labels.to(device), 8, rng, unlike=True)
        words = caption_of(clip, captions_of(codes, rng))["tokens"]
        known = {"vector": embedded(clip, x), "tokens": words}
        rows = [x]
        for names in dict.fromkeys((self.told[:1], self.told)):
            told = {name: known[name] for name in names}
            rows.append(drawn_by(model, 8, told, seeded(1, device)))
        return sheet(torch.cat(rows), columns=8)

    def save(self, path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> Path:
        return super().save(path, weights, {**about, "clip": mark_of(self.clip)})


def task_of(config: "TrainConfig") -> SceneDecoderTask:
    clip = load_scene_clip(config.using or CLIP)
    net = PromptedConfig(config.width, config.blocks, config.patch, clip.size, channels=3, length=LENGTH)
    model = replace(config.model, net=net, shape=(3, 28, 28), kind=KIND)
    return SceneDecoderTask(model, config.loss, clip, TOLD[config.told])
