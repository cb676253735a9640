"""Probabilities of 8-bit gray values by a mixture of logistic distributions.

Letters in shapes: B batch, C channels, H height, W width, K components, P = 3 K C, E edges
between values.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from vaelab.distributions import uniform_like
from vaelab.models.capabilities import EIGHT_BIT
from vaelab.models.image_shape import ImageShape
from vaelab.models.likelihoods.config import LogisticMixtureConfig
from vaelab.models.likelihoods.likelihood import Decoded, Images, Likelihood
from vaelab.randomness import Source

LARGEST_VALUE = 255
# Of a component, in units of which black is -1 and white 1; a bin is 2/255 = exp(-4.8) wide.
LOG_SCALE_BOUNDS = (-7.0, 7.0)

Components = Float[Tensor, "B C K H W"]


class Mixture(NamedTuple):
    """The mixture of each pixel, on a scale from -1 (black) to 1 (white)."""

    log_weights: Components
    means: Components
    log_scales: Components


class LogisticMixture(Likelihood):
    """sum_k w_k (F((v + 1/2 - m_k) / s_k) - F((v - 1/2 - m_k) / s_k)), F the logistic function.

    The first and the last of the 256 bins reach to infinity, so that the probabilities of all
    values sum to 1: Salimans et al. 2017 (arXiv:1701.05517), equation 2.
    """

    unit = EIGHT_BIT
    value_count = LARGEST_VALUE + 1

    def __init__(self, config: LogisticMixtureConfig, _shape: ImageShape) -> None:
        super().__init__()
        self.components = config.components

    def decoded_channels(self, image_channels: int) -> int:
        """A weight, a mean and a scale for each component."""
        return 3 * self.components * image_channels

    def mixture(self, decoded: Decoded) -> Mixture:
        """The mixture that the decoder's output stands for.

        At an output of zero the means are spread over the gray values, which starts training with
        components that differ.
        """
        count = self.components
        weights, means, scales = decoded.unflatten(1, (-1, 3, count)).unbind(2)
        spread = torch.linspace(-1, 1, 2 * count + 1, device=decoded.device)[1::2].view(-1, 1, 1)
        return Mixture(
            torch.log_softmax(weights, 2), means + spread, (scales - 2).clamp(*LOG_SCALE_BOUNDS)
        )

    def log_prob(self, x: Images, decoded: Decoded) -> Images:
        """log P(v) of each value v = 255 x, in nats."""
        log_weights, means, log_scales = self.mixture(decoded)
        distance = (2 * x - 1).unsqueeze(2) - means
        precision = torch.exp(-log_scales)
        upper = (distance + 1 / LARGEST_VALUE) * precision
        lower = (distance - 1 / LARGEST_VALUE) * precision
        # F(a) - F(b) = F(a) F(-b) (1 - exp(b - a)), which loses no digits far from the mean.
        below, above = functional.logsigmoid(upper), functional.logsigmoid(-lower)
        width = 2 / LARGEST_VALUE * precision
        inner = below + above + torch.log(-torch.expm1(-width))
        value = x.unsqueeze(2)
        half = 0.5 / LARGEST_VALUE
        log_prob = torch.where(value < half, below, torch.where(value > 1 - half, above, inner))
        return torch.logsumexp(log_weights + log_prob, 2)

    def mass_below(
        self, values: Int[Tensor, "..."], decoded: Decoded
    ) -> Float[Tensor, "B E C H W"]:
        """sum_k w_k F((v - 1/2 - m_k) / s_k), 0 for the first value and 1 after the last."""
        log_weights, means, log_scales = self.mixture(decoded.double())
        edges = ((2 * values - 1) / LARGEST_VALUE - 1).to(means).unsqueeze(3)  # (B, E, C, 1, H, W)
        below = torch.sigmoid((edges - means.unsqueeze(1)) * torch.exp(-log_scales).unsqueeze(1))
        mass = (log_weights.exp().unsqueeze(1) * below).sum(3)
        inside = torch.where(values <= 0, torch.zeros_like(mass), mass)
        return torch.where(values > LARGEST_VALUE, torch.ones_like(mass), inside)

    def mean(self, decoded: Decoded) -> Images:
        """E[x|z] to within half a gray value: that of the logistic cut off at black and white."""
        log_weights, means, log_scales = self.mixture(decoded)
        scales = log_scales.exp()
        mass = functional.softplus((1 - means) / scales) - functional.softplus(
            (-1 - means) / scales
        )
        return ((log_weights.exp() * (1 - scales * mass / 2)).sum(2)).clamp(0, 1)

    def sample(self, decoded: Decoded, source: Source) -> Images:
        """Gray values v / 255."""
        log_weights, means, log_scales = self.mixture(decoded)
        edges = log_weights.exp().cumsum(2)[:, :, :-1]
        uniform = uniform_like(means[:, :, :1], source)
        chosen = (uniform > edges).sum(2, keepdim=True)
        noise = uniform_like(uniform, source).clamp(1e-6, 1 - 1e-6)
        value = means.gather(2, chosen) + log_scales.gather(2, chosen).exp() * torch.logit(noise)
        gray = ((value.squeeze(2) + 1) / 2 * LARGEST_VALUE).round().clamp(0, LARGEST_VALUE)
        return gray / LARGEST_VALUE
