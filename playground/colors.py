"""Colours that colour-blind people can tell apart, for plots, animations and GIFs alike."""

# Okabe and Ito (2008); label i has colour i modulo their number.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9")
# What is compared beside points that are coloured by their mode: the plane's two modes have the first two colours.
METHODS = PALETTE[2:]
PLAIN, ANNEALED = METHODS[2], METHODS[0]  # Langevin dynamics, on every page
TRUTH = "#808080"  # the true value, readable on white and on black


def rgb(color: str) -> tuple[int, int, int]:
    """ "#0072B2" -> (0, 114, 178)."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
