"""What the 2-D pages share: the choice of a mixture and of its score, the player, the GIF button.

Widgets with a key are part of the page's address: a copied link opens the same experiment.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground.progress import Report
from playground.ui.downloads import download_gif
from playground.ui.knobs import ask
from playground.ui.page import cached, in_url, one_of, shared
from playground.ui.player import PointsPanel, player
from toy2d.distances import Distances
from toy2d.drawing.clouds import Cloud, clouds_gif
from toy2d.net import LearnConfig, Learned, learn
from toy2d.presets import MixtureSpec
from toy2d.shipped import shipped, told


class OfMixture(Protocol):
    """A config that names its mixture."""

    @property
    def mixture(self) -> MixtureSpec: ...


C = TypeVar("C", bound=OfMixture)
T = TypeVar("T")

NAMES = {
    "two_modes": "two modes",
    "ring": "ring of eight",
    "grid": "5 x 5 grid",
    "anisotropic_pair": "anisotropic pair",
}
TRAINED_FOR = {"all": "for every π", "this": "for this π"}
TRAINED_FOR_HELP = (
    "For every π: each training point comes from a mixture with a π of its own, and the network is told that π; so "
    "another π costs no training. For this π: all points come from the mixture above, and another π is trained anew."
)


def preset_widget(place: Any, first: str = MixtureSpec.preset, names: Mapping[str, str] = NAMES) -> str:
    """Which mixture, of those with names."""
    known = list(names)
    chosen: str = in_url(
        place.selectbox, "Mixture", known, index=known.index(first), key="mixture", format_func=names.get
    )
    return chosen


def mixture_widgets(first: DeltaGenerator, second: DeltaGenerator) -> MixtureSpec:
    """The mixture, and the weight π of its first mode where there are two."""
    preset = preset_widget(first)
    pi = ask(
        second.slider,
        "π, weight of the first mode",
        MixtureSpec,
        "pi",
        0.01,
        disabled=not MixtureSpec(preset).has_pi,
        help="For the mixtures of two modes.",
    )
    return MixtureSpec(preset, pi)


def score_widget(place: DeltaGenerator, key: str = "score") -> bool:
    """True for a learned score."""
    return one_of(
        place, "Score", ["exact", "learned"], key=key,
        help="Exact: the mixture's own, in closed form. Learned: a small network that saw points alone: of mixtures of "
        "every π, and is told π; where the mixture has no π, of this one.",
    ) == "learned"  # fmt: skip


def told_widget(place: DeltaGenerator, mixture: MixtureSpec, key: str = "trained", **options: Any) -> bool:
    """Whether the networks are told π, so that those of one training serve every π of the slider."""
    options = {"disabled": not mixture.has_pi, **options}
    chosen = one_of(place, "Networks trained", TRAINED_FOR, key=key, help=TRAINED_FOR_HELP, **options)
    return chosen == "all" and mixture.has_pi


def learned_at(mixture: MixtureSpec, objective: str, schedule: str = LearnConfig.schedule) -> Learned:
    """What "learned" means where nothing else is chosen: the shipped network that is told π, so that another π costs
    nothing; for another schedule one that is trained so, and for a mixture without π one trained on it.
    """
    if mixture.has_pi and schedule == LearnConfig.schedule:
        return learned_for(told(mixture, objective))
    return learned_for(LearnConfig(mixture, objective, schedule=schedule).telling_pi(mixture.has_pi))


def learned_for(config: LearnConfig) -> Learned:
    """The network of a configuration: shipped, or trained now, with progress, unless it has been before; one that is
    told π has been, if it was at any other π.
    """
    known = shipped(config)
    if known is not None:
        return known
    training = config.training
    key = f"learn-{hash(training)}"  # a page may train two
    found = shared(key, training, learn, "Training the network")
    return found.of(config.mixture)


def with_score(
    key: str, run: Callable[[C, Learned | None, Report], T], config: C, objective: str | None, verb: str
) -> T:
    """run(config, network, report), kept while the settings stay.

    objective: of the network that serves as the score, `learned_at` the config's mixture; None: the exact score.
    """

    def make(_: object, report: Report) -> T:
        schedule = getattr(config, "schedule", LearnConfig.schedule)
        network = None if objective is None else learned_at(config.mixture, objective, schedule)
        return run(config, network, report)

    return cached(key, (config, objective), make, verb)


def show_clouds(
    clouds: Sequence[Cloud], key: str, height: int = 900, fps: int = 20, live: Mapping[str, Any] | None = None
) -> None:
    """The player, and a button for the same as a GIF.  live: what toy2d.live.live made, drawn while π is dragged."""
    player([_panel(cloud) for cloud in clouds], key=f"{key}-player", height=height, fps=fps, live=live)
    download_gif("GIF", lambda: clouds_gif(clouds), f"{key}.gif", f"{key}-gif")


def _panel(cloud: Cloud) -> PointsPanel:
    e = cloud.extent
    return PointsPanel(
        cloud.title, cloud.xs, limits=(-e, e, -e, e), labels=cloud.labels, captions=cloud.captions,
        background=cloud.background, label_names=cloud.label_names, x_title="x", y_title="y",
    )  # fmt: skip


COLUMNS = {
    "In a wrong mode": ("weights", "%.4f", "Total variation between the shares of the modes and their weights"),
    "± s.e.": ("weights_se", "%.4f", "Standard error of that share"),
    "Sliced Wasserstein": ("sliced", "%.4f", "Sliced Wasserstein-1 distance to as many exact samples, in units of x"),
    "Energy distance": ("energy", "%.4f", "Energy distance to them (Szekely and Rizzo 2013)"),
    "Log-likelihood": ("log_likelihood", "%.3f", "Mean log density under the truth, in nats. Exact samples have minus "
                       "the entropy; more than that means samples that huddle in the middle of the modes."),
}  # fmt: skip
FLOOR = "exact samples (the floor)"


def distance_table(rows: dict[str, Distances], floor: Distances, key: str, first: str = "") -> None:
    """One row for each name, and the floor below."""
    shown = {**rows, FLOOR: floor}
    data = {first or " ": list(shown)}
    data |= {name: [getattr(row, field) for row in shown.values()] for name, (field, _, _) in COLUMNS.items()}
    columns = {
        name: st.column_config.NumberColumn(name, format=form, help=help)
        for name, (_, form, help) in COLUMNS.items()
    }
    st.dataframe(data, column_config=columns, hide_index=True, width="stretch", key=key)
