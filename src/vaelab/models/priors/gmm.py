"""A mixture of Gaussians with full covariances for each class, fitted to codes after training.

Letters in shapes: N codes, B batch, D latent dimensions, K classes, M mixture components, E = M + 1
edges of cumulative weights.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from sklearn.mixture import GaussianMixture
from torch import Tensor

from vaelab.arithmetic import in_float32
from vaelab.distributions import LOG_TWO_PI
from vaelab.entropy_coding import BitStack, edges_of_logits
from vaelab.errors import InputError
from vaelab.models.priors.config import GaussianMixtureConfig
from vaelab.models.priors.mixture import choose
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext

Column = Float[Tensor, "B 1"]

# Added to the variances, relative to the mean variance of the codes.
_REGULARIZATION = 1e-6


class FittedMixture(Prior):
    """sum_m w_ym N(mean_ym, L_ym L_ym^T), fitted by expectation maximization.

    A conditional model has a mixture for each class y, any other model has one.
    """

    needs_trained_encoder = True
    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, config: GaussianMixtureConfig, context: PriorContext) -> None:
        super().__init__()
        mixtures, size = max(context.class_count, 1), context.latent_size
        count = max(config.components // mixtures, 1)
        self.register_buffer("weights", torch.full((mixtures, count), 1 / count))
        self.register_buffer("means", torch.zeros(mixtures, count, size))
        self.register_buffer("factors", torch.eye(size).repeat(mixtures, count, 1, 1))
        self.has_moments = not context.class_count
        self.noise_size = size + 1
        self.choice_size = 1

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Maximize the likelihood of the codes of each class (scikit-learn's GaussianMixture).

        Raises:
            InputError: if a class has fewer codes than components, or EM fails.
        """
        classes = self._classes(condition)
        for index in range(len(self.weights)):
            self._fit_class(index, codes[classes == index], seed)

    def _fit_class(self, index: int, codes: Float[Tensor, "N D"], seed: int) -> None:
        count = self.weights.shape[1]
        if len(codes) < count:
            of_class = f" of class {index}" if len(self.weights) > 1 else ""
            raise InputError(
                f"a mixture of {count} Gaussians needs at least {count} codes{of_class}, found "
                f"{len(codes)}; lower model.prior.components with --set"
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
        self.weights[index] = torch.from_numpy(method.weights_)
        self.means[index] = torch.from_numpy(method.means_)
        self.factors[index] = torch.linalg.cholesky(covariances)

    def _classes(self, condition: Condition) -> Int[Tensor, " B"]:
        """The mixture of each code: of its class, or the only one."""
        if len(self.weights) == 1:
            return condition.new_zeros(condition.shape[0], dtype=torch.int64)
        return condition.argmax(1)

    @in_float32
    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y)."""
        return torch.logsumexp(self._joint_log_prob(z, condition), 1)

    def _joint_log_prob(self, z: Code, condition: Condition) -> Float[Tensor, "B M"]:
        """log w_ym N(z; mean_ym, L_ym L_ym^T)."""
        if len(self.weights) == 1:
            return self._joint_log_prob_of(0, z)
        classes = self._classes(condition)
        joint = z.new_empty(len(z), self.weights.shape[1])
        for index in range(len(self.weights)):
            rows = classes == index
            joint[rows] = self._joint_log_prob_of(index, z[rows])
        return joint

    def _joint_log_prob_of(self, index: int, z: Code) -> Float[Tensor, "B M"]:
        """The same, of one class."""
        centered = (z.unsqueeze(1) - self.means[index]).unsqueeze(3)  # (B, M, D, 1)
        factors = self.factors[index].expand(len(z), -1, -1, -1)
        whitened = torch.linalg.solve_triangular(factors, centered, upper=False).squeeze(3)
        log_determinant = self.factors[index].diagonal(dim1=1, dim2=2).log().sum(1)
        log_normal = -0.5 * (whitened.square().sum(2) + z.shape[1] * LOG_TWO_PI) - log_determinant
        joint: Tensor = self.weights[index].log() + log_normal
        return joint

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """Bits-back coding of the component: popped with p(m|z), pushed with p(m)."""
        chosen = torch.from_numpy(stack.pop(edges_of_logits(self._joint_log_prob(z, condition))))
        steps = list[tuple[Column, Column, Column]]()

        def known(dimension: int, mean: Column, scale: Column) -> Column:
            value = z[:, dimension : dimension + 1]
            steps.append((value, mean, scale))
            return value

        self._each_dimension(chosen, condition, known)
        for value, mean, scale in reversed(steps):
            stack.push_gaussian(value, mean, scale)
        stack.push(chosen.numpy(), self._edges_of_weights(condition))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        chosen = torch.from_numpy(stack.pop(self._edges_of_weights(condition)))
        z = self._each_dimension(
            chosen, condition, lambda _dimension, mean, scale: stack.pop_gaussian(mean, scale)
        )
        stack.push(chosen.numpy(), edges_of_logits(self._joint_log_prob(z, condition)))
        return z

    def _each_dimension(
        self,
        chosen: Int[Tensor, " B"],
        condition: Condition,
        choose: Callable[[int, Column, Column], Column],
    ) -> Code:
        """Codes whose numbers `choose` gives from mean and scale given those before them."""
        means, factors = self._chosen(chosen, condition)
        noise, z = torch.zeros_like(means), torch.zeros_like(means)
        for dimension in range(means.shape[1]):
            some = slice(dimension, dimension + 1)
            row = factors[:, dimension]
            mean = means[:, some] + (row * noise).sum(1, keepdim=True)
            z[:, some] = choose(dimension, mean, row[:, some])
            noise[:, some] = (z[:, some] - mean) / row[:, some]
        return z

    def _chosen(
        self, chosen: Int[Tensor, " B"], condition: Condition
    ) -> tuple[Code, Float[Tensor, "B D D"]]:
        """Mean and factor of the chosen component of each row."""
        place = self._classes(condition) * self.weights.shape[1] + chosen
        return self.means.flatten(0, 1)[place], self.factors.flatten(0, 1)[place]

    def _edges_of_weights(self, condition: Condition) -> Float[Tensor, "B E"]:
        return edges_of_logits(self.weights[self._classes(condition)].log())

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Mean and variance of each dimension, by the law of total variance."""
        if not self.has_moments:
            return super().moments()
        weights = self.weights[0].unsqueeze(1)
        mean = (weights * self.means[0]).sum(0)
        variances = self.factors[0].square().sum(2)
        second = (weights * (self.means[0].square() + variances)).sum(0)
        return mean, second - mean.square()

    @in_float32
    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """Codes from D + 1 standard normal numbers: the first chooses the component."""
        chosen = choose(self.weights[self._classes(condition)], noise[:, 0])
        means, factors = self._chosen(chosen, condition)
        return means + torch.einsum("bij,bj->bi", factors, noise[:, 1:])
