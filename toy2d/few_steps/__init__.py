"""DDIM: fewer steps, and solvers that need fewer still."""
