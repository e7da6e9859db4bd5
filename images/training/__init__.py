"""Runs: what is trained, for how long, and what must survive a kill."""
