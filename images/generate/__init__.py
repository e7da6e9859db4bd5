"""Digits from noise."""
