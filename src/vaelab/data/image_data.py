"""The types that every data source returns.

Letters in shapes: N images, C channels, H height, W width, F factors.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Factors:
    """The generative factors of rendered images.

    Attributes:
        names: F names.
        values: float64 (N, F), the factors of each image.
        categories: for each factor the number of its values if it is categorical (its values are
            0, 1, ...), or None if it is continuous in [0, 1].
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    categories: tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageData:
    """Images with labels and factors, where known. Pixels stay 8-bit until they are on the device.

    Attributes:
        name: of the data set, as shown in figures and results.
        images: uint8 (N, C, H, W).
        labels: int64 (N), or None for images without classes.
        class_names: one name per label value; empty without labels.
        factors: the generative factors of rendered images, or None.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    factors: Factors | None = None

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.uint8 or not len(self.images):
            raise InputError(
                f"{self.name}: images must be uint8 (N, C, H, W) and at least one, "
                f"found {self.images.dtype} {self.images.shape}"
            )
        if self.labels is None:
            return
        if self.labels.shape != (len(self.images),):
            raise InputError(
                f"{self.name}: {len(self.images)} images but {len(self.labels)} labels; "
                "each image needs exactly one"
            )
        outside = np.flatnonzero((self.labels < 0) | (self.labels >= len(self.class_names)))
        if len(outside):
            raise InputError(
                f"{self.name}: label {self.labels[outside[0]]} of image {outside[0]} is not "
                f"in 0 to {len(self.class_names) - 1}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: NDArray[np.int64]) -> "ImageData":
        """A copy of the images at `indices`, in that order, with their labels and factors."""
        return replace(
            self,
            images=self.images[indices],
            labels=None if self.labels is None else self.labels[indices],
            factors=None
            if self.factors is None
            else replace(self.factors, values=self.factors.values[indices]),
        )

    def first(self, count: int) -> "ImageData":
        """The first `count` images, as a view."""
        return replace(
            self,
            images=self.images[:count],
            labels=None if self.labels is None else self.labels[:count],
            factors=None
            if self.factors is None
            else replace(self.factors, values=self.factors.values[:count]),
        )

    def of_all_classes(self, count: int) -> "ImageData":
        """`count` images, or all if there are fewer, that stand for the whole.

        The first ones; evenly spaced ones where the first lack a class, as in data that are sorted
        by class.
        """
        first = self.first(count)
        if len(first) == len(self) or self.labels is None or first.labels is None:
            return first
        if len(np.unique(first.labels)) == len(np.unique(self.labels)):
            return first
        return self.take(np.arange(count) * len(self) // count)

    @property
    def is_mapped(self) -> bool:
        """Whether the images are a file that is mapped into memory."""
        array: Any = self.images
        while array is not None and not isinstance(array, np.memmap):
            array = getattr(array, "base", None)
        return array is not None

    def fingerprint(self) -> str:
        """SHA-256 of shape, pixels and labels, whatever the file format of the images."""
        digest = hashlib.sha256(repr(self.images.shape).encode())
        digest.update(np.ascontiguousarray(self.images).data)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, "<i8").data)
        return digest.hexdigest()


def images_at_once(values: int, shape: Sequence[int]) -> int:
    """How many images (N, C, H, W) have together at most so many values; at least 1."""
    return max(1, values // math.prod(shape[1:]))


# Images in the preview of a data set in a notebook.
STRIP = 10


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Dataset:
    """The training and the test images of one source.

    Attributes:
        validation: the validation images, where the source has some; None: the settings choose
            them among the training images.
        source: where the images came from, for the user ("IDX files in ~/data", ...).
        notes: how the source was understood, one line each: layout, files that were passed over,
            range of the pixel values and how it was mapped.
        is_in_memory: whether it was made of arrays, so that it cannot be loaded by its name.
    """

    train: ImageData
    test: ImageData
    source: str
    validation: ImageData | None = None
    notes: tuple[str, ...] = ()
    is_in_memory: bool = False

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.train.name

    @property
    def given_splits(self) -> dict[str, ImageData]:
        """The splits of the source by name."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: data for name, data in splits.items() if data is not None}

    def __repr__(self) -> str:
        return f"<Dataset {self.name}: {self._size()}; {self.source}>"

    def _repr_html_(self) -> str:
        from vaelab import notebook  # only notebooks need it, and it imports torch

        shown = self.train.take(self._strip())
        labels = [] if shown.labels is None else shown.labels.tolist()
        return notebook.block(
            f"Data {self.name}",
            notebook.paragraph(self._size()),
            notebook.gallery(
                (shown.images / 255).astype(np.float32),
                [shown.class_names[label] for label in labels],
            ),
            note=self.source,
        )

    def _size(self) -> str:
        _, channels, height, width = self.train.images.shape
        training = f"{len(self.train):,} training"
        if self.validation is not None:
            training += f", {len(self.validation):,} validation"
        return f"{training} and {len(self.test):,} test images of {channels} x {height} x {width}"

    def _strip(self) -> NDArray[np.int64]:
        """Indices of the first training image of each class, or of the first images."""
        if self.train.labels is None:
            return np.arange(min(STRIP, len(self.train)))
        return np.unique(self.train.labels, return_index=True)[1][:STRIP]

    def limited(self, train_count: int | None, test_count: int | None) -> "Dataset":
        """The first training and test images, or all of them if a count is None.

        Raises:
            InputError: if a count is below 1 or larger than the split.
        """
        return replace(
            self,
            train=_first(self.train, train_count, "data.train_count"),
            test=_first(self.test, test_count, "data.test_count"),
        )


def _first(data: ImageData, count: int | None, field: str) -> ImageData:
    if count is None:
        return data
    if not 0 < count <= len(data):
        raise InputError(f"{field} must be from 1 to {len(data)} for {data.name}, found {count}")
    return data.first(count)
