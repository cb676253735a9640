import io
import struct
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.data_files import data_or_one_line, refused, with_damage
from vaelab.config import DataConfig
from vaelab.data import ImageData, image_folder, load_data
from vaelab.data.image_files import read_images

GRAY = (np.arange(64, dtype=np.uint8) * 4).reshape(8, 8)
COLOR = np.stack([GRAY, GRAY[::-1], GRAY.T], axis=2)


def config(path: Path, **settings: object) -> DataConfig:
    return DataConfig(name="folder", path=str(path), **settings)


def save(path: Path, image: np.ndarray | Image.Image = GRAY, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two classes of ten gray images each, which differ in their first pixel."""
    for label, name in enumerate(["boots", "coats"]):
        for index in range(10):
            image = GRAY.copy()
            image[0, 0] = 10 * label + index
            save(tmp_path / "mine" / name / f"{index}.png", image)
    return tmp_path / "mine"


# Folders.


def test_a_folder_per_class(folder):
    (folder / ".hidden").write_text("a system's file")
    (folder / "boots" / ".hidden").write_text("a system's file")
    dataset = image_folder.load(config(folder))
    assert dataset.name == "folder:mine"
    assert str(folder) in dataset.source
    assert dataset.train.class_names == dataset.test.class_names == ("boots", "coats")
    assert dataset.train.images.shape == (18, 1, 8, 8)
    assert np.bincount(dataset.test.labels).tolist() == [1, 1]
    firsts = np.concatenate([data.images[:, 0, 0, 0] for data in (dataset.train, dataset.test)])
    labels = np.concatenate([dataset.train.labels, dataset.test.labels])
    assert sorted(firsts) == list(range(20))
    np.testing.assert_array_equal(labels, firsts // 10)


def test_the_split_follows_its_seed(folder):
    first, same, other = (
        image_folder.load(config(folder, split_seed=seed)).test.fingerprint() for seed in (0, 0, 1)
    )
    assert first == same != other


def test_folders_for_training_and_test(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        for name in ("boots", "coats"):
            for index in range(count):
                save(tmp_path / part / name / f"{index}.png")
    save(tmp_path / "test" / "coats" / "color.png", COLOR)
    dataset = load_data(config(tmp_path, train_count=5))
    assert dataset.train.images.shape == (5, 3, 8, 8)  # one colored image makes all of them so
    assert dataset.test.images.shape == (5, 3, 8, 8)
    assert dataset.test.labels.tolist() == [0, 0, 1, 1, 1]


def test_a_test_class_that_training_lacks(tmp_path):
    save(tmp_path / "train" / "boots" / "0.png")
    odd = save(tmp_path / "test" / "hats" / "0.png")
    with refused(odd.parent, "only classes that the training images have (boots)"):
        image_folder.load(config(tmp_path))


def test_an_empty_folder(tmp_path):
    with refused(tmp_path, "empty", "a folder of them per class"):
        image_folder.load(config(tmp_path))


def test_an_empty_class_folder(folder):
    (folder / "hats").mkdir()
    with refused(folder / "hats", "empty"):
        image_folder.load(config(folder))


def test_a_file_that_is_not_an_image(folder):
    (folder / "coats" / "notes.txt").write_text("notes")
    with refused(
        folder / "coats" / "notes.txt", "expected a PNG, JPEG, BMP, WebP, TIFF or GIF image"
    ):
        image_folder.load(config(folder))


def test_an_image_of_another_size(folder):
    path = save(folder / "coats" / "a.png", np.zeros((7, 9), np.uint8))
    with refused(path, "expected 8 x 8 pixels like", folder / "boots" / "0.png", "found 9 x 7"):
        image_folder.load(config(folder))


def test_images_that_are_not_square(tmp_path):
    wide = np.arange(63, dtype=np.uint8).reshape(7, 9)
    for index in range(10):
        save(tmp_path / "boots" / f"{index}.png", wide)
    dataset = image_folder.load(config(tmp_path))
    assert dataset.train.images.shape == (9, 1, 7, 9)
    np.testing.assert_array_equal(dataset.test.images[0, 0], wide)


def test_a_missing_path(tmp_path):
    with refused(tmp_path / "none", "cannot be read: No such file"):
        image_folder.load(config(tmp_path / "none"))
    with refused("'folder' needs a path", "data.path"):
        image_folder.load(DataConfig(name="folder"))
    with refused("cannot be read: Not a directory"):
        image_folder.load(config(save(tmp_path / "0.png")))


# Image files.


def png(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        content += struct.pack(">I", len(data)) + kind + data + checksum
    path.write_bytes(content)
    return path


def test_gray_is_gray_however_it_is_stored(tmp_path):
    forms = {
        "gray.png": Image.fromarray(GRAY),
        "rgb.png": Image.fromarray(GRAY).convert("RGB"),
        "palette.png": Image.fromarray(GRAY).convert("P"),
        "opaque.png": Image.fromarray(GRAY).convert("RGBA"),
        "deep.png": Image.fromarray(GRAY.astype(np.uint16) * 257),
    }
    images = read_images([save(tmp_path / name, image) for name, image in forms.items()])
    assert images.shape == (5, 1, 8, 8)
    assert images.flags.c_contiguous
    for image in images:
        np.testing.assert_array_equal(image[0], GRAY)


def test_one_bit_images(tmp_path):
    images = read_images([save(tmp_path / "bits.png", Image.fromarray(GRAY > 99))])
    np.testing.assert_array_equal(images[0, 0], np.where(GRAY > 99, 255, 0))


def test_color_and_gray_images(tmp_path):
    images = read_images([save(tmp_path / "0.png", GRAY), save(tmp_path / "1.png", COLOR)])
    np.testing.assert_array_equal(images[0], np.stack([GRAY] * 3))
    np.testing.assert_array_equal(images[1], COLOR.transpose(2, 0, 1))


def test_transparency_is_laid_over_black(tmp_path):
    alpha = np.where(np.arange(64).reshape(8, 8) % 2, 255, 0).astype(np.uint8)
    rgba = np.dstack([COLOR, alpha])
    (image,) = read_images([save(tmp_path / "0.png", rgba)])
    np.testing.assert_array_equal(image, np.where(alpha, COLOR.transpose(2, 0, 1), 0))


def test_a_transparent_color_of_a_palette(tmp_path):
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((0, 0), 1)
    (image,) = read_images([save(tmp_path / "0.png", picture, transparency=0)])
    assert image[:, 0, 0].tolist() == [0, 255, 0]
    assert image.sum() == 255


def test_jpeg(tmp_path):
    (image,) = read_images([save(tmp_path / "0.JPG", np.full((8, 8, 3), 90, np.uint8))])
    np.testing.assert_array_equal(image, np.full((1, 8, 8), 90))


def test_damaged_images(tmp_path):
    path = save(tmp_path / "0.png", COLOR)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with refused(path, "expected a PNG, JPEG, BMP, WebP, TIFF or GIF image", "damaged"):
        read_images([path])
    path.write_bytes(b"")
    with refused(path, "unknown format", "0 bytes"):
        read_images([path])
    path.write_bytes(b"<!DOCTYPE html>")
    with refused(path, "web page"):
        read_images([path])


@pytest.mark.parametrize("side", [5_000, 60_000])
def test_a_small_file_that_claims_a_huge_image(tmp_path, side):
    header = struct.pack(">2I5B", side, side, 8, 0, 0, 0, 0)
    path = png(tmp_path / "0.png", (b"IHDR", header), (b"IDAT", b""), (b"IEND", b""))
    with refused(path):
        read_images([path])


def encoded(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(COLOR).save(stream, kind)
    return stream.getvalue()


FILES = [encoded(kind) for kind in ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF")]


@settings(max_examples=150)
@given(st.sampled_from(FILES), st.integers(0, 10_000), st.binary(max_size=20))
def test_any_damage_to_an_image_gives_data_or_one_line(content, position, damage):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "0.png")
        for damaged in (with_damage(content, position, damage), damage):
            path.write_bytes(damaged)
            data_or_one_line(read_images, [path])


@pytest.mark.parametrize("count", [10, 50, 60, 100])
def test_some_images_of_sorted_data_have_all_classes(count: int) -> None:
    labels = np.arange(60) // 6
    values = np.broadcast_to(np.arange(60, dtype=np.uint8)[:, None, None, None], (60, 1, 2, 2))
    data = ImageData(
        name="sorted", images=values.copy(), labels=labels, class_names=tuple("abcdefghij")
    )
    some = data.of_all_classes(count)
    assert len(some) == min(count, 60)
    assert some.labels is not None
    assert len(np.unique(some.labels)) == 10
    assert (some.images[:, 0, 0, 0] // 6 == some.labels).all()


def test_some_images_of_mixed_data_are_the_first() -> None:
    data = ImageData(
        name="mixed",
        images=np.zeros((60, 1, 2, 2), np.uint8),
        labels=np.arange(60) % 10,
        class_names=tuple("abcdefghij"),
    )
    some = data.of_all_classes(20)
    assert np.shares_memory(some.images, data.images)
    assert np.array_equal(some.labels, np.arange(20) % 10)
