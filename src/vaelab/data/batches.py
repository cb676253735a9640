"""Batches of float images in [0, 1], cut from 8-bit images that stay on the device.

Letters in shapes: M images in memory, N images of this part of them, G global batch, B batch,
C channels, H height, W width.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
from torch import Generator, Tensor

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.splits import training_rows
from vaelab.distributions import uniform_like
from vaelab.randomness import Shared, Source


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of images with their labels, if they have any.

    Attributes:
        x: pixels in [0, 1].
        labels: the class of each image, or None.
        source: of the random draws for these images.
        weight: the number of images of this process over the mean of all processes; 1 for one
            process.
    """

    x: Float[Tensor, "B C H W"]
    labels: Int[Tensor, " B"] | None
    source: Source
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.x)


def binarized(x: Float[Tensor, "B C H W"], source: Source) -> Float[Tensor, "B C H W"]:
    """Each pixel drawn as 0 or 1 with its gray value as probability."""
    return (uniform_like(x, source) < x).to(x.dtype)


@dataclass(frozen=True, slots=True)
class Share:
    """The part of each global batch that one process takes: `rank`, `rank + world_size`, ..."""

    rank: int = 0
    world_size: int = 1


ALONE = Share()


class Batches:
    """Images that stay on a device, or that are mapped from a file and copied batch by batch.

    Args:
        data: the images.
        device: of the batches.
        binarize: draw each pixel as 0 or 1 with its gray value as probability, at every access.
    """

    def __init__(self, data: ImageData, device: torch.device, *, binarize: bool = False) -> None:
        images = torch.from_numpy(data.images)
        self.images: UInt8[Tensor, "M C H W"] = images if data.is_mapped else images.to(device)
        self.labels = None if data.labels is None else torch.from_numpy(data.labels).to(device)
        self.device = device
        self.binarize = binarize
        self.rows: Int[Tensor, " N"] | None = None

    @classmethod
    def to_train(
        cls, dataset: Dataset, config: DataConfig, device: torch.device
    ) -> tuple["Batches", "Batches"]:
        """The images to train on, and the validation images; see `training_split`.

        Images of one array stay in one place on the device.
        """
        images = cls(dataset.train, device, binarize=config.binarize)
        if dataset.validation is not None:
            return images, cls(dataset.validation, device, binarize=config.binarize)
        kept, held_out = training_rows(dataset.train, config)
        return images.part(kept), images.part(held_out)

    def part(self, rows: NDArray[np.int64]) -> "Batches":
        """The images at `rows`, sharing memory with these."""
        part = copy.copy(self)
        part.rows = torch.from_numpy(rows).to(self.device)
        return part

    def __len__(self) -> int:
        return len(self.images) if self.rows is None else len(self.rows)

    def at(self, indices: Int[Tensor, " B"], source: Source, weight: float = 1.0) -> Batch:
        """The images at `indices`; `source` draws the binarized pixels, if any."""
        if self.rows is not None:
            indices = self.rows[indices]
        x = self.images.index_select(0, indices.to(self.images.device)).to(self.device) / 255
        if self.binarize:
            x = binarized(x, source)
        return Batch(x, None if self.labels is None else self.labels[indices], source, weight)

    def in_order(self, size: int, noise: Generator, share: Share = ALONE) -> Iterator[Batch]:
        """Yield every image once, in order; the last batch may be smaller.

        Args:
            size: of the global batch, over all processes.
            noise: the generator of the draws for these images.
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
        """Yield every image once, in a random order; the last batch may be smaller.

        Args:
            size: of the global batch, over all processes.
            order: the generator of the order, on the CPU so that all devices give the same order.
            noise: the generator of the draws for these images.
            share: of this process.
            first: the index of the first batch to yield.
        """
        permutation = torch.randperm(len(self), generator=order).to(self.device)
        for indices in permutation.split(size)[first:]:
            yield self._part(indices, noise, share)

    def _part(self, indices: Int[Tensor, " G"], noise: Generator, share: Share) -> Batch:
        """The images of this process in a global batch (G)."""
        if share == ALONE:
            return self.at(indices, noise)
        rows = torch.arange(len(indices), device=indices.device)[share.rank :: share.world_size]
        weight = len(rows) * share.world_size / len(indices)
        if not len(rows):  # the process still takes part in the step, with weight 0
            rows = rows.new_zeros(1)
        return self.at(indices[rows], Shared(noise, rows, len(indices)), weight)
