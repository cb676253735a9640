"""A warning about images that show nothing."""

import numpy as np
from numpy.typing import NDArray

from vaelab.data.image_data import Dataset
from vaelab.errors import note

NEARLY_CONSTANT = 16
"""The values of a nearly constant image span at most so many of the 255 steps from black to
white."""

_BLOCK = 1000
_MOST_MAPPED = 10_000
"""Images of a mapped file that are inspected: reading all of it may take minutes."""


def warn_of_constant_images(dataset: Dataset) -> None:
    """Print one line if images of a split are constant or nearly so."""
    found = []
    for name, data in dataset.given_splits.items():
        inspected = data.images[:: -(-len(data) // _MOST_MAPPED) if data.is_mapped else 1]
        if constant := constant_count(inspected):
            found.append(f"{constant:,} of {len(inspected):,} {name} images")
    if found:
        note(
            f"warning: {dataset.name}: {', '.join(found)} are constant or nearly so (within "
            f"{NEARLY_CONSTANT} of 255 levels)"
        )


def constant_count(images: NDArray[np.uint8]) -> int:
    """The number of images (N, C, H, W) that are constant or nearly so."""
    count = 0
    for start in range(0, len(images), _BLOCK):
        # A uniform color is constant although its channels differ.
        block = images[start : start + _BLOCK]
        spans = (block.max((2, 3)) - block.min((2, 3))).max(1)
        count += int((spans <= NEARLY_CONSTANT).sum())
    return count
