"""A contract that every figure keeps: drawn, whole, legible size, the same each time."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import ODD_DATA, odd_data, tiny
from vaelab.config import DataConfig
from vaelab.data import Dataset
from vaelab.data.summary import summarize
from vaelab.errors import InputError
from vaelab.evaluation import evaluate
from vaelab.figures import (
    COMPARISONS,
    DATA_FIGURES,
    FIGURES,
    draw_comparison,
    draw_data,
    draw_figures,
    possible_figures,
)
from vaelab.loaded_run import LoadedRun
from vaelab.presets import PRESETS
from vaelab.training import fit

# A preset that each figure can be drawn of.
SUBJECTS = {
    "class-samples": "cvae",
    "class-interpolations": "cvae",
    "conditional-accuracy": "cvae",
    "latent": "mlp-vae-2d",
    "manifold": "mlp-vae-2d",
    "class-manifolds": "cvae-2d",
}


# Drawn once, by name; they are the same code whatever the run.
SLOW = {"tsne", "umap"}


def quick_figures(run: LoadedRun) -> list[str]:
    return [name for name in possible_figures(run) if name not in SLOW]


def assert_publishable(png: Path) -> None:
    """A picture of a size to be read, with ink on it and none at its very edge."""
    with Image.open(png) as image:
        pixels = np.asarray(image.convert("L"))
    assert pixels.shape[0] >= 200  # a title and one row of images
    assert pixels.shape[1] >= 600
    assert pixels.std() > 5
    edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert edges.min() > 200, "something is cut off at the edge"
    root = ElementTree.parse(png.with_suffix(".svg")).getroot()  # noqa: S314
    assert root.tag.endswith("svg")


def loaded(trained: Any, wardrobe: Dataset, name: str) -> LoadedRun:
    subject = LoadedRun(trained[name], dataset=wardrobe)
    if not subject.run.read_evaluation():
        evaluate(subject, metrics=("losses",))
    return subject


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_a_run(name: str, trained: Any, wardrobe: Dataset) -> None:
    subject = loaded(trained, wardrobe, SUBJECTS.get(name, "mlp-vae"))
    threads = torch.get_num_threads()
    (path,) = draw_figures(subject, [name])
    assert torch.get_num_threads() == threads  # or what is trained next has other bits
    assert path == subject.run.figures / f"{name}.png"
    assert_publishable(path)
    before = path.read_bytes(), path.with_suffix(".svg").read_bytes()
    draw_figures(subject, [name])
    assert (path.read_bytes(), path.with_suffix(".svg").read_bytes()) == before


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_all_figures_that_it_can_have(
    preset: str, trained: Any, wardrobe: Dataset
) -> None:
    subject = loaded(trained, wardrobe, preset)
    drawn = {path.stem for path in draw_figures(subject, quick_figures(subject))}
    drawn |= SLOW & set(possible_figures(subject))
    assert drawn >= {"curves", "reconstructions", "interpolations"}
    assert ("samples" in drawn) == (preset != "autoencoder")
    assert ("class-samples" in drawn) == preset.startswith("cvae")
    assert ("latent" in drawn) == preset.endswith("2d")
    assert ("tsne" in drawn) != ("latent" in drawn)
    assert ("umap" in drawn) == ("tsne" in drawn)


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_figure_of_several_runs(
    name: str, trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    presets = ("autoencoder", "mlp-vae") if "autoencoder" in name else ("mlp-vae", "beta-vae")
    runs = [loaded(trained, wardrobe, preset) for preset in presets]
    assert_publishable(draw_comparison(name, runs, tmp_path))


def test_every_figure_of_the_data(wardrobe: Dataset, tmp_path: Path) -> None:
    paths = draw_data(wardrobe, summarize(wardrobe, DataConfig()), tmp_path)
    assert [path.stem for path in paths] == list(DATA_FIGURES)
    for path in paths:
        assert_publishable(path)


@pytest.mark.parametrize(
    ("preset", "name", "message"),
    [
        ("autoencoder", "samples", "it needs a prior"),
        ("mlp-vae", "class-samples", "it needs classes to choose"),
        ("mlp-vae", "latent", "it needs 2 latent dimensions"),
        ("mlp-vae-2d", "pca", "it needs more than 2 latent dimensions"),
        ("cvae-2d", "manifold", "it needs no classes to choose"),
        ("mlp-vae", "sampels", "did you mean 'samples'"),
    ],
)
def test_figures_that_cannot_be_are_refused(
    preset: str, name: str, message: str, trained: Any, wardrobe: Dataset
) -> None:
    with pytest.raises(InputError) as caught:
        draw_figures(loaded(trained, wardrobe, preset), [name])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        *((kind, "cvae" if classes else "mlp-vae") for kind, (classes, *_) in ODD_DATA.items()),
        ("colour", "mlp-vae"),
        ("colour", "autoencoder"),
        ("one test image", "autoencoder"),
    ],
)
def test_all_figures_of_odd_data(kind: str, network: str, tmp_path: Path) -> None:
    dataset = odd_data(kind)
    config = tiny(network, training__epochs="1")
    run = fit(config, tmp_path / "run", dataset=dataset, show_progress=False)
    subject = LoadedRun(run, dataset=dataset)
    evaluate(subject, metrics=("losses",))
    for path in [
        *draw_figures(subject, quick_figures(subject)),
        *draw_data(dataset, summarize(dataset, DataConfig()), tmp_path),
        draw_comparison("autoencoder-beside-vae", [subject, subject], tmp_path),
    ]:
        assert_publishable(path)


def test_runs_that_cannot_be_compared_are_refused(
    trained: Any, wardrobe: Dataset, tmp_path: Path
) -> None:
    runs = [loaded(trained, wardrobe, name) for name in ("mlp-vae", "autoencoder")]
    with pytest.raises(InputError, match="it needs a prior"):
        draw_comparison("beta-kl", runs, tmp_path)
    card = replace(runs[0].run.data, test_fingerprint="of something else")
    other = LoadedRun(replace(runs[0].run, data=card), dataset=wardrobe)
    with pytest.raises(InputError, match=r"can be compared: .* has other test images"):
        draw_comparison("rate-distortion", [runs[0], other], tmp_path)
