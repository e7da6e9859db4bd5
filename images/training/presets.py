"""The presets: what a training begins with, by name, for the sidebar and the command line."""

from functools import partial

from images.training.config import TrainConfig

FLOW = "flow-logit-normal"
# Many small steps: on a CPU they cost little more, and short runs gain much (docs/training.md).
small = partial(TrainConfig, batch=32, width=32, blocks=1, optimizer="muon")
smaller = partial(small, width=24)
deeper = partial(small, blocks=2)
pairs = partial(
    TrainConfig, images=160_000, batch=200, width=32, blocks=1, size=64
)  # of pictures and captions
embeddings = partial(TrainConfig, images=150_000, batch=200, width=64, blocks=2)
scenes = partial(small, images=60_000, objective=FLOW, task="scene-decoder")
autoencoder = partial(smaller, images=60_000, task="autoencoder")
latent = partial(small, images=120_000, patch=1, task="latent")

PRESETS = {
    "look": small(images=30_000, objective=FLOW),
    "cpu-quick": deeper(images=90_000, objective=FLOW),
    "cpu": TrainConfig(images=400_000, batch=64, optimizer="muon", objective=FLOW),
    "labelled-quick": deeper(images=90_000, labels=True),
    "labelled": deeper(images=240_000, labels=True),
    "guide": smaller(images=90_000, task="guide"),
    "guide-clean": smaller(images=60_000, task="guide", objective="simple"),
    # clamped-snr asks about x0 at every level: its first step from pure noise is then the regression
    "palette": small(images=120_000, objective="clamped-snr", task="palette"),
    # DALL-E 2, stage by stage (images.dalle2): the prior and the decoder build on CLIP.
    "clip": pairs(task="clip"),
    # the same length for CLIP, for its own loss, and for a text encoder that knows no order
    "clip-own": pairs(images=80_000, task="clip", positives="own"),
    "clip-bag": pairs(images=80_000, task="clip", layers=0),
    "noisy-clip": smaller(images=60_000, batch=100, task="noisy-clip"),
    "prior": embeddings(predicts="x0", task="prior"),
    "ar-prior": embeddings(size=16, task="ar-prior"),
    "decoder": smaller(images=80_000, patch=1, objective=FLOW, task="decoder"),
    "upsampler": smaller(images=60_000, objective=FLOW, task="upsampler"),
    # scenes of two digits: a CLIP, one that knows no order of words, and the decoder that is built on either
    "scene-clip": pairs(task="scene-clip"),
    "scene-clip-bag": pairs(task="scene-clip", layers=0),
    "scene-decoder": scenes(),
    "scene-words": scenes(told="words"),
    "scene-embedding": scenes(told="embedding"),
    "diffusion-autoencoder": small(
        images=90_000, task="diffusion-autoencoder", size=32, objective="clamped-snr"
    ),
    "z-prior": small(images=1_000_000, batch=200, width=128, blocks=3, task="z-prior"),
    # its own seed, so that not even its first weights are those of another classifier
    "perception": TrainConfig(images=60_000, batch=64, lr=3e-3, width=16, seed=71, task="perception"),
    "autoencoder-f4": autoencoder(size=4),
    "autoencoder-f2": autoencoder(size=2),
    "autoencoder-f8": autoencoder(size=8),
    "autoencoder-f4-perceptual": autoencoder(size=4, perceptual=0.1),
    "autoencoder-f4-adversarial": autoencoder(size=4, perceptual=0.1, adversarial=0.5),
    "latent-f4": latent(),
    # told labels, and without them for a fifth of the digits: it draws both
    "latent-f4-labelled": latent(labels=True, withheld=0.2),
    "latent-f2": latent(size=2),
    "latent-f8": latent(size=8),
    "ncsn": TrainConfig(images=120_000, batch=32, net="dilated", width=32, blocks=1, objective="ncsn"),
    # Sized by arithmetic, not by measurement: see docs/training.md.
    "gpu-minute": TrainConfig(images=2_000_000, batch=1024, lr=4e-3, optimizer="muon", objective=FLOW),
    "gpu": TrainConfig(images=12_000_000, batch=1024, width=64, optimizer="muon", objective=FLOW),
}
