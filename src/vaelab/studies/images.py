"""The images of many runs, each set of them loaded once."""

from pathlib import Path
from typing import Any

from vaelab.config import Config, DataConfig
from vaelab.data import Dataset, load_data
from vaelab.loaded_run import LoadedRun
from vaelab.runs import DataCard, Run


class Images:
    """What runs are on, kept as long as this lives."""

    def __init__(self) -> None:
        self._loaded = dict[tuple[Any, ...], tuple[Dataset, DataCard]]()

    def keep(self, config: DataConfig, data_dir: Path | None, dataset: Dataset) -> None:
        """Take images that are loaded already."""
        self._loaded[_key(config, data_dir)] = dataset, DataCard.of(dataset)

    def run(self, path: Path, config: Config, data_dir: Path | None) -> LoadedRun:
        """A run, there or to be, with its images.

        Args:
            path: its folder.
            config: of the run.
            data_dir: where the images lie, before all other places.

        Raises:
            InputError: if these cannot be found or used.
        """
        key = _key(config.data, data_dir)
        if key not in self._loaded:
            self.keep(config.data, data_dir, load_data(config.data, data_dir))
        dataset, card = self._loaded[key]
        return LoadedRun(Run(path, config, card), dataset=dataset)


def _key(config: DataConfig, data_dir: Path | None) -> tuple[Any, ...]:
    """What decides which images are loaded; all other fields say what is done with them."""
    return config.name, config.path, config.train_count, config.test_count, data_dir
