"""A deep hierarchy of latent variables over convolutions."""
