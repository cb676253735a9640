"""A prior that carries noise to codes along a learned velocity.

Letters in shapes: N codes, B batch, D latent dimensions, K classes, W hidden units, E numbers
of the embedding, M numbers of noise.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn import functional

from vaelab.arithmetic import full_precision, in_float32
from vaelab.distributions import standard_normal_like
from vaelab.models.priors.config import FlowMatchingConfig
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext
from vaelab.models.priors.standardization import Standardization
from vaelab.models.priors.zero_linear import ZeroLinear
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source, drawn

# Of the embedding of the time: periods from 2 pi / 64 to 2 pi.
_FREQUENCIES = 16
_LARGEST_FREQUENCY = 64.0

# Numbers of the embedding of time and class; few, because it is computed for each code.
_EMBEDDING = 64

Times = Float[Tensor, " B"]
VelocityField = Callable[[Code, Times], Code]


class ResidualLayer(nn.Module):
    """h + f(h, embedding), which starts as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, width)
        self.of_embedding = nn.Linear(_EMBEDDING, width)
        self.output = ZeroLinear(width, width)

    def forward(
        self, h: Float[Tensor, "B W"], embedding: Float[Tensor, "B E"]
    ) -> Float[Tensor, "B W"]:
        """The outputs."""
        inner = self.hidden(functional.silu(h)) + self.of_embedding(embedding)
        outputs: Tensor = h + self.output(functional.silu(inner))
        return outputs


class Velocity(nn.Module):
    """v(z_t, t, y): a residual network, added to the velocity that standard normal codes have."""

    frequencies: Tensor

    def __init__(self, latent_size: int, class_count: int, width: int, layers: int) -> None:
        super().__init__()
        exponents = torch.linspace(0, 1, _FREQUENCIES)
        self.register_buffer("frequencies", _LARGEST_FREQUENCY**exponents, persistent=False)
        self.embedding = nn.Linear(2 * _FREQUENCIES + class_count, _EMBEDDING)
        self.first = nn.Linear(latent_size, width)
        self.layers = nn.ModuleList(ResidualLayer(width) for _ in range(layers))
        self.last = ZeroLinear(width, latent_size)

    def forward(self, z: Code, t: Times, condition: Condition) -> Code:
        """The velocity; at the start of training that which carries N(0, I) to N(0, I)."""
        angles = t.unsqueeze(1) * self.frequencies
        embedding = functional.silu(
            self.embedding(torch.cat([angles.sin(), angles.cos(), condition], 1))
        )
        h = self.first(z)
        for layer in self.layers:
            h = layer(h, embedding)
        learned: Tensor = full_precision(self.last(functional.silu(h)))
        share = (2 * t - 1) / ((1 - t).square() + t.square())
        return share.unsqueeze(1) * z + learned


class FlowMatching(Prior):
    """Codes at time 1 of dz/dt = v(z, t, y), which starts at time 0 with noise from N(0, I).

    The velocity is learned from straight lines between noise and codes: Lipman et al. 2023
    (arXiv:2210.02747), equation 23 at sigma_min = 0, and Liu et al. 2023 (arXiv:2209.03003),
    equation 1. The density of the codes is not computed.
    """

    has_density = False
    has_solver = True
    needs_trained_encoder = True

    def __init__(self, config: FlowMatchingConfig, context: PriorContext) -> None:
        super().__init__()
        self.standardization = Standardization(context.latent_size)
        self.velocity = Velocity(
            context.latent_size, context.class_count, config.width, config.layers
        )
        self.solver_steps = config.solver_steps
        self.noise_size = context.latent_size

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Take mean and scale of the codes; the velocity is learned by gradient."""
        self.standardization.fit(codes)

    def loss(self, z: Code, condition: Condition, source: Source) -> Float[Tensor, " B"]:
        """|v(z_t, t, y) - (z_1 - z_0)|^2 at one time t and noise z_0 for each code z_1.

        The times of a batch are spread evenly over [0, 1], which varies less than independent ones.
        """
        end = self.standardization(z)
        start = standard_normal_like(end, source)
        t = drawn(len(z), source, lambda n, g: _spread_times(n, g, z))
        between = torch.lerp(start, end, t.unsqueeze(1))
        error: Tensor = self.velocity(between, t, condition) - (end - start)
        return error.square().sum(1)

    def sample(
        self,
        count: int,
        source: Source,
        condition: Condition,
        options: SamplingOptions = AS_FITTED,
    ) -> Code:
        """`count` independent codes; the temperature multiplies the noise at time 0."""
        like = condition.new_empty(count, self.noise_size)
        noise = options.temperature * standard_normal_like(like, source)
        return self._solved(noise, condition, options.solver_steps or self.solver_steps)

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """The codes at time 1."""
        return self._solved(noise, condition, self.solver_steps)

    @in_float32
    def _solved(self, noise: Code, condition: Condition, steps: int) -> Code:
        end = midpoint(lambda z, t: self.velocity(z, t, condition), noise, steps)
        return self.standardization.inverse(end)


def midpoint(velocity: VelocityField, z: Code, steps: int) -> Code:
    """The solution at time 1 of dz/dt = velocity(z, t), z at time 0, by the midpoint method.

    Its error falls with the square of the number of steps.
    """
    for step in range(steps):
        t = torch.full_like(z[:, 0], step / steps)
        middle = z + velocity(z, t) / (2 * steps)
        z = z + velocity(middle, t + 0.5 / steps) / steps
    return z


def _spread_times(count: int, generator: Generator, like: Tensor) -> Times:
    """One time in each of `count` equal parts of [0, 1], in the order of the rows."""
    offsets = like.new_empty(count).uniform_(generator=generator)
    return (torch.arange(count, device=like.device) + offsets) / count
