"""A mixture of Gaussians with full covariances, fitted to codes after training.

Letters in shapes: B batch, D latent dimensions, M mixture components, E = M + 1
edges of cumulative weights.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from sklearn.mixture import GaussianMixture
from torch import Tensor

from vaelab.arithmetic import in_float32
from vaelab.distributions import LOG_TWO_PI, standard_normal_like
from vaelab.entropy_coding import BitStack, edges_of_logits
from vaelab.errors import InputError
from vaelab.models.priors.config import GaussianMixtureConfig
from vaelab.models.priors.mixture import choose
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext
from vaelab.randomness import Source

Column = Float[Tensor, "B 1"]

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
        return torch.logsumexp(self._joint_log_prob(z), 1)

    def _joint_log_prob(self, z: Code) -> Float[Tensor, "B M"]:
        """log w_m N(z; mean_m, L_m L_m^T)."""
        centered = (z.unsqueeze(1) - self.means).unsqueeze(3)  # (B, M, D, 1)
        factors = self.factors.expand(len(z), -1, -1, -1)
        whitened = torch.linalg.solve_triangular(factors, centered, upper=False).squeeze(3)
        log_determinant = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        log_normal = -0.5 * (whitened.square().sum(2) + z.shape[1] * LOG_TWO_PI) - log_determinant
        joint: Tensor = self.weights.log() + log_normal
        return joint

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """Bits-back coding of the component: popped with p(m|z), pushed with p(m)."""
        chosen = torch.from_numpy(stack.pop(edges_of_logits(self._joint_log_prob(z))))
        steps = list[tuple[Column, Column, Column]]()

        def known(dimension: int, mean: Column, scale: Column) -> Column:
            value = z[:, dimension : dimension + 1]
            steps.append((value, mean, scale))
            return value

        self._each_dimension(chosen, known)
        for value, mean, scale in reversed(steps):
            stack.push_gaussian(value, mean, scale)
        stack.push(chosen.numpy(), self._edges_of_weights(len(z)))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        chosen = torch.from_numpy(stack.pop(self._edges_of_weights(len(condition))))
        z = self._each_dimension(
            chosen, lambda _dimension, mean, scale: stack.pop_gaussian(mean, scale)
        )
        stack.push(chosen.numpy(), edges_of_logits(self._joint_log_prob(z)))
        return z

    def _each_dimension(
        self, chosen: Int[Tensor, " B"], choose: Callable[[int, Column, Column], Column]
    ) -> Code:
        """Codes whose numbers `choose` gives from mean and scale given those before them."""
        means, factors = self.means[chosen], self.factors[chosen]
        noise, z = torch.zeros_like(means), torch.zeros_like(means)
        for dimension in range(means.shape[1]):
            some = slice(dimension, dimension + 1)
            row = factors[:, dimension]
            mean = means[:, some] + (row * noise).sum(1, keepdim=True)
            z[:, some] = choose(dimension, mean, row[:, some])
            noise[:, some] = (z[:, some] - mean) / row[:, some]
        return z

    def _edges_of_weights(self, count: int) -> Float[Tensor, "B E"]:
        return edges_of_logits(self.weights.log().expand(count, -1))

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
