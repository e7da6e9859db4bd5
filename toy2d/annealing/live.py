"""The page's chain, for the browser to run while π is dragged."""

from typing import Any

from toy2d.annealing.experiment import AnnealingConfig, chain_of
from toy2d.live import LiveWalk, live, moves, start_named
from toy2d.presets import narrowest_std


def live_annealing(config: AnnealingConfig) -> dict[str, Any] | None:
    """None for mixtures without a π, and for chains that a browser would be too slow for."""
    mixture = config.mixture.build()
    if not config.mixture.has_pi:
        return None
    step, grid = chain_of(config, narrowest_std(mixture))
    chain = LiveWalk("score", start_named("square", mixture), moves(step, grid))
    return live(mixture, [chain], config.seed, {"pi": None})
