"""Splits of images in two: at random within each class, or in order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.errors import InputError, entry

Indices = NDArray[np.int64]

TEST_FRACTION = 0.1
"""Share of the images set aside for testing, where a source has no test images."""


def with_test_images(
    train: ImageData,
    test: ImageData | None = None,
    *,
    validation: ImageData | None = None,
    source: str,
    split_seed: int,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """A data set of training and test images; without test images, a tenth is set aside.

    `notes` say how the source was understood; see `Dataset`.

    Raises:
        InputError: if the shapes of the images differ, or if there is only one image.
    """
    if test is None:
        kept, held_out = split(train, TEST_FRACTION, split_seed)
        notes += (
            f"no test images were given: {len(held_out):,} of the {len(train):,} training images "
            "were set aside for testing",
        )
        train, test = train.take(kept), train.take(held_out)
    for what, part in (("test", test), ("validation", validation)):
        if part is not None and part.images.shape[1:] != train.images.shape[1:]:
            raise InputError(
                f"{source}: expected {what} images of {train.images.shape[1:]} (C, H, W) like the "
                f"training images, found {part.images.shape[1:]}"
            )
    return Dataset(train=train, test=test, validation=validation, source=source, notes=notes)


def training_rows(train: ImageData, config: DataConfig) -> tuple[Indices, Indices]:
    """Indices of the images to train on, and of those to use for validation.

    Raises:
        InputError: if one side would be empty, or a setting is invalid.
    """
    divide = entry("data.validation_images", config.validation_images, DIVISIONS)
    return divide(train, config.validation_fraction, config.split_seed)


@dataclass(frozen=True, slots=True, eq=False)
class ImageRows:
    """Some images of a data set, which stay where they are.

    Attributes:
        data: that they belong to.
        rows: their indices; None: all images.
    """

    data: ImageData
    rows: Indices | None = None

    def __len__(self) -> int:
        return len(self.data if self.rows is None else self.rows)

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """(N), or None for images without classes."""
        labels = self.data.labels
        return labels if labels is None or self.rows is None else labels[self.rows]

    def blocks(self, size: int) -> Iterator[NDArray[np.uint8]]:
        """The images (B, C, H, W) in order, `size` at a time."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield self.data.images[part if self.rows is None else self.rows[part]]


def training_split(dataset: Dataset, config: DataConfig) -> tuple[ImageRows, ImageRows]:
    """The images to train on, and the validation images: those of the source, or chosen ones.

    Raises:
        InputError: as `training_rows`.
    """
    if dataset.validation is not None:
        return ImageRows(dataset.train), ImageRows(dataset.validation)
    kept, held_out = training_rows(dataset.train, config)
    return ImageRows(dataset.train, kept), ImageRows(dataset.train, held_out)


def split(
    data: ImageData, held_out_fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images to keep and of the held-out images, each in ascending order.

    The split is stratified: the held-out share of every class is `held_out_fraction` to within one
    image. It is the same on every machine and with every version of numpy.

    Raises:
        InputError: if one side would be empty, or if the fraction or the seed is invalid.
    """
    _require_two(data)
    if not 0 < held_out_fraction < 1:
        raise InputError(f"the held-out fraction must be in (0, 1), found {held_out_fraction}")
    if seed < 0:
        raise InputError(f"the seed of a split must not be negative, found {seed}")
    labels = np.zeros(len(data), np.int64) if data.labels is None else data.labels
    class_sizes = np.bincount(labels)
    held_out_sizes = _shares(class_sizes, held_out_fraction)
    # numpy guarantees the values of raw draws across versions, those of `permutation` not.
    keys = np.random.PCG64(seed).random_raw(len(data))
    shuffled_by_class = np.lexsort((keys, labels))
    rank_in_class = np.arange(len(data)) - np.repeat(
        np.cumsum(class_sizes) - class_sizes, class_sizes
    )
    is_held_out = np.zeros(len(data), bool)
    is_held_out[shuffled_by_class] = rank_in_class < np.repeat(held_out_sizes, class_sizes)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def hold_out_last(data: ImageData, fraction: float, _seed: int) -> tuple[Indices, Indices]:
    """Indices of the images to keep and of the last images, as in some published protocols.

    Raises:
        InputError: if one side would be empty.
    """
    _require_two(data)
    kept, last = np.split(np.arange(len(data)), [-_held_out_count(len(data), fraction)])
    return kept, last


DIVISIONS: dict[str, Callable[[ImageData, float, int], tuple[Indices, Indices]]] = {
    "random": split,
    "last": hold_out_last,
}


def _require_two(data: ImageData) -> None:
    if len(data) < 2:
        raise InputError(
            f"{data.name}: expected at least 2 images, to set some aside for testing or "
            f"validation, found {len(data)}; add images"
        )


def _held_out_count(count: int, fraction: float) -> int:
    """`fraction` of `count` as an integer that leaves both sides at least one image."""
    return min(max(round(fraction * count), 1), count - 1)


def _shares(sizes: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """`fraction` of each size as integers that add up to `fraction` of the sum.

    The method is that of largest remainders.
    """
    total = _held_out_count(int(sizes.sum()), fraction)
    exact = fraction * sizes
    # The fraction is below 1, but its product with a size can round up to the size.
    shares: NDArray[np.int64] = np.minimum(
        np.floor(exact).astype(np.int64), np.maximum(sizes - 1, 0)
    )
    by_remainder = np.argsort(shares - exact, kind="stable")
    shares[by_remainder[: total - shares.sum()]] += 1
    return shares
