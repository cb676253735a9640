"""The diagonal Gaussian posterior.

Letters in shapes: B batch, D latent dimensions, P numbers that the encoder gives.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.arithmetic import full_precision
from vaelab.distributions import gaussian_log_prob, reparameterize
from vaelab.randomness import Source

# exp(10) and exp(-20) are far outside of what training reaches and far inside of float32.
LOG_VARIANCE_BOUNDS = (-20.0, 10.0)


class DiagonalGaussian(NamedTuple):
    """N(mean, diag(exp(log_variance)))."""

    mean: Float[Tensor, "B D"]
    log_variance: Float[Tensor, "B D"]

    @classmethod
    def from_encoded(cls, encoded: Float[Tensor, "B P"]) -> "DiagonalGaussian":
        """Means, then log-variances, clamped so that no input makes them overflow."""
        mean, log_variance = full_precision(encoded).chunk(2, dim=1)
        return cls(mean, log_variance.clamp(*LOG_VARIANCE_BOUNDS))

    def sample(self, source: Source, temperature: float = 1.0) -> Float[Tensor, "B D"]:
        """A reparameterized draw, its standard deviation multiplied by `temperature`."""
        return reparameterize(self.mean, self.log_variance, source, temperature)

    def at(self, noise: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """The draw that standard normal noise gives: mean + standard deviation * noise."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def log_prob(self, z: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """log q(z|x) of each dimension."""
        return gaussian_log_prob(z, self.mean, self.log_variance)

    def repeated(self, draws: int) -> "DiagonalGaussian":
        """Each row `draws` times, one after the other."""
        return DiagonalGaussian(*(each.repeat_interleave(draws, 0) for each in self))
