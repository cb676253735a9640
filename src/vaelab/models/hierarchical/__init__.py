"""VAEs with two levels of latent variables."""
