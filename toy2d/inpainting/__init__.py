"""Filling in what is not known."""
