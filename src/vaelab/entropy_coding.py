"""A stack of bits with quantized distributions: the entropy coder of lossless compression.

The coder is an asymmetric numeral system (Duda 2009, arXiv:0902.0271) of the package constriction.
What was pushed last is popped first. Popping with a distribution draws from it with the bits of the
stack, and pushing the same value with the same distribution restores these bits.

Letters in shapes: N symbols, V values of a symbol, E = V + 1 edges, B batch, D numbers of a code,
U words of 32 bits.
"""

import functools
from typing import Any, NamedTuple

import constriction
import numpy as np
import torch
from jaxtyping import Float, Int, UInt32
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn import functional

from vaelab.errors import InputError

TOTAL = 2**24
"""Sum of the counts that stand for the probabilities of all values of a symbol."""

STEP = 2.0**-6
"""Distance of the grid that codes lie on. Standard deviations of posteriors are larger."""

LARGEST_POSITION = 2**12
"""Codes reach from -64 to 64; those outside are moved to the ends."""

# Half the width of the window that codes are drawn in, in standard deviations, at least.
_WINDOW = 6

# Below this, the values between two edges are taken as equally probable.
_LEAST_MASS = 1e-12

_CATEGORICAL = constriction.stream.model.Categorical(perfect=False)

Edges = Float[Tensor, "N E"]

# The coder has a state of 64 bits; with fewer than half of them it no longer draws as it should.
_LEAST_BITS = 32


class ExhaustedError(InputError):
    """More bits were popped than the stack has."""


def counts_from_edges(edges: Edges) -> Int[np.ndarray, "N V"]:
    """Counts of at least 1, in sum `TOTAL`, for the values between edges of cumulative mass.

    Args:
        edges: P(value < v) up to a constant factor and offset, for v from 0 to V, not decreasing
            but for rounding.

    Raises:
        InputError: if they are not finite.
    """
    values = edges.shape[1] - 1
    mass = edges.double().cpu().numpy()
    mass = np.maximum.accumulate(mass - mass[:, :1], axis=1)
    _require_finite(mass)
    whole = mass[:, -1:]
    uniform = np.linspace(0, 1, values + 1)
    shares = np.where(whole > _LEAST_MASS, mass / np.maximum(whole, _LEAST_MASS), uniform)
    positions = np.floor(shares * (TOTAL - values)).astype(np.int64)
    counts: NDArray[np.int64] = np.diff(positions, axis=1) + 1
    return counts


def edges_of_logits(logits: Float[Tensor, "N V"]) -> Edges:
    """Edges of the cumulative softmax."""
    probabilities = torch.softmax(logits.double(), 1)
    return functional.pad(probabilities.cumsum(1), (1, 0))


def _require_finite(numbers: NDArray[Any]) -> None:
    if not np.isfinite(numbers).all():
        raise InputError("the model gives numbers that are not finite, so it cannot code images")


