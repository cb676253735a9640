"""Arrays in .npz files, under every usual name."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.data_files import data_or_one_line, follow_advice, refused, with_damage
from vaelab.config import DataConfig
from vaelab.data import data_config, load_data
from vaelab.data.npz_file import load as load_npz


def config(path: Path) -> DataConfig:
    return DataConfig(name="npz", path=str(path))


@pytest.fixture
def npz(tmp_path):
    """Write arrays to a file and give its configuration."""

    def write(**arrays: object) -> DataConfig:
        np.savez(tmp_path / "mine.npz", **arrays)
        return config(tmp_path / "mine.npz")

    return write


CHANNELS_FIRST = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8)).astype(np.uint8)
PIXELS = CHANNELS_FIRST[:, 0]
TWO = np.arange(20) % 2


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (PIXELS, PIXELS[:, None]),
        (PIXELS[:, None], PIXELS[:, None]),
        (PIXELS[..., None], PIXELS[:, None]),
        (CHANNELS_FIRST, CHANNELS_FIRST),
        (CHANNELS_FIRST.transpose(0, 2, 3, 1), CHANNELS_FIRST),
    ],
)
def test_every_order_of_axes(npz, images, expected):
    dataset = load_npz(npz(images=images, test_images=images))
    np.testing.assert_array_equal(dataset.train.images, expected)
    np.testing.assert_array_equal(dataset.test.images, expected)
    assert dataset.train.images.flags.c_contiguous
    assert dataset.train.labels is None
    assert dataset.name == "npz:mine"


def test_a_tenth_is_set_aside(npz):
    dataset = load_npz(npz(images=PIXELS, labels=TWO.astype(np.uint8)))
    assert (len(dataset.train), len(dataset.test)) == (18, 2)
    assert sorted(dataset.test.labels) == [0, 1]
    assert dataset.train.class_names == ("0", "1")


def test_everything_given(npz):
    dataset = load_npz(
        npz(
            images=PIXELS,
            labels=TWO,
            test_images=PIXELS[:3],
            test_labels=[1, 0, 1],
            class_names=["boots", "coats"],
        )
    )
    assert dataset.test.labels.tolist() == [1, 0, 1]
    assert dataset.test.class_names == ("boots", "coats")


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        ({"pictures": PIXELS}, ["names images, train_images, x_train", "found 'pictures'"]),
        ({"x_test": PIXELS}, ["expected images", "found 'x_test'"]),
        ({}, ["names images", "found none"]),
        (
            {"images": PIXELS, "X_train": PIXELS},
            ["'images' and 'X_train'", "train images", "all but"],
        ),
        ({"images": PIXELS - 0.5}, ["images: expected whole numbers", "found float64"]),
        ({"images": PIXELS[:0]}, ["expected images (N, H, W)", "(0, 8, 8)"]),
        ({"images": PIXELS[0]}, ["(8, 8)"]),
        ({"images": PIXELS[:, :, :, None, None]}, ["(20, 8, 8, 1, 1)"]),
        (
            {"images": np.array([PIXELS, None], object)},
            ["images", "Python objects", ".astype(str)"],
        ),
        ({"images": PIXELS, "labels": TWO[:19]}, ["labels: expected 20", "(19,)"]),
        ({"images": PIXELS, "labels": TWO / 2}, ["whole numbers", "float64"]),
        ({"images": PIXELS, "labels": 3}, ["labels: expected 20", "()"]),
        (
            {"images": PIXELS, "labels": TWO, "class_names": ["boots"]},
            ["label 1 of image 1 has no name"],
        ),
        ({"images": PIXELS, "labels": TWO, "class_names": [1, 2]}, ["class_names", "strings"]),
        (
            {"images": PIXELS, "labels": TWO, "test_images": PIXELS},
            ["expected labels and test_labels, or no labels; found labels"],
        ),
        (
            {"images": PIXELS, "labels": TWO, "test_labels": TWO},
            ["expected labels, or no labels; found labels, test_labels"],
        ),
        ({"images": PIXELS, "test_images": PIXELS[:, :4, :4]}, ["(1, 8, 8)", "(1, 4, 4)"]),
        ({"images": PIXELS[:1]}, ["at least 2 images"]),
    ],
)
def test_unusable_arrays(npz, arrays, parts):
    with refused("mine", *parts):
        load_npz(npz(**arrays))


def test_the_names_of_medmnist(npz):
    images = {"train": CHANNELS_FIRST, "val": CHANNELS_FIRST[:5], "test": CHANNELS_FIRST[:4]}
    arrays = {f"{split}_images": part.transpose(0, 2, 3, 1) for split, part in images.items()}
    labels = {f"{split}_labels": TWO[: len(part), None] for split, part in images.items()}
    dataset = load_npz(npz(**arrays, **labels))
    np.testing.assert_array_equal(dataset.train.images, CHANNELS_FIRST)
    np.testing.assert_array_equal(dataset.validation.images, CHANNELS_FIRST[:5])
    np.testing.assert_array_equal(dataset.test.images, CHANNELS_FIRST[:4])
    assert dataset.validation.labels.tolist() == TWO[:5].tolist()
    assert dataset.notes == ()


def test_the_names_of_keras(npz):
    dataset = load_npz(npz(x_train=PIXELS, y_train=TWO, x_test=PIXELS[:3], y_test=TWO[:3]))
    np.testing.assert_array_equal(dataset.train.images[:, 0], PIXELS)
    assert dataset.test.labels.tolist() == [0, 1, 0]


def test_arrays_without_names(tmp_path):
    np.savez(tmp_path / "mine.npz", CHANNELS_FIRST.transpose(0, 2, 3, 1), TWO)
    dataset = load_data(data_config(str(tmp_path / "mine.npz")))
    assert dataset.train.images.shape == (18, 3, 8, 8)
    assert dataset.train.class_names == ("0", "1")


def test_arrays_that_are_not_used_are_named(npz):
    dataset = load_npz(npz(images=PIXELS, test_images=PIXELS[:3], weights=TWO))
    assert dataset.notes == ("not used: 'weights'",)


def test_advice_on_a_single_array_is_right_to_the_letter(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("mine", PIXELS)
    Path("mine.npy").rename("mine.npz")
    with refused("a single array") as caught:
        load_npz(config(Path("mine.npz")))
    follow_advice(caught.value, images=np.load("mine.npz"))
    assert len(load_npz(config(Path("images.npz"))).train) == 18


def saved(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "found nothing"),
        (b"\x80\x04K\x01.", "expected an .npz file (50 4b), found 80 04 4b 01"),
        (b"PK\x03\x04 and no more", "cannot be read"),
        (b"<html><body>404", "web page"),
        (saved(**{"a\nb": PIXELS}), r"found 'a\nb'"),
        (b"\x93NUMPY\x01\x00", "found a single array"),
    ],
)
def test_files_that_are_not_npz(tmp_path, content, part):
    path = tmp_path / "mine.npz"
    path.write_bytes(content)
    with refused(path, part):
        load_npz(config(path))


def test_a_missing_npz(tmp_path):
    with refused(tmp_path / "none.npz", "No such file"):
        load_npz(config(tmp_path / "none.npz"))
    with refused(tmp_path, "Is a directory"):
        load_npz(config(tmp_path))


def test_a_header_that_claims_billions(tmp_path):
    stream = io.BytesIO()
    shape = (2**40, 28, 28)
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    path = tmp_path / "mine.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("images.npy", stream.getvalue())
    with refused(path, "images cannot be read"):
        load_npz(config(path))


SAVED = saved(images=PIXELS[:3, :2, :2], labels=TWO[:3])


@settings(max_examples=150)
@given(st.integers(0, len(SAVED)), st.binary(max_size=20))
def test_any_damage_to_an_npz_gives_data_or_one_line(position, damage):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.npz")
        for damaged in (with_damage(SAVED, position, damage), b"PK\x03\x04" + damage):
            path.write_bytes(damaged)
            data_or_one_line(load_npz, config(path))
