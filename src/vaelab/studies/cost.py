"""The arithmetic cost of training, to which its duration is roughly proportional."""

import math
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from vaelab import parts
from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.data.batches import Batches
from vaelab.models.contract import LatentVariableModel
from vaelab.objectives.objective import Objective
from vaelab.randomness import generator
from vaelab.runs import Run
from vaelab.studies.step import ReportProgress

# A forward pass, and a backward pass of two matrix products for each of the forward pass.
FORWARD_AND_BACKWARD = 3


def training_operations(run: Run, dataset: Dataset) -> float:
    """Floating-point operations of the remaining training of a run."""
    return (
        _steps_left(run, dataset)
        * run.config.training.batch_size
        * (FORWARD_AND_BACKWARD * _operations_per_image(run, dataset))
    )


def _steps_left(run: Run, dataset: Dataset) -> int:
    if run.is_finished():
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
    """Batches of the training images, without those of the validation split."""
    images = (1 - config.data.validation_fraction) * len(dataset.train)
    return math.ceil(images / config.training.batch_size)


@torch.no_grad()
def _operations_per_image(run: Run, dataset: Dataset) -> float:
    """Of one forward pass in training."""
    model, noise = run.build_model().train(), generator(0, "noise")
    one = Batches(dataset.train.take(np.zeros(1, np.int64)), torch.device("cpu"))
    batch = one.at(torch.zeros(1, dtype=torch.int64), noise)
    objective: Objective = parts.build(run.config.objective)
    with FlopCounterMode(display=False) as counter:
        model(batch.x, batch.labels, noise, objective.request)
    return float(counter.get_total_flops())


class TrainingProgress:
    """Training observer that reports the finished fraction after every batch."""

    def __init__(self, run: Run, dataset: Dataset, report_progress: ReportProgress) -> None:
        self.report_progress = report_progress
        self.total = run.config.training.epochs * _steps_per_epoch(run.config, dataset)
        self.done = _steps_done(run, dataset)

    def on_step(self) -> None:
        """Count a batch."""
        self.done += 1
        self.report_progress(min(1.0, self.done / self.total))

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Do nothing."""
