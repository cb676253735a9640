"""Splitting images in two, class by class."""

import numpy as np
from numpy.typing import NDArray

from vaelab.data.image_data import ImageData
from vaelab.errors import InputError


def split(
    data: ImageData, held_out_fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the images to keep and of those held out, each in rising order.

    Of every class its fraction is held out, rounded; the same on every machine.

    Raises:
        InputError: if one side would be empty.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    labels = np.zeros(len(data), np.int64) if data.labels is None else data.labels
    is_held_out = np.zeros(len(data), bool)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        is_held_out[members[: round(held_out_fraction * len(members))]] = True
    kept, held_out = np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
    if not len(kept) or not len(held_out):
        raise InputError(
            f"{data.name}: {len(data)} images cannot be split with a fraction of "
            f"{held_out_fraction} so that both sides hold some; use more images"
        )
    return kept, held_out
