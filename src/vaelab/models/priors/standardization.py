"""Standardized codes, so that a prior suits codes of any scale.

Letters in shapes: N codes, B batch, D latent dimensions.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaelab.models.priors.prior import LEAST_SCALE, Code


class Standardization(nn.Module):
    """Mean and standard deviation of each dimension of the codes; 0 and 1 until they are fitted."""

    mean: Tensor
    scale: Tensor

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent_size))
        self.register_buffer("scale", torch.ones(latent_size))

    def fit(self, codes: Float[Tensor, "N D"]) -> None:
        """Take the moments of these codes."""
        self.mean.copy_(codes.mean(0))
        self.scale.copy_(codes.std(0).clamp(min=LEAST_SCALE))

    def forward(self, z: Code) -> Code:
        """Codes with mean 0 and standard deviation 1."""
        return (z - self.mean) / self.scale

    def inverse(self, standardized: Code) -> Code:
        """The codes."""
        return self.mean + self.scale * standardized

    def log_determinant(self) -> Float[Tensor, ""]:
        """Of the Jacobian of `forward`."""
        return -self.scale.log().sum()
