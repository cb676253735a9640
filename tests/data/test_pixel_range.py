"""Numbers of images in arrays: understood over the whole set, or refused with advice that works."""

import numpy as np
import pytest

import vaelab
from tests.data.data_files import follow_advice, refused
from vaelab.data import Dataset
from vaelab.errors import InputError

RANDOM = np.random.default_rng(0)
LEVELS = RANDOM.integers(0, 256, (20, 8, 8), dtype=np.uint8)
LEVELS[:, 0, 0], LEVELS[:, 0, 1] = 0, 255
MASKS = np.where(LEVELS > 99, 255, 0).astype(np.uint8)


def made(images: np.ndarray) -> Dataset:
    """Training and test images of one set."""
    return vaelab.dataset(images[:15], test_images=images[15:])


def pixels(data: Dataset) -> np.ndarray:
    return np.concatenate([data.train.images, data.test.images])[:, 0]


@pytest.mark.parametrize(
    "dtype", ["i2", "u2", ">u2", "i4", "u4", "i8", "u8", "f2", "f4", ">f8", "g"]
)
def test_8_bit_values_in_any_type(dtype, capsys):
    assert np.array_equal(pixels(made(LEVELS.astype(dtype))), LEVELS)
    note = capsys.readouterr().err
    assert "images and test_images: pixel values from 0 to 255, used as 8-bit values" in note
    assert note.count("\n") == 1


def test_rounding_does_not_make_8_bit_values_fractions():
    noisy = LEVELS.astype(np.float32) / 255 * 255 - np.float32(1e-6)
    assert np.array_equal(pixels(made(noisy)), LEVELS)


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "i8", "f4"])
def test_masks_are_black_and_white(dtype):
    assert np.array_equal(pixels(made((MASKS > 0).astype(dtype))), MASKS)


@pytest.mark.parametrize(
    ("images", "levels", "note"),
    [
        (LEVELS.astype(np.uint16) * 257, LEVELS, "16-bit values and scaled by 255/65535"),
        (np.rint(LEVELS * (4095 / 255)).astype(np.int16), LEVELS, "12-bit values"),
        (np.rint(LEVELS * (4095 / 255)), LEVELS, "12-bit values"),
        (LEVELS / 255 * (1 + 1e-7), LEVELS, "to 1.0000001, clipped to [0, 1]"),
        (LEVELS / 255 - 1e-7, LEVELS, "float64 from -1e-07 to"),
        (LEVELS / 301, np.rint(LEVELS * (255 / 301)), "rounded to 8 bits"),
        (LEVELS // 5, LEVELS // 5, "all are dark; if 51 is white, use `images / 51`"),
    ],
)
def test_what_was_understood_is_said(images, levels, note, capsys):
    data = made(images)
    assert np.array_equal(pixels(data), levels)
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("vaelab: vaelab.dataset: images and test_images: ")
    assert note in line
    assert data.notes == (line.removeprefix("vaelab: vaelab.dataset: "),)


@pytest.mark.parametrize("images", [LEVELS, LEVELS / 255, (LEVELS / 255).astype(np.float16)])
def test_plain_images_need_no_note(images, capsys):
    assert np.array_equal(pixels(made(images)), LEVELS)
    assert capsys.readouterr().err == ""


def test_the_largest_number_of_the_whole_set_decides():
    images = LEVELS.astype(np.uint16)
    images[-1, 0, 0] = 4095  # among the test images
    assert pixels(made(images))[0].max() == round(255 * 255 / 4095)


UNUSUAL = {
    "in [-1, 1]": (LEVELS / 127.5 - 1).astype(np.float32),
    "in [0, 255]": LEVELS * 0.999 + 0.1,
    "int8": (LEVELS.astype(np.int16) - 128).astype(np.int8),
    "int16 with its extremes": np.where(LEVELS == 0, -(2**15), 2**15 - 1).astype(np.int16),
    "uint32": LEVELS.astype(np.uint32) * 16843009,
    "standardized": RANDOM.standard_normal((20, 8, 8)) * 3,
    "interpolated": LEVELS / 255 * 1.1 - 0.05,
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_advice_is_right_to_the_letter(kind, capsys):
    images = UNUSUAL[kind]
    with refused("expected whole numbers from 0 to 65535 or floats in [0, 1]") as caught:
        made(images)
    with np.errstate(all="raise"):
        mapped = pixels(made(follow_advice(caught.value, images=images)))
    order = np.argsort(images, axis=None)
    assert (np.diff(mapped.ravel()[order].astype(int)) >= 0).all(), "brighter stays brighter"
    assert mapped.min() == 0
    assert mapped.max() >= 254
    if kind in ("in [-1, 1]", "int8"):
        assert np.array_equal(mapped, LEVELS)


def test_numbers_that_are_all_equal_have_no_advice():
    with pytest.raises(InputError) as caught:
        made(np.full((20, 8, 8), 300.5))
    assert str(caught.value).endswith("found float64 from 300.5 to 300.5")


def test_dark_images_are_brightened_by_the_advice(capsys):
    made(LEVELS // 5)
    brighter = follow_advice(capsys.readouterr().err, images=LEVELS // 5)
    assert np.array_equal(pixels(made(brighter)), LEVELS // 5 * 5)


def test_the_first_image_that_is_not_finite_is_named():
    images = LEVELS / 255
    images[17, 3, 3] = np.nan
    with refused("test_images: expected numbers, found NaN or infinity, first in image 2"):
        made(images)
