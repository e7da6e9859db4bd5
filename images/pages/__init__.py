"""The MNIST pages; modules that begin with an underscore are what they share."""
