"""How far generated digits are from real ones."""
