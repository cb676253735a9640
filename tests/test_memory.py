"""The memory that a command may take is checked before it is taken."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import TrainedRuns, tiny
from tests.data.data_files import refused
from vaelab import cli, memory
from vaelab.config import DataConfig
from vaelab.data import Dataset, csv_table, image_files, load_data
from vaelab.data.arrays import dataset
from vaelab.evaluation import evaluate
from vaelab.figures.eda import draw_images
from vaelab.figures.grid import THUMBNAIL_SIDE, image_grid, thumbnails
from vaelab.loaded_run import LoadedRun
from vaelab.models import ImageShape
from vaelab.models.build import build_model
from vaelab.presets import preset
from vaelab.sampling import sample
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit

MEGABYTE = 10**6
SHAPE = ImageShape(1, 28, 28)


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the bytes that a command may take."""
    return lambda count: monkeypatch.setattr(memory, "memory_limit", lambda: count)


def write_images(folder: Path, count: int, side: int) -> Path:
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)
    for index, each in enumerate(pixels):
        Image.fromarray(each).save(folder / f"{index}.png")
    return folder


def test_the_limit_is_a_share_of_the_memory_of_the_machine_or_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "_LIMITS_OF_CONTAINERS", (file, tmp_path / "missing"))
    file.write_text("max\n")
    of_machine = memory.memory_limit.__wrapped__()
    assert of_machine > 500 * MEGABYTE
    file.write_text(f"{100 * MEGABYTE}\n")
    assert memory.memory_limit.__wrapped__() == memory.SHARE * 100 * MEGABYTE


def test_a_folder_is_refused_after_the_first_image(
    limit: Callable[[float], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = write_images(tmp_path / "large", 10, 64)
    decoded = []
    decode = image_files.decode
    monkeypatch.setattr(
        image_files, "decode", lambda path, config: decoded.append(path) or decode(path, config)
    )
    limit(2 * 10 * 64 * 64 - 1)
    with pytest.raises(SystemExit) as stop:
        cli.main(["data", "show", "--data", str(folder), "--out", str(tmp_path / "out")])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"vaelab: {folder}: 10 files of 64 x 64 pixels would take at least")
    assert "--resize" in line
    assert len(decoded) == 1
    assert not (tmp_path / "out").exists()
    load_data(DataConfig(name="folder", path=str(folder), resize=32))


def test_a_table_and_an_array_that_do_not_fit_are_refused_unread(
    limit: Callable[[float], None], tmp_path: Path
) -> None:
    rows = np.zeros((100, 16), np.uint8)
    np.savetxt(tmp_path / "rows.csv", rows, "%d", ",")
    np.savez_compressed(tmp_path / "array.npz", images=rows.reshape(100, 4, 4))
    limit(1000)
    for name in ("rows.csv", "array.npz"):
        with refused(tmp_path / name, "would take at least", "expected at most", "images"):
            load_data(DataConfig(name=name[-3:], path=str(tmp_path / name)))


def test_a_line_longer_than_any_image_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "LARGEST_SIDE", 8)
    monkeypatch.setattr(csv_table, "LARGEST_LINE", 1000)
    path = tmp_path / "line.csv"
    for content in (b"7" * 20 * MEGABYTE, b"1," * 66, b"1,2,3,4\n" + b"1" * 1001):
        path.write_bytes(content)
        tracemalloc.start()
        with refused(path, "expected at most 65 cells and 1,000 characters", "a line per image"):
            load_data(DataConfig(name="csv", path=str(path)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MEGABYTE


@pytest.mark.parametrize("shape", [(1, 1024, 1024), (3, 700, 1400)])
def test_figures_of_large_images_are_drawn_from_thumbnails(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, *shape), dtype=np.uint8)
    data = dataset(images, np.arange(20) % 2)
    tracemalloc.start()
    figure = draw_images(data, {}).figure
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120 * MEGABYTE  # at full size 20 images take 340 or 940 with their canvas
    picture = figure.axes[0].images[0].get_array()
    assert picture is not None
    assert max(picture.shape) <= 11 * THUMBNAIL_SIDE


def test_a_thumbnail_is_the_mean_of_areas() -> None:
    side = 2 * THUMBNAIL_SIDE
    images = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    expected = images.reshape(2, 3, side // 2, 2, side // 2, 2).mean((3, 5))
    torch.testing.assert_close(thumbnails(images), expected)
    small = images[:, :, :THUMBNAIL_SIDE, :7]
    assert thumbnails(small) is small
    assert thumbnails(images[:, :, :, :1]).shape == (2, 3, THUMBNAIL_SIDE, 1)
    picture = image_grid(images, 2).axes[0].images[0].get_array()
    assert picture is not None
    assert picture.shape[0] == THUMBNAIL_SIDE


def test_data_of_large_images_without_a_first_class_are_drawn(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 400, 400), dtype=np.uint8)
    data = dataset(images, [1] * 6, test_images=images, test_labels=[0] * 6, class_names=["a", "b"])
    assert draw_images(data, {}).figure.axes


def test_samples_that_do_not_fit_are_refused_before_they_are_drawn(
    limit: Callable[[float], None], trained: TrainedRuns
) -> None:
    loaded = LoadedRun(trained["mlp-vae"], accelerator="cpu")
    limit(MEGABYTE)
    for refusing in (
        lambda: sample(loaded, 10**12),
        lambda: loaded.sample(10**12),
        lambda: evaluate(loaded, sample_count=10**12),
    ):
        with refused("1,000,000,000,000 samples would take at least", "draw fewer at a time"):
            refusing()
    assert len(sample(loaded, 2)) == 2


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 8.00 EiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_an_allocation_that_fails_is_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_arguments: object) -> None:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    with pytest.raises(SystemExit) as stop:
        cli.main(["doctor"])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vaelab: there is not enough memory for this command")


def test_more_processes_than_fit_are_refused_before_one_starts(
    limit: Callable[[float], None],
) -> None:
    from vaelab.training.launching import launch

    limit(10**9)
    with refused("1,000,000 processes would take at least", "name fewer with --devices"):
        launch(Hardware(accelerator="cpu", devices=1_000_000))


def test_a_model_that_does_not_fit_is_refused_before_it_is_trained(
    limit: Callable[[float], None],
    wardrobe: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tiny("mlp-vae")
    weights = 4 * sum(
        each.numel()
        for each in build_model(config.model, SHAPE, 10, torch.Generator()).parameters()
    )
    monkeypatch.setattr(memory, "_BYTES_OF_PROCESS", 0)
    for share, message in ((0.5, "the weights of this model would"), (3, "the training of this")):
        limit(share * weights)
        with refused(message, "choose smaller sizes"):
            fit(config, tmp_path / "run", dataset=wardrobe, show_progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "setting",
    [
        {"model.network": "residual", "model.network.blocks": "1000000000"},
        {"model.prior": "flow", "model.prior.layers": "1000000000"},
    ],
)
def test_layers_are_counted_before_they_are_built(setting: dict[str, str]) -> None:
    with refused("must lie in 1 to 1000"):
        with_settings(preset("mlp-vae"), setting)
