"""Two families, one learning task."""
