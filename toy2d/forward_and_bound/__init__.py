"""The diffusion probabilistic model: chain, posterior, variational bound, losses."""
