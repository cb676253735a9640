"""Data sets that several runs share, each loaded once."""

from pathlib import Path
from typing import Any

from vaelab.config import Config, DataConfig
from vaelab.data import Dataset, load_data
from vaelab.loaded_run import LoadedRun
from vaelab.runs import DataCard, Run


class DatasetCache:
    """Loaded data sets by their settings."""

    def __init__(self) -> None:
        self._datasets = dict[tuple[Any, ...], tuple[Dataset, DataCard]]()

    def add(self, config: DataConfig, data_dir: Path | None, dataset: Dataset) -> None:
        """Add a data set that is loaded already."""
        self._datasets[_key(config, data_dir)] = dataset, DataCard.of(dataset)

    def loaded_run(self, path: Path, config: Config, data_dir: Path | None) -> LoadedRun:
        """A run, trained or not, with its data set.

        Args:
            path: folder of the run.
            config: of the run.
            data_dir: folder of Fashion-MNIST's files; searched first.

        Raises:
            InputError: if the data set cannot be loaded.
        """
        key = _key(config.data, data_dir)
        if key not in self._datasets:
            self.add(config.data, data_dir, load_data(config.data, data_dir))
        dataset, card = self._datasets[key]
        return LoadedRun(Run(path, config, card), dataset=dataset)


def _key(config: DataConfig, data_dir: Path | None) -> tuple[Any, ...]:
    """The settings that decide which images are loaded; the others say how they are used."""
    reading = config.resize, config.fit, config.gray
    counts = config.train_count, config.test_count
    return config.name, config.path, config.split_seed, *reading, *counts, data_dir
