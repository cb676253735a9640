"""How an entropy coder codes the latent variables of a model.

Bits-back coding (Townsend et al. 2019, arXiv:1901.04866) pops z with q(z|x,y), which costs nothing
since decoding pushes the same bits back, then pushes x with p(x|z,y) and z with p(z|y). The mean
cost of an image is the negative ELBO.

Letters in shapes: B batch, C channels, H height, W width, K classes, P channels that the decoder
gives.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from vaelab.entropy_coding import BitStack
from vaelab.models.condition_layers import with_condition
from vaelab.models.latents import Latents
from vaelab.models.posteriors import DiagonalGaussian

Images = Float[Tensor, "B C H W"]
Condition = Float[Tensor, "B K"]


class LatentCoding(ABC):
    """The coding of latent variables on the grid of a `BitStack`.

    Each method computes with tensors of the same shapes as its inverse, so that both meet the same
    rounding.

    Args:
        decoder: code and condition side by side to unbounded pixels.
    """

    def __init__(self, decoder: Callable[[Tensor], Tensor]) -> None:
        self._decoder = decoder

    def decoded(self, z: Latents, condition: Condition) -> Float[Tensor, "B P H W"]:
        """The decoder's output, which gives p(x|z,y)."""
        return self._decoder(with_condition(z.flat(), condition))

    @abstractmethod
    def pop_posterior(self, stack: BitStack, x: Images, condition: Condition) -> Latents:
        """Draw z from q(z|x,y) with the bits of the stack."""

    @abstractmethod
    def push_posterior(self, stack: BitStack, z: Latents, x: Images, condition: Condition) -> None:
        """The inverse of `pop_posterior`."""

    @abstractmethod
    def push_prior(self, stack: BitStack, z: Latents, condition: Condition) -> None:
        """Push z with p(z|y)."""

    @abstractmethod
    def pop_prior(self, stack: BitStack, condition: Condition) -> Latents:
        """The inverse of `push_prior`."""


def scale_of(distribution: DiagonalGaussian) -> Tensor:
    """The standard deviations."""
    return (0.5 * distribution.log_variance).exp()


def draw(stack: BitStack, distribution: DiagonalGaussian) -> Tensor:
    """Codes drawn from a posterior with the bits of the stack."""
    return stack.draw_gaussian(distribution.mean, scale_of(distribution))


def return_drawn(stack: BitStack, z: Tensor, distribution: DiagonalGaussian) -> None:
    """The inverse of `draw`."""
    stack.return_gaussian(z, distribution.mean, scale_of(distribution))
