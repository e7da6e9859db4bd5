"""Palette: one network told a damaged picture (lecture, "Image generation conditioned on images")."""
