"""Holes in digits, filled in."""
