"""The 2-D wing: mixtures of Gaussians, where every idea of the lecture has a closed form to be held against."""
