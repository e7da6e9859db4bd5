"""Digits that CLIP embeds alike, and the way from one digit to another: what an embedding keeps."""
