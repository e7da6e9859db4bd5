"""The image wing: the same engine on MNIST."""
