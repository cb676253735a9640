"""The VampPrior: a mixture of the posteriors of learned pseudo-inputs."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from vaelab.errors import InputError
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.config import VampConfig
from vaelab.models.priors.mixture import DiagonalMixture, MixturePrior
from vaelab.models.priors.prior import Prior, PriorContext, PriorModule


class MixtureOfPosteriors(MixturePrior):
    """1/M sum_m q(z|u_m) for the posteriors of M inputs.

    Args:
        posterior: of the inputs, each tensor (M, D).
    """

    def __init__(self, posterior: DiagonalGaussian) -> None:
        super().__init__()
        self.posterior = posterior

    @property
    def distribution(self) -> DiagonalMixture:
        """The mixture."""
        mean, log_variance = self.posterior
        return DiagonalMixture(mean, log_variance / 2, mean.new_zeros(len(mean)))


class VampPrior(PriorModule):
    """1/M sum_m q(z|u_m), u_m learned: Tomczak and Welling 2018 (arXiv:1705.07120), equation 9."""

    has_moments = True
    needs_posterior = True

    def __init__(self, config: VampConfig, context: PriorContext) -> None:
        super().__init__()
        if context.class_count:
            raise InputError(
                "model.prior=vamp needs model.conditioning=none: its pseudo-inputs have no label"
            )
        shape = context.shape
        self.logits = nn.Parameter(
            torch.empty(config.components, shape.channels, shape.height, shape.width)
        )
        self.noise_size = context.latent_size + 1

    def initialize(self, generator: Generator) -> None:
        """Pseudo-inputs of random gray values around sigmoid(-1) = 0.27."""
        nn.init.normal_(self.logits, -1.0, 1.0, generator=generator)

    def given_encoder(self, encode: Callable[[Tensor], DiagonalGaussian]) -> Prior:
        """The mixture of the present posteriors of the pseudo-inputs."""
        return MixtureOfPosteriors(encode(torch.sigmoid(self.logits)))
