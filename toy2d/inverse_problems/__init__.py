"""Inverse problems with the truth at hand: regression, samples of the posterior, and the factor of two."""
