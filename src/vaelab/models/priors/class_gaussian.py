"""p(z|y): a learned diagonal Gaussian for each class.

Letters in shapes: N codes, B batch, D latent dimensions, K classes.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.arithmetic import in_float32
from vaelab.distributions import gaussian_kl, gaussian_log_prob
from vaelab.entropy_coding import BitStack
from vaelab.errors import InputError
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import ClassGaussianConfig
from vaelab.models.priors.prior import LEAST_SCALE, Code, Condition, Prior, PriorContext


class ClassGaussian(Prior):
    """N(mean_y, diag(exp(log_variance_y))), the conditional prior of Sohn et al. 2015."""

    splits_kl = True

    def __init__(self, _config: ClassGaussianConfig, context: PriorContext) -> None:
        super().__init__()
        if not context.class_count:
            raise InputError(
                "model.prior=class-gaussian needs a conditional model: "
                "set model.conditioning=concat"
            )
        size = (context.class_count, context.latent_size)
        self.means = nn.Parameter(torch.empty(size))
        self.log_variances = nn.Parameter(torch.empty(size))
        self.noise_size = context.latent_size

    def initialize(self, generator: Generator) -> None:
        """Means close to 0, unit variances."""
        nn.init.normal_(self.means, std=0.1, generator=generator)
        nn.init.zeros_(self.log_variances)

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Start from the mean and the variance of the codes of each class."""
        counts = condition.sum(0).clamp(min=1).unsqueeze(1)
        means = condition.T @ codes / counts
        variances = condition.T @ (codes - condition @ means).square() / counts
        self.means.copy_(means)
        self.log_variances.copy_(variances.clamp(min=LEAST_SCALE**2).log())

    @in_float32
    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y)."""
        return gaussian_log_prob(z, condition @ self.means, condition @ self.log_variances).sum(1)

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """See `Prior.push`."""
        stack.push_gaussian(z, condition @ self.means, self._scales(condition))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        return stack.pop_gaussian(condition @ self.means, self._scales(condition))

    def _scales(self, condition: Condition) -> Float[Tensor, "B D"]:
        return torch.exp(0.5 * (condition @ self.log_variances))

    @in_float32
    def kl(
        self, posterior: DiagonalGaussian, z: Code, condition: Condition
    ) -> Float[Tensor, "B D"]:
        """Analytic, by dimension."""
        return gaussian_kl(
            posterior.mean,
            posterior.log_variance,
            condition @ self.means,
            condition @ self.log_variances,
        )

    @in_float32
    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """mean_y + standard deviation_y * noise."""
        return condition @ self.means + torch.exp(0.5 * condition @ self.log_variances) * noise
