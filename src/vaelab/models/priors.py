"""p(z): what the codes are drawn from, and what the posterior is held to.

Letters in shapes: B batch, D latent dimensions, K mixture components, G groups of dimensions
between which the KL splits (D where the prior factorizes, else 1).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.distributions import (
    LOG_TWO_PI,
    gaussian_kl,
    gaussian_log_prob,
    standard_normal_like,
)
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.randomness import Source, drawn


class Prior(nn.Module, ABC):
    """A distribution over codes."""

    @abstractmethod
    def sample(self, count: int, source: Source) -> Float[Tensor, "B D"]:
        """`count` independent codes."""

    @abstractmethod
    def log_prob(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """log p(z)."""

    @abstractmethod
    def kl(self, posterior: DiagonalGaussian, z: Float[Tensor, "B D"]) -> Float[Tensor, "B G"]:
        """KL(q(z|x) || p(z)): analytic where it can be, else estimated at the draw `z` from q."""

    @abstractmethod
    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Mean and variance of each dimension."""


class StandardNormal(Prior):
    """N(0, I)."""

    zero: Tensor

    def __init__(self, latent_size: int) -> None:
        super().__init__()
        # A buffer, so that draws land on the model's device.
        self.register_buffer("zero", torch.zeros(latent_size), persistent=False)

    def sample(self, count: int, source: Source) -> Float[Tensor, "B D"]:
        """`count` independent codes."""
        return standard_normal_like(self.zero.expand(count, -1), source)

    def log_prob(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """log p(z)."""
        zero = self.zero.expand_as(z)
        return gaussian_log_prob(z, zero, zero).sum(1)

    def kl(self, posterior: DiagonalGaussian, z: Float[Tensor, "B D"]) -> Float[Tensor, "B G"]:
        """Analytic, of each dimension."""
        return gaussian_kl(posterior.mean, posterior.log_variance)

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Zeros and ones."""
        return self.zero, torch.ones_like(self.zero)


class Mixture(Prior):
    """sum_k w_k N(mean_k, diag(variance_k)), learned with the rest.

    The mixture-of-Gaussians prior that Tomczak and Welling 2018 (arXiv:1705.07120) compare with
    their VampPrior. Its KL has no closed form: log q(z|x) - log p(z) at one draw is unbiased.
    """

    def __init__(self, latent_size: int, components: int) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.empty(components, latent_size))
        self.log_scales = nn.Parameter(torch.empty(components, latent_size))
        self.logits = nn.Parameter(torch.empty(components))

    def initialize(self, generator: Generator) -> None:
        """Components spread like N(0, I), each narrower than that, all of one weight."""
        nn.init.normal_(self.means, generator=generator)
        nn.init.constant_(self.log_scales, -0.5)
        nn.init.zeros_(self.logits)

    def sample(self, count: int, source: Source) -> Float[Tensor, "B D"]:
        """`count` independent codes."""
        weights = torch.softmax(self.logits, 0)
        chosen = drawn(
            count,
            source,
            lambda n, g: torch.multinomial(weights, n, replacement=True, generator=g),
        )
        noise = standard_normal_like(self.means[chosen], source)
        return self.means[chosen] + self.log_scales[chosen].exp() * noise

    def log_prob(self, z: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
        """log p(z), the squares multiplied out so that the work is two matrix products.

        Their difference is small beside them: it is never taken in half precision.
        """
        precisions = torch.exp(-2 * self.log_scales)
        with torch.autocast(z.device.type, enabled=False):
            squared_distance = (
                z.square() @ precisions.T
                - 2 * z @ (self.means * precisions).T
                + (self.means.square() * precisions).sum(1)
            )  # (B, K)
        log_volume = self.log_scales.sum(1) + 0.5 * z.shape[1] * LOG_TWO_PI
        log_weights = torch.log_softmax(self.logits, 0)
        return torch.logsumexp(log_weights - log_volume - 0.5 * squared_distance, 1)

    def kl(self, posterior: DiagonalGaussian, z: Float[Tensor, "B D"]) -> Float[Tensor, "B G"]:
        """At one draw, but with the entropy of q in closed form, which takes variance away."""
        entropy = 0.5 * (posterior.log_variance + LOG_TWO_PI + 1).sum(1)
        return (-entropy - self.log_prob(z)).unsqueeze(1)

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """By the law of total variance."""
        weights = torch.softmax(self.logits, 0).unsqueeze(1)
        mean = (weights * self.means).sum(0)
        second = (weights * (self.means.square() + torch.exp(2 * self.log_scales))).sum(0)
        return mean, second - mean.square()


# Each takes the prior's configuration, which `kind` names, and the latent size.
PRIORS: dict[str, Callable[[Any, int], Prior]] = {
    "standard-normal": lambda _config, latent_size: StandardNormal(latent_size),
    "mixture": lambda config, latent_size: Mixture(latent_size, config.components),
}


def kl_per_dimension(prior: Prior, posterior: DiagonalGaussian) -> Float[Tensor, "B D"]:
    """KL of each dimension of q(z|x) to a Gaussian with the prior's moments.

    For N(0, I) it is the KL itself; for other priors, whose KL does not split, it is how much
    each dimension says, on one scale.
    """
    mean, variance = prior.moments()
    return gaussian_kl(
        posterior.mean,
        posterior.log_variance,
        mean.expand_as(posterior.mean),
        variance.log().expand_as(posterior.mean),
    )
