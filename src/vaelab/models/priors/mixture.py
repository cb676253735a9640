"""A learned mixture of diagonal Gaussians.

Letters in shapes: N codes, B batch, D latent dimensions, K classes, M mixture components.
"""

from abc import abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from vaelab.arithmetic import in_float32
from vaelab.distributions import LOG_TWO_PI, standard_normal_like
from vaelab.entropy_coding import BitStack, edges_of_logits
from vaelab.models.priors.config import MixtureConfig
from vaelab.models.priors.prior import LEAST_SCALE, Code, Condition, Prior, PriorContext, normal_cdf
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source, drawn
from vaelab.randomness import generator as seeded


class DiagonalMixture(NamedTuple):
    """sum_m w_m N(mean_m, diag(scale_m^2))."""

    means: Float[Tensor, "M D"]
    log_scales: Float[Tensor, "M D"]
    logits: Float[Tensor, " M"]

    def sample(self, count: int, source: Source, temperature: float = 1.0) -> Code:
        """`count` independent codes; the temperature multiplies the scales, not the weights."""
        weights = torch.softmax(self.logits, 0)
        chosen = drawn(
            count,
            source,
            lambda n, g: torch.multinomial(weights, n, replacement=True, generator=g),
        )
        noise = temperature * standard_normal_like(self.means[chosen], source)
        return self.means[chosen] + self.log_scales[chosen].exp() * noise

    @in_float32
    def log_prob(self, z: Code) -> Float[Tensor, " B"]:
        """log p(z)."""
        return torch.logsumexp(self.joint_log_prob(z), 1)

    def joint_log_prob(self, z: Code) -> Float[Tensor, "B M"]:
        """log w_m N(z; mean_m, diag(scale_m^2)), by two matrix products: squares are expanded."""
        precisions = torch.exp(-2 * self.log_scales)
        squared_distance = (
            z.square() @ precisions.T
            - 2 * z @ (self.means * precisions).T
            + (self.means.square() * precisions).sum(1)
        )  # (B, M)
        log_volume = self.log_scales.sum(1) + 0.5 * z.shape[1] * LOG_TWO_PI
        log_weights = torch.log_softmax(self.logits, 0)
        return log_weights - log_volume - 0.5 * squared_distance

    def push(self, stack: BitStack, z: Code) -> None:
        """Bits-back coding of the component: popped with p(m|z), pushed with p(m)."""
        chosen = stack.pop(edges_of_logits(self.joint_log_prob(z)))
        stack.push_gaussian(z, self.means[chosen], self.log_scales[chosen].exp())
        stack.push(chosen, edges_of_logits(self.logits.expand(len(z), -1)))

    def pop(self, stack: BitStack, count: int) -> Code:
        """The inverse of `push`."""
        chosen = stack.pop(edges_of_logits(self.logits.expand(count, -1)))
        z = stack.pop_gaussian(self.means[chosen], self.log_scales[chosen].exp())
        stack.push(chosen, edges_of_logits(self.joint_log_prob(z)))
        return z

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Mean and variance of each dimension, by the law of total variance."""
        weights = torch.softmax(self.logits, 0).unsqueeze(1)
        mean = (weights * self.means).sum(0)
        second = (weights * (self.means.square() + torch.exp(2 * self.log_scales))).sum(0)
        return mean, second - mean.square()

    def from_noise(self, noise: Float[Tensor, "B D1"]) -> Code:
        """Codes from D + 1 standard normal numbers: the first chooses the component."""
        chosen = choose(torch.softmax(self.logits, 0), noise[:, 0])
        return self.means[chosen] + self.log_scales[chosen].exp() * noise[:, 1:]


def choose(weights: Float[Tensor, "*M"], noise: Float[Tensor, " B"]) -> Int[Tensor, " B"]:
    """Components drawn by the inverse of their cumulative weights, from normal numbers.

    The weights are those of all draws (M) or of each (B, M).
    """
    edges = weights.cumsum(-1)[..., :-1]
    return (normal_cdf(noise).unsqueeze(1) > edges).sum(1)


class MixturePrior(Prior):
    """A prior that is a mixture of diagonal Gaussians."""

    has_moments = True

    @property
    @abstractmethod
    def distribution(self) -> DiagonalMixture:
        """The mixture at the present parameters."""

    def sample(
        self,
        count: int,
        source: Source,
        condition: Condition,
        options: SamplingOptions = AS_FITTED,
    ) -> Code:
        """`count` independent codes."""
        return self.distribution.sample(count, source, options.temperature)

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z)."""
        return self.distribution.log_prob(z)

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """See `DiagonalMixture.push`."""
        self.distribution.push(stack, z)

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `DiagonalMixture.pop`."""
        return self.distribution.pop(stack, len(condition))

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """See `DiagonalMixture.moments`."""
        return self.distribution.moments()

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """See `DiagonalMixture.from_noise`."""
        return self.distribution.from_noise(noise)


class Mixture(MixturePrior):
    """The mixture-of-Gaussians prior of Tomczak and Welling 2018 (arXiv:1705.07120)."""

    def __init__(self, config: MixtureConfig, context: PriorContext) -> None:
        super().__init__()
        size = (config.components, context.latent_size)
        self.means = nn.Parameter(torch.empty(size))
        self.log_scales = nn.Parameter(torch.empty(size))
        self.logits = nn.Parameter(torch.empty(config.components))
        self.noise_size = context.latent_size + 1

    def initialize(self, generator: Generator) -> None:
        """Means from N(0, I), scales below 1, equal weights."""
        nn.init.normal_(self.means, generator=generator)
        nn.init.constant_(self.log_scales, -0.5)
        nn.init.zeros_(self.logits)

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Start from components around some of the codes, half as wide as all codes."""
        count = len(self.means)
        chosen = torch.randint(len(codes), (count,), generator=seeded(seed, "mixture"))
        self.means.copy_(codes[chosen.to(codes.device)])
        self.log_scales.copy_((codes.std(0) / 2).clamp(min=LEAST_SCALE).log().expand(count, -1))

    @property
    def distribution(self) -> DiagonalMixture:
        """The mixture at the present parameters."""
        return DiagonalMixture(self.means, self.log_scales, self.logits)
