"""The whole chain on small or odd data: what can be had is had, the rest has its reason."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TINY_SIZES
from vaelab import cli
from vaelab.presets import preset
from vaelab.settings import describe_fields

Command = Callable[..., tuple[str, str]]

# Name: number of images, their shape, number of classes, the preset.
SMALL: dict[str, tuple[int, tuple[int, ...], int, str]] = {
    "one pixel": (80, (1, 1), 2, "mlp-vae"),
    "2 x 3 pixels": (80, (2, 3), 2, "cvae"),
    "5 x 7 pixels in color": (40, (3, 5, 7), 2, "vq-vae"),
    "one class": (40, (9, 9), 1, "cvae"),
    "classes of 3": (120, (9, 9), 40, "cvae"),
    "three images": (3, (9, 9), 0, "mlp-vae"),
    "four images of two classes": (4, (9, 9), 2, "cvae"),
    "without labels": (40, (1, 28), 0, "hierarchical-vae"),
    "no code": (40, (9, 9), 0, "autoencoder"),
}
CONSTANT = "of one gray value"


def write(path: Path, images: np.ndarray, classes: int) -> Path:
    labels = {"labels": np.arange(len(images)) % classes} if classes else {}
    np.savez(path, images=images, **labels)
    return path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process, for there are many; a traceback or a warning fails."""

    def run(*arguments: object, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        if code:
            with pytest.raises(SystemExit) as stop:
                cli.main([str(each) for each in arguments])
            assert stop.value.code == code
        else:
            cli.main([str(each) for each in arguments])
        return capsys.readouterr()

    return run


def train_arguments(name: str, data: Path, out: Path) -> Sequence[object]:
    fields = dict(describe_fields(preset(name)))
    sizes = [f"{field}={size}" for field, size in TINY_SIZES.items() if field in fields]
    return ("train", name, "--data", data, "--out", out, "--set", "training.epochs=1", *sizes)


def chain(command: Command, name: str, data: Path, folder: Path) -> dict[str, Any]:
    """All commands on a data set; returns the evaluation."""
    run = folder / "run"
    command(*train_arguments(name, data, run))
    out, _ = command("evaluate", run, "--json")
    ((evaluation,)) = json.loads(out)
    assert not [each for each in evaluation["left_out"].values() if each.startswith("it failed")]
    drawn, notes = command("figures", run)
    assert len(drawn.splitlines()) >= 5
    left_out = [line for line in notes.splitlines() if line.startswith("vaelab: left out: figure ")]
    assert len(drawn.splitlines()) + len(left_out) >= 14
    assert not [line for line in left_out if "it failed" in line]
    command("compare", run)
    command("data", "show", "--data", data, "--out", folder / "data")
    command("sample", run, "--out", folder / "samples.png", code=2 if name == "autoencoder" else 0)
    command("report", folder)
    assert (folder / "site" / "runs" / "run.html").exists()
    return evaluation


@pytest.mark.parametrize("kind", SMALL)
def test_the_chain_on_small_data(kind: str, command: Command, tmp_path: Path) -> None:
    count, shape, classes, name = SMALL[kind]
    images = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    evaluation = chain(command, name, write(tmp_path / "few.npz", images, classes), tmp_path)
    assert {"reconstruction", "mse", "ssim"} <= evaluation["metrics"].keys()
    measured = evaluation["metrics"].keys()
    if kind in ("one pixel", "2 x 3 pixels", "classes of 3"):
        assert {"fid_proxy", "precision", "memorization_rate"} <= measured
    if name == "cvae" and count > 4:
        assert {"conditional_accuracy", "conditional_accuracy_second_classifier"} <= measured
    if name == "autoencoder":
        assert evaluation["left_out"]["kl"] == "it needs a prior, but the model has none"


def test_the_chain_on_images_of_one_gray_value(command: Command, tmp_path: Path) -> None:
    data = write(tmp_path / "gray.npz", np.full((40, 9, 9), 77, np.uint8), 2)
    evaluation = chain(command, "cvae", data, tmp_path)
    assert "near chance" in evaluation["metrics"]["fid_proxy"]["caveat"]
    assert "no class has two test images" in evaluation["left_out"]["diversity"]


def test_fewer_than_ten_test_images(command: Command, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        for index in range(20):
            file = tmp_path / "images" / label / f"{index}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (10, 10), dtype=np.uint8)).save(file)
    evaluation = chain(command, "mlp-vae", tmp_path / "images", tmp_path / "runs")
    measured = evaluation["metrics"]
    assert measured["fid_proxy"]["count"] == measured["label_probe_knn"]["count"] == 4
    assert "4 images of each kind or more, found" not in str(evaluation["left_out"])
    assert "more than 5 images" in evaluation["left_out"]["precision-recall"]
    assert "singular" in evaluation["left_out"]["total-correlation"]


@pytest.mark.parametrize("name", ["conv-vae", "vq-vae"])
def test_a_network_for_larger_images_names_one_that_can(
    name: str, command: Command, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 2, 3), dtype=np.uint8)
    data = write(tmp_path / "tiny.npz", images, 2)
    _, error = command(*train_arguments(name, data, tmp_path / "run"), code=2)
    line = error.splitlines()[-1]
    assert "images of 2 x 3 pixels cannot be halved 2 times" in line
    assert "at most 1 entry" in line
    # Both pieces of advice are right.
    field = "model.channels" if name == "vq-vae" else "model.network.channels"
    once = (*train_arguments(name, data, tmp_path / "once"), f"{field}=4")
    command(*[each for each in once if each != f"{field}=4,8"])
    assert "mlp-vae or cvae" in line
    for other in ("mlp-vae", "cvae"):
        command(*train_arguments(other, data, tmp_path / other))


def test_two_images_are_too_few(command: Command, tmp_path: Path) -> None:
    data = write(tmp_path / "two.npz", np.zeros((2, 9, 9), np.uint8), 0)
    _, error = command(*train_arguments("mlp-vae", data, tmp_path / "run"), code=2)
    assert "expected at least 2 images, to set some aside for testing or validation" in error
