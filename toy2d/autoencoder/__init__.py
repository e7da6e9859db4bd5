"""A network that only removes noise knows the score (lecture, first section)."""
