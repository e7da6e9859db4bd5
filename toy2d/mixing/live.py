"""Both chains of the page, for the browser to run while π is dragged."""

from typing import Any

from toy2d.live import LiveWalk, live, moves, start_named
from toy2d.mixing.experiment import MixingConfig, both_chains
from toy2d.presets import narrowest_std


def live_mixing(config: MixingConfig) -> dict[str, Any] | None:
    """On exact scores; None for mixtures without a π, and for chains that a browser would be too slow for."""
    mixture = config.mixture.build()
    if not config.mixture.has_pi:
        return None
    step, grids = both_chains(config, narrowest_std(mixture))
    start = start_named(config.start, mixture)
    walks = [LiveWalk("score", start, moves(step, grid)) for grid in grids]
    return live(mixture, walks, config.seed, {"pi": None})
