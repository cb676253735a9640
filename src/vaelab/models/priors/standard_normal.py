"""p(z) = N(0, I)."""

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.distributions import gaussian_kl, gaussian_log_prob
from vaelab.entropy_coding import BitStack
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import StandardNormalConfig
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext


class StandardNormal(Prior):
    """N(0, I)."""

    has_moments = True
    splits_kl = True
    zero: Tensor

    def __init__(self, _config: StandardNormalConfig, context: PriorContext) -> None:
        super().__init__()
        # A buffer moves to the device of the model.
        self.register_buffer("zero", torch.zeros(context.latent_size), persistent=False)
        self.noise_size = context.latent_size

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z)."""
        zero = self.zero.expand_as(z)
        return gaussian_log_prob(z, zero, zero).sum(1)

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """See `Prior.push`."""
        zero = self.zero.expand_as(z)
        stack.push_gaussian(z, zero, torch.ones_like(zero))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        zero = self.zero.expand(len(condition), -1)
        return stack.pop_gaussian(zero, torch.ones_like(zero))

    def kl(
        self, posterior: DiagonalGaussian, z: Code, condition: Condition
    ) -> Float[Tensor, "B D"]:
        """Analytic, by dimension (Kingma and Welling 2014, appendix B)."""
        return gaussian_kl(posterior.mean, posterior.log_variance)

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Zeros and ones."""
        return self.zero, torch.ones_like(self.zero)

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """The noise."""
        return noise
