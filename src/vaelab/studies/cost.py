"""How much arithmetic training is, which its time follows closely."""

import math
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.data.batches import Batches
from vaelab.models import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import Run
from vaelab.studies.step import Advance

# A backward pass takes two matrix products for each of the forward pass.
PASSES = 3


def training_operations(run: Run, dataset: Dataset) -> float:
    """Floating-point operations of what is left of a run's training."""
    return (
        _steps_left(run, dataset)
        * run.config.training.batch_size
        * (PASSES * _operations_per_image(run, dataset))
    )


def _steps_left(run: Run, dataset: Dataset) -> int:
    state = run.load_checkpoint_values()
    if state is not None and state["is_finished"]:
        return 0
    return run.config.training.epochs * _steps_per_epoch(run.config, dataset) - _steps_done(
        run, dataset
    )


def _steps_done(run: Run, dataset: Dataset) -> int:
    state = run.load_checkpoint_values()
    if state is None:
        return 0
    return int(state["epochs_done"]) * _steps_per_epoch(run.config, dataset) + int(
        state["steps_done"]
    )


def _steps_per_epoch(config: Config, dataset: Dataset) -> int:
    """Batches of the training images, those for validation apart."""
    images = (1 - config.data.validation_fraction) * len(dataset.train)
    return math.ceil(images / config.training.batch_size)


@torch.no_grad()
def _operations_per_image(run: Run, dataset: Dataset) -> float:
    """Of one forward pass as in training, with whatever is trained beside the model."""
    model, noise = run.build_model().train(), generator(0, "noise")
    one = Batches(dataset.train.take(np.zeros(1, np.int64)), torch.device("cpu"))
    batch = one.at(torch.zeros(1, dtype=torch.int64), noise)
    with FlopCounterMode(display=False) as counter:
        model(batch.x, batch.labels, noise)
    return float(counter.get_total_flops())


class Share:
    """Tells how much of a run's training is done, batch by batch."""

    def __init__(self, run: Run, dataset: Dataset, advance: Advance) -> None:
        self.advance = advance
        self.total = run.config.training.epochs * _steps_per_epoch(run.config, dataset)
        self.done = _steps_done(run, dataset)

    def on_step(self) -> None:
        """One batch more."""
        self.done += 1
        self.advance(min(1.0, self.done / self.total))

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Nothing."""
