"""Folders of images as people have them."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.data_files import refused
from vaelab.config import DataConfig
from vaelab.data import load_data
from vaelab.data.image_data import Dataset
from vaelab.data.splits import training_split

COUNTER = iter(range(10**6))


def fill(folder: Path, count: int, size: tuple[int, int] = (8, 8)) -> Path:
    """Write images that all differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        pixels = np.random.default_rng(next(COUNTER)).integers(0, 256, size).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
    return folder


def load(folder: Path, **settings: object) -> Dataset:
    return load_data(DataConfig(name="folder", path=str(folder), **settings))


def prints(folder: Path) -> set[bytes]:
    """The pixels of all images in a folder."""
    return {np.asarray(Image.open(path)).tobytes() for path in folder.rglob("*.png")}


def test_a_flat_folder(tmp_path):
    dataset = load(fill(tmp_path / "photos", 20))
    assert (len(dataset.train), len(dataset.test)) == (18, 2)
    assert dataset.train.labels is dataset.test.labels is None
    assert dataset.train.class_names == ()
    assert dataset.name == "folder:photos"
    assert dataset.notes[:2] == (
        "train: 20 images",
        "no classes: the images are in no class folders",
    )
    assert dataset.notes[-1].startswith("no test images were given: 2 of the 20 training images")


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Train", "VALID", "Test"),
        ("TRAIN", "Validation", "testing"),
        ("training", "valid", "TEST"),
    ],
)
@pytest.mark.parametrize("classes", [(), ("boots", "coats")])
def test_three_given_splits(tmp_path, train, validation, test, classes):
    for folder, count in ((train, 6), (validation, 4), (test, 2)):
        for name in classes or ("",):
            fill(tmp_path / folder / name, count)
    dataset = load(tmp_path)
    used_for_training, used_for_validation = training_split(dataset, DataConfig())
    assert used_for_training.rows is used_for_validation.rows is None  # all of them
    parts = {
        train: used_for_training.data,
        validation: used_for_validation.data,
        test: dataset.test,
    }
    for folder, data in parts.items():
        assert {image.tobytes() for image in data.images} == prints(tmp_path / folder)
        assert data.class_names == classes
        assert (data.labels is None) == (not classes)
    factor = max(1, len(classes))
    assert f"train: {6 * factor} images in {train}/" in dataset.notes
    assert f"validation: {4 * factor} images in {validation}/" in dataset.notes
    assert f"test: {2 * factor} images in {test}/" in dataset.notes
    assert not any("set aside" in note for note in dataset.notes)


def test_train_and_validation_without_test(tmp_path):
    fill(tmp_path / "train", 20)
    fill(tmp_path / "valid", 7)
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test), len(dataset.validation)) == (18, 2, 7)
    assert {image.tobytes() for image in dataset.validation.images} == prints(tmp_path / "valid")
    assert dataset.train.class_names == ()
    assert "no test images were given: 2 of the 20 training images were set aside for testing" in (
        dataset.notes
    )


def test_train_and_test_without_validation(tmp_path):
    fill(tmp_path / "train", 20)
    fill(tmp_path / "test", 7)
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test), dataset.validation) == (20, 7, None)


def test_splits_without_training_images(tmp_path):
    fill(tmp_path / "val", 3)
    fill(tmp_path / "test", 3)
    with refused(tmp_path, "at least train", "found test, val"):
        load(tmp_path)


def test_two_folders_for_one_split(tmp_path):
    for name in ("train", "val", "valid"):
        fill(tmp_path / name, 3)
    with refused(tmp_path, "one folder for each", "found train, val, valid"):
        load(tmp_path)


def test_splits_next_to_other_folders(tmp_path):
    for name in ("train", "test", "originals"):
        fill(tmp_path / name, 3)
    with refused(tmp_path, "expected only splits", "test, train", "originals", "move it away"):
        load(tmp_path)


def test_one_folder_with_the_name_of_a_split_can_be_a_class(tmp_path):
    for name in ("bus", "car", "train"):
        fill(tmp_path / name, 4)
    dataset = load(tmp_path)
    assert dataset.train.class_names == ("bus", "car", "train")
    assert "3 classes: bus, car, train" in dataset.notes


def test_training_images_alone(tmp_path):
    fill(tmp_path / "flat" / "train", 20)
    dataset = load(tmp_path / "flat")
    assert dataset.train.class_names == ()
    assert f"the images are in {tmp_path / 'flat' / 'train'}" in dataset.notes
    for name in ("boots", "coats"):
        fill(tmp_path / "classes" / "train" / name, 10)
    assert load(tmp_path / "classes").train.class_names == ("boots", "coats")


