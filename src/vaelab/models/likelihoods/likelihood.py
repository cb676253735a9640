"""What a likelihood is.

Letters in shapes: B batch, S draws of z, C channels, H height, W width, P channels that the decoder
gives, E edges between values. The decoder's output is unbounded; each likelihood says what it
means.
"""

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor, nn

from vaelab import parts
from vaelab.arithmetic import in_float32
from vaelab.config import LikelihoodConfig
from vaelab.entropy_coding import BitStack
from vaelab.errors import InputError, entry
from vaelab.models.image_shape import ImageShape
from vaelab.models.likelihoods.values import pop_values, push_values
from vaelab.randomness import Source

Images = Float[Tensor, "B C H W"]
Decoded = Float[Tensor, "B P H W"]
Values = Int[Tensor, "B C H W"]


class Likelihood(nn.Module, ABC):
    """A distribution over images whose parameters the decoder gives.

    Attributes:
        unit: of minus the log-probability; results in different units are never compared.
        value_count: V, values that a pixel can have: v / (V - 1), v from 0 to V - 1. 0 if p(x|z) is
            not a distribution over few values, so that it codes no images.
        is_sequential: decoding takes a step for each value, so that no network in one pass, such
            as an ONNX file, does it.
    """

    unit: str = "nats"
    value_count: int = 0
    is_sequential: bool = False

    def __init_subclass__(cls, *, is_formula: bool = True) -> None:
        """Keep the formulas of likelihoods in float32, those of users too.

        Args:
            is_formula: False if log-probabilities come from a network, which may compute in
                bfloat16, and from another likelihood.
        """
        super().__init_subclass__()
        if not is_formula:
            return
        for name in ("log_prob", "summed_log_prob"):
            if name in cls.__dict__:
                setattr(cls, name, in_float32(cls.__dict__[name]))

    @property
    def is_in_nats(self) -> bool:
        """Whether log-probabilities are in nats, so that log p(x) is bounded in nats."""
        return self.unit.startswith("nats")

    def decoded_channels(self, image_channels: int) -> int:
        """P, channels that the decoder gives, for images of C channels."""
        return image_channels

    @abstractmethod
    def log_prob(self, x: Images, decoded: Decoded) -> Images:
        """log p(x|z) of each pixel."""

    @abstractmethod
    def mean(self, decoded: Decoded) -> Images:
        """E[x|z], in [0, 1]."""

    @abstractmethod
    def sample(self, decoded: Decoded, source: Source) -> Images:
        """A draw from p(x|z)."""

    def summed_log_prob(
        self, x: Images, decoded: Float[Tensor, "B S P H W"]
    ) -> Float[Tensor, "B S"]:
        """log p(x|z) of whole images, each at several draws of z."""
        draws = decoded.shape[1]
        repeated = x.unsqueeze(1).expand(-1, draws, -1, -1, -1).flatten(0, 1)
        log_prob = self.log_prob(repeated, decoded.flatten(0, 1))
        return log_prob.flatten(1).sum(1).view(-1, draws)

    def floor(self, x: Images) -> Images | None:
        """The least that minus the log-probability of each pixel can be; None: no such limit."""
        return None

    def mass_below(
        self, values: Int[Tensor, "..."], decoded: Decoded
    ) -> Float[Tensor, "B E C H W"]:
        """P(pixel < v) for values v (B, E, C, H, W), or 1 where they are the same, from 0 to V."""
        raise InputError(f"{type(self).__name__} is not a distribution over few values")

    def push(self, stack: BitStack, values: Values, decoded: Decoded) -> None:
        """Push images on a stack of bits; defined where `value_count` is not 0."""
        push_values(stack, self, values, decoded)

    def pop(self, stack: BitStack, decoded: Decoded) -> Values:
        """Pop images from a stack of bits; see `push`."""
        return pop_values(stack, self, decoded)


def build_likelihood(name: str, shape: ImageShape) -> Likelihood:
    """The likelihood of that name with its default settings, for images of that shape.

    Raises:
        InputError: if there is none, naming the nearest.
    """
    config = entry("likelihood", name, parts.family(LikelihoodConfig)).config(kind=name)
    likelihood: Likelihood = parts.build(config, shape)
    return likelihood
