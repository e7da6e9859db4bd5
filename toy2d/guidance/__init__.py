"""Guidance by a classifier, and without one."""
