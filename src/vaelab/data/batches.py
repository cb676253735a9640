"""Images on the device once, as bytes; batches of floats in [0, 1] cut from them.

Letters in shapes: N images, B batch, C channels, H height, W width.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Generator, Tensor

from vaelab.data.image_data import ImageData
from vaelab.distributions import uniform_like
from vaelab.randomness import Shared, Source


@dataclass(frozen=True, slots=True)
class Batch:
    """Some images as models see them, with their labels where there are any.

    Attributes:
        x: pixels in [0, 1].
        labels: class of each, or None.
        source: of whatever is drawn for these images.
        weight: this process's share of the global batch over an equal share; 1 for one process.
    """

    x: Float[Tensor, "B C H W"]
    labels: Int[Tensor, " B"] | None
    source: Source
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Share:
    """Which images of each batch are this process's: every `world_size`-th, from `rank` on."""

    rank: int = 0
    world_size: int = 1


ALONE = Share()


class Batches:
    """All images of one split, resident on a device.

    Args:
        data: the images.
        device: where they are to lie.
        binarize: draw each pixel as 0 or 1 with its grey value as probability, each time afresh.
    """

    def __init__(self, data: ImageData, device: torch.device, *, binarize: bool = False) -> None:
        self.images: UInt8[Tensor, "N C H W"] = torch.from_numpy(data.images).to(device)
        self.labels = None if data.labels is None else torch.from_numpy(data.labels).to(device)
        self.binarize = binarize

    def __len__(self) -> int:
        return len(self.images)

    def at(self, indices: Int[Tensor, " B"], source: Source, weight: float = 1.0) -> Batch:
        """The images at `indices`; `source` draws where pixels are binarized."""
        x = self.images[indices].float().div_(255)
        if self.binarize:
            x = (uniform_like(x, source) < x).to(x.dtype)
        return Batch(x, None if self.labels is None else self.labels[indices], source, weight)

    def in_order(self, size: int, noise: Generator, share: Share = ALONE) -> Iterator[Batch]:
        """Every image once, as they lie; the last batch may be smaller.

        Args:
            size: of the global batch, over all processes.
            noise: draws for these images.
            share: of this process.
        """
        for indices in torch.arange(len(self), device=self.images.device).split(size):
            yield self._part(indices, noise, share)

    def shuffled(
        self,
        size: int,
        order: Generator,
        noise: Generator,
        share: Share = ALONE,
        *,
        first: int = 0,
    ) -> Iterator[Batch]:
        """Every image once, in the order that `order` draws; the last batch may be smaller.

        Args:
            size: of the global batch, over all processes.
            order: a generator on the CPU, so that the order is the same on every device.
            noise: draws for these images.
            share: of this process.
            first: the batch to begin with, counted from 0.
        """
        permutation = torch.randperm(len(self), generator=order).to(self.images.device)
        for indices in permutation.split(size)[first:]:
            yield self._part(indices, noise, share)

    def _part(self, indices: Int[Tensor, " G"], noise: Generator, share: Share) -> Batch:
        """Of a global batch the images of this process."""
        if share == ALONE:
            return self.at(indices, noise)
        rows = torch.arange(len(indices), device=indices.device)[share.rank :: share.world_size]
        weight = len(rows) * share.world_size / len(indices)
        if not len(rows):  # it still takes part in the step, at weight 0
            rows = rows.new_zeros(1)
        return self.at(indices[rows], Shared(noise, rows, len(indices)), weight)
