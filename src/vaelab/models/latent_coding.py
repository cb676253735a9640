"""How an entropy coder codes the latent variables of a model.

Bits-back coding (Townsend et al. 2019, arXiv:1901.04866) pops z with q(z|x,y), which costs nothing
since decoding pushes the same bits back, then pushes x with p(x|z,y) and z with p(z|y). The mean
cost of an image is the negative ELBO.

Letters in shapes: B batch, C channels, H height, W width, K classes, P channels that the decoder
gives, D numbers in the flat code, T numbers in the first level.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from vaelab.entropy_coding import BitStack
from vaelab.models.condition_layers import with_condition
from vaelab.models.latents import Latents, LatentSpace
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.priors.prior import Prior

Images = Float[Tensor, "B C H W"]
Condition = Float[Tensor, "B K"]
FlatCode = Float[Tensor, "B D"]

# Of a Gaussian and the number of its level, the flat latent variables of the level.
Draw = Callable[[DiagonalGaussian, int], Tensor]


class LatentCoding:
    """The coding of the levels of latent variables on the grid of a `BitStack`, first level first.

    Each method computes with tensors of the same shapes as its inverse, so that both meet the same
    rounding.

    Args:
        space: of the levels.
        infer: images, condition and a draw from each posterior to the flat code.
        generate: the first level, condition and a draw from each further prior to the flat code.
        prior: of the first level, which codes.
        decoder: code and condition side by side to unbounded pixels.
    """

    def __init__(
        self,
        *,
        space: LatentSpace,
        infer: Callable[[Images, Condition, Draw], FlatCode],
        generate: Callable[[Float[Tensor, "B T"], Condition, Draw], FlatCode],
        prior: Prior,
        decoder: Callable[[Tensor], Tensor],
    ) -> None:
        self._space = space
        self._infer = infer
        self._generate = generate
        self._prior = prior
        self._decoder = decoder

    def decoded(self, z: Latents, condition: Condition) -> Float[Tensor, "B P H W"]:
        """The decoder's output, which gives p(x|z,y)."""
        return self._decoder(with_condition(z.flat(), condition))

    def pop_posterior(self, stack: BitStack, x: Images, condition: Condition) -> Latents:
        """Draw z from q(z|x,y) with the bits of the stack."""

        def draw(posterior: DiagonalGaussian, _: int) -> Tensor:
            return stack.draw_gaussian(posterior.mean, _scale(posterior))

        return self._space.from_flat(self._infer(x, condition, draw))

    def push_posterior(self, stack: BitStack, z: Latents, x: Images, condition: Condition) -> None:
        """The inverse of `pop_posterior`."""
        codes, posteriors = _flat_levels(z), list[DiagonalGaussian]()
        self._infer(x, condition, _recorded(codes, posteriors))
        for code, posterior in zip(reversed(codes), reversed(posteriors), strict=True):
            stack.return_gaussian(code, posterior.mean, _scale(posterior))

    def push_prior(self, stack: BitStack, z: Latents, condition: Condition) -> None:
        """Push z with p(z|y)."""
        codes, priors = _flat_levels(z), list[DiagonalGaussian]()
        self._generate(codes[0], condition, _recorded(codes, priors))
        for code, prior in zip(reversed(codes[1:]), reversed(priors), strict=True):
            stack.push_gaussian(code, prior.mean, _scale(prior))
        self._prior.push(stack, codes[0], condition)

    def pop_prior(self, stack: BitStack, condition: Condition) -> Latents:
        """The inverse of `push_prior`."""

        def pop(prior: DiagonalGaussian, _: int) -> Tensor:
            return stack.pop_gaussian(prior.mean, _scale(prior))

        first = self._prior.pop(stack, condition)
        return self._space.from_flat(self._generate(first, condition, pop))


def _scale(distribution: DiagonalGaussian) -> Tensor:
    """The standard deviations."""
    return (0.5 * distribution.log_variance).exp()


def _flat_levels(z: Latents) -> list[Tensor]:
    return [level.flatten(1) for level in z.levels]


def _recorded(codes: list[Tensor], distributions: list[DiagonalGaussian]) -> Draw:
    """A draw that gives the known codes and records the distributions."""

    def known(distribution: DiagonalGaussian, level: int) -> Tensor:
        distributions.append(distribution)
        return codes[level]

    return known
