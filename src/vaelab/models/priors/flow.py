"""A normalizing flow of affine coupling layers.

Letters in shapes: B batch, D latent dimensions, K classes.
"""

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from vaelab.distributions import gaussian_log_prob, standard_normal_like
from vaelab.models.priors.config import FlowConfig
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext
from vaelab.randomness import Source

# Bounds the logarithm of each layer's scale, so that no code overflows.
_LARGEST_LOG_SCALE = 2.0


class Coupling(nn.Module):
    """One affine coupling layer: Dinh et al. 2017 (arXiv:1605.08803), equations 7 and 8.

    Dimensions in `mask` stay and determine shift and scale of the others.
    """

    mask: Tensor

    def __init__(self, latent_size: int, class_count: int, width: int, *, parity: int) -> None:
        super().__init__()
        self.register_buffer(
            "mask", (torch.arange(latent_size) % 2 == parity).float(), persistent=False
        )
        self.hidden = nn.Sequential(
            nn.Linear(latent_size + class_count, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
        )
        self.output = ZeroLinear(width, 2 * latent_size)

    def forward(self, z: Code, condition: Condition) -> tuple[Code, Float[Tensor, " B"]]:
        """From code to noise, and the log-determinant of the Jacobian."""
        shift, log_scale = self._shift_and_log_scale(z, condition)
        return (z - shift) * torch.exp(-log_scale), -log_scale.sum(1)

    def inverse(self, noise: Code, condition: Condition) -> Code:
        """From noise to code."""
        shift, log_scale = self._shift_and_log_scale(noise, condition)
        return noise * torch.exp(log_scale) + shift

    def _shift_and_log_scale(self, z: Code, condition: Condition) -> tuple[Code, Code]:
        kept = torch.cat([z * self.mask, condition], 1)
        shift, log_scale = self.output(self.hidden(kept)).to(z.dtype).chunk(2, 1)
        moved = 1 - self.mask
        bounded = _LARGEST_LOG_SCALE * torch.tanh(log_scale / _LARGEST_LOG_SCALE)
        return shift * moved, bounded * moved


class ZeroLinear(nn.Module):
    """A linear layer that starts at zero, so that the flow starts as the identity."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)

    def initialize(self, generator: Generator) -> None:
        """Zeros; nothing is drawn."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Float[Tensor, "B I"]) -> Float[Tensor, "B O"]:
        """The outputs."""
        outputs: Tensor = self.linear(x)
        return outputs


class CouplingFlow(Prior):
    """p(z|y) as N(0, I) transformed by coupling layers, conditional where the model is."""

    def __init__(self, config: FlowConfig, context: PriorContext) -> None:
        super().__init__()
        self.noise_size = context.latent_size
        self.layers = nn.ModuleList(
            Coupling(context.latent_size, context.class_count, config.width, parity=index % 2)
            for index in range(config.layers)
        )

    def sample(self, count: int, source: Source, condition: Condition) -> Code:
        """`count` independent codes, one for each row of the condition."""
        like = condition.new_empty(count, self.noise_size)
        return self.from_noise(standard_normal_like(like, source), condition)

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y), by the change of variables."""
        log_determinant = z.new_zeros(len(z))
        for layer in self.layers:
            z, change = layer(z, condition)
            log_determinant = log_determinant + change
        zero = torch.zeros_like(z)
        return gaussian_log_prob(z, zero, zero).sum(1) + log_determinant

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """The inverse of the flow."""
        z = noise
        for layer in reversed(self.layers):
            assert isinstance(layer, Coupling)
            z = layer.inverse(z, condition)
        return z
