"""Commands on mapped images read them in blocks: memory does not grow with the data."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import noise_images, tiny
from vaelab.config import DataConfig
from vaelab.data import Dataset, load_data, unit_images
from vaelab.data.splits import ImageRows
from vaelab.data.summary import level_counts, summarize
from vaelab.data.unit_images import UnitImages
from vaelab.evaluation import baselines, evaluate, memorization
from vaelab.evaluation.baselines import pixel_mean
from vaelab.figures import draw_figures
from vaelab.loaded_run import BATCH_SIZE, LoadedRun, load_run
from vaelab.runs import DataCard
from vaelab.training import fit

TRAIN, TEST, BLOCK = 4000, 1200, 1000


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("mapped")
    for name, count in (("images", TRAIN), ("test_images", TEST)):
        data = noise_images(count, (1, 8, 8), classes=10)
        assert data.labels is not None
        np.save(folder / f"{name}.npy", data.images)
        np.save(folder / f"{name.replace('images', 'labels')}.npy", data.labels)
    return load_data(DataConfig(name="npy", path=str(folder)))


@pytest.fixture(scope="module")
def loaded(mapped: Dataset, tmp_path_factory: pytest.TempPathFactory) -> LoadedRun:
    config = tiny("mlp-vae", training__epochs="1", data__train_count="none")
    out = tmp_path_factory.mktemp("runs") / "run"
    run = fit(config, out, dataset=mapped, show_progress=False)
    return load_run(run.path, dataset=mapped)


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of images that became floats at once."""
    counts = list[int]()
    convert = unit_images._in_unit_interval

    def count(levels: np.ndarray) -> Tensor:
        counts.append(len(levels))
        return convert(levels)

    monkeypatch.setattr(unit_images, "_in_unit_interval", count)
    monkeypatch.setattr(memorization, "TRAINING_VALUES", 64 * BLOCK)
    monkeypatch.setattr(memorization, "EXACT_VALUES", 64 * BLOCK)
    monkeypatch.setattr(memorization, "MOST_IMAGES", 200)
    monkeypatch.setattr(baselines, "BLOCK_VALUES", 64 * BLOCK)
    yield counts
    assert len(counts) > 2
    assert max(counts) <= BLOCK


def test_metrics_read_blocks(
    loaded: LoadedRun, converted: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An empty cache, so that floors, baselines and features are computed.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    sizes = list[int]()
    reconstruct = type(loaded.model).decode

    def counted(model: Any, z: Any, labels: Any = None) -> Tensor:
        images = reconstruct(model, z, labels)
        sizes.append(len(images))
        return images

    monkeypatch.setattr(type(loaded.model), "decode", counted)
    names = ("losses", "image-quality", "reconstruction-fid", "memorization", "frechet")
    found = evaluate(loaded, metrics=names, sample_count=200)
    assert {"mse", "memorization_rate", "fid_proxy"} <= found.keys()
    assert max(sizes) <= BATCH_SIZE


def test_figures_read_blocks(loaded: LoadedRun, converted: list[int]) -> None:
    assert draw_figures(loaded, ["memorization"])


def test_the_summary_of_a_data_set_copies_blocks(tmp_path: Path) -> None:
    """Eight bytes for each pixel of a block, and some for each image."""
    data = noise_images(2500, (1, 128, 128), classes=10)
    for name, images in (("images", data.images), ("test_images", data.images[:10])):
        np.save(tmp_path / f"{name}.npy", images)
    size = data.images.nbytes
    del data
    mapped = load_data(DataConfig(name="npy", path=str(tmp_path)))
    tracemalloc.start()
    try:
        summary = summarize(mapped, DataConfig())
        _ = DataCard.of(mapped), pixel_mean(mapped.train), level_counts(ImageRows(mapped.train))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert summary["splits"]["train"]["images"] == 2250
    assert peak < size / 3


def test_samples_are_drawn_in_blocks(loaded: LoadedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = list[int]()
    draw = type(loaded.model).sample_prior

    def counted(model: Any, count: int, *others: Any) -> Any:
        counts.append(count)
        return draw(model, count, *others)

    monkeypatch.setattr(type(loaded.model), "sample_prior", counted)
    many = loaded.sample(1100)
    assert counts == [500, 500, 100]
    assert torch.equal(many[:1000], loaded.sample(1000))


def test_neighbors_are_the_same_whatever_the_blocks(
    mapped: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    training = UnitImages(mapped.train.images)
    whole = memorization.nearest(images, training, count=20)
    monkeypatch.setattr(memorization, "TRAINING_VALUES", 33 * 64)
    monkeypatch.setattr(memorization, "EXACT_VALUES", 7 * 40 * 64)
    blocks = memorization.nearest(images, training, count=20)
    assert torch.equal(blocks.indices, whole.indices)
    assert torch.equal(blocks.distances, whole.distances)
    exact = torch.cdist(
        images.flatten(1).double(), training[torch.arange(TRAIN)].flatten(1).double()
    )
    assert torch.equal(whole.indices, exact.topk(20, 1, largest=False).indices)
