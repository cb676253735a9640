"""The numbers of a first look at the data (R2)."""

from typing import Any

import numpy as np

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.splits import split

HISTOGRAM_BINS = 32


def summarize(dataset: Dataset, config: DataConfig) -> dict[str, Any]:
    """Counts, classes, pixel statistics and the range check, ready for JSON."""
    kept, held_out = split(dataset.train, config.validation_fraction, config.split_seed)
    splits = {
        "train": dataset.train.take(kept),
        "validation": dataset.train.take(held_out),
        "test": dataset.test,
    }
    return {
        "name": dataset.name,
        "source": dataset.source,
        "image_shape": list(dataset.train.images.shape[1:]),
        "class_names": list(dataset.train.class_names),
        "factors": list(dataset.train.factors.names) if dataset.train.factors else [],
        "fingerprints": {
            "train": dataset.train.fingerprint(),
            "test": dataset.test.fingerprint(),
        },
        "splits": {name: _summarize_split(data) for name, data in splits.items()},
    }


def _summarize_split(data: ImageData) -> dict[str, Any]:
    counts = np.bincount(data.images.ravel(), minlength=256)
    # As the models see them: floats in [0, 1].
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    present = values[counts > 0]
    shares = counts / counts.sum()
    mean = float(shares @ values)
    return {
        "images": len(data),
        "class_counts": None
        if data.labels is None
        else np.bincount(data.labels, minlength=len(data.class_names)).tolist(),
        "pixels": {
            "min": float(present.min()),
            "max": float(present.max()),
            "mean": mean,
            "std": float(np.sqrt(shares @ (values.astype(np.float64) - mean) ** 2)),
            "zero_fraction": float(shares[0]),
            "in_unit_range": bool(present.min() >= 0 and present.max() <= 1),
            "histogram": counts.reshape(HISTOGRAM_BINS, -1).sum(1).tolist(),
        },
        "entropy_nats_per_image": entropy_nats_per_image(data),
    }


def entropy_nats_per_image(data: ImageData) -> float:
    """Mean binary entropy of the grey pixels, summed over each image, in nats.

    No Bernoulli reconstruction of these images can go below it.
    """
    p = np.arange(1, 255) / 255
    entropies = np.zeros(256)
    entropies[1:255] = -p * np.log(p) - (1 - p) * np.log(1 - p)
    counts = np.bincount(data.images.ravel(), minlength=256)
    return float(counts @ entropies) / len(data)
