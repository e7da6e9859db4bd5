"""Scenes of two digits: which colour belongs to which, and whether an embedding keeps it."""
