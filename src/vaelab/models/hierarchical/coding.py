"""Coding of two levels of Gaussian latent variables.

Letters in shapes: B batch, U dimensions of z2, F features.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from vaelab.entropy_coding import BitStack
from vaelab.models.latent_coding import (
    Condition,
    Images,
    LatentCoding,
    draw,
    return_drawn,
    scale_of,
)
from vaelab.models.latents import Latents
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.prior import Prior

Features = Float[Tensor, "B F"]
Upper = Float[Tensor, "B U"]


class TwoLevelCoding(LatentCoding):
    """z2 far from the image and z1 next to it.

    Args:
        encoder: images and condition to features.
        upper: features to q(z2|x,y).
        lower: features and z2 to q(z1|x,z2,y).
        prior: p(z2|y), which codes.
        lower_prior: z2 to p(z1|z2).
        decoder: see `LatentCoding`.
    """

    def __init__(
        self,
        *,
        encoder: Callable[[Images, Condition], Features],
        upper: Callable[[Features], DiagonalGaussian],
        lower: Callable[[Features, Upper], DiagonalGaussian],
        prior: Prior,
        lower_prior: Callable[[Upper], DiagonalGaussian],
        decoder: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__(decoder)
        self._encoder = encoder
        self._upper = upper
        self._lower = lower
        self._prior = prior
        self._lower_prior = lower_prior

    def pop_posterior(self, stack: BitStack, x: Images, condition: Condition) -> Latents:
        """z2, then z1 given z2."""
        features = self._encoder(x, condition)
        z2 = draw(stack, self._upper(features))
        return Latents((z2, draw(stack, self._lower(features, z2))))

    def push_posterior(self, stack: BitStack, z: Latents, x: Images, condition: Condition) -> None:
        """See `LatentCoding.push_posterior`."""
        features, (z2, z1) = self._encoder(x, condition), z.levels
        return_drawn(stack, z1, self._lower(features, z2))
        return_drawn(stack, z2, self._upper(features))

    def push_prior(self, stack: BitStack, z: Latents, condition: Condition) -> None:
        """z1 given z2, then z2."""
        z2, z1 = z.levels
        lower = self._lower_prior(z2)
        stack.push_gaussian(z1, lower.mean, scale_of(lower))
        self._prior.push(stack, z2, condition)

    def pop_prior(self, stack: BitStack, condition: Condition) -> Latents:
        """See `LatentCoding.pop_prior`."""
        z2 = self._prior.pop(stack, condition)
        lower = self._lower_prior(z2)
        return Latents((z2, stack.pop_gaussian(lower.mean, scale_of(lower))))
