"""Problem 2: plain Langevin dynamics gets the modes' weights wrong, annealed does not."""
