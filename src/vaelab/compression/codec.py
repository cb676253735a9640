"""Bits-back coding of images with a latent-variable model.

BB-ANS of Townsend et al. 2019 (arXiv:1901.04866): all images share one stack of bits. A batch pops
its latent variables with the bits of the batches before it, so that only the first batch needs
random bits. It has one image, and batches grow with the bits on the stack.

Letters in shapes: N images, B batch, C channels, H height, W width, D numbers in the flat code,
K classes, U words of 32 bits.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt32
from torch import Tensor

from vaelab.compression.container import LARGEST_BATCH
from vaelab.compression.machine import one_thread
from vaelab.entropy_coding import BitStack, ExhaustedError
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator

# Of the bits on the stack, what the latent variables of the next batch may be expected to take.
_SHARE = 0.85
# Random bits for the first image, for each number of its code; doubled until they suffice.
_BITS_PER_DIMENSION = 8
_MOST_DOUBLINGS = 10

Values = Int[Tensor, "B C H W"]
Labels = Int[Tensor, " B"]
Progress = Callable[[int], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coded:
    """Images as bits.

    Attributes:
        words: of 32 bits.
        batches: sizes of the batches, in the order of the images.
    """

    words: UInt32[np.ndarray, " U"]
    batches: tuple[int, ...]


class Codec:
    """Lossless coding of images with a model on the CPU.

    Args:
        model: whose likelihood is a distribution over few values, and whose latent variables have
            a coding.

    Raises:
        InputError: on another model.
    """

    def __init__(self, model: LatentVariableModel) -> None:
        if not model.likelihood.value_count:
            raise InputError(
                f"a likelihood in {model.likelihood.unit} gives no probabilities of pixel values, "
                "so its model compresses no images; train with model.likelihood=logistic-mixture, "
                "or with model.likelihood=bernoulli and data.binarize=true"
            )
        self.model = model.eval()
        self.value_count = model.likelihood.value_count
        with torch.no_grad(), one_thread():
            self._coding = model.latent_coding()

    @torch.no_grad()
    def encode(
        self,
        values: Int[Tensor, "N C H W"],
        labels: Int[Tensor, " N"] | None,
        *,
        seed: int = 0,
        progress: Progress = lambda _: None,
    ) -> Coded:
        """The bits of images.

        Args:
            values: of the pixels, from 0 to V - 1.
            labels: of a conditional model; they are coded too, with log2 K bits each.
            seed: of the random bits that the first batch takes.
            progress: called with the size of each batch that is done.

        Raises:
            InputError: if the model gives numbers that are not finite.
        """
        with one_thread():
            for doublings in range(_MOST_DOUBLINGS):
                bits = 2**doublings * (64 + _BITS_PER_DIMENSION * self.model.latent_size)
                source = generator(seed, "bits of the first batch")
                stack = BitStack.of_random_bits(math.ceil(bits / 32), source)
                try:
                    batches = self._push_all(stack, values, labels, progress)
                except ExhaustedError:
                    continue
                return Coded(words=stack.words, batches=batches)
        raise InputError("the latent variables of one image take more bits than any model should")

    def _push_all(
        self,
        stack: BitStack,
        values: Int[Tensor, "N C H W"],
        labels: Int[Tensor, " N"] | None,
        progress: Progress,
    ) -> tuple[int, ...]:
        """Push all images; gives the sizes of the batches."""
        batches, start, size = list[int](), 0, 1
        while start < len(values):
            rows, before = slice(start, start + size), stack.bits
            of_batch = None if labels is None else labels[rows]
            size = self._push_fitting(stack, values[rows], of_batch, key=str(len(batches)))
            batches.append(size)
            progress(size)
            start += size
            taken = (before - stack.least_bits) / size
            fitting = int(_SHARE * stack.bits / max(taken, 1))
            size = max(1, min(fitting, LARGEST_BATCH))
        return tuple(batches)

    def _push_fitting(
        self, stack: BitStack, values: Values, labels: Labels | None, *, key: str
    ) -> int:
        """Push as many of the first images as the stack has bits for; gives their number."""
        size, words = len(values), stack.words
        while True:
            stack.reset(words)
            stack.scramble(key)
            try:
                self._push(stack, values[:size], None if labels is None else labels[:size])
            except ExhaustedError:
                if size == 1:
                    raise
                size //= 2
            else:
                return size

    def _push(self, stack: BitStack, values: Values, labels: Labels | None) -> None:
        x = self._pixels(values)
        condition = self.model.condition(labels, x)
        z = self._coding.pop_posterior(stack, x, condition)
        self.model.likelihood.push(stack, values, self._coding.decoded(z, condition))
        self._coding.push_prior(stack, z, condition)
        if labels is not None:
            stack.push(labels.numpy(), self._edges_of_labels(len(labels)))

    @torch.no_grad()
    def decode(
        self,
        words: UInt32[np.ndarray, " U"],
        batches: Sequence[int],
        progress: Progress = lambda _: None,
    ) -> tuple[Int[Tensor, "N C H W"], Int[Tensor, " N"] | None]:
        """Images and, of a conditional model, labels: the inverse of `encode`.

        Where the machine computes other bits than the one that encoded, these are other images.

        Raises:
            InputError: if the bits end too early.
        """
        stack = BitStack(words)
        values, labels = list[Values](), list[Labels]()
        with one_thread():
            for index, size in reversed([*enumerate(batches)]):
                of_batch, given = self._pop(stack, size)
                stack.scramble(str(index))
                values.append(of_batch)
                if given is not None:
                    labels.append(given)
                progress(size)
        return torch.cat(values[::-1]), torch.cat(labels[::-1]) if labels else None

    def _pop(self, stack: BitStack, size: int) -> tuple[Values, Labels | None]:
        labels = None
        if self.model.is_conditional:
            labels = torch.from_numpy(stack.pop(self._edges_of_labels(size)))
        condition = self.model.condition(labels, torch.empty(size))
        z = self._coding.pop_prior(stack, condition)
        values = self.model.likelihood.pop(stack, self._coding.decoded(z, condition))
        self._coding.push_posterior(stack, z, self._pixels(values), condition)
        return values, labels

    def _pixels(self, values: Values) -> Float[Tensor, "B C H W"]:
        return values.to(torch.float32, memory_format=torch.contiguous_format) / (
            self.value_count - 1
        )

    def _edges_of_labels(self, size: int) -> Float[Tensor, "B E"]:
        """Equal probabilities of all classes."""
        return torch.arange(self.model.class_count + 1.0).expand(size, -1)
