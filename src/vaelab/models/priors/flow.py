"""A normalizing flow of affine coupling layers.

Letters in shapes: N codes, B batch, D latent dimensions, M of them that a layer moves, K classes.
"""

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from vaelab.distributions import gaussian_log_prob
from vaelab.entropy_coding import BitStack
from vaelab.models.priors.config import FlowConfig
from vaelab.models.priors.prior import LEAST_SCALE, Code, Condition, Prior, PriorContext
from vaelab.models.priors.zero_linear import ZeroLinear

# Bounds the logarithm of each layer's scale, so that no code overflows.
_LARGEST_LOG_SCALE = 2.0

# Of that bound, where training starts: at the bound itself there is no gradient.
_MOST_OF_BOUND = 0.9

LOCAL_SCALE = 2.0**-5
"""Standard deviation, on the side of the code, of the noise that coding adds in each layer."""


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

    def start_at(self, shift: Float[Tensor, " D"], log_scale: Float[Tensor, " D"]) -> None:
        """Shift and log-scale where the network gives zeros; within the bound of the scale."""
        share = (log_scale / _LARGEST_LOG_SCALE).clamp(-_MOST_OF_BOUND, _MOST_OF_BOUND)
        self.output.linear.bias.copy_(torch.cat([shift, _LARGEST_LOG_SCALE * share.atanh()]))

    def push(self, stack: BitStack, z: Code, condition: Condition) -> Code:
        """Push the moved dimensions; gives the noise, with which the next layer continues.

        Noise is drawn around the image of z with bits of the stack, then z is pushed given the
        noise: local bits-back coding, Ho et al. 2019 (arXiv:1905.08500), algorithm 1. Since the
        layer is affine in the moved dimensions, only the change of volume remains as cost.
        """
        moved, shift, log_scale = self._of_moved(z, condition)
        known = z[:, moved]
        noise = z.clone()
        noise[:, moved] = stack.draw_gaussian(
            (known - shift) * torch.exp(-log_scale), LOCAL_SCALE * torch.exp(-log_scale)
        )
        mean = noise[:, moved] * torch.exp(log_scale) + shift
        stack.push_gaussian(known, mean, torch.full_like(mean, LOCAL_SCALE))
        return noise

    def pop(self, stack: BitStack, noise: Code, condition: Condition) -> Code:
        """The inverse of `push`: from noise to code."""
        moved, shift, log_scale = self._of_moved(noise, condition)
        mean = noise[:, moved] * torch.exp(log_scale) + shift
        known = stack.pop_gaussian(mean, torch.full_like(mean, LOCAL_SCALE))
        stack.return_gaussian(
            noise[:, moved],
            (known - shift) * torch.exp(-log_scale),
            LOCAL_SCALE * torch.exp(-log_scale),
        )
        z = noise.clone()
        z[:, moved] = known
        return z

    def _of_moved(
        self, z: Code, condition: Condition
    ) -> tuple[Bool[Tensor, " D"], Float[Tensor, "B M"], Float[Tensor, "B M"]]:
        """Which dimensions move, with shift and log-scale of these."""
        shift, log_scale = self._shift_and_log_scale(z, condition)
        moved = self.mask == 0
        return moved, shift[:, moved], log_scale[:, moved]

    def _shift_and_log_scale(self, z: Code, condition: Condition) -> tuple[Code, Code]:
        kept = torch.cat([z * self.mask, condition], 1)
        shift, log_scale = self.output(self.hidden(kept)).to(z.dtype).chunk(2, 1)
        moved = 1 - self.mask
        bounded = _LARGEST_LOG_SCALE * torch.tanh(log_scale / _LARGEST_LOG_SCALE)
        return shift * moved, bounded * moved


class CouplingFlow(Prior):
    """p(z|y) as N(0, I) transformed by coupling layers, conditional where the model is."""

    def __init__(self, config: FlowConfig, context: PriorContext) -> None:
        super().__init__()
        self.noise_size = context.latent_size
        self.layers = nn.ModuleList(
            Coupling(context.latent_size, context.class_count, config.width, parity=index % 2)
            for index in range(config.layers)
        )

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Start from the Gaussian with the means and variances of the codes.

        The output biases standardize the codes, as the ActNorm layers of Kingma and Dhariwal 2018
        (arXiv:1807.03039, section 3.1) do with the first batch.
        """
        mean, log_scale = codes.mean(0), codes.std(0).clamp(min=LEAST_SCALE).log()
        layers = cast(Sequence[Coupling], self.layers)
        for parity in range(2):
            moving = layers[parity::2]
            for index, layer in enumerate(moving):
                layer.start_at(
                    mean if index == 0 else torch.zeros_like(mean), log_scale / len(moving)
                )

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y), by the change of variables."""
        log_determinant = z.new_zeros(len(z))
        for layer in self.layers:
            z, change = layer(z, condition)
            log_determinant = log_determinant + change
        zero = torch.zeros_like(z)
        return gaussian_log_prob(z, zero, zero).sum(1) + log_determinant

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """Layer after layer, then the noise with N(0, I)."""
        for layer in cast(Iterable[Coupling], self.layers):
            z = layer.push(stack, z, condition)
        stack.push_gaussian(z, torch.zeros_like(z), torch.ones_like(z))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        zero = condition.new_zeros(len(condition), self.noise_size)
        z = stack.pop_gaussian(zero, torch.ones_like(zero))
        for layer in reversed(self.layers):
            z = cast(Coupling, layer).pop(stack, z, condition)
        return z

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """The inverse of the flow."""
        z = noise
        for layer in reversed(self.layers):
            assert isinstance(layer, Coupling)
            z = layer.inverse(z, condition)
        return z
