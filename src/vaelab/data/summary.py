"""Summary statistics of a data set."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData, images_at_once
from vaelab.data.splits import ImageRows, training_split
from vaelab.names import displayed

HISTOGRAM_BINS = 32

# Pixels that are counted at once, each as eight bytes.
_BLOCK_VALUES = 2**20


def summarize(dataset: Dataset, config: DataConfig) -> dict[str, Any]:
    """Counts, classes, pixel statistics and the range check, as JSON values.

    The fingerprint of the training images includes the validation images chosen among them.
    """
    train, validation = training_split(dataset, config)
    splits = {"train": train, "validation": validation, "test": ImageRows(dataset.test)}
    return {
        "name": displayed(dataset.name),
        "source": displayed(dataset.source),
        "notes": [displayed(each) for each in dataset.notes],
        "image_shape": list(dataset.train.images.shape[1:]),
        "class_names": list(map(displayed, dataset.train.class_names)),
        "factors": list(dataset.train.factors.names) if dataset.train.factors else [],
        "fingerprints": {name: data.fingerprint() for name, data in dataset.given_splits.items()},
        "splits": {name: _summarize_split(data) for name, data in splits.items()},
    }


def entropy_nats_per_image(data: ImageData) -> float:
    """Binary entropy of the gray pixels, summed over pixels, mean over images, in nats.

    It is the lower bound of the Bernoulli reconstruction loss of these images.
    """
    return _entropy_nats(level_counts(ImageRows(data))) / len(data)


def _summarize_split(data: ImageRows) -> dict[str, Any]:
    counts = level_counts(data)
    # The range is checked on the models' input: 32-bit floats.
    present = np.arange(256, dtype=np.float32)[counts > 0] / np.float32(255)
    values, shares = np.arange(256) / 255, counts / counts.sum()
    mean = float(shares @ values)
    return {
        "images": len(data),
        "class_counts": None
        if data.labels is None
        else np.bincount(data.labels, minlength=len(data.data.class_names)).tolist(),
        "pixels": {
            "min": float(present.min()),
            "max": float(present.max()),
            "mean": mean,
            "std": float(np.sqrt(shares @ (values - mean) ** 2)),
            "zero_fraction": float(shares[0]),
            "in_unit_range": bool(present.min() >= 0 and present.max() <= 1),
            "histogram": counts.reshape(HISTOGRAM_BINS, -1).sum(1).tolist(),
        },
        "entropy_nats_per_image": _entropy_nats(counts) / len(data),
    }


def level_counts(data: ImageRows) -> NDArray[np.int64]:
    """The number of pixels of each of the 256 levels."""
    counts = np.zeros(256, np.int64)
    for block in data.blocks(images_at_once(_BLOCK_VALUES, data.data.images.shape)):
        counts += np.bincount(block.ravel(), minlength=256)
    return counts


def _entropy_nats(level_counts: NDArray[np.int64]) -> float:
    """Sum of the binary entropies of all pixels."""
    p = np.arange(1, 255) / 255  # black and white pixels have no entropy
    return float(level_counts[1:255] @ (-p * np.log(p) - (1 - p) * np.log1p(-p)))
