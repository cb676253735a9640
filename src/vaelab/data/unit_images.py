"""Images in [0, 1] of which parts are made when they are used, so that memory holds no copy of all.

Letters in shapes: N images, M of them, C channels, H height, W width.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor


@runtime_checkable
class ImageParts(Protocol):
    """Images in [0, 1], by their rows or part by part. A tensor (N, C, H, W) is one."""

    @property
    def shape(self) -> Any:
        """N, C, H, W."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Tensor: ...

    def split(self, size: int, /) -> Iterable[Tensor]:
        """All images in order, `size` at a time; the last part may be smaller."""
        ...


@dataclass(frozen=True, eq=False)
class UnitImages:
    """8-bit images, in memory or mapped from a file, as floats in [0, 1].

    Attributes:
        levels: the 8-bit images.
    """

    levels: UInt8[np.ndarray, "N C H W"]

    @property
    def shape(self) -> tuple[int, ...]:
        """N, C, H, W."""
        return self.levels.shape

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, rows: Int[Tensor, " M"]) -> Float[Tensor, "M C H W"]:
        return _in_unit_interval(self.levels[rows.numpy()])

    def split(self, size: int) -> Iterator[Float[Tensor, "M C H W"]]:
        """All images in order, `size` at a time; the last part may be smaller."""
        for start in range(0, len(self), size):
            yield _in_unit_interval(self.levels[start : start + size])


def _in_unit_interval(levels: UInt8[np.ndarray, "M C H W"]) -> Float[Tensor, "M C H W"]:
    return torch.from_numpy(levels).float().div_(255)
