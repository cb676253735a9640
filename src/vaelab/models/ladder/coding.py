"""Coding of a vector of latent variables and grids of them.

Letters in shapes: B batch, T dimensions of the vector, D numbers of a level, P channels decoded.
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
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.prior import Prior

# Of a Gaussian and the number of its level, the latent variables.
Draw = Callable[[DiagonalGaussian, int], Tensor]


class LadderCoding(LatentCoding):
    """The vector, then grid after grid.

    Args:
        space: of the levels.
        inferred: images, condition and a draw to the flat latent variables of all levels.
        generated: the vector, condition and a draw to those of all levels.
        prior: p(z_1|y), which codes.
        decoder: see `LatentCoding`.
    """

    def __init__(
        self,
        *,
        space: LatentSpace,
        inferred: Callable[[Images, Condition, Draw], Float[Tensor, "B D"]],
        generated: Callable[[Float[Tensor, "B T"], Condition, Draw], Float[Tensor, "B D"]],
        prior: Prior,
        decoder: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__(decoder)
        self._space = space
        self._inferred = inferred
        self._generated = generated
        self._prior = prior

    def pop_posterior(self, stack: BitStack, x: Images, condition: Condition) -> Latents:
        """Level after level."""
        return self._space.from_flat(
            self._inferred(x, condition, lambda gaussian, _: draw(stack, gaussian))
        )

    def push_posterior(self, stack: BitStack, z: Latents, x: Images, condition: Condition) -> None:
        """See `LatentCoding.push_posterior`."""
        codes, posteriors = _flat(z), list[DiagonalGaussian]()
        self._inferred(x, condition, _recorded(codes, posteriors))
        for code, posterior in zip(reversed(codes), reversed(posteriors), strict=True):
            return_drawn(stack, code, posterior)

    def push_prior(self, stack: BitStack, z: Latents, condition: Condition) -> None:
        """The last grid first."""
        codes, priors = _flat(z), list[DiagonalGaussian]()
        self._generated(codes[0], condition, _recorded(codes, priors))
        for code, prior in zip(reversed(codes[1:]), reversed(priors), strict=True):
            stack.push_gaussian(code, prior.mean, scale_of(prior))
        self._prior.push(stack, codes[0], condition)

    def pop_prior(self, stack: BitStack, condition: Condition) -> Latents:
        """See `LatentCoding.pop_prior`."""
        first = self._prior.pop(stack, condition)
        return self._space.from_flat(
            self._generated(
                first,
                condition,
                lambda prior, _: stack.pop_gaussian(prior.mean, scale_of(prior)),
            )
        )


def _flat(z: Latents) -> list[Tensor]:
    return [level.flatten(1) for level in z.levels]


def _recorded(codes: list[Tensor], distributions: list[DiagonalGaussian]) -> Draw:
    """Gives the known codes, and records the distributions on the way."""

    def known(distribution: DiagonalGaussian, place: int) -> Tensor:
        distributions.append(distribution)
        return codes[place]

    return known
