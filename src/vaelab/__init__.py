"""The laboratory for variational autoencoders on Fashion-MNIST."""

__version__ = "0.1.0"
