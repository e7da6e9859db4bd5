"""DDPM and NCSN on digits."""
