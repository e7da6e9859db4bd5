"""Autoencoder and latents: what f = 2, 4 and 8 keep of a digit, and what noise decodes to."""
