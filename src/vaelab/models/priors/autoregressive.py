"""An autoregressive prior over the dimensions of a vector.

Letters in shapes: N codes, B batch, D latent dimensions, K classes, W hidden units, I inputs,
O outputs, G Gaussians for each dimension, E dimensions that are known, M numbers of noise.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from vaelab.arithmetic import full_precision, in_float32
from vaelab.distributions import gaussian_log_prob
from vaelab.entropy_coding import BitStack, edges_of_logits
from vaelab.models.priors.config import AutoregressiveConfig
from vaelab.models.priors.mixture import choose
from vaelab.models.priors.prior import Code, Condition, Prior, PriorContext
from vaelab.models.priors.standardization import Standardization

# Standard deviations of the Gaussians, of standardized codes, lie in exp(-7) to exp(7).
_LARGEST_LOG_SCALE = 7.0


class GaussianMixtures(NamedTuple):
    """A mixture of Gaussians for each of some dimensions."""

    logits: Float[Tensor, "B D G"]
    means: Float[Tensor, "B D G"]
    log_scales: Float[Tensor, "B D G"]

    def joint_log_prob(self, z: Code) -> Float[Tensor, "B D G"]:
        """log w_g N(z; mean_g, scale_g^2) of each dimension."""
        values = z.unsqueeze(2).expand_as(self.means)
        log_normal = gaussian_log_prob(values, self.means, 2 * self.log_scales)
        return torch.log_softmax(self.logits, 2) + log_normal

    def at(self, dimension: int) -> "GaussianMixtures":
        """The mixture of one dimension, each tensor (B, 1, G)."""
        return GaussianMixtures(*(each[:, dimension : dimension + 1] for each in self))

    def chosen(
        self, component: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B 1"], Float[Tensor, "B 1"]]:
        """Mean and standard deviation of a component of the mixture of one dimension."""
        index = component.view(-1, 1, 1)
        mean, log_scale = (each.gather(2, index).squeeze(2) for each in self[1:])
        return mean, log_scale.exp()


class MaskedLinear(nn.Linear):
    """A linear layer whose outputs depend on inputs at their own place or before it.

    Args:
        inputs: the place of each input.
        outputs: the place of each output.
    """

    mask: Tensor

    def __init__(self, inputs: Int[Tensor, " I"], outputs: Int[Tensor, " O"]) -> None:
        super().__init__(len(inputs), len(outputs))
        mask = (inputs <= outputs.unsqueeze(1)).float()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Float[Tensor, "B I"]) -> Float[Tensor, "B O"]:
        """The outputs."""
        return functional.linear(x, self.weight * self.mask, self.bias)


class MaskedNetwork(nn.Module):
    """A residual network whose outputs for a dimension depend on those before it and on the class.

    MADE: Germain et al. 2015 (arXiv:1502.03509), equations 12 and 13. A hidden unit at place d
    depends on dimensions up to d, from -1 (the class alone) to D - 2; dimension d of the output on
    hidden units before d.
    """

    def __init__(
        self, latent_size: int, class_count: int, *, width: int, layers: int, outputs: int
    ) -> None:
        super().__init__()
        dimensions = torch.arange(latent_size)
        hidden = torch.arange(width) % latent_size - 1
        self.first = MaskedLinear(dimensions, hidden)
        self.of_class = nn.Linear(class_count, width, bias=False) if class_count else None
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.SiLU(), MaskedLinear(hidden, hidden), nn.SiLU(), MaskedLinear(hidden, hidden)
            )
            for _ in range(layers)
        )
        self.last = MaskedLinear(hidden + 1, dimensions.repeat_interleave(outputs))
        self.shape = (latent_size, outputs)

    def forward(self, z: Code, condition: Condition) -> Float[Tensor, "B D O"]:
        """Some numbers for each dimension."""
        h = self.first(z)
        if self.of_class is not None:
            h = h + self.of_class(condition)
        for layer in self.layers:
            h = h + layer(h)
        outputs: Tensor = self.last(functional.silu(h)).unflatten(1, self.shape)
        return outputs


class Autoregressive(Prior):
    """p(z|y) = prod_d p(z_d|z_1, ..., z_(d-1), y), each a mixture of Gaussians."""

    def __init__(self, config: AutoregressiveConfig, context: PriorContext) -> None:
        super().__init__()
        self.standardization = Standardization(context.latent_size)
        self.network = MaskedNetwork(
            context.latent_size,
            context.class_count,
            width=config.width,
            layers=config.layers,
            outputs=3 * config.components,
        )
        self.latent_size = context.latent_size
        self.noise_size = 2 * context.latent_size
        self.choice_size = context.latent_size

    def fit(self, codes: Float[Tensor, "N D"], condition: Float[Tensor, "N K"], seed: int) -> None:
        """Take mean and scale of the codes; the network is learned by gradient."""
        self.standardization.fit(codes)

    def _mixtures(self, standardized: Code, condition: Condition) -> GaussianMixtures:
        """Of each dimension given those before it, of standardized codes."""
        outputs = full_precision(self.network(standardized, condition))
        logits, means, log_scales = outputs.chunk(3, 2)
        bounded = _LARGEST_LOG_SCALE * torch.tanh(log_scales / _LARGEST_LOG_SCALE)
        return GaussianMixtures(logits, means, bounded)

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y)."""
        standardized = self.standardization(full_precision(z))
        joint = self._mixtures(standardized, condition).joint_log_prob(standardized)
        return torch.logsumexp(joint, 2).sum(1) + self.standardization.log_determinant()

    @in_float32
    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """Codes from 2 D standard normal numbers: the first half chooses the components."""
        choosing, within = noise.chunk(2, 1)
        columns = list[Tensor]()
        for dimension in range(self.latent_size):
            mixture = self._of_next(torch.cat([noise[:, :0], *columns], 1), condition)
            weights = torch.softmax(mixture.logits.squeeze(1), 1)
            mean, scale = mixture.chosen(choose(weights, choosing[:, dimension]))
            columns.append(mean + scale * within[:, dimension : dimension + 1])
        return self.standardization.inverse(torch.cat(columns, 1))

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """The last dimension first, each by bits-back coding of its component."""
        for dimension in reversed(range(self.latent_size)):
            value = z[:, dimension : dimension + 1]
            mixture = self._of_next_code(z[:, :dimension], condition)
            chosen = stack.pop(edges_of_logits(mixture.joint_log_prob(value).squeeze(1)))
            stack.push_gaussian(value, *mixture.chosen(torch.from_numpy(chosen)))
            stack.push(chosen, edges_of_logits(mixture.logits.squeeze(1)))

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """See `Prior.pop`."""
        z = condition.new_empty(len(condition), 0)
        for _ in range(self.latent_size):
            mixture = self._of_next_code(z, condition)
            chosen = stack.pop(edges_of_logits(mixture.logits.squeeze(1)))
            value = stack.pop_gaussian(*mixture.chosen(torch.from_numpy(chosen)))
            stack.push(chosen, edges_of_logits(mixture.joint_log_prob(value).squeeze(1)))
            z = torch.cat([z, value], 1)
        return z

    def _of_next(
        self, standardized: Float[Tensor, "B E"], condition: Condition
    ) -> GaussianMixtures:
        """The mixture of dimension E given those before it, of standardized codes."""
        dimension = standardized.shape[1]
        z = functional.pad(standardized, (0, self.latent_size - dimension))
        return self._mixtures(z, condition).at(dimension)

    def _of_next_code(self, known: Float[Tensor, "B E"], condition: Condition) -> GaussianMixtures:
        """The mixture of dimension E given those before it, in units of the codes."""
        dimension = known.shape[1]
        mean, scale = self.standardization.mean, self.standardization.scale
        standardized = (known - mean[:dimension]) / scale[:dimension]
        logits, means, log_scales = self._of_next(standardized, condition)
        mean, scale = mean[dimension], scale[dimension]
        return GaussianMixtures(logits, mean + scale * means, log_scales + scale.log())
