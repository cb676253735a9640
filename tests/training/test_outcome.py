"""What is said of a training that went wrong, and what TensorBoard gets at its end."""

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from google.protobuf import text_format
from numpy.typing import NDArray
from PIL import Image
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from tests.conftest import noise_images, tiny
from vaelab import cli
from vaelab.data import Dataset
from vaelab.data.batches import Batches
from vaelab.loaded_run import load_run
from vaelab.report.findings.training import divergence as finding
from vaelab.runs import Run
from vaelab.runs.summary import divergence, has_collapsed
from vaelab.training import continue_training, fit
from vaelab.training.divergence import MARGIN_PER_VALUE, divergence_limit
from vaelab.training.projector import TAG

CPU = ("--accelerator", "cpu")
SMALL = ("--data", "wardrobe", "--set", "data.train_count=300", "data.test_count=60")


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str]]:
    """What a command prints on standard output and on standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[str, str]:
        capfd.readouterr()
        cli.main(words)
        captured = capfd.readouterr()
        return captured.out, captured.err

    return run


def test_a_training_that_diverged_says_so_everywhere(said: Callable[..., tuple[str, str]]) -> None:
    wild = ("training.learning_rate=1000", "training.epochs=2")
    out, _ = said("train", "mlp-vae", *CPU, *SMALL, *wild)
    assert "the training diverged: even at the best epoch" in out
    assert "Lower training.learning_rate" in out
    assert "collapsed" not in out
    _, error = said("evaluate", "runs/mlp-vae", *CPU, "--metrics", "losses")
    assert "vaelab: runs/mlp-vae: the training diverged" in error
    run = load_run("runs/mlp-vae").run
    assert all(record["has_diverged"] for record in run.read_metrics())
    assert "the training diverged" in repr(run)
    assert "run: the training diverged" in str(finding("run", run.read_metrics()))


@pytest.mark.parametrize("name", ["mlp-vae", "conv-vae", "vq-vae", "binary-vae", "flagship"])
def test_seconds_of_training_are_neither_divergence_nor_collapse(name: str, trained: Any) -> None:
    records = trained[name].read_metrics()
    assert not divergence(records)
    assert not has_collapsed(records)
    assert records[-1]["steps"] == 2 * records[0]["steps"] < 20


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian-optimal", "continuous-bernoulli"])
def test_a_model_that_learns_nothing_has_not_diverged(
    likelihood: str, tmp_path: Path, wardrobe: Dataset
) -> None:
    config = tiny("mlp-vae", training__learning_rate="1e-12", model__likelihood=likelihood)
    run = fit(config, tmp_path / "run", dataset=wardrobe, show_progress=False)
    assert not divergence(run.read_metrics())


def test_the_limit_is_above_gray_images(trained: Any, wardrobe: Dataset) -> None:
    batches = Batches(wardrobe.test, torch.device("cpu"))
    found = divergence_limit(trained["mlp-vae"], batches)
    # A Bernoulli of 0.5 has log 2 nats, whatever the pixel.
    assert found == pytest.approx(784 * (math.log(2) + MARGIN_PER_VALUE), rel=1e-6)


def test_divergence_after_a_good_epoch_names_the_epoch_that_is_kept() -> None:
    records = [
        {"epoch": epoch, "selection_loss": loss, "has_diverged": loss > 500}
        for epoch, loss in enumerate([300.0, 250.0, 9e9], 1)
    ]
    assert "diverged after epoch 2, whose weights are kept" in divergence(records)
    assert divergence(records[:2]) == ""


def test_collapse_is_reported_after_some_training(said: Callable[..., tuple[str, str]]) -> None:
    collapsed = (*SMALL, "objective.beta=10000", "model.network.widths=16")
    one = ("training.epochs=1", "training.batch_size=64")
    out, _ = said("train", "beta-vae", *CPU, "--out", "short", *collapsed, *one)
    assert "active units: 0 of 10" in out
    assert "collapsed" not in out
    more = ("training.epochs=4", "training.batch_size=2")
    out, _ = said("train", "beta-vae", *CPU, "--out", "long", *collapsed, *more)
    assert "the posterior collapsed" in out
    assert "Lower objective.beta" in out


def embedding_of(run: Run, epochs: int) -> tuple[list[list[float]], list[str], NDArray[np.uint8]]:
    """The codes, classes and pictures that TensorBoard's projector is pointed to."""
    folder = run.path / "tensorboard"
    config = ProjectorConfig()
    text_format.Parse((folder / "projector_config.pbtxt").read_text(), config)
    (embedding,) = config.embeddings
    assert embedding.tensor_name == f"{TAG}:{epochs:05}"
    with (folder / embedding.tensor_path).open() as file:
        codes = [[float(value) for value in row] for row in csv.reader(file, delimiter="\t")]
    classes = []
    if embedding.metadata_path:
        classes = (folder / embedding.metadata_path).read_text().splitlines()
    with Image.open(folder / embedding.sprite.image_path) as picture:
        return codes, classes, np.asarray(picture)


def test_tensorboard_gets_the_codes_of_test_images(tmp_path: Path, wardrobe: Dataset) -> None:
    run = fit(tiny("cvae"), tmp_path / "run", dataset=wardrobe, show_progress=False)
    codes, classes, picture = embedding_of(run, 2)
    expected = load_run(run.path, dataset=wardrobe).codes(wardrobe.test)
    assert torch.allclose(torch.tensor(codes), expected, atol=1e-6)
    assert wardrobe.test.labels is not None
    names = wardrobe.test.class_names
    assert classes == [names[label] for label in wardrobe.test.labels.tolist()]
    # 120 images in rows of 11.
    assert picture.shape == (11 * 28, 11 * 28, 3)
    assert np.abs(picture[:28, :28, 0].astype(int) - wardrobe.test.images[0, 0]).max() <= 1
    run = continue_training(run, more_epochs=1, dataset=wardrobe, show_progress=False)
    codes, _, _ = embedding_of(run, 3)
    assert len(codes) == 120


@pytest.mark.parametrize("shape", [(3, 12, 8), (2, 8, 12)])
def test_images_of_any_shape_are_shown(shape: tuple[int, int, int], tmp_path: Path) -> None:
    data = noise_images(60, shape, classes=0)
    dataset = Dataset(train=data, test=data, source="noise")
    run = fit(tiny("mlp-vae"), tmp_path / "run", dataset=dataset, show_progress=False)
    codes, classes, picture = embedding_of(run, 2)
    assert (len(codes), classes) == (60, [])
    assert picture.shape == (8 * 12, 8 * 12, 3)
