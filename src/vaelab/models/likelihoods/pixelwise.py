"""Likelihoods in which pixels are independent given z, with one decoded number for each.

Letters in shapes: B batch, S draws of z, C channels, H height, W width.
"""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from vaelab.config import LikelihoodConfig
from vaelab.distributions import (
    bernoulli_log_prob,
    binary_entropy,
    continuous_bernoulli_log_prob,
    continuous_bernoulli_mean,
    continuous_bernoulli_sample,
    gaussian_log_prob,
    standard_normal_like,
    summed_softplus,
    uniform_like,
)
from vaelab.models.capabilities import DENSITY
from vaelab.models.image_shape import ImageShape
from vaelab.models.likelihoods.likelihood import Images, Likelihood
from vaelab.randomness import Source


class Pixelwise(Likelihood):
    """One decoded number for each pixel, and no settings."""

    def __init__(self, _config: LikelihoodConfig, _shape: ImageShape) -> None:
        super().__init__()


class Bernoulli(Pixelwise):
    """Each pixel is 1 with probability sigmoid(decoded); a gray pixel counts as a probability."""

    value_count = 2

    def log_prob(self, x: Images, decoded: Images) -> Images:
        """See `bernoulli_log_prob`."""
        return bernoulli_log_prob(x, decoded)

    def summed_log_prob(
        self, x: Images, decoded: Float[Tensor, "B S C H W"]
    ) -> Float[Tensor, "B S"]:
        """x . l - sum log(1 + exp(l)) in logits l, in less time than pixel by pixel."""
        logits = decoded.flatten(2)
        return torch.bmm(logits, x.flatten(1).unsqueeze(2)).squeeze(2) - summed_softplus(logits)

    def mean(self, decoded: Images) -> Images:
        """The probability of a 1."""
        return torch.sigmoid(decoded)

    def sample(self, decoded: Images, source: Source) -> Images:
        """Zeros and ones."""
        return (uniform_like(decoded, source) < torch.sigmoid(decoded)).to(decoded.dtype)

    def mass_below(self, values: Int[Tensor, "..."], decoded: Images) -> Float[Tensor, "B E C H W"]:
        """0, the probability of a 0, and 1."""
        of_zero = torch.sigmoid(-decoded.double()).unsqueeze(1)
        return torch.where(values == 1, of_zero, (values > 1).double())

    def floor(self, x: Images) -> Images:
        """The entropy of each pixel."""
        return binary_entropy(x)


class ContinuousBernoulli(Pixelwise):
    """A density on [0, 1] (Loaiza-Ganem and Cunningham 2019, arXiv:1907.06845)."""

    unit = DENSITY

    def log_prob(self, x: Images, decoded: Images) -> Images:
        """See `continuous_bernoulli_log_prob`."""
        return continuous_bernoulli_log_prob(x, decoded)

    def mean(self, decoded: Images) -> Images:
        """See `continuous_bernoulli_mean`."""
        return continuous_bernoulli_mean(decoded)

    def sample(self, decoded: Images, source: Source) -> Images:
        """See `continuous_bernoulli_sample`."""
        return continuous_bernoulli_sample(decoded, source)


class Gaussian(Pixelwise):
    """N(sigmoid(decoded), exp(log_variance)), one variance for all pixels.

    The two kinds below differ in how the variance is estimated.
    """

    unit = DENSITY
    log_variance: Tensor

    def log_prob(self, x: Images, decoded: Images) -> Images:
        """See `gaussian_log_prob`."""
        mean = torch.sigmoid(decoded)
        return gaussian_log_prob(x, mean, self.log_variance.expand_as(x))

    def mean(self, decoded: Images) -> Images:
        """The mean."""
        return torch.sigmoid(decoded)

    def sample(self, decoded: Images, source: Source) -> Images:
        """The mean with noise, cut off at [0, 1]."""
        noise = standard_normal_like(decoded, source) * torch.exp(0.5 * self.log_variance)
        return (torch.sigmoid(decoded) + noise).clamp(0, 1)


class GaussianLearned(Gaussian):
    """The variance is a parameter, learned by gradient with the rest."""

    def __init__(self, config: LikelihoodConfig, shape: ImageShape) -> None:
        super().__init__(config, shape)
        self.log_variance = nn.Parameter(torch.zeros(()))


class GaussianOptimal(Gaussian):
    """The variance is the maximum-likelihood one, the mean squared error.

    Rybkin et al. 2021 (arXiv:2006.13202), equation 4, compute it on each batch. A density may not
    depend on the images that it is evaluated on, so here it is a running average over training
    batches and constant outside of training.
    """

    momentum: ClassVar[float] = 0.05

    def __init__(self, config: LikelihoodConfig, shape: ImageShape) -> None:
        super().__init__(config, shape)
        self.register_buffer("log_variance", torch.zeros(()))

    def log_prob(self, x: Images, decoded: Images) -> Images:
        """As for any Gaussian; in training the variance follows the batch first."""
        if self.training:
            with torch.no_grad():
                error = (x - torch.sigmoid(decoded)).square().mean().clamp(min=1e-6)
                variance = torch.lerp(self.log_variance.exp(), error, self.momentum)
                self.log_variance.copy_(variance.log())
        return super().log_prob(x, decoded)


class SquaredError(Pixelwise):
    """Minus the squared error: a Gaussian of variance 1/2 without its constant, so not in nats."""

    unit = "squared error"

    def log_prob(self, x: Images, decoded: Images) -> Images:
        """-(x - sigmoid(decoded))^2."""
        return -(x - torch.sigmoid(decoded)).square()

    def mean(self, decoded: Images) -> Images:
        """The mean."""
        return torch.sigmoid(decoded)

    def sample(self, decoded: Images, source: Source) -> Images:
        """The mean itself: a squared error says nothing of noise."""
        return torch.sigmoid(decoded)

    def floor(self, x: Images) -> Images:
        """Zero."""
        return torch.zeros_like(x)
