"""The lecture's claims in the plane, each measured by the experiment of its own page."""
