import json
import math

import numpy as np
import pytest

from vaelab.config import DataConfig
from vaelab.data.image_data import Dataset, ImageData
from vaelab.data.summary import entropy_nats_per_image, summarize

LEVELS = np.array([0, 0, 51, 255], np.uint8).reshape(1, 1, 2, 2)


def dataset(images: np.ndarray) -> Dataset:
    count = len(images)
    data = ImageData(
        name="set",
        images=images,
        labels=np.arange(count, dtype=np.int64) % 2,
        class_names=("even", "odd"),
    )
    return Dataset(train=data, test=data.take(np.arange(count // 2)), source="memory")


def test_numbers_known_in_advance():
    summary = summarize(dataset(np.repeat(LEVELS, 40, axis=0)), DataConfig())
    assert json.loads(json.dumps(summary)) == summary
    assert (summary["name"], summary["source"]) == ("set", "memory")
    assert summary["image_shape"] == [1, 2, 2]
    assert summary["class_names"] == ["even", "odd"]
    assert {name: part["images"] for name, part in summary["splits"].items()} == {
        "train": 36,
        "validation": 4,
        "test": 20,
    }
    assert {name: part["class_counts"] for name, part in summary["splits"].items()} == {
        "train": [18, 18],
        "validation": [2, 2],
        "test": [10, 10],
    }
    pixels = summary["splits"]["test"]["pixels"]
    assert (pixels["min"], pixels["max"]) == (0, 1)
    assert pixels["mean"] == pytest.approx(0.3)
    assert pixels["std"] == pytest.approx(np.std([0, 0, 0.2, 1]))
    assert pixels["zero_fraction"] == 0.5
    assert pixels["in_unit_range"] is True
    assert pixels["histogram"] == [40] + [0] * 5 + [20] + [0] * 24 + [20]


def test_entropy_is_that_of_the_one_gray_pixel():
    entropy = -0.2 * math.log(0.2) - 0.8 * math.log(0.8)
    data = dataset(np.repeat(LEVELS, 2_500, axis=0))
    assert entropy_nats_per_image(data.train) == pytest.approx(entropy, rel=1e-12)
    summary = summarize(data, DataConfig())
    assert summary["splits"]["test"]["entropy_nats_per_image"] == pytest.approx(entropy)


def test_images_without_labels():
    data = ImageData(name="set", images=np.repeat(LEVELS, 10, axis=0))
    summary = summarize(Dataset(train=data, test=data, source="memory"), DataConfig())
    assert summary["splits"]["train"]["class_counts"] is None
    assert summary["class_names"] == []


def test_fingerprints_are_of_content():
    one, two = (dataset(np.full((10, 1, 2, 2), value, np.uint8)) for value in (1, 2))
    prints = [summarize(data, DataConfig())["fingerprints"] for data in (one, one, two)]
    assert prints[0] == prints[1]
    assert prints[0]["train"] != prints[2]["train"]
