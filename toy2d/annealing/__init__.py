"""Algorithm 1, dissected: levels, steps, step sizes."""