class BitStack:
    """A stack of bits.

    Args:
        words: what it starts with; as `words` gave them.

    Attributes:
        least_bits: the fewest bits that it held after a pop.
    """

    def __init__(self, words: UInt32[np.ndarray, " U"]) -> None:
        self.reset(words)

    @classmethod
    def of_random_bits(cls, words: int, generator: Generator) -> "BitStack":
        """A stack of random words."""
        drawn = torch.randint(1, 2**32, (words,), generator=generator, dtype=torch.int64)
        return cls(drawn.numpy().astype(np.uint32))

    def reset(self, words: UInt32[np.ndarray, " U"]) -> None:
        """Hold these bits instead."""
        self._coder = constriction.stream.stack.AnsCoder(words)
        self.least_bits = self.bits

    @property
    def words(self) -> UInt32[np.ndarray, " U"]:
        """All bits."""
        words: NDArray[np.uint32] = self._coder.get_compressed()
        return words

    @property
    def bits(self) -> int:
        """How many bits it holds."""
        return int(self._coder.num_valid_bits())

    def push(self, symbols: Int[np.ndarray, " N"], edges: Edges) -> None:
        """Push values from 0 to V - 1.

        Args:
            symbols: the values.
            edges: see `counts_from_edges`.
        """
        self._coder.encode_reverse(symbols.astype(np.int32), _CATEGORICAL, _weights(edges))

    def pop(self, edges: Edges) -> Int[np.ndarray, " N"]:
        """Pop values from 0 to V - 1; see `push`.

        Raises:
            ExhaustedError: if there are not enough bits.
        """
        symbols: NDArray[np.int32] = self._coder.decode(_CATEGORICAL, _weights(edges))
        self._require_bits()
        return symbols.astype(np.int64)

    def push_gaussian(
        self,
        z: Float[Tensor, "B D"],
        mean: Float[Tensor, "B D"],
        scale: Float[Tensor, "B D"],
    ) -> None:
        """Push any codes on the grid, with the masses of normal distributions in its intervals."""
        whole = _gaussian(LARGEST_POSITION)
        self._coder.encode_reverse(_positions(z), whole, *_in_steps(mean, scale))

    def pop_gaussian(
        self, mean: Float[Tensor, "B D"], scale: Float[Tensor, "B D"]
    ) -> Float[Tensor, "B D"]:
        """Pop codes on the grid; see `push_gaussian`.

        Raises:
            ExhaustedError: if there are not enough bits.
        """
        positions = self._coder.decode(_gaussian(LARGEST_POSITION), *_in_steps(mean, scale))
        self._require_bits()
        return _codes(positions, mean)

    def draw_gaussian(
        self, mean: Float[Tensor, "B D"], scale: Float[Tensor, "B D"]
    ) -> Float[Tensor, "B D"]:
        """Draw codes with the bits of the stack, within a window around the mean.

        The coder gives every value a probability of at least 1 / TOTAL. Over the whole grid the
        sum of these would draw one code in a thousand far from the mean.

        Raises:
            ExhaustedError: if there are not enough bits.
        """
        numbers = _in_steps(mean, scale)
        positions = np.empty(mean.numel(), np.int32)
        for window in _windows(*numbers):
            drawn = self._coder.decode(_gaussian(window.half_width), *window.parameters)
            positions[window.rows] = drawn + window.centers
        self._require_bits()
        return _codes(positions, mean)

    def return_gaussian(
        self,
        z: Float[Tensor, "B D"],
        mean: Float[Tensor, "B D"],
        scale: Float[Tensor, "B D"],
    ) -> None:
        """Push the bits back that `draw_gaussian` drew the codes with."""
        positions = _positions(z)
        for window in reversed(_windows(*_in_steps(mean, scale))):
            largest = window.half_width
            within = (positions[window.rows] - window.centers).clip(-largest, largest)
            self._coder.encode_reverse(within, _gaussian(largest), *window.parameters)

    def _require_bits(self) -> None:
        self.least_bits = min(self.least_bits, self.bits)
        if self.least_bits < _LEAST_BITS:
            raise ExhaustedError("there are fewer bits than the latent variables take")


def _weights(edges: Edges) -> NDArray[np.float32]:
    """Numbers that the coder takes as exactly these counts.

    It adds 1 to each weight, after scaling them to a sum of TOTAL - V, which they already have.
    """
    return (counts_from_edges(edges) - 1).astype(np.float32)


class _Window(NamedTuple):
    """Codes that are drawn within the same distance of their centers.

    Attributes:
        half_width: the distance, in steps.
        rows: of the codes, among all.
        centers: of the windows, in steps.
        parameters: means relative to the centers, and standard deviations.
    """

    half_width: int
    rows: NDArray[np.int64]
    centers: NDArray[np.int32]
    parameters: tuple[NDArray[np.float64], NDArray[np.float64]]


def _windows(mean: NDArray[np.float64], scale: NDArray[np.float64]) -> list[_Window]:
    """The codes by the width of their window, a power of two."""
    _, exponents = np.frexp(_WINDOW * scale)
    windows = list[_Window]()
    for exponent in np.unique(exponents).tolist():
        half_width = min(2 ** max(exponent, 3), LARGEST_POSITION)
        rows = np.flatnonzero(exponents == exponent)
        outermost = LARGEST_POSITION - half_width
        centers = np.rint(mean[rows]).clip(-outermost, outermost)
        parameters = (mean[rows] - centers, scale[rows])
        windows.append(_Window(half_width, rows, centers.astype(np.int32), parameters))
    return windows


@functools.cache
def _gaussian(largest: int) -> Any:
    """Normal distributions over positions from -largest to largest."""
    return constriction.stream.model.QuantizedGaussian(-largest, largest)


def _positions(z: Tensor) -> NDArray[np.int32]:
    return np.rint(z.flatten().double().cpu().numpy() / STEP).astype(np.int32)


def _codes(positions: NDArray[np.int32], like: Tensor) -> Tensor:
    """Codes, exact in float32: multiples of a power of two with few digits."""
    z = torch.from_numpy(positions.astype(np.float32) * np.float32(STEP))
    return z.view_as(like).to(like)


def _in_steps(mean: Tensor, scale: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and standard deviations as numbers of steps of the grid."""
    numbers = tuple(each.flatten().double().cpu().numpy() / STEP for each in (mean, scale))
    for each in numbers:
        _require_finite(each)
    return numbers[0], numbers[1]
