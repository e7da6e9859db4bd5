"""Any points of the plane, memorised or generalised."""
