"""Log-probabilities, divergences and draws: each formula once, in nats, elementwise, unreduced."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from vaelab.randomness import Source, drawn

LOG_TWO_PI = math.log(2 * math.pi)

# Below this, series replace quotients that would be 0/0 at zero; both agree there to 1e-7.
_SMALL_LOGIT = 1e-2

# So many numbers of at least 1/2 have a product that float32 still holds in full precision.
_FACTORS = 100


def gaussian_log_prob(
    x: Float[Tensor, "*S"], mean: Float[Tensor, "*S"], log_variance: Float[Tensor, "*S"]
) -> Float[Tensor, "*S"]:
    """log N(x; mean, exp(log_variance))."""
    return -0.5 * (LOG_TWO_PI + log_variance + (x - mean).square() * torch.exp(-log_variance))


def gaussian_kl(
    mean: Float[Tensor, "*S"],
    log_variance: Float[Tensor, "*S"],
    other_mean: Float[Tensor, "*S"] | None = None,
    other_log_variance: Float[Tensor, "*S"] | None = None,
) -> Float[Tensor, "*S"]:
    """KL(N(mean, exp(log_variance)) || N(other_mean, exp(other_log_variance))).

    Without the other it is N(0, 1): Kingma and Welling 2014 (arXiv:1312.6114), appendix B.
    """
    if other_mean is None or other_log_variance is None:
        return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)
    excess = log_variance - other_log_variance
    distance = (mean - other_mean).square() * torch.exp(-other_log_variance)
    return 0.5 * (distance + excess.exp() - 1 - excess)


def reparameterize(
    mean: Float[Tensor, "*S"],
    log_variance: Float[Tensor, "*S"],
    source: Source,
    temperature: float = 1.0,
) -> Float[Tensor, "*S"]:
    """A draw from N(mean, temperature^2 exp(log_variance)); gradients reach both parameters."""
    scale = temperature * torch.exp(0.5 * log_variance)
    return mean + scale * standard_normal_like(mean, source)


def standard_normal_like(x: Float[Tensor, "*S"], source: Source) -> Float[Tensor, "*S"]:
    """A draw from N(0, I) of the shape, type and device of `x`."""
    return drawn(len(x), source, lambda n, g: x.new_empty(n, *x.shape[1:]).normal_(generator=g))


def uniform_like(x: Float[Tensor, "*S"], source: Source) -> Float[Tensor, "*S"]:
    """A draw from U[0, 1) of the shape, type and device of `x`."""
    return drawn(len(x), source, lambda n, g: x.new_empty(n, *x.shape[1:]).uniform_(generator=g))


def bernoulli_log_prob(x: Float[Tensor, "*S"], logits: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """x log p + (1 - x) log(1 - p) with p = sigmoid(logits).

    A log-probability for x in {0, 1}; for gray x in [0, 1] it is minus the cross-entropy, the
    field's convention for Fashion-MNIST (its expectation over binarizations of x).
    """
    return -functional.binary_cross_entropy_with_logits(logits, x, reduction="none")


def binary_entropy(p: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """-p log p - (1 - p) log(1 - p): what no Bernoulli reconstruction of gray p can go below."""
    return -torch.xlogy(p, p) - torch.xlogy(1 - p, 1 - p)


def continuous_bernoulli_log_prob(
    x: Float[Tensor, "*S"], logits: Float[Tensor, "*S"]
) -> Float[Tensor, "*S"]:
    """Log-density on [0, 1]: Loaiza-Ganem and Cunningham 2019 (arXiv:1907.06845), equation 6.

    In logits l the normalizer is l / tanh(l / 2), even in l and 2 at zero.
    """
    size = logits.abs()
    safe = size.clamp(min=_SMALL_LOGIT)
    log_normalizer = torch.where(
        size < _SMALL_LOGIT,
        math.log(2) + logits.square() / 12,
        safe.log() - torch.tanh(safe / 2).log(),
    )
    return bernoulli_log_prob(x, logits) + log_normalizer


def continuous_bernoulli_mean(logits: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """The mean, which is not sigmoid(logits): ibid., equation 8."""
    is_small = logits.abs() < _SMALL_LOGIT
    safe = torch.where(is_small, torch.ones_like(logits), logits)
    return torch.where(
        is_small, 0.5 + logits / 12, torch.sigmoid(safe) / torch.tanh(safe / 2) - 1 / safe
    )


def continuous_bernoulli_sample(logits: Float[Tensor, "*S"], source: Source) -> Float[Tensor, "*S"]:
    """A draw by the inverse of the cumulative distribution."""
    u = uniform_like(logits, source)
    # Mirrored to negative logits, where nothing overflows: x(l, u) = 1 - x(-l, 1 - u).
    is_positive = logits > 0
    u = torch.where(is_positive, 1 - u, u)
    size = logits.abs().clamp(min=1e-6)
    x = torch.log1p(u * torch.expm1(-size)) / -size
    return torch.where(is_positive, 1 - x, x)


def summed_softplus(x: Float[Tensor, "*S P"]) -> Float[Tensor, "*S"]:
    """The sum over the last dimension of log(1 + exp(x)), with few logarithms.

    It is that of max(x, 0) - log sigmoid(|x|), and the logarithms of many sigmoids are that of
    their product. Each number is off by at most the rounding of 1.
    """
    sigmoids = x.abs().sigmoid_()
    products = torch.stack([some.prod(-1) for some in sigmoids.split(_FACTORS, -1)], -1)
    return x.relu().sum(-1) - products.log().sum(-1)


def log_mean_exp(x: Float[Tensor, "*S"], dim: int) -> Float[Tensor, "..."]:
    """log of the mean of exp(x) along one dimension, which is reduced away."""
    return torch.logsumexp(x, dim) - math.log(x.shape[dim])
