"""One network for all noise levels, and its weights."""
