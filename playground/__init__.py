"""The engine both wings share: levels, denoisers, steps, one walk, objectives, training.

A denoiser sees a noise level, never a schedule or a timestep; a sampler is a step that is walked along a
grid of noise levels.  Nothing here knows whether x is a batch of points (B, 2) or of images (B, 1, 28, 28).
"""
