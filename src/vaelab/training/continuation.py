"""Resuming a run by its folder, and continuing it after its end."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from vaelab.config import Config
from vaelab.data import Dataset, load_data
from vaelab.data.arrays import as_dataset
from vaelab.documents import require_bounded
from vaelab.errors import InputError
from vaelab.runs import DataCard, Run, require_same_images
from vaelab.training.checkpoint_schedule import CheckpointSchedule
from vaelab.training.derived import train_derived
from vaelab.training.hardware import Hardware
from vaelab.training.loop import fit
from vaelab.training.observers import Observer
from vaelab.training.stages import stages_done


def continue_training(
    run: Run,
    *,
    more_epochs: int | None = None,
    dataset: Dataset | NDArray[Any] | None = None,
    data_dir: Path | None = None,
    hardware: Hardware | None = None,
    checkpoint_schedule: CheckpointSchedule | None = None,
    show_progress: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Resume an interrupted run, or train a finished one for more epochs.

    Weights, moments of the optimizer and the best epoch so far are kept. Schedules that depend on
    the number of epochs are those of the new total from the first further epoch on. If the process
    is killed, the same call resumes bit-identically, also with the same `more_epochs`.

    Args:
        run: the run.
        more_epochs: to train after its end; None: only to its end.
        dataset: the images, as a data set or as an array; None: those that the run names.
        data_dir: location of the images, if not where they were.
        hardware: to train on; None: a GPU if available.
        checkpoint_schedule: how often to checkpoint within an epoch; None: every 5 minutes.
        show_progress: whether to show a progress bar on standard error.
        observers: receive the events of the training.

    Raises:
        InputError: if the run is not finished and `more_epochs` is given, if the images are others,
            or as `fit`.
    """
    config = run.config if more_epochs is None else _extended(run, more_epochs)
    dataset = load_data(config.data, data_dir) if dataset is None else as_dataset(dataset)
    require_same_images(run, DataCard.of(dataset))
    hardware = hardware or Hardware()
    if _is_fitted_at_once(run):
        return train_derived(config, run.path, dataset=dataset, hardware=hardware)
    return fit(
        config,
        run.path,
        dataset=dataset,
        hardware=hardware,
        checkpoint_schedule=checkpoint_schedule,
        show_progress=show_progress,
        observers=observers,
    )


def _extended(run: Run, more_epochs: int) -> Config:
    """The settings of the run with more epochs; those that it has, if it is on its way to them."""
    if more_epochs < 1:
        raise InputError(f"--more-epochs must be at least 1, found {more_epochs}")
    if _is_fitted_at_once(run):
        raise InputError(
            f"the prior of {run.path} is fitted at once, without epochs that could be continued"
        )
    training, values = run.config.training, run.load_checkpoint_values()
    done = stages_done([] if values is None else values["records"], training)
    require_bounded("epochs with --more-epochs", done.epochs + more_epochs)
    if done.count == len(training.stages):
        return replace(run.config, training=training.extended(done.epochs + more_epochs))
    is_interrupted = 0 < done.count == len(training.stages) - 1
    if is_interrupted and training.epochs == done.epochs + more_epochs:
        return run.config
    raise InputError(
        f"{run.path} is not finished: `vaelab train {run.path}` resumes it, up to epoch "
        f"{training.epochs}; after that --more-epochs continues it"
    )


def _is_fitted_at_once(run: Run) -> bool:
    return run.config.parent is not None and run.build_model().prior_fitting().is_done_at_once
