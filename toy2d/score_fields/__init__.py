"""The score as arrows, exact and learned (lecture, denoising score matching)."""
