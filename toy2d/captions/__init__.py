"""DALL-E 2 in the plane, exact: a caption, an embedding z, and why the caption's own embedding cannot stand for z."""
