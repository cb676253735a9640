"""A user's own images: to codes, and through the decoder, from Python and on the command line."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import noise_images, tiny
from vaelab import cli
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.loaded_run import LoadedRun, load_run
from vaelab.training import fit

CPU = ("--accelerator", "cpu")
PIXELS: NDArray[np.uint8] = noise_images(6, (1, 28, 28), classes=0).images


@pytest.fixture(scope="module")
def loaded(trained: Any) -> LoadedRun:
    return load_run(trained["mlp-vae"].path)


@pytest.fixture(scope="module")
def conditional(trained: Any) -> LoadedRun:
    return load_run(trained["cvae"].path)


@pytest.fixture(scope="module")
def in_color(tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    data = noise_images(60, (3, 12, 10), classes=0)
    run = fit(
        tiny("mlp-vae", training__epochs="1"),
        tmp_path_factory.mktemp("color") / "run",
        dataset=Dataset(train=data, test=data, source="noise"),
        show_progress=False,
    )
    return load_run(run.path)


GIVEN: dict[str, Callable[[], Any]] = {
    "uint8": lambda: PIXELS,
    "floats": lambda: PIXELS.astype(np.float32) / np.float32(255),
    "doubles": lambda: PIXELS / 255,
    "no channels": lambda: PIXELS[:, 0],
    "channels last": lambda: PIXELS.transpose(0, 2, 3, 1),
    "flat": lambda: PIXELS.reshape(6, -1),
    "a tensor": lambda: torch.from_numpy(PIXELS),
    "a tensor of floats": lambda: torch.from_numpy(PIXELS) / 255,
    "gray in three channels": lambda: np.repeat(PIXELS, 3, axis=1),
    "PIL images": lambda: [Image.fromarray(each[0]) for each in PIXELS],
    "PIL images in RGB": lambda: [Image.fromarray(each[0]).convert("RGB") for each in PIXELS],
    "a list of arrays": lambda: list(PIXELS),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_what_people_have_gives_the_same_codes(kind: str, loaded: LoadedRun) -> None:
    x = torch.from_numpy(PIXELS).float() / 255
    posterior = loaded.model.posterior(x)
    assert posterior is not None
    found = loaded.encode(GIVEN[kind]())
    assert torch.allclose(found.codes, posterior.mean, atol=1e-5)
    assert found.log_variances is not None
    assert torch.allclose(found.log_variances, posterior.log_variance, atol=1e-5)
    decoded = loaded.reconstruct(GIVEN[kind]())
    assert torch.allclose(decoded, loaded.model.reconstruct(x), atol=1e-5)


@pytest.mark.parametrize("one", [PIXELS[0], PIXELS[0, 0], PIXELS[0, 0, :, :, None]])
def test_one_image_without_a_batch(one: NDArray[np.uint8], loaded: LoadedRun) -> None:
    (code,) = loaded.encode(one).codes
    assert torch.allclose(code, loaded.encode(PIXELS).codes[0], atol=1e-5)
    (of_picture,) = loaded.encode(Image.fromarray(PIXELS[0, 0])).codes
    assert torch.equal(of_picture, code)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 32, 32), np.uint8), "expected images of 28 x 28 pixels (gray)"),
        (np.zeros((32, 30, 3), np.uint8), "found 30 x 32 pixels (RGB); resize or convert"),
        (Image.new("RGB", (28, 28), "red"), "expected gray images"),
        (np.full((5, 28, 28), -1), "expected whole numbers from 0 to 65535 or floats in [0, 1]"),
        (np.full((1, 28, 28), np.nan), "found NaN or infinity"),
        (np.zeros((0, 28, 28), np.uint8), "expected images of 28 x 28 pixels"),
        ("a path", "expected images of 28 x 28 pixels"),
    ],
)
def test_other_images_are_refused(images: Any, message: str, loaded: LoadedRun) -> None:
    with pytest.raises(InputError) as caught:
        loaded.encode(images)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_gray_images_become_color_for_a_model_of_color(in_color: LoadedRun) -> None:
    gray = noise_images(4, (1, 12, 10), classes=0).images
    expected = in_color.encode(np.repeat(gray, 3, axis=1)).codes
    for images in (gray, gray[:, 0], [Image.fromarray(each[0]) for each in gray]):
        assert torch.equal(in_color.encode(images).codes, expected)


def test_a_conditional_model_needs_classes(conditional: LoadedRun) -> None:
    names = conditional.run.data.class_names
    by_label = conditional.encode(PIXELS, labels=[3] * 6)
    by_name = conditional.encode(PIXELS, class_name=names[3])
    assert torch.equal(by_label.codes, by_name.codes)
    for labels, class_name, message in (
        (None, None, "it needs the class of the images, one of"),
        ([3] * 5, None, "expected 6 labels, one per image"),
        ([10] * 6, None, "labels must lie in 0 to 9"),
        (None, "Bagg", "did you mean 'Bag'"),
    ):
        with pytest.raises(InputError, match=message):
            conditional.encode(PIXELS, labels=labels, class_name=class_name)


def test_a_model_of_binarized_images_gets_binarized_images(trained: Any) -> None:
    loaded = load_run(trained["binary-vae"].path)
    assert loaded.config.data.binarize
    found = loaded.encode(np.where(PIXELS > 127, 255, 0).astype(np.uint8)).codes
    gray = loaded.encode(PIXELS).codes
    assert found.shape == gray.shape
    assert torch.equal(gray, loaded.encode(PIXELS).codes)
    assert not torch.equal(gray, found)


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command in an empty folder; returns the line of its refusal, if it is refused."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> str:
        code: Any = 0
        try:
            cli.main([*map(str, words), *CPU])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        assert (code, bool(captured.out)) in ((0, True), (2, False))
        return captured.err.removesuffix("\n") if code else ""

    return run


def write_pictures(folder: Path, images: NDArray[np.uint8]) -> None:
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image[0]).save(folder / f"{index}.png")


def test_codes_of_files_of_every_kind(loaded: LoadedRun, command: Callable[..., str]) -> None:
    run, expected = loaded.run.path, loaded.encode(PIXELS)
    write_pictures(Path("pictures"), PIXELS)
    np.savez("images.npz", images=PIXELS, labels=np.arange(6), class_names=list("abcdef"))
    np.save("images.npy", PIXELS[:, 0])
    for given in ("pictures", "images.npz", "images.npy"):
        assert not command("encode", run, given)
        with np.load("codes.npz") as found:
            assert np.allclose(found["codes"], expected.codes.numpy(), atol=1e-5)
            assert expected.log_variances is not None
            assert np.allclose(found["log_variances"], expected.log_variances.numpy(), atol=1e-5)
            assert found["codes"].dtype == np.float32
            assert len(found["names"]) == 6
            assert ("labels" in found) == (given == "images.npz")
            if given == "pictures":
                assert found["names"].tolist() == [f"{index}.png" for index in range(6)]
    assert not command("encode", run, "pictures/2.png", "--out", "one.csv")
    with Path("one.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["image"] == "2.png"
    code = [float(row[f"z{index}"]) for index in range(1, 11)]
    assert np.allclose(code, expected.codes[2].numpy(), atol=1e-5)
    assert float(row["log_variance_z1"]) == pytest.approx(
        float(expected.log_variances[2, 0]), abs=1e-5
    )


def test_photographs_are_read_at_the_size_of_the_model(
    loaded: LoadedRun, command: Callable[..., str]
) -> None:
    Image.new("RGB", (90, 60), "red").save("photo.jpg")
    assert not command("encode", loaded.run.path, "photo.jpg", "--resize", 28, "--crop", "--gray")
    with np.load("codes.npz") as found:
        assert found["codes"].shape == (1, 10)


def test_folders_name_the_classes(
    loaded: LoadedRun, conditional: LoadedRun, command: Callable[..., str]
) -> None:
    names = conditional.run.data.class_names
    for label in (8, 3):
        write_pictures(Path("known") / names[label].replace("/", "-"), PIXELS[:2])
        write_pictures(Path("other") / f"kind {label}", PIXELS[:2])
    assert not command("encode", conditional.run.path, "known", "--out", "codes.csv")
    with Path("codes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["class"] for row in rows} == {names[8], names[3]}
    assert all(row["image"].startswith(row["class"]) for row in rows)
    # Classes that the run does not know are of no use to a conditional model, and kept by others.
    assert "expected folders named by classes" in command("encode", conditional.run.path, "other")
    assert not command("encode", loaded.run.path, "other")
    with np.load("codes.npz") as found:
        assert found["labels"].tolist() == [0, 0, 1, 1]
        assert found["class_names"].tolist() == ["kind 3", "kind 8"]


def test_reconstructions_as_a_picture_and_as_numbers(
    loaded: LoadedRun, conditional: LoadedRun, command: Callable[..., str]
) -> None:
    np.save("images.npy", PIXELS)
    assert not command("reconstruct", loaded.run.path, "images.npy")
    with Image.open("reconstructions.png") as picture:
        # Six columns, two rows, gaps of two pixels; each pixel is three wide.
        assert picture.size == (3 * (6 * 30 - 2), 3 * (2 * 30 - 2))
        assert np.array_equal(np.asarray(picture)[: 28 * 3 : 3, : 28 * 3 : 3], PIXELS[0, 0])
    assert not command("reconstruct", loaded.run.path, "images.npy", "--out", "x.npz")
    with np.load("x.npz") as found:
        expected = loaded.reconstruct(PIXELS).numpy()
        assert np.allclose(found["images"], expected, atol=1e-6)
    chosen = ("--class", "Bag", "--out", "bags.npz")
    assert not command("reconstruct", conditional.run.path, "images.npy", *chosen)
    with np.load("bags.npz") as found:
        expected = conditional.reconstruct(PIXELS, class_name="Bag").numpy()
        assert np.allclose(found["images"], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["encode", "nowhere.png"], "nowhere.png cannot be read"),
        (["encode", "notes.txt"], "image, a folder of these, an .npz or an .npy file"),
        (["encode", "images.npy", "--out", "codes.txt"], "codes are written as .npz or .csv"),
        (["encode", "images.npy", "--class", "Bag"], "is not conditional: its model takes no"),
        (["encode", "wide.png"], "found 40 x 28; --resize 28 reads them at that size"),
        (["encode", "color.png"], "found images in color; --gray reads them as gray"),
        (["encode", "images.npy", "--gray"], "--crop and --gray are for image files"),
        (["encode", "labels.npz"], "labels: expected one per image, (6,), found (2,)"),
        (["reconstruct", "images.npy", "--out", "x.jpg"], "written as .png or .npz"),
        (["reconstruct", "wide.png"], "with --crop or --pad if not square"),
    ],
)
def test_commands_that_cannot_work_are_refused(
    words: list[str], message: str, loaded: LoadedRun, command: Callable[..., str]
) -> None:
    np.save("images.npy", PIXELS)
    np.savez("labels.npz", images=PIXELS, labels=np.arange(2))
    Path("notes.txt").write_text("dear")
    Image.new("L", (40, 28)).save("wide.png")
    Image.new("RGB", (28, 28), "red").save("color.png")
    before = sorted(Path().iterdir())
    name, *more = words
    assert message in command(name, loaded.run.path, *more)
    assert sorted(Path().iterdir()) == before
