"""Labels of every usual form; classes are the values that occur."""

import numpy as np
import pytest

import vaelab
from tests.data.data_files import refused
from vaelab.data import Dataset

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
TWO = np.arange(20) % 2
NAMES = np.array(["trouser", "bag"])


def made(labels: object, **arrays: object) -> Dataset:
    return vaelab.dataset(IMAGES, labels, test_images=IMAGES[:3], **arrays)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x,
        lambda x: x.astype(np.uint8),
        lambda x: x.astype(">u8"),
        lambda x: x.astype(np.float64),
        lambda x: x > 0,
        lambda x: x[:, None],
        lambda x: np.eye(2)[x],
        lambda x: np.eye(2, dtype=bool)[x],
        lambda x: x.tolist(),
    ],
)
def test_numbers_from_0(form, capsys):
    data = made(form(TWO), test_labels=form(TWO[:3]))
    assert data.train.labels.tolist() == TWO.tolist()
    assert data.test.labels.tolist() == [0, 1, 0]
    assert data.train.class_names == data.test.class_names == ("0", "1")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("values", [(1, 2), (3, 7), (-1, 1), (0, 10**12), (-(2**63), 2**63 - 1)])
def test_other_numbers_are_classes_without_empty_ones_between(values, capsys):
    data = made(np.array(values)[TWO], test_labels=np.array(values)[TWO[:3]])
    assert data.train.labels.tolist() == TWO.tolist()
    assert data.train.class_names == tuple(map(str, values))
    expected = f"labels and test_labels: the classes {values[0]}, {values[1]} are numbered from 0"
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize("dtype", ["U", "S", "O"])
def test_text_is_sorted(dtype):
    text = NAMES.astype(dtype)
    data = made(text[TWO], test_labels=text[TWO[:3]])
    assert data.train.class_names == ("bag", "trouser")
    assert data.train.labels.tolist() == (1 - TWO).tolist()
    assert data.test.labels.tolist() == [1, 0, 1]


def test_given_names_order_the_classes():
    names = ["hat", "trouser", "bag"]
    data = made(NAMES[TWO], test_labels=["bag", "bag", "trouser"], class_names=names)
    assert data.train.class_names == tuple(names)
    assert data.test.labels.tolist() == [2, 2, 1]
    numbered = made(TWO, test_labels=TWO[:3], class_names=np.array(names))
    assert numbered.train.labels.tolist() == TWO.tolist()


def test_as_many_names_as_other_numbers_name_them_in_order(capsys):
    data = made(TWO + 1, test_labels=TWO[:3] + 1, class_names=["boots", "coats"])
    assert data.test.labels.tolist() == [0, 1, 0]
    assert data.train.class_names == ("boots", "coats")
    assert "the classes 1, 2 are numbered from 0 to 1" in capsys.readouterr().err


def test_a_class_may_occur_in_one_split_only():
    data = made(TWO, test_labels=[5, 5, 5])
    assert data.train.class_names == ("0", "1", "5")
    assert data.test.labels.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("labels", "test_labels", "parts"),
    [
        (TWO / 2, TWO[:3], ["whole numbers or text", "found float64"]),
        (np.full(20, np.nan), TWO[:3], ["whole numbers or text"]),
        (np.full(20, 2**64 - 1, np.uint64), TWO[:3], ["whole numbers", "uint64"]),
        (np.array([None] * 20), TWO[:3], ["whole numbers", "object"]),
        (TWO, TWO[:2], ["test_labels: expected 3 labels, one per image", "(2,)"]),
        (TWO, None, ["expected labels and test_labels, or no labels; found labels"]),
        (NAMES[TWO], TWO[:3], ["labels and test_labels: expected all to be numbers, or all text"]),
        (np.ones((20, 3), int), TWO[:3], ["one class per image", "(20, 3)", "leave out"]),
        (np.zeros((20, 2)), TWO[:3], ["one class per image"]),
    ],
)
def test_labels_that_are_refused(labels, test_labels, parts):
    with refused(*parts):
        made(labels, test_labels=test_labels)
    if labels is not TWO and test_labels is not None:
        with refused("labels"):
            made(labels, test_labels=test_labels, class_names=["a", "b"])


def test_text_without_a_name():
    with refused("labels: label bag of image 1 has no name", "expected one of trouser, hat"):
        made(NAMES[TWO], test_labels=NAMES[TWO[:3]], class_names=["trouser", "hat"])
