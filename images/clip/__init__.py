"""Digits and captions as points of one sphere: what is near what, and where the two clouds lie."""
