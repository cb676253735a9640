"""Images on the device once, as bytes; batches of floats in [0, 1] cut from them.

Letters in shapes: N images, B batch, C channels, H height, W width.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, UInt8
from torch import Generator, Tensor

from vaelab.data.image_data import ImageData


@dataclass(frozen=True, slots=True)
class Batch:
    """Some images as models see them, with their labels where there are any.

    Attributes:
        x: pixels in [0, 1].
        labels: class of each, or None.
        weight: this process's share of the global batch over an equal share; 1 for one process.
    """

    x: Float[Tensor, "B C H W"]
    labels: Int[Tensor, " B"] | None
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.x)


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

    def at(self, indices: Int[Tensor, " B"], noise: Generator, weight: float = 1.0) -> Batch:
        """The images at `indices`; `noise` draws where pixels are binarized."""
        x = self.images[indices].float().div_(255)
        if self.binarize:
            x = torch.bernoulli(x, generator=noise)
        return Batch(x, None if self.labels is None else self.labels[indices], weight)

    def in_order(self, size: int, noise: Generator) -> Iterator[Batch]:
        """Every image once, as they lie; the last batch may be smaller."""
        for indices in torch.arange(len(self), device=self.images.device).split(size):
            yield self.at(indices, noise)

    def shuffled(
        self, size: int, order: Generator, noise: Generator, rank: int = 0, world_size: int = 1
    ) -> Iterator[Batch]:
        """Every image once, in the order that `order` draws; the last batch may be smaller.

        Args:
            size: of the global batch, over all processes.
            order: a generator on the CPU, so that the order is the same on every device.
            noise: draws where pixels are binarized.
            rank: of this process, which gets every `world_size`-th image of each global batch.
            world_size: number of processes.
        """
        permutation = torch.randperm(len(self), generator=order).to(self.images.device)
        for indices in permutation.split(size):
            mine = indices[rank::world_size]
            weight = len(mine) * world_size / len(indices)
            # A process that got no image still takes part in the step, at weight 0.
            yield self.at(mine if len(mine) else indices[:1], noise, weight)
