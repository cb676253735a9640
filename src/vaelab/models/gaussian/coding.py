"""Coding of one vector of latent variables with a diagonal Gaussian posterior."""

from collections.abc import Callable

from torch import Tensor

from vaelab.entropy_coding import BitStack
from vaelab.models.latent_coding import (
    Condition,
    Images,
    LatentCoding,
    draw,
    return_drawn,
)
from vaelab.models.latents import Latents
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.prior import Prior


class GaussianCoding(LatentCoding):
    """One level.

    Args:
        posterior: of images and condition.
        prior: that codes.
        decoder: see `LatentCoding`.
    """

    def __init__(
        self,
        posterior: Callable[[Images, Condition], DiagonalGaussian],
        prior: Prior,
        decoder: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__(decoder)
        self._posterior = posterior
        self._prior = prior

    def pop_posterior(self, stack: BitStack, x: Images, condition: Condition) -> Latents:
        """See `LatentCoding.pop_posterior`."""
        return Latents((draw(stack, self._posterior(x, condition)),))

    def push_posterior(self, stack: BitStack, z: Latents, x: Images, condition: Condition) -> None:
        """See `LatentCoding.push_posterior`."""
        return_drawn(stack, z.levels[0], self._posterior(x, condition))

    def push_prior(self, stack: BitStack, z: Latents, condition: Condition) -> None:
        """See `LatentCoding.push_prior`."""
        self._prior.push(stack, z.levels[0], condition)

    def pop_prior(self, stack: BitStack, condition: Condition) -> Latents:
        """See `LatentCoding.pop_prior`."""
        return Latents((self._prior.pop(stack, condition),))
