"""A trained image model: the denoiser, the schedule it was trained on, and what is known about it."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from images.networks.dilated import DilatedConfig
from images.networks.unet import UNetConfig
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.denoisers import NetworkDenoiser
from playground.errors import UserError, require_known
from playground.levels import SCHEDULES, Schedule

FORMAT = 1
NETWORKS = {"unet": UNetConfig, "dilated": DilatedConfig}
# NCSN's levels for digits in [-1, 1]: from about their largest distance (NCSNv2, Technique 1) to 1.28 gray values,
# 0.01 * 127.5.
SIGMA_1, SIGMA_L = 30.0, 0.01
SHIPPED = Path(__file__).with_name("shipped") / "model.safetensors"


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to build the network and its schedule again."""

    net: UNetConfig | DilatedConfig = field(default_factory=UNetConfig)
    predicts: str = "v"
    schedule: str = "linear"
    T: int = 1000

    def __post_init__(self) -> None:
        require_known("The schedule", self.schedule, SCHEDULES)

    def build(self, seed: int = 0) -> NetworkDenoiser:
        """A fresh network; its random start comes from the seed and leaves no trace elsewhere."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return NetworkDenoiser(self.net.build(), self.predicts)

    def build_schedule(self) -> Schedule:
        return SCHEDULES[self.schedule](self.T)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; the kind of network goes with its settings."""
        kind = next(name for name, of in NETWORKS.items() if isinstance(self.net, of))
        return {**asdict(self), "net": {"kind": kind, **asdict(self.net)}}

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> "ModelConfig":
        settings = dict(plain["net"])
        net = NETWORKS[settings.pop("kind")](**settings)
        return ModelConfig(**{**plain, "net": net})


@dataclass(frozen=True, eq=False)
class Model:
    """denoise: NetworkDenoiser in eval mode; about: JSON, where it came from and its figures."""

    config: ModelConfig
    denoise: NetworkDenoiser
    schedule: Schedule
    about: dict[str, Any]

    @property
    def device(self) -> torch.device:
        return next(self.denoise.parameters()).device

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.denoise.parameters())


def save_model(
    path: str | Path, config: ModelConfig, weights: dict[str, Tensor], about: dict[str, Any]
) -> Path:
    """weights: the averaged ones, as in `Trainee.ema`."""
    return save_checkpoint(path, weights, {"format": FORMAT, "model": config.to_dict(), **about})


def load_model(path: str | Path = SHIPPED, device: torch.device | str = "cpu") -> Model:
    """Raises UserError for a file that is missing, damaged, or holds something else."""
    weights, about = load_checkpoint(path)
    try:
        config = ModelConfig.from_dict(about["model"])
        denoise = config.build()
        denoise.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{path} is no image model of this version (format {about.get('format')!r}, expected {FORMAT}): "
            "train again, or name another file."
        ) from error
    denoise = denoise.to(device).eval().requires_grad_(False)
    return Model(config, denoise, config.build_schedule(), about)


def best_device() -> torch.device:
    """A CUDA GPU where there is one, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
