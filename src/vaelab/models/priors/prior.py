"""The contract of a prior p(z) or p(z|y) over vectors.

Letters in shapes: B batch, D latent dimensions, K classes, G groups into which the KL splits (D
where it is known for each dimension, else 1), M numbers of noise.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from vaelab.distributions import LOG_TWO_PI, standard_normal_like
from vaelab.entropy_coding import BitStack
from vaelab.errors import InputError
from vaelab.models.code_distribution import CodeDistribution
from vaelab.models.image_shape import ImageShape
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.randomness import Source

Code = Float[Tensor, "B D"]
Condition = Float[Tensor, "B K"]

LEAST_SCALE = 1e-4
"""Of the standard deviations that a prior takes from codes; a dimension may be constant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PriorContext:
    """What a prior is built for.

    Attributes:
        latent_size: D.
        class_count: K where the model is conditional, else 0.
        shape: of the images.
    """

    latent_size: int
    class_count: int
    shape: ImageShape


class PriorModule(CodeDistribution):
    """The trainable part of a prior: gives the distribution for the present encoder.

    Attributes:
        has_density: `log_prob` is defined.
        has_moments: `moments` is defined.
        splits_kl: `kl` gives the KL of each dimension.
        needs_posterior: it depends on the posteriors that the encoder gives.
        noise_size: M, standard normal numbers that `from_noise` takes; 0: it is not defined.
        choice_size: how many of these, the first ones, choose components of mixtures; the
            temperature does not change them.
    """

    has_density: ClassVar[bool] = True
    has_moments: bool = False
    splits_kl: ClassVar[bool] = False
    needs_posterior: ClassVar[bool] = False
    noise_size: int = 0
    choice_size: int = 0

    @abstractmethod
    def given_encoder(self, encode: Callable[[Tensor], DiagonalGaussian]) -> "Prior":
        """The distribution, which may depend on the present encoder of the model."""


class Prior(PriorModule):
    """A distribution over codes.

    The condition is one-hot labels (B, K), or (B, 0) in an unconditional model. A subclass defines
    `from_noise` and `noise_size`, or `sample`, and whatever else it can, with the attribute that
    says so.
    """

    def given_encoder(self, encode: Callable[[Tensor], DiagonalGaussian]) -> "Prior":
        """The prior itself."""
        return self

    def sample(
        self,
        count: int,
        source: Source,
        condition: Condition,
        options: SamplingOptions = AS_FITTED,
    ) -> Code:
        """`count` independent codes, one for each row of the condition."""
        noise = standard_normal_like(condition.new_empty(count, self.noise_size), source)
        noise[:, self.choice_size :] *= options.temperature
        return self.from_noise(noise, condition)

    def loss(self, z: Code, condition: Condition, source: Source) -> Float[Tensor, " B"]:
        """What a prior that is fitted to codes minimizes, per code: -log p(z|y), in nats."""
        return -self.log_prob(z, condition)

    def log_prob(self, z: Code, condition: Condition) -> Float[Tensor, " B"]:
        """log p(z|y)."""
        raise InputError(f"the prior {type(self).__name__} has no density")

    def kl(
        self, posterior: DiagonalGaussian, z: Code, condition: Condition
    ) -> Float[Tensor, "B G"]:
        """KL(q(z|x,y) || p(z|y)): analytic where possible, else estimated at the draw `z` from q.

        The estimate has the entropy of q in closed form, which reduces its variance.
        """
        entropy = 0.5 * (posterior.log_variance + LOG_TWO_PI + 1).sum(1)
        return (-entropy - self.log_prob(z, condition)).unsqueeze(1)

    def push(self, stack: BitStack, z: Code, condition: Condition) -> None:
        """Push codes on the grid of the stack with p(z|y).

        Raises:
            InputError: if the prior has no coding.
        """
        raise self._no_coding()

    def pop(self, stack: BitStack, condition: Condition) -> Code:
        """The inverse of `push`: one code for each row of the condition.

        Raises:
            InputError: if the prior has no coding.
        """
        raise self._no_coding()

    def _no_coding(self) -> InputError:
        return InputError(
            f"the prior {type(self).__name__} has no coding, so its model compresses no images; "
            "train with another prior, such as standard-normal or mixture"
        )

    def moments(self) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"]]:
        """Mean and variance of each dimension."""
        raise InputError(f"the prior {type(self).__name__} has no known moments")

    def from_noise(self, noise: Float[Tensor, "B M"], condition: Condition) -> Code:
        """Codes as a function of standard normal noise, which can be exported."""
        raise InputError(f"the prior {type(self).__name__} is no function of noise")


def normal_cdf(x: Tensor) -> Tensor:
    """Cumulative distribution of N(0, 1)."""
    return 0.5 * (1 + torch.erf(x / 2**0.5))
