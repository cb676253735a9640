"""Images that were moved: every message names the option that mends it, and the option works."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vaelab import cli
from vaelab.config import DataConfig
from vaelab.data import load_data

CPU = ("--accelerator", "cpu")
SMALL = ("model.network.widths=16", "training.epochs=1")


def write_data(kind: str, path: Path) -> Path:
    """80 garments; returns what --data takes."""
    data = load_data(DataConfig(name="wardrobe", train_count=80, test_count=1)).train
    images, labels = data.images, data.labels
    assert labels is not None
    if kind == "npz":
        np.savez(path.with_suffix(".npz"), images=images, labels=labels)
        return path.with_suffix(".npz")
    path.mkdir()
    if kind == "npy":
        for name, part in (("", slice(60)), ("test_", slice(60, 80))):
            np.save(path / f"{name}images.npy", images[part])
            np.save(path / f"{name}labels.npy", labels[part])
        return path
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        (path / f"class {label}").mkdir(exist_ok=True)
        Image.fromarray(image[0]).save(path / f"class {label}" / f"{index}.png")
    return path


@pytest.fixture
def run_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a command in an empty folder; returns its refusal, if it is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VAELAB_DATA", raising=False)

    def run(*words: object) -> str:
        try:
            cli.main(list(map(str, words)))
        except SystemExit as stop:
            assert stop.code == 2  # noqa: PT017
            return capsys.readouterr().err.splitlines()[-1]
        capsys.readouterr()
        return ""

    return run


@pytest.mark.parametrize("kind", ["npz", "npy", "folder"])
def test_moved_images_are_found_again_by_the_option_that_is_named(
    kind: str, run_command: Callable[..., str]
) -> None:
    data = write_data(kind, Path("mine"))
    train = ("train", "mlp-vae", "--data", data, "--out", "run", *CPU, "--set", *SMALL)
    assert not run_command(*train)
    moved = Path("elsewhere") / f"renamed{data.suffix}"
    moved.parent.mkdir()
    shutil.move(data, moved)
    commands = [
        ["evaluate", "run", "--metrics", "losses", *CPU],
        ["figures", "run", "reconstructions", *CPU],
        ["compare", "run", "--figure", "rate-distortion"],
        ["fit-prior", "run", "--prior", "gmm", "--set", "model.prior.components=3", *CPU],
        ["train", "run", "--more-epochs", "1", *CPU],
        ["train", "run", *CPU],
        ["data", "show", "--data", data.absolute()],
    ]
    advice = f"if {data.name} was moved or renamed, give its new path with --data-dir"
    for words in commands:
        refusal = run_command(*words)
        assert str(data.absolute()) in refusal, words
        assert refusal.endswith(advice), words
        assert not run_command(*words, "--data-dir", moved), words


def test_the_same_training_resumes_with_the_images_at_their_new_path(
    run_command: Callable[..., str],
) -> None:
    data = write_data("npz", Path("mine"))
    train = ("train", "mlp-vae", "--out", "run", *CPU, "--data")
    assert not run_command(*train, data, "--set", *SMALL)
    moved = shutil.move(data, "new.npz")
    assert not run_command(*train, moved, "--set", *SMALL)
    assert not run_command(*train, data, "--data-dir", moved, "--set", *SMALL)
    other = write_data("npz", Path("other"))
    with np.load(other) as arrays:
        np.savez(other, images=arrays["images"][::-1], labels=arrays["labels"][::-1])
    refusal = run_command(*train, other, "--set", *SMALL)
    assert "holds a run with other settings" in refusal
    assert "--data-dir" in run_command("evaluate", "run", *CPU, "--data-dir", other)
