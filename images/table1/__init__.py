"""The lecture's table of eta and steps."""
