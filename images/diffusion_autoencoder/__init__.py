"""The diffusion autoencoder: a digit as a few numbers that say what it is, and a noise that says the rest."""
