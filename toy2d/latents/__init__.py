"""Latents in the plane, exact: what a code keeps, what scale its diffusion wants, and inversion told the mode."""