@pytest.mark.parametrize("depth", ["archive", "archive/dataset", "archive/train"])
def test_folders_around_the_images(tmp_path, depth):
    inner = tmp_path / depth
    for split in ("train", "test"):
        for name in ("boots", "coats"):
            fill(inner / split / name, 3)
    (tmp_path / "README.txt").write_text("about")
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (6, 6)
    assert f"the images are in {inner}" in dataset.notes
    assert "passed over: README.txt" in dataset.notes


def test_a_split_inside_a_folder_of_its_name(tmp_path):
    fill(tmp_path / "train" / "train", 6)
    fill(tmp_path / "test" / "test", 3)
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (6, 3)
    assert dataset.train.labels is None


def test_one_class(tmp_path):
    fill(tmp_path / "boots", 10)
    assert load(tmp_path).train.class_names == ("boots",)


def test_classes_that_the_test_images_lack(tmp_path):
    for name in ("boots", "coats", "hats"):
        fill(tmp_path / "train" / name, 3)
    fill(tmp_path / "test" / "coats", 2)
    (tmp_path / "test" / "boots").mkdir()
    dataset = load(tmp_path)
    assert dataset.test.labels.tolist() == [1, 1]
    assert dataset.test.class_names == ("boots", "coats", "hats")


@pytest.mark.parametrize(
    ("labeled", "flat", "expected", "found"),
    [
        ("train", "test", "a folder per class", "images without classes"),
        ("test", "train", "images without classes", "a folder per class"),
    ],
)
def test_classes_in_one_split_only(tmp_path, labeled, flat, expected, found):
    fill(tmp_path / labeled / "boots", 3)
    fill(tmp_path / labeled / "coats", 3)
    fill(tmp_path / flat, 3)
    with refused(
        f"{tmp_path / 'test'}: expected {expected} as in {tmp_path / 'train'}, found {found}"
    ):
        load(tmp_path)


def test_images_next_to_class_folders(tmp_path):
    fill(tmp_path, 1)
    fill(tmp_path / "boots", 3)
    fill(tmp_path / "coats", 3)
    with refused(tmp_path, "expected images or folders, found both (00.png and boots)"):
        load(tmp_path)


def test_folders_inside_a_class(tmp_path):
    fill(tmp_path / "boots", 3)
    odd = fill(tmp_path / "coats" / "winter", 3)
    with refused(odd, "expected only images here, found a folder"):
        load(tmp_path)


def test_an_empty_split(tmp_path):
    fill(tmp_path / "train", 3)
    (tmp_path / "val").mkdir()
    with refused(tmp_path / "val", "empty", "found nothing"):
        load(tmp_path)
    (tmp_path / "val" / "boots.heic").write_bytes(b"")
    with refused(tmp_path / "val", "empty", "found boots.heic"):
        load(tmp_path)


def test_a_split_whose_classes_are_empty(tmp_path):
    fill(tmp_path / "train" / "boots", 3)
    fill(tmp_path / "train" / "coats", 3)
    (tmp_path / "test" / "boots").mkdir(parents=True)
    (tmp_path / "test" / "coats").mkdir(parents=True)
    with refused(tmp_path / "test", "expected images, found none"):
        load(tmp_path)


def test_files_of_operating_systems_are_passed_over(tmp_path):
    for name in ("boots", "coats"):
        folder = fill(tmp_path / name, 5)
        for file in ("Thumbs.db", "desktop.ini", ".DS_Store", "._00.png"):
            (folder / file).write_bytes(b"\0")
    fill(tmp_path / "__MACOSX" / "boots", 1)
    (tmp_path / "labels.csv").write_text("file,label")
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (9, 1)
    assert dataset.train.class_names == ("boots", "coats")
    (note,) = [note for note in dataset.notes if note.startswith("passed over")]
    assert note == (
        "passed over: .DS_Store (2), ._00.png (2), Thumbs.db (2), __MACOSX, desktop.ini (2), "
        "labels.csv"
    )


def test_many_classes_take_one_line(tmp_path):
    for index in range(30):
        fill(tmp_path / f"class{index:02}", 2)
    (note,) = [note for note in load(tmp_path).notes if "classes" in note]
    assert note.startswith("30 classes: class00, class01")
    assert note.endswith("class09 and 20 more")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_names_that_are_not_text(tmp_path):
    names = [b"\xff\xfe boots", b"_coats", b"hats\nand caps", b"x" * 255]
    for name in names:
        fill(Path(os.fsdecode(os.fsencode(tmp_path / "mine") + b"/" + name)), 3)
    dataset = load(tmp_path / "mine")
    assert sorted(map(os.fsencode, dataset.train.class_names)) == sorted(names)
    for note in dataset.notes:
        assert note.isprintable()
