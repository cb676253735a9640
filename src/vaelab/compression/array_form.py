"""The form of an array of images: what restores the same numbers in the same layout.

Letters in shapes: N images, C channels, H height, W width.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray

from vaelab.errors import InputError

# What a file may name; numpy would accept other texts, such as records.
TYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayForm:
    """The type, the scale and the layout of an array.

    Attributes:
        dtype: its name.
        white: the number that stands for white; 0 stands for black.
        shape: of the array.
    """

    dtype: str
    white: float
    shape: tuple[int, ...]

    def values(self, batch: NDArray[Any], value_count: int) -> NDArray[np.int64]:
        """The nearest of V values of each number."""
        scaled = batch.astype(np.float64) * ((value_count - 1) / self.white)
        nearest: NDArray[np.int64] = np.rint(scaled).astype(np.int64)
        return nearest.clip(0, value_count - 1)

    def array(self, values: Int[np.ndarray, "N C H W"], value_count: int) -> NDArray[Any]:
        """The array whose numbers have these values.

        Raises:
            InputError: if the values do not fit the form.
        """
        dtype = np.dtype(self.dtype)
        scaled = values * self.white
        if dtype.kind == "f":
            numbers = scaled.astype(dtype) / dtype.type(value_count - 1)
        else:
            numbers = np.rint(scaled / (value_count - 1)).astype(dtype)
        return self._in_layout(numbers)

    def _in_layout(self, batch: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `vaelab.data.given_images.as_batch`."""
        try:
            return self._reshaped(batch)
        except ValueError:
            raise InputError(
                f"{len(batch):,} images do not fill an array of the shape {self.shape}"
            ) from None

    def _reshaped(self, batch: NDArray[Any]) -> NDArray[Any]:
        count, channels, height, width = batch.shape
        flat, gray = (channels * height * width,), [(height, width, 1), (1, height, width)]
        color = [(3, height, width), (height, width, 3)]
        form = self.shape if count == 1 else self.shape[1:]
        for candidate in (form, self.shape[1:]):
            if candidate == flat:
                return batch.reshape(self.shape)
            if candidate in [(height, width), *gray]:
                return batch[:, :1].reshape(self.shape)
            own = [(channels, height, width), (height, width, channels)]
            if candidate in [*own, *color]:
                is_first = candidate[1:] == (height, width)
                wanted = candidate[0] if is_first else candidate[2]
                full = batch if wanted == channels else np.repeat(batch[:, :1], wanted, 1)
                return (full if is_first else full.transpose(0, 2, 3, 1)).reshape(self.shape)
        raise InputError(f"images of {batch.shape} do not have the layout {self.shape}")
