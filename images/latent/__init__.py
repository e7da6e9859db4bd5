"""Latent diffusion: an autoencoder, and the same diffusion in its latents."""
