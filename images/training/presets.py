"""The presets: what a training begins with, by name, for the sidebar and the command line."""

from functools import partial

from images.training.config import TrainConfig

small = partial(TrainConfig, batch=32, width=32, blocks=1, optimizer="muon")
flow = partial(small, objective="flow-logit-normal")
autoencoder = partial(small, images=60_000, width=24, task="autoencoder")

PRESETS = {
    # Many small steps: on a CPU they cost little more, and short runs gain much (docs/training.md).
    "look": flow(images=30_000),
    "cpu-quick": TrainConfig(
        images=90_000, batch=32, width=32, blocks=2, optimizer="muon", objective="flow-logit-normal"
    ),
    "cpu": TrainConfig(images=400_000, batch=64, optimizer="muon", objective="flow-logit-normal"),
    "labelled-quick": TrainConfig(
        images=90_000,
        batch=32,
        width=32,
        blocks=2,
        optimizer="muon",
        labels=True,
    ),
    "labelled": TrainConfig(
        images=240_000,
        batch=32,
        width=32,
        blocks=2,
        optimizer="muon",
        labels=True,
    ),
    "guide": TrainConfig(images=90_000, batch=32, width=24, blocks=1, optimizer="muon", task="guide"),
    "guide-clean": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="guide", objective="simple"
    ),
    # clamped-snr asks about x0 at every level: its first step from pure noise is then the regression
    "palette": small(images=120_000, objective="clamped-snr", task="palette"),
    # DALL-E 2, stage by stage (images.dalle2): the prior and the decoder build on CLIP.
    "clip": TrainConfig(images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip"),
    # the same length for CLIP, for its own loss, and for a text encoder that knows no order
    "clip-own": TrainConfig(
        images=80_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip", positives="own"
    ),
    "clip-bag": TrainConfig(
        images=80_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="clip", layers=0
    ),
    "noisy-clip": TrainConfig(
        images=60_000, batch=100, width=24, blocks=1, optimizer="muon", task="noisy-clip"
    ),
    "prior": TrainConfig(images=150_000, batch=200, lr=2e-3, width=64, blocks=2, predicts="x0", task="prior"),
    "ar-prior": TrainConfig(images=150_000, batch=200, lr=2e-3, width=64, blocks=2, size=16, task="ar-prior"),
    "decoder": TrainConfig(
        images=80_000,
        batch=32,
        width=24,
        blocks=1,
        patch=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="decoder",
    ),
    "upsampler": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="upsampler",
    ),
    # scenes of two digits: a CLIP, one that knows no order of words, and the decoder that is built on either
    "scene-clip": TrainConfig(
        images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="scene-clip"
    ),
    "scene-clip-bag": TrainConfig(
        images=160_000, batch=200, lr=2e-3, width=32, blocks=1, size=64, task="scene-clip", layers=0
    ),
    "scene-decoder": flow(images=60_000, task="scene-decoder"),
    "scene-words": flow(images=60_000, task="scene-decoder", told="words"),
    "scene-embedding": flow(images=60_000, task="scene-decoder", told="embedding"),
    "diffusion-autoencoder": small(
        images=90_000, task="diffusion-autoencoder", size=32, objective="clamped-snr"
    ),
    "z-prior": TrainConfig(
        images=1_000_000, batch=200, width=128, blocks=3, optimizer="muon", task="z-prior"
    ),
    # its own seed, so that not even its first weights are those of another classifier
    "perception": TrainConfig(images=60_000, batch=64, lr=3e-3, width=16, seed=71, task="perception"),
    "autoencoder-f4": autoencoder(size=4),
    "autoencoder-f2": autoencoder(size=2),
    "autoencoder-f8": autoencoder(size=8),
    "autoencoder-f4-perceptual": autoencoder(size=4, perceptual=0.1),
    "autoencoder-f4-adversarial": autoencoder(size=4, perceptual=0.1, adversarial=0.5),
    "latent-f4": small(images=120_000, patch=1, task="latent"),
    # told labels, and without them for a fifth of the digits: it draws both
    "latent-f4-labelled": small(images=120_000, patch=1, task="latent", labels=True, withheld=0.2),
    "latent-f2": small(images=120_000, patch=1, task="latent", size=2),
    "latent-f8": small(images=120_000, patch=1, task="latent", size=8),
    "ncsn": TrainConfig(images=120_000, batch=32, net="dilated", width=32, blocks=1, objective="ncsn"),
    # Sized by arithmetic, not by measurement: see docs/training.md.
    "gpu-minute": TrainConfig(
        images=2_000_000, batch=1024, lr=4e-3, optimizer="muon", objective="flow-logit-normal"
    ),
    "gpu": TrainConfig(
        images=12_000_000, batch=1024, width=64, optimizer="muon", objective="flow-logit-normal"
    ),
}
