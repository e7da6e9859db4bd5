"""The presets: what a training begins with, by name, for the sidebar and the command line."""

from images.training.config import TrainConfig

PRESETS = {
    # Many small steps: on a CPU they cost little more, and short runs gain much (docs/training.md).
    "look": TrainConfig(
        images=30_000, batch=32, width=32, blocks=1, optimizer="muon", objective="flow-logit-normal"
    ),
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
    "palette": TrainConfig(
        images=120_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="clamped-snr",
        task="palette",
    ),
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
    "scene-decoder": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
    ),
    "scene-words": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
        told="words",
    ),
    "scene-embedding": TrainConfig(
        images=60_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        objective="flow-logit-normal",
        task="scene-decoder",
        told="embedding",
    ),
    "diffusion-autoencoder": TrainConfig(
        images=90_000,
        batch=32,
        width=32,
        blocks=1,
        optimizer="muon",
        task="diffusion-autoencoder",
        size=32,
        objective="clamped-snr",
    ),
    "z-prior": TrainConfig(
        images=1_000_000, batch=200, width=128, blocks=3, optimizer="muon", task="z-prior"
    ),
    # its own seed, so that not even its first weights are those of another classifier
    "perception": TrainConfig(images=60_000, batch=64, lr=3e-3, width=16, seed=71, task="perception"),
    "autoencoder-f4": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=4
    ),
    "autoencoder-f2": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=2
    ),
    "autoencoder-f8": TrainConfig(
        images=60_000, batch=32, width=24, blocks=1, optimizer="muon", task="autoencoder", size=8
    ),
    "autoencoder-f4-perceptual": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        task="autoencoder",
        size=4,
        perceptual=0.1,
    ),
    "autoencoder-f4-adversarial": TrainConfig(
        images=60_000,
        batch=32,
        width=24,
        blocks=1,
        optimizer="muon",
        task="autoencoder",
        size=4,
        perceptual=0.1,
        adversarial=0.5,
    ),
    "latent-f4": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent"
    ),
    # told labels, and without them for a fifth of the digits: it draws both
    "latent-f4-labelled": TrainConfig(
        images=120_000,
        batch=32,
        width=32,
        blocks=1,
        patch=1,
        optimizer="muon",
        task="latent",
        labels=True,
        withheld=0.2,
    ),
    "latent-f2": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent", size=2
    ),
    "latent-f8": TrainConfig(
        images=120_000, batch=32, width=32, blocks=1, patch=1, optimizer="muon", task="latent", size=8
    ),
    "ncsn": TrainConfig(images=120_000, batch=32, net="dilated", width=32, blocks=1, objective="ncsn"),
    # Sized by arithmetic, not by measurement: see docs/training.md.
    "gpu-minute": TrainConfig(
        images=2_000_000, batch=1024, lr=4e-3, optimizer="muon", objective="flow-logit-normal"
    ),
    "gpu": TrainConfig(
        images=12_000_000, batch=1024, width=64, optimizer="muon", objective="flow-logit-normal"
    ),
}
