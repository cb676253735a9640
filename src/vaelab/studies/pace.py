"""Fewer epochs where a machine would need too long for a study.

The factor is the same for all runs, so that their comparison stays fair. It is measured once and
kept in the study's folder, so that repeating the study finds its own runs.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.files import write_json
from vaelab.runs import read_json
from vaelab.studies.study import Study
from vaelab.training import Hardware, fit

FILE = "pace.json"
STEPS = 20


def at_pace(study: Study, out: Path, dataset: Dataset, hardware: Hardware) -> tuple[Study, float]:
    """The study with epochs for which this machine has the time, and the factor.

    Args:
        study: the plan.
        out: its folder.
        dataset: the images.
        hardware: to train on.

    Raises:
        InputError: if the stored factor cannot be read.
    """
    if study.training_seconds is None:
        return study, 1.0
    file = out / FILE
    if file.exists():
        factor = _stored_factor(file)
    else:
        needed = estimated_seconds(study.configs, dataset, hardware)
        is_in_time = needed <= study.training_seconds
        factor = 1.0 if is_in_time else study.training_seconds / needed
        write_json(file, {"epoch_factor": factor})
    return replace(study, configs=with_factor(study.configs, factor)), factor


def _stored_factor(file: Path) -> float:
    value = read_json(file).get("epoch_factor")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InputError(
            f"{file}: epoch_factor should be a number in (0, 1], found {value!r:.40}; delete the "
            "file to have it measured again"
        )
    return float(value)


def with_factor(configs: Mapping[str, Config], factor: float) -> dict[str, Config]:
    """The configurations with `factor` of their epochs, rounded down, at least 1."""
    return {
        name: replace(
            config,
            training=replace(
                config.training, epochs=max(1, int(factor * config.training.epochs + 1e-9))
            ),
        )
        for name, config in configs.items()
    }


def estimated_seconds(configs: Mapping[str, Config], dataset: Dataset, hardware: Hardware) -> float:
    """Seconds of all trainings one after the other, from a few steps of each kind of model."""
    images_per_second: dict[object, float] = {}
    total = 0.0
    for config in configs.values():
        kind = (config.model, config.objective.kind, config.training.batch_size)
        if kind not in images_per_second:
            images_per_second[kind] = _images_per_second(config, dataset, hardware)
        images = config.training.epochs * len(dataset.train)
        total += images / images_per_second[kind]
    return total


def _images_per_second(config: Config, dataset: Dataset, hardware: Hardware) -> float:
    """Of the second epoch on few images; infinite where the run cannot be trained."""
    count = min(len(dataset.train), round(STEPS * config.training.batch_size / 0.9))
    short = replace(config.training, epochs=2, preview_every_epochs=0)
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = fit(
                replace(config, training=short),
                Path(folder) / "run",
                dataset=dataset.limited(count, min(len(dataset.test), count)),
                hardware=hardware,
                show_progress=False,
            )
        except InputError:  # the study reports it when it comes to this run
            return float("inf")
        return float(run.read_metrics()[-1]["images_per_second"])
