"""Arrays as data: from Python, in .npz files and mapped from .npy files."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import vaelab
from tests.data.data_files import follow_advice, refused
from vaelab.config import DataConfig
from vaelab.data import Dataset, data_config, load_data
from vaelab.data.array_checks import channels_first
from vaelab.data.batches import Batches

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (20, 8, 8), dtype=np.uint8)
LABELS = np.arange(20) % 2
CHANNELS_FIRST = RANDOM.integers(0, 256, (20, 3, 8, 8), dtype=np.uint8)


def random_images(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


# The order of axes.


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 6, 9), (5, 1, 6, 9)),
        ((5, 2, 6, 9), (5, 2, 6, 9)),
        ((5, 6, 9, 2), (5, 2, 6, 9)),
        ((5, 64, 8, 8), (5, 64, 8, 8)),
        ((5, 8, 8, 64), (5, 64, 8, 8)),
        ((5, 8, 8, 8), (5, 8, 8, 8)),
        ((5, 3, 3, 1), (5, 1, 3, 3)),
    ],
)
def test_channels_are_found_in_every_order(shape, expected):
    images = random_images(*shape)
    found = channels_first("here", "images", images)
    assert found.shape == expected
    is_channels_last = len(shape) == 4 and expected != shape
    same = found.transpose(0, 2, 3, 1) if is_channels_last else found.reshape(shape)
    np.testing.assert_array_equal(same, images)


# From Python.


def test_a_tenth_of_each_class_is_set_aside():
    data = vaelab.dataset(IMAGES, LABELS)
    assert (data.name, data.source) == ("arrays", "arrays in memory")
    assert (len(data.train), len(data.test)) == (18, 2)
    assert sorted(data.test.labels) == [0, 1]
    assert data.train.class_names == ("0", "1")
    assert data.train.fingerprint() == vaelab.dataset(IMAGES, LABELS).train.fingerprint()


def test_everything_given():
    data = vaelab.dataset(
        IMAGES,
        LABELS.tolist(),
        test_images=IMAGES[:3],
        test_labels=(1, 0, 1),
        name="mine",
        class_names=["boots", "coats"],
    )
    assert data.name == "mine"
    np.testing.assert_array_equal(data.train.images[:, 0], IMAGES)
    np.testing.assert_array_equal(data.test.images[:, 0], IMAGES[:3])
    assert data.test.labels.tolist() == [1, 0, 1]
    assert data.test.class_names == ("boots", "coats")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_of_8_bit_values_become_them_again(dtype, capsys):
    data = vaelab.dataset((IMAGES / 255).astype(dtype), test_images=IMAGES[:2] / 255)
    np.testing.assert_array_equal(data.train.images[:, 0], IMAGES)
    np.testing.assert_array_equal(data.test.images[:, 0], IMAGES[:2])
    assert capsys.readouterr().err == ""


def test_other_floats_are_rounded_with_a_note(capsys):
    data = vaelab.dataset(np.tile(np.where(np.eye(4), 0.3, 0.6), (20, 1, 1)))
    assert set(data.train.images.ravel()) == {76, 153}
    note = capsys.readouterr().err
    assert "images: rounded to 8 bits, so some values changed by up to 1/510" in note
    assert note.count("\n") == 1


@pytest.mark.parametrize(
    ("arrays", "parts"),
    [
        (
            {"images": np.where(IMAGES > 99, np.nan, 0)},
            ["expected numbers, found NaN", "in image 0"],
        ),
        ({"images": np.where(IMAGES > 99, np.inf, 0)}, ["NaN or infinity"]),
        ({"images": IMAGES.astype(object)}, ["expected numbers, found object"]),
        ({"images": IMAGES * 1j}, ["expected numbers, found complex128"]),
        ({"images": [[[1, 2]], [[3]]]}, ["images: expected an array (", "inhomogeneous"]),
        ({"images": IMAGES[:, :0]}, ["found (20, 0, 8)"]),
        (
            {"images": IMAGES, "test_images": IMAGES / 255},
            ["one scale", "test_images of float64 from 0 to 1 and images of uint8"],
        ),
        ({"images": IMAGES, "name": "fashion-mnist"}, ["published images", "choose another"]),
        ({"images": IMAGES[0]}, ["(N, H, W)", "found (8, 8)"]),
        ({"images": IMAGES[:0] / 255}, ["found"]),
        ({"images": IMAGES, "labels": LABELS[:3]}, ["labels: expected 20", "(3,)"]),
        (
            {"images": IMAGES, "labels": LABELS, "class_names": ["boots"]},
            ["labels: label 1 of image 1 has no name", "expected one of 0"],
        ),
        ({"images": IMAGES, "test_labels": LABELS}, ["found test_labels"]),
        ({"images": IMAGES, "test_images": IMAGES[:, :4]}, ["(1, 8, 8)", "found (1, 4, 8)"]),
        ({"images": IMAGES[:1]}, ["at least 2 images"]),
    ],
)
def test_invalid_arrays(arrays, parts):
    with warnings.catch_warnings(), refused(*parts):
        vaelab.dataset(**arrays)


def test_arrays_that_torch_would_warn_of_are_copied():
    read_only = np.broadcast_to(IMAGES, IMAGES.shape)
    data = vaelab.dataset(read_only, test_images=np.asfortranarray(IMAGES[:3]))
    for part in (data.train, data.test):
        assert part.images.flags.writeable
        assert part.images.flags.c_contiguous
        Batches(part, torch.device("cpu"))


def test_validation_images_are_given(capsys):
    data = vaelab.dataset(
        IMAGES, LABELS, validation_images=IMAGES[:4], validation_labels=[[0], [1], [0], [1]]
    )
    assert data.validation is not None
    np.testing.assert_array_equal(data.validation.images[:, 0], IMAGES[:4])
    assert data.validation.labels.tolist() == [0, 1, 0, 1]
    assert capsys.readouterr().err == ""


def test_arrays_cannot_be_loaded_by_name():
    with refused("'arrays'", "vaelab.dataset(...)", "dataset="):
        load_data(DataConfig(name="arrays"))


# Mapped from a folder.


def mapped(folder: Path, images: np.ndarray, **arrays: np.ndarray) -> Dataset:
    for name, array in {"images": images, "test_images": images[:5], **arrays}.items():
        np.save(folder / f"{name}.npy", array)
    return load_data(DataConfig(name="npy", path=str(folder)))


@pytest.mark.parametrize("shape", [(20, 8, 8), (20, 6, 9), (20, 5, 6, 9), (20, 64, 8, 8)])
def test_mapped_images_of_any_shape(tmp_path, shape):
    images = random_images(*shape)
    data = mapped(tmp_path, images, labels=LABELS, test_labels=LABELS[:5])
    assert data.train.is_mapped
    np.testing.assert_array_equal(data.train.images.reshape(shape), images)
    assert data.test.labels.tolist() == LABELS[:5].tolist()
    assert data.name == f"npy:{tmp_path.name}"


@pytest.mark.parametrize(
    ("images", "expected", "part"),
    [
        (CHANNELS_FIRST.transpose(0, 2, 3, 1).copy(), CHANNELS_FIRST, "(20, 8, 8, 3)"),
        (np.asfortranarray(CHANNELS_FIRST), CHANNELS_FIRST, "Fortran order"),
        (IMAGES > 99, np.where(IMAGES > 99, 255, 0), "bool from 0 to 1"),
        ((IMAGES > 99).astype(np.uint8), np.where(IMAGES > 99, 255, 0), "uint8 from 0 to 1"),
        ((IMAGES > 99).astype(np.int8), np.where(IMAGES > 99, 255, 0), "int8 from 0 to 1"),
        (IMAGES.astype(">u2"), IMAGES, "uint16 from 0 to 255"),
        (IMAGES.astype(np.int64), IMAGES, "int64 from 0 to 255"),
        (IMAGES.astype(np.uint16) * 257, IMAGES, "uint16 from 0 to 65535"),
        (np.rint(IMAGES * (4095 / 255)).astype(np.int32), IMAGES, "int32 from 0 to 4095"),
        ((IMAGES / 255).astype(np.float16), IMAGES, "float16 from 0 to 1"),
        (IMAGES / 255 * (1 + 1e-7), IMAGES, "float64 from 0 to 1.0000001"),
    ],
)
def test_advice_on_mapped_images_is_right_to_the_letter(tmp_path, images, expected, part):
    with refused(tmp_path, part) as caught:
        mapped(tmp_path, images)
    for name in ("images", "test_images"):
        follow_advice(caught.value, path=tmp_path / f"{name}.npy")
    data = load_data(DataConfig(name="npy", path=str(tmp_path)))
    np.testing.assert_array_equal(data.train.images.reshape(expected.shape), expected)
    assert data.train.is_mapped
    assert data.notes == ()


def test_a_mapped_folder_with_the_names_of_keras(tmp_path):
    np.save(tmp_path / "x_train.npy", IMAGES)
    for name, array in {"x_val": IMAGES[:4], "x_test": IMAGES[:3], "extra": LABELS}.items():
        np.save(tmp_path / f"{name}.npy", array)
    for name, count in {"y_train": 20, "y_val": 4, "y_test": 3}.items():
        np.save(tmp_path / f"{name}.npy", np.array(["a", "b"])[LABELS[:count], None])
    config = data_config(str(tmp_path))
    assert config.name == "npy"
    data = load_data(config)
    assert data.train.is_mapped
    assert data.validation is not None
    assert len(data.validation) == 4
    assert data.test.labels.tolist() == [0, 1, 0]
    assert data.train.class_names == ("a", "b")
    assert data.notes[0] == "not used: 'extra'"


def test_a_mapped_folder_must_be_complete(tmp_path):
    with refused("'npy' needs a path", "give the path as the name of the data"):
        load_data(DataConfig(name="npy"))
    np.save(tmp_path / "images.npy", IMAGES)
    with refused(tmp_path, "expected images.npy and test_images.npy, found images.npy"):
        load_data(DataConfig(name="npy", path=str(tmp_path)))
    with refused("expected labels and test_labels, or no labels; found labels"):
        mapped(tmp_path, IMAGES, labels=LABELS)


def test_mapped_batches_are_those_of_memory(tmp_path):
    in_memory = vaelab.dataset(IMAGES, test_images=IMAGES[:5])
    rows = torch.tensor([3, 0, 19])
    batches = [
        Batches(data.train, torch.device("cpu")).at(rows, torch.Generator())
        for data in (mapped(tmp_path, IMAGES), in_memory)
    ]
    assert torch.equal(batches[0].x, batches[1].x)


# Runs trained on arrays.


def test_a_run_on_arrays_is_loaded_with_them(tmp_path):
    data = vaelab.dataset(random_images(60, 2, 10, 12), np.arange(60) % 3, name="mine")
    settings = {
        "model.network.widths": "16",
        "training.epochs": "1",
        "training.preview_every_epochs": "0",
    }
    config = vaelab.with_settings(vaelab.preset("mlp-vae"), settings)
    vaelab.fit(config, tmp_path / "run", dataset=data, show_progress=False)
    loaded = vaelab.load_run(tmp_path / "run", dataset=data)
    assert loaded.run.data.name == "mine"
    assert loaded.run.data.shape == (2, 10, 12)
    assert loaded.run.data.train_fingerprint == data.train.fingerprint()
    assert loaded.codes(loaded.data.test).shape == (6, 10)
    with refused("dataset="):
        _ = vaelab.load_run(tmp_path / "run").data
    other = vaelab.dataset(random_images(60, 2, 10, 12), np.arange(60) % 3)
    with refused("trained on other train images of mine"):
        _ = vaelab.load_run(tmp_path / "run", dataset=other).data
