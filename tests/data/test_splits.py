import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.data.data_files import refused
from vaelab.config import DataConfig
from vaelab.data.batches import Batches
from vaelab.data.image_data import ImageData
from vaelab.data.splits import (
    DIVISIONS,
    split,
    training_rows,
    training_split,
    with_test_images,
)


def labeled(labels) -> ImageData:
    labels = np.array(labels, np.int64)
    return ImageData(
        name="set",
        images=np.zeros((len(labels), 1, 1, 1), np.uint8),
        labels=labels,
        class_names=tuple(map(str, range(labels.max() + 1))),
    )


def unlabeled(count: int) -> ImageData:
    return ImageData(name="set", images=np.zeros((count, 1, 1, 1), np.uint8))


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=80),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.integers(0, 2**64),
)
def test_a_partition_in_which_every_class_has_its_share(labels, fraction, seed):
    data = labeled(labels)
    kept, held_out = split(data, fraction, seed)
    assert kept.dtype == held_out.dtype == np.int64
    assert len(kept)
    assert len(held_out)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(data)))
    for indices in (kept, held_out):
        assert (np.diff(indices) > 0).all()
    for label in set(labels):
        share = fraction * labels.count(label)
        assert abs((data.labels[held_out] == label).sum() - share) <= 1


def test_the_whole_has_its_share_too():
    _, held_out = split(labeled([0] * 15 + [1] * 15 + [2] * 15 + [3] * 15), 0.1, 0)
    assert len(held_out) == 6


def test_the_same_on_every_machine():
    kept, held_out = split(labeled([0, 1] * 10), 0.3, 7)
    assert held_out.tolist() == [3, 4, 6, 11, 12, 13]
    assert len(kept) == 14


def test_another_seed_gives_another_split():
    splits = {tuple(split(unlabeled(100), 0.1, seed)[1]) for seed in range(20)}
    assert len(splits) == 20


def test_every_image_is_as_likely_to_be_held_out():
    held_out = np.concatenate([split(unlabeled(10), 0.3, seed)[1] for seed in range(2_000)])
    counts = np.bincount(held_out, minlength=10)
    # Each count is binomial with mean 600 and a standard deviation of 20.5.
    assert (abs(counts - 600) < 5 * 20.5).all()


def test_classes_of_one_image():
    kept, held_out = split(labeled([0, 1, 2, 3]), 0.1, 0)
    assert (len(kept), len(held_out)) == (3, 1)


@pytest.mark.parametrize("division", DIVISIONS)
@pytest.mark.parametrize("count", [2, 3, 9])
def test_a_few_images_leave_one_on_each_side(division, count):
    config = DataConfig(validation_images=division)
    kept, held_out = training_rows(unlabeled(count), config)
    assert len(held_out) == 1
    assert sorted([*kept, *held_out]) == [*range(count)]


@pytest.mark.parametrize("division", DIVISIONS)
def test_one_image_cannot_be_split(division):
    with refused("set: expected at least 2 images", "found 1; add images"):
        training_rows(unlabeled(1), DataConfig(validation_images=division))


def test_three_images_are_for_training_validation_and_test():
    dataset = with_test_images(numbered(0, 3), source="here", split_seed=0)
    train, validation = training_split(dataset, DataConfig())
    assert [len(part) for part in (train, validation, dataset.test)] == [1, 1, 1]


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_out_of_range(fraction):
    with refused("(0, 1)", f"found {fraction}"):
        split(unlabeled(10), fraction, 0)


def test_a_negative_seed():
    with refused("seed", "found -1"):
        split(unlabeled(10), 0.1, -1)


def numbered(first: int, count: int) -> ImageData:
    pixels = np.arange(first, first + count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return ImageData(name="set", images=pixels)


def test_validation_images_of_the_source_are_used_as_they_are():
    dataset = with_test_images(
        numbered(0, 5), numbered(10, 3), validation=numbered(20, 2), source="here", split_seed=0
    )
    train, validation = training_split(dataset, DataConfig())
    assert [block.ravel().tolist() for block in train.blocks(3)] == [[0, 1, 2], [3, 4]]
    assert [block.ravel().tolist() for block in validation.blocks(3)] == [[20, 21]]
    on_device = Batches.to_train(dataset, DataConfig(), torch.device("cpu"))
    assert [len(part) for part in on_device] == [5, 2]
    assert on_device[1].images.ravel().tolist() == [20, 21]


def test_validation_images_of_another_shape_are_refused():
    other = ImageData(name="set", images=np.zeros((2, 1, 2, 2), np.uint8))
    with refused("here: expected validation images of (1, 1, 1) (C, H, W)", "(1, 2, 2)"):
        with_test_images(
            numbered(0, 5), numbered(10, 3), validation=other, source="here", split_seed=0
        )


def test_images_that_are_set_aside_are_counted_in_a_note():
    given = with_test_images(
        unlabeled(40), unlabeled(8), source="memory", split_seed=0, notes=("flat",)
    )
    assert given.notes == ("flat",)
    chosen = with_test_images(unlabeled(40), source="memory", split_seed=0, notes=("flat",))
    assert chosen.notes == (
        "flat",
        "no test images were given: 4 of the 40 training images were set aside for testing",
    )
