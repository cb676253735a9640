"""Training of a preset by vaelab, for the benchmarks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.children import Facts
from vaelab.config import Config
from vaelab.presets import preset
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit
from vaelab.training.observers import Observer


def train(
    name: str,
    folder: Path,
    *,
    images: int,
    epochs: int,
    settings: Mapping[str, str] | None = None,
    hardware: Hardware | None = None,
    observers: Sequence[Observer] = (),
) -> list[Facts]:
    """Train a preset on the first training images; return the records of metrics.jsonl."""
    config = configured(name, images, {"training.epochs": str(epochs), **(settings or {})})
    hardware = hardware or Hardware(accelerator="cpu")
    return fit(config, folder, hardware=hardware, observers=observers).read_metrics()


def configured(name: str, images: int, settings: Mapping[str, str]) -> Config:
    """The preset on the first `images` training images, with settings."""
    return with_settings(preset(name), {"data.train_count": str(images), **settings})
