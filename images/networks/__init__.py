"""The networks: what they are made of, and what they may be told."""
