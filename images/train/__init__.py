"""Start a training, watch it, stop it, go on."""
