"""Images that show nothing are reported for every kind of source, before anything trains."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vaelab
from tests.data.data_files import write_csv
from vaelab.config import DataConfig
from vaelab.data import DATASETS, load_data
from vaelab.data.constant_images import NEARLY_CONSTANT, warn_of_constant_images
from vaelab.data.image_data import Dataset, ImageData

DARK = np.random.default_rng(0).integers(0, NEARLY_CONSTANT + 1, (20, 28, 28)).astype(np.uint8)
VISIBLE = DARK * 15
WARNING = "are constant or nearly so (within 16 of 255 levels)"


def write_folder(folder: Path, images: np.ndarray) -> DataConfig:
    for index, image in enumerate(images):
        path = folder / "boots" / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return DataConfig(name="folder", path=str(folder))


def write_npz(folder: Path, images: np.ndarray) -> DataConfig:
    np.savez(folder / "mine.npz", images=images)
    return DataConfig(name="npz", path=str(folder / "mine.npz"))


def write_npy(folder: Path, images: np.ndarray) -> DataConfig:
    np.save(folder / "images.npy", images[:18])
    np.save(folder / "test_images.npy", images[18:])
    return DataConfig(name="npy", path=str(folder))


def write_table(folder: Path, images: np.ndarray) -> DataConfig:
    path = write_csv(folder / "mine.csv", images, np.arange(20) % 2)
    return DataConfig(name="csv", path=str(path))


SOURCES = {
    "folder": write_folder,
    "npz": write_npz,
    "npy": write_npy,
    "csv": write_table,
}


def test_every_source_of_files_is_tested():
    known = {"arrays", "wardrobe", "fashion-mnist"}
    assert {*SOURCES, *known} == set(DATASETS)


@pytest.mark.parametrize("source", SOURCES)
def test_files(source, tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir()
    load_data(SOURCES[source](folder, VISIBLE))
    assert capsys.readouterr().err == ""
    load_data(SOURCES[source](folder, DARK))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vaelab: warning:")
    assert f"18 of 18 train images, 2 of 2 test images {WARNING}" in line


def test_arrays_in_memory(capsys):
    vaelab.dataset(VISIBLE)
    assert capsys.readouterr().err == ""
    vaelab.dataset(np.concatenate([DARK[:9], VISIBLE]), test_images=VISIBLE)
    assert f"arrays: 9 of 29 train images {WARNING}" in capsys.readouterr().err


def test_a_uniform_color_is_constant(capsys):
    red = np.zeros((1, 3, 8, 8), np.uint8)
    red[:, 0] = 255
    warn_of_constant_images(dataset(train=red, validation=red))
    assert "1 of 1 train images, 1 of 1 validation images" in capsys.readouterr().err


def dataset(**splits: np.ndarray) -> Dataset:
    visible = ImageData(name="set", images=VISIBLE[:, None].repeat(3, 1)[:, :, :8, :8])
    parts = {name: ImageData(name="set", images=images) for name, images in splits.items()}
    return Dataset(**({"train": visible, "test": visible} | parts), source="memory")


def test_a_few_images_of_a_mapped_file_are_inspected(tmp_path, capsys):
    np.save(tmp_path / "images.npy", np.zeros((25_000, 2, 2), np.uint8))
    np.save(tmp_path / "test_images.npy", np.zeros((7, 2, 2), np.uint8))
    load_data(DataConfig(name="npy", path=str(tmp_path)))
    assert "8,334 of 8,334 train images, 7 of 7 test images" in capsys.readouterr().err
