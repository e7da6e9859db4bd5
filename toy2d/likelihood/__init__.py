"""Log likelihood by the deterministic flow."""
