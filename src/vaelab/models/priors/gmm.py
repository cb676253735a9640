"""A mixture of Gaussians with full covariances, fitted to codes after training.

Letters in shapes: B batch, D latent dimensions, M mixture components.
"""

import torch
from jaxtyping import Float
from sklearn.mixture import GaussianMixture
from torch import Tensor

from vaelab.arithmetic import in_float32
from vaelab.distributions import LOG_TWO_PI, standard_normal_like
from vaelab.errors import InputError
from vaelab.models.priors.config import GaussianMixtureConfig
from vaelab.models.priors.mixture import choose
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext
from vaelab.randomness import Source

# Added to the variances, relative to the mean variance of the codes.
_REGULARIZATION = 1e-6


class FittedMixture(Prior):
    """sum_m w_m N(mean_m, L_m L_m^T), fitted by expectation maximization."""

    has_moments = True
    is_fitted = True
    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, config: GaussianMixtureConfig, context: PriorContext) -> None:
        super().__init__()
        count, size = config.components, context.latent_size
        self.register_buffer("weights", torch.full((count,), 1 / count))
        self.register_buffer("means", torch.zeros(count, size))
        self.register_buffer("factors", torch.eye(size).repeat(count, 1, 1))
        self.noise_size = size + 1

    def fit(self, codes: Float[Tensor, "N D"], seed: int) -> None:
        """Maximize the likelihood of the codes (scikit-learn's GaussianMixture).

        Raises:
            InputError: if there are fewer codes than components, or EM fails.
        """
        count = len(self.weights)
        if len(codes) < count:
            raise InputError(
                f"a mixture of {count} Gaussians needs at least {count} codes, found {len(codes)}"
            )
        points = codes.double().cpu().numpy()
        method = GaussianMixture(
            count, reg_covar=_REGULARIZATION * points.var(0).mean() + 1e-12, random_state=seed
        )
        try:
            method.fit(points)
        except ValueError as error:
            raise InputError(
                f"the mixture cannot be fitted: {str(error).splitlines()[0]}"
            ) from None
        covariances = torch.from_numpy(method.covariances_)
        self.weights.copy_(torch.from_numpy(method.weights_))
        self.means.copy_(torch.from_numpy(method.means_))
        self.factors.copy_(torch.linalg.cholesky(covariances))

    def sample(self, count: int, source: Source, condition: Condition) -> Code:
        """`count` independent codes."""
        noise = standard_normal_like(self.means.new_empty(count, self.noise_size), source)
        return self.from_noise(noise, condition)

    @in_float32
    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z)."""
        centered = (z.unsqueeze(1) - self.means).unsqueeze(3)  # (B, M, D, 1)
        factors = self.factors.expand(len(z), -1, -1, -1)
        whitened = torch.linalg.solve_triangular(factors, centered, upper=False).squeeze(3)
        log_determinant = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        log_normal = -0.5 * (whitened.square().sum(2) + z.shape[1] * LOG_TWO_PI) - log_determinant
        return torch.logsumexp(self.weights.log() + log_normal, 1)

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Mean and variance of each dimension, by the law of total variance."""
        weights = self.weights.unsqueeze(1)
        mean = (weights * self.means).sum(0)
        variances = self.factors.square().sum(2)
        second = (weights * (self.means.square() + variances)).sum(0)
        return mean, second - mean.square()

    @in_float32
    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """Codes from D + 1 standard normal numbers: the first chooses the component."""
        chosen = choose(self.weights, noise[:, 0])
        return self.means[chosen] + torch.einsum("bij,bj->bi", self.factors[chosen], noise[:, 1:])
