"""VAEs with one vector of latent variables and a diagonal Gaussian posterior."""
