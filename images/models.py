"""A trained image model: the denoiser, the schedule it was trained on, and what is known about it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from images.networks.autoencoder import AutoencoderConfig
from images.networks.caption_prior import CaptionPriorConfig
from images.networks.code_prior import CodePriorConfig, NormaliserConfig
from images.networks.dilated import DilatedConfig
from images.networks.encoder import EncoderConfig
from images.networks.prompted import PromptedConfig
from images.networks.telling import TellConfig
from images.networks.unet import UNetConfig
from playground.checkpoint import (
    Shapes,
    load_checkpoint,
    outlined,
    require_format,
    require_shapes,
    save_checkpoint,
)
from playground.denoisers import TO_X0, Denoiser, NetworkDenoiser, clipped
from playground.devices import best_device as best_device
from playground.devices import device_named
from playground.errors import UserError, require, require_known
from playground.knobs import Knobs, choice, knob
from playground.levels import SCHEDULES, Schedule
from playground.training import weights_from

FORMAT = 1
SHAPE = (1, 28, 28)
MOST_LEVELS = 10_000
NETWORKS = {"unet": UNetConfig, "dilated": DilatedConfig}
# Those that a task brings along: nobody chooses them by name, but files hold them.
TASKS_OWN = {"prompted": PromptedConfig, "caption-prior": CaptionPriorConfig, "code-prior": CodePriorConfig}
PARTS = {
    "encoder": EncoderConfig,
    "autoencoder": AutoencoderConfig,
    "normaliser": NormaliserConfig,
}  # what a denoiser may bring along in its file
# NCSN's levels for digits in [-1, 1]: from about their largest distance (NCSNv2, Technique 1) to 1.28 gray values,
# 0.01 * 127.5.
SIGMA_1, SIGMA_L = 30.0, 0.01
SHIPPED = Path(__file__).with_name("shipped") / "model.safetensors"
SHIPPED_MODELS = {
    SHIPPED: "the shipped model",
    SHIPPED.with_name("labelled.safetensors"): "shipped, knows labels",
    SHIPPED.with_name("palette.safetensors"): "shipped",
    SHIPPED.with_name("diffusion-autoencoder.safetensors"): "the shipped diffusion autoencoder",
    SHIPPED.with_name("latent.safetensors"): "the shipped latent model",
    SHIPPED.with_name("z-prior.safetensors"): "the shipped prior of z",
}


@dataclass(frozen=True)
class ModelConfig(Knobs):
    """Everything that is needed to build the network and its schedule again.

    shape: of one sample.  bounded: whether samples lie in [-1, 1]; latents and embeddings do not, and are not clipped.
    kind: what the model is for, which says on which pages it is offered.  parts: networks that go with it, such as the
    encoder of what it is told.
    """

    net: UNetConfig | DilatedConfig | PromptedConfig | CaptionPriorConfig | CodePriorConfig = field(
        default_factory=UNetConfig
    )
    predicts: str = choice("v", TO_X0, "What the network predicts")
    schedule: str = choice("linear", SCHEDULES, "The schedule")
    T: int = knob(1000, 1, MOST_LEVELS, "The number of noise levels T")
    shape: tuple[int, ...] = SHAPE
    bounded: bool = True
    kind: str = "digits"
    parts: tuple[EncoderConfig | AutoencoderConfig | NormaliserConfig, ...] = ()
    highest: float | None = (
        None  # sigma / alpha; the network has not seen more noise; None: than its schedule has
    )

    def build(self, seed: int = 0) -> NetworkDenoiser:
        """A fresh network; its random start comes from the seed and leaves no trace elsewhere."""
        with weights_from(seed):
            return self.assembled()

    def assembled(self) -> NetworkDenoiser:
        """The network with the parts that it brings along, from torch's own random stream."""
        denoise = NetworkDenoiser(self.net.build(), self.predicts)
        if self.parts:
            denoise.parts = nn.ModuleDict({_part_name(part): part.build() for part in self.parts})
        return denoise

    @property
    def told(self) -> tuple[str, ...]:
        """The conditions that the network knows, by name."""
        return () if self._tell is None else self._tell.names

    @property
    def vector(self) -> int:
        """The length of the vector that the network may be told; 0 where it knows none."""
        return 0 if self._tell is None else self._tell.vector

    @property
    def _tell(self) -> TellConfig | None:
        found: TellConfig | None = getattr(self.net, "tell", None)
        return found

    def around(self, denoise: NetworkDenoiser) -> "Model":
        """The model of a network that is in training; nothing is known about it yet."""
        return Model(self, denoise, self.build_schedule(), {})

    def build_schedule(self) -> Schedule:
        """The schedule, cut off where the noise is more than the network was trained on."""
        schedule = SCHEDULES[self.schedule](self.T)
        return schedule if self.highest is None else schedule.up_to(self.highest)

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; the kind of network goes with its settings."""
        kind = next(name for name, of in (NETWORKS | TASKS_OWN).items() if isinstance(self.net, of))
        parts = [{"kind": _part_name(part), **asdict(part)} for part in self.parts]
        return {**asdict(self), "net": {"kind": kind, **asdict(self.net)}, "parts": parts}

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> "ModelConfig":
        settings = dict(plain["net"])
        kind, known = settings.pop("kind"), NETWORKS | TASKS_OWN
        require_known("The kind of network", kind, known)
        net = known[kind](**settings)
        shape, described = tuple(plain.get("shape", SHAPE)), [dict(part) for part in plain.get("parts", ())]
        parts = tuple(PARTS[part.pop("kind")](**part) for part in described)
        return ModelConfig(**{**plain, "net": net, "shape": shape, "parts": parts})


def _part_name(part: EncoderConfig | AutoencoderConfig | NormaliserConfig) -> str:
    return next(name for name, of in PARTS.items() if isinstance(part, of))


@dataclass(frozen=True, eq=False)
class Model:
    """denoise: NetworkDenoiser in eval mode; about: JSON, where it came from and its figures."""

    config: ModelConfig
    denoise: NetworkDenoiser
    schedule: Schedule
    about: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample: (1, 28, 28) for digits."""
        return self.config.shape

    @property
    def told(self) -> tuple[str, ...]:
        """The conditions that it knows, by name."""
        return self.config.told

    def part(self, name: str) -> Any:
        """A network that came with the denoiser, by its name in PARTS.  Raises UserError where there is none."""
        parts = getattr(self.denoise, "parts", {})
        require(
            name in parts,
            f"This model brings no {name} along; it is of the kind {self.config.kind!r}: choose a model that was "
            "trained for this.",
        )
        return parts[name]

    def within(self, denoise: Denoiser) -> Denoiser:
        """Keeps estimates in the data's range, where they have one; after guidance, not before."""
        return clipped(denoise, -1, 1) if self.config.bounded else denoise

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
    device = device_named(device)
    weights, about = load_checkpoint(path, _check)
    config = ModelConfig.from_dict(about["model"])
    denoise = config.build()
    denoise.load_state_dict(weights)
    denoise = denoise.to(device).eval().requires_grad_(False)
    return Model(config, denoise, config.build_schedule(), about)


NO_MODEL = (
    SafetensorError,
    OSError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
)  # reading other headers


def kind_of(path: str | Path) -> str | None:
    """What the model in a file is for, from its header alone; None for a file that holds no model."""
    try:
        kind: str = _described(path).get("kind", "digits")
        return kind
    except NO_MODEL:
        return None


def told_of(path: str | Path) -> tuple[str, ...]:
    """The conditions that the model in a file knows, from its header alone; none for a file that holds no model."""
    try:
        return ModelConfig.from_dict(_described(path)).told
    except (*NO_MODEL, UserError):
        return ()


def _described(path: str | Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        model: dict[str, Any] = json.loads((file.metadata() or {})["about"])["model"]
    return model


def _check(about: dict[str, Any], shapes: Shapes) -> None:
    """Compares what the header says with the network that it describes, which is built without any memory."""
    require_format(about, FORMAT)
    require("model" in about, f"it is no image model of format {FORMAT}")
    config = ModelConfig.from_dict(about["model"])
    with outlined():
        require_shapes(config.assembled().state_dict(), shapes)
