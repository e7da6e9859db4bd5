"""Problem 1: the score is poor where data are few."""
