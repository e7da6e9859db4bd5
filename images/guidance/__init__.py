"""Guidance on digits: by a classifier, and without one."""
