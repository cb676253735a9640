"""Training by vaelab as users run it, with progress bar, validation and checkpoints."""

import importlib
import importlib.util
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.training_speed.job import BATCH_SIZE, WARM_UP_STEPS, Job, Timed
from benchmarks.training_speed.networks import PRESETS
from vaelab.config import Config
from vaelab.data import load_data
from vaelab.models.contract import LatentVariableModel
from vaelab.presets import preset
from vaelab.training import Hardware, fit

if importlib.util.find_spec("tensorboard"):
    # vaelab imports it if it is installed, so its memory counts as that of imports.
    importlib.import_module("torch.utils.tensorboard")


class AfterSteps:
    """Seconds of each epoch after its last step: validation, previews, checkpoint."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._last_step = 0.0

    def on_step(self) -> None:
        """Note the time, as this step may be the last."""
        self._last_step = time.perf_counter()

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Store the seconds since the last step."""
        self.seconds.append(time.perf_counter() - self._last_step)


def train(job: Job) -> Timed:
    """Train through `vaelab.fit`; the seconds are those of its metrics.jsonl.

    On a GPU those may be noted before the device has done the last steps, so there an epoch's
    seconds are counted with its validation and its checkpoint.
    """
    config = _configured(job)
    dataset = load_data(config.data)
    hardware = Hardware(
        accelerator="gpu" if job.device == "cuda" else "cpu", precision=job.precision
    )
    # As many as are left, the validation images apart, fill the warm-up's batches.
    few = round(WARM_UP_STEPS * BATCH_SIZE / (1 - config.data.validation_fraction))
    after = AfterSteps()
    with tempfile.TemporaryDirectory() as folder:
        fit(
            replace(config, training=replace(config.training, epochs=1)),
            Path(folder) / "warm-up",
            dataset=dataset.limited(min(few, len(dataset.train)), None),
            hardware=hardware,
        )
        run = fit(
            config, Path(folder) / "run", dataset=dataset, hardware=hardware, observers=[after]
        )
        records = run.read_metrics()
    seconds = [record["seconds"] for record in records]
    whole = [sum(both) for both in zip(seconds, after.seconds, strict=True)]
    return Timed(
        images=round(records[0]["images_per_second"] * seconds[0]),
        seconds=whole if job.device == "cuda" else seconds,
        whole_seconds=whole,
    )


def _configured(job: Job) -> Config:
    config = preset(PRESETS[job.network])
    return replace(
        config,
        data=replace(config.data, train_count=job.images),
        training=replace(config.training, epochs=job.epochs),
    )
