"""The three stages of a drawing as panels of one film: each panel moves during its own stage and waits otherwise."""

from collections.abc import Sequence

import numpy as np

from images.dalle2.experiment import STAGES
from playground.trajectory import frames_of

LARGEST = (
    3.0  # coordinates of embeddings from -3 to 3 are black to white; their standard deviation is about one
)


def embeddings_as_pictures(z: np.ndarray, z_t: np.ndarray) -> np.ndarray:
    """(F, B, D), and the caption's (D,) before the others -> (F, 1 + B, 4 h, 4 h) uint8, h the root of D."""
    first = np.broadcast_to(z_t, (len(z), 1, len(z_t)))
    z = np.concatenate([first, z], 1)
    F, B, D = z.shape
    side = int(np.ceil(D**0.5))
    gray = np.full((F, B, side * side), 128, np.uint8)
    gray[:, :, :D] = ((z / LARGEST + 1) * 127.5).round().clip(0, 255)
    return gray.reshape(F, B, side, side).repeat(4, 2).repeat(4, 3)


def steps_shown(steps: int, frames: int) -> list[str]:
    """What to say of a walk's frames: which of its steps each of them shows."""
    return [f"step {i} of {steps}" for i in sorted(frames_of(steps, frames))]


def in_stages(walks: Sequence[np.ndarray], steps: int) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Walks (F_k, B, H, W) one after another -> panels of the same number of frames, and a caption for each frame.

    steps: of each walk.  Before its stage a panel shows its first frame, pure noise, and after it the last.
    """
    lengths = [len(walk) for walk in walks]
    panels = []
    for number, walk in enumerate(walks):
        before, after = sum(lengths[:number]), sum(lengths[number + 1 :])
        panels.append(np.concatenate([walk[:1].repeat(before, 0), walk, walk[-1:].repeat(after, 0)]))
    captions = tuple(
        f"{stage}, {words}"
        for stage, length in zip(STAGES, lengths, strict=True)
        for words in steps_shown(steps, length)
    )
    return panels, captions
