"""Compressed files: exact arrays, damage, other runs, other arithmetic, and the command line."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.commands import run_vaelab
from tests.conftest import noise_images, tiny
from vaelab import cli
from vaelab.compression import compress, decompress
from vaelab.compression.array_form import ArrayForm
from vaelab.compression.container import pack, unpack
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.training import fit

PIXELS: NDArray[np.uint8] = noise_images(6, (1, 28, 28), classes=0).images
BINARY: NDArray[np.uint8] = (PIXELS > 127) * np.uint8(255)


def trained_with(folder: Path, dataset: Dataset, preset: str, **settings: str) -> LoadedRun:
    config = tiny(preset, training__epochs="1", **settings)
    return load_run(fit(config, folder / "run", dataset=dataset, show_progress=False).path)


@pytest.fixture(scope="module")
def gray(tmp_path_factory: Any, wardrobe: Dataset) -> LoadedRun:
    folder = tmp_path_factory.mktemp("gray")
    return trained_with(folder, wardrobe, "mlp-vae", model__likelihood="logistic-mixture")


@pytest.fixture(scope="module")
def binary(tmp_path_factory: Any, wardrobe: Dataset) -> LoadedRun:
    folder = tmp_path_factory.mktemp("binary")
    return trained_with(folder, wardrobe, "mlp-vae", data__binarize="true")


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: Any, wardrobe: Dataset) -> LoadedRun:
    folder = tmp_path_factory.mktemp("conditional")
    return trained_with(folder, wardrobe, "cvae", model__likelihood="logistic-mixture")


@pytest.fixture(scope="module")
def in_color(tmp_path_factory: Any) -> LoadedRun:
    data = noise_images(60, (3, 12, 10), classes=0)
    dataset = Dataset(train=data, test=data, source="noise")
    folder = tmp_path_factory.mktemp("color")
    return trained_with(folder, dataset, "mlp-vae", model__likelihood="logistic-mixture")


GIVEN: dict[str, Callable[[], NDArray[Any]]] = {
    "uint8": lambda: PIXELS,
    "one image": lambda: PIXELS[0, 0],
    "floats": lambda: PIXELS.astype(np.float32) / np.float32(255),
    "doubles": lambda: PIXELS / 255,
    "whole floats": lambda: PIXELS.astype(np.float32),
    "integers": lambda: PIXELS.astype(np.int64),
    "no channels": lambda: PIXELS[:, 0],
    "channels last": lambda: PIXELS.transpose(0, 2, 3, 1),
    "flat": lambda: PIXELS.reshape(6, -1),
    "gray in three channels": lambda: np.repeat(PIXELS, 3, axis=1),
    "gray in three channels last": lambda: np.repeat(PIXELS, 3, axis=1).transpose(0, 2, 3, 1),
    "zeros and ones": lambda: BINARY // 255,
    "bool": lambda: BINARY > 0,
}


@pytest.mark.parametrize("kind", GIVEN)
def test_an_array_is_restored_with_its_type_and_layout(gray: LoadedRun, kind: str) -> None:
    given = GIVEN[kind]()
    restored = decompress(gray, compress(gray, given).content).images
    assert restored.dtype == given.dtype
    assert np.array_equal(restored, given)


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_binary_images_are_restored(binary: LoadedRun, scale: float) -> None:
    given = (BINARY * scale).astype(np.uint8)
    assert np.array_equal(decompress(binary, compress(binary, given).content).images, given)


def test_colors_are_restored(in_color: LoadedRun) -> None:
    images = noise_images(7, (3, 12, 10), classes=0).images
    for given in (images, images.transpose(0, 2, 3, 1), images[:, 0], images[0]):
        restored = decompress(in_color, compress(in_color, given).content).images
        assert np.array_equal(restored, given)


def test_gray_images_are_refused_by_a_binary_model_and_binarized_on_request(
    binary: LoadedRun,
) -> None:
    with pytest.raises(InputError, match=r"black and white.*found gray ones.*--binarize"):
        compress(binary, PIXELS)
    compressed = compress(binary, PIXELS, binarize=True, seed=3)
    restored = decompress(binary, compressed.content)
    assert restored.binarized_with == 3
    assert set(np.unique(restored.images)) == {0, 255}
    assert (restored.images[PIXELS == 0] == 0).all()
    assert abs(restored.images.mean() - PIXELS.mean()) < 5


def test_numbers_between_gray_values_are_refused(gray: LoadedRun) -> None:
    with pytest.raises(InputError, match="256 gray values"):
        compress(gray, PIXELS / np.float32(300))


def test_binarize_is_for_binary_models(gray: LoadedRun) -> None:
    with pytest.raises(InputError, match="--binarize is for runs"):
        compress(gray, PIXELS, binarize=True)


def test_no_images_are_an_error(gray: LoadedRun) -> None:
    with pytest.raises(InputError, match="expected images"):
        compress(gray, PIXELS[:0])


def test_gray_values_need_a_likelihood_that_has_them(trained: Any) -> None:
    with pytest.raises(InputError, match="no probabilities of gray values"):
        compress(load_run(trained["mlp-vae"].path), BINARY)


def test_labels_of_a_conditional_model_are_restored(conditional: LoadedRun) -> None:
    with pytest.raises(InputError, match="needs the class of the images"):
        compress(conditional, PIXELS)
    labels = np.array([0, 3, 9, 9, 1, 5])
    restored = decompress(conditional, compress(conditional, PIXELS, labels=labels).content)
    assert np.array_equal(restored.images, PIXELS)
    assert restored.labels is not None
    assert np.array_equal(restored.labels, labels)


def test_the_same_images_give_the_same_bytes_for_any_number_of_threads(gray: LoadedRun) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    first = compress(gray, PIXELS).content
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
    assert compress(gray, PIXELS).content == first


def test_every_altered_or_missing_byte_is_noticed(gray: LoadedRun) -> None:
    content = compress(gray, PIXELS).content
    for position in [*range(40), *range(40, len(content), 97), len(content) - 1]:
        altered = bytearray(content)
        altered[position] ^= 1
        with pytest.raises(InputError, match=r"damaged|another kind|expected format") as raised:
            decompress(gray, bytes(altered), source="file")
        assert "\n" not in str(raised.value)
    for length in [*range(40), len(content) // 2, len(content) - 4, len(content) - 1]:
        with pytest.raises(InputError, match=r"damaged|another kind"):
            decompress(gray, content[:length], source="file")
    with pytest.raises(InputError, match="damaged"):
        decompress(gray, content + b"\0\0\0\0")


@pytest.mark.parametrize(
    "change",
    [
        {"batches": ((0, 1),)},
        {"batches": ((2**50, 1),)},
        {"batches": ()},
        {"form": ArrayForm(dtype="O", white=255, shape=(6, 1, 28, 28))},
        {"form": ArrayForm(dtype="uint8", white=0, shape=(6, 1, 28, 28))},
        {"form": ArrayForm(dtype="uint8", white=255, shape=(6, 1, 28, 29))},
        {"form": ArrayForm(dtype="uint8", white=255, shape=(5, 1, 28, 28))},
        {"batches": ((2**20, 1),)},
        {"shape": (1, 28, 29)},
        {"count": 3},
    ],
)
def test_a_forged_header_is_one_line(gray: LoadedRun, change: dict[str, Any]) -> None:
    header, words = unpack(compress(gray, PIXELS).content, "file")
    if "count" in change:
        change = {"batches": ((1, 2**30),)}
    forged = pack(dataclasses.replace(header, **change), words)
    with pytest.raises(InputError) as raised:
        decompress(gray, forged, source="file")
    assert "\n" not in str(raised.value)


def test_another_run_is_refused(gray: LoadedRun, conditional: LoadedRun) -> None:
    content = compress(gray, PIXELS).content
    with pytest.raises(InputError, match=r"compressed with weights .* name the run"):
        decompress(conditional, content)


@pytest.mark.parametrize("factor", [1 + 1e-6, 2.0])
def test_other_arithmetic_is_noticed(gray: LoadedRun, factor: float) -> None:
    content = compress(gray, PIXELS).content
    other = load_run(gray.run.path)
    with torch.no_grad():
        for weights in other.model.parameters():
            weights.mul_(factor)
    with pytest.raises(InputError, match="computes other bits than the one that compressed"):
        decompress(other, content)


def test_the_commands_restore_a_file_in_other_processes(gray: LoadedRun, tmp_path: Path) -> None:
    np.savez(tmp_path / "given.npz", images=PIXELS)
    run, file, out = str(gray.run.path), str(tmp_path / "file.vae"), str(tmp_path / "back.npz")
    done = run_vaelab("compress", str(tmp_path / "given.npz"), "--run", run, "--out", file)
    assert done.returncode == 0, done.stderr
    assert f"6 images, {Path(file).stat().st_size:,} bytes" in done.stdout
    done = run_vaelab("decompress", file, "--run", run, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "6 images, verified" in done.stdout
    assert np.array_equal(np.load(out)["images"], PIXELS)
    content = Path(file).read_bytes()
    Path(file).write_bytes(content[:-9])
    Path(out).unlink()
    done = run_vaelab("decompress", file, "--run", run, "--out", out)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "damaged or incomplete" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file.vae", "given.npz"]


def test_the_command_takes_folders_and_test_images(
    conditional: LoadedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, pixels in enumerate(PIXELS):
        folder = tmp_path / "given" / str(index)
        folder.mkdir(parents=True)
        Image.fromarray(pixels[0]).save(folder / "image.png")
    run, file, out = str(conditional.run.path), str(tmp_path / "a.vae"), str(tmp_path / "a.npz")
    cli.main(["compress", str(tmp_path / "given"), "--run", run, "--out", file])
    assert "not their names" in capsys.readouterr().err
    cli.main(["decompress", file, "--run", run, "--out", out])
    restored = np.load(out)
    order = np.argsort(restored["labels"])
    assert np.array_equal(restored["images"][order], PIXELS)
    assert restored["class_names"].tolist() == list(conditional.run.data.class_names)
    cli.main(["compress", "--run", run, "--out", file])
    cli.main(["decompress", file, "--run", run, "--out", out])
    assert np.array_equal(np.load(out)["images"], conditional.data.test.images)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compress", "absent.npz", "--out", "a"], "absent.npz"),
        (["compress", "--out", "a", "--gray"], "need IMAGES"),
        (["decompress", "absent", "--out", "a.npz"], "absent"),
        (["decompress", "absent", "--out", "a.png"], "written as .npz or .npy"),
        (["decompress", "given.npy", "--out", "a.npz"], "another kind of file"),
        (["compress", "given.npy", "--out", "given.npy"], "is the file that is read"),
        (["decompress", "given.npy", "--out", "./given.npy"], "is the file that is read"),
    ],
)
def test_wrong_arguments_are_one_line(
    gray: LoadedRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("given.npy", PIXELS)
    with pytest.raises(SystemExit) as stop:
        cli.main([*arguments, "--run", str(gray.run.path)])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_arrays_are_written_as_npy_where_no_labels_are_lost(
    gray: LoadedRun, conditional: LoadedRun, tmp_path: Path
) -> None:
    np.save(tmp_path / "given.npy", PIXELS)
    file, out = str(tmp_path / "a.vae"), tmp_path / "a.npy"
    given = str(tmp_path / "given.npy")
    cli.main(["compress", given, "--run", str(gray.run.path), "--out", file])
    cli.main(["decompress", file, "--run", str(gray.run.path), "--out", str(out)])
    assert np.array_equal(np.load(out), PIXELS)
    run = str(conditional.run.path)
    name = conditional.run.data.class_names[2]
    cli.main(["compress", given, "--run", run, "--class", name, "--out", file])
    with pytest.raises(SystemExit):
        cli.main(["decompress", file, "--run", run, "--out", str(out)])
