"""Images on the device once, as bytes; batches of floats in [0, 1] cut from them.

Letters in shapes: M images in memory, N of them meant, B batch, C channels, H height, W width.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
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
    """Images resident on a device, or mapped from a file and brought there batch by batch.

    Args:
        data: the images.
        device: where batches are to lie.
        binarize: draw each pixel as 0 or 1 with its grey value as probability, each time afresh.
    """

    def __init__(self, data: ImageData, device: torch.device, *, binarize: bool = False) -> None:
        images = torch.from_numpy(data.images)
        self.images: UInt8[Tensor, "M C H W"] = images if data.is_mapped else images.to(device)
        self.labels = None if data.labels is None else torch.from_numpy(data.labels).to(device)
        self.device = device
        self.binarize = binarize
        self.rows: Int[Tensor, " N"] | None = None

    def part(self, rows: NDArray[np.int64]) -> "Batches":
        """Some of these images, sharing their memory."""
        part = copy.copy(self)
        part.rows = torch.from_numpy(rows).to(self.device)
        return part

    def __len__(self) -> int:
        return len(self.images) if self.rows is None else len(self.rows)

    def at(self, indices: Int[Tensor, " B"], source: Source, weight: float = 1.0) -> Batch:
        """The images at `indices`; `source` draws where pixels are binarized."""
        if self.rows is not None:
            indices = self.rows[indices]
        x = self.images.index_select(0, indices.to(self.images.device)).to(self.device) / 255
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
        for indices in torch.arange(len(self), device=self.device).split(size):
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
        permutation = torch.randperm(len(self), generator=order).to(self.device)
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
