"""Coding of pixels that have few values and are independent of each other given the decoded image.

A value is coded in two digits, so that few edges of its distribution are computed: of 256 values,
the high digit takes 17 edges and the low digit as many between two of them.

Letters in shapes: B batch, P channels that the decoder gives, C channels, H height, W width,
E edges, N pixels of all images.
"""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from vaelab.entropy_coding import BitStack

Decoded = Float[Tensor, "B P H W"]
Values = Int[Tensor, "B C H W"]
Edges = Float64[Tensor, "N E"]

# Edges are computed for so many pixels at a time, which bounds the memory.
_PIXELS_AT_ONCE = 2**15


@runtime_checkable
class PixelDistribution(Protocol):
    """What coding needs of a likelihood; see `Likelihood`."""

    value_count: int

    def decoded_channels(self, image_channels: int) -> int:
        """P, channels that the decoder gives, for images of C channels."""

    def mass_below(
        self, values: Int[Tensor, "..."], decoded: Decoded
    ) -> Float[Tensor, "B E C H W"]:
        """P(pixel < v)."""


def digits(value_count: int) -> tuple[int, int]:
    """Numbers of values of the high and of the low digit."""
    low = next(each for each in range(round(value_count**0.5), 0, -1) if not value_count % each)
    return value_count // low, low


def push_values(
    stack: BitStack, likelihood: PixelDistribution, values: Values, decoded: Decoded
) -> None:
    """Push the values of images under p(x|z)."""
    _, low = digits(likelihood.value_count)
    high_digits = values // low
    if low > 1:
        stack.push((values % low).flatten().numpy(), low_edges(likelihood, decoded, high_digits))
    stack.push(high_digits.flatten().numpy(), high_edges(likelihood, decoded))


def pop_values(stack: BitStack, likelihood: PixelDistribution, decoded: Decoded) -> Values:
    """Pop the values of images; see `push_values`."""
    _, low = digits(likelihood.value_count)
    channels = decoded.shape[1] // likelihood.decoded_channels(1)
    shape = (len(decoded), channels, *decoded.shape[2:])
    high_digits = torch.from_numpy(stack.pop(high_edges(likelihood, decoded))).view(shape)
    if low == 1:
        return high_digits
    low_digits = stack.pop(low_edges(likelihood, decoded, high_digits))
    return high_digits * low + torch.from_numpy(low_digits).view(shape)


def high_edges(likelihood: PixelDistribution, decoded: Decoded) -> Edges:
    """P(value < v) at the edges of the high digit."""
    high, low = digits(likelihood.value_count)
    edges = (torch.arange(high + 1) * low).view(1, -1, 1, 1, 1)
    blocks = decoded.split(_images_at_once(decoded))
    return torch.cat([_rows(likelihood.mass_below(edges, some)) for some in blocks])


def low_edges(
    likelihood: PixelDistribution, decoded: Decoded, high_digits: Int[Tensor, "B C H W"]
) -> Edges:
    """P(value < v) at the edges of the low digit, given the high one."""
    _, low = digits(likelihood.value_count)
    within = torch.arange(low + 1).view(1, -1, 1, 1, 1)
    count = _images_at_once(decoded)
    blocks = zip(decoded.split(count), high_digits.split(count), strict=True)
    return torch.cat(
        [
            _rows(likelihood.mass_below(some_digits.unsqueeze(1) * low + within, some))
            for some, some_digits in blocks
        ]
    )


def _images_at_once(decoded: Decoded) -> int:
    return max(1, _PIXELS_AT_ONCE // (decoded.shape[2] * decoded.shape[3]))


def _rows(edges: Float[Tensor, "B E C H W"]) -> Edges:
    """A row for each pixel."""
    return edges.movedim(1, -1).flatten(0, -2).double()
