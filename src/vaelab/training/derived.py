"""Priors fitted to the codes of a trained run."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from vaelab.config import Config
from vaelab.data import Dataset, load_data
from vaelab.data.batches import Batches
from vaelab.derived_settings import settings_with_prior
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, require_free, require_same_images
from vaelab.runs.derived import derived_model, parent_of
from vaelab.runs.restoring import restore, restore_records_of_finished
from vaelab.training.code_fitting import fit_to_codes
from vaelab.training.divergence import divergence_limit
from vaelab.training.hardware import Hardware
from vaelab.training.loop import fit
from vaelab.training.observers import Observer
from vaelab.training.optimization import prefixed, unprefixed
from vaelab.training.records import epoch_record
from vaelab.training.validation import validate


def fit_prior(
    parent: Run,
    prior: str,
    out: Path | str,
    *,
    changes: Mapping[str, str] | None = None,
    dataset: Dataset | None = None,
    data_dir: Path | None = None,
    hardware: Hardware | None = None,
    show_progress: bool = True,
) -> Run:
    """Fit a prior to the codes of a trained run: a derived run with the parent's networks.

    A Gaussian mixture is fitted by expectation maximization in seconds. Other priors are trained by
    gradient in minutes on their own loss, with all other weights frozen and without the decoder.

    Args:
        parent: the trained run.
        prior: its kind, such as gmm or flow-matching.
        out: folder of the derived run.
        changes: further settings, such as {"model.prior.components": "20"}.
        dataset: the images; None: those that the parent was trained on.
        data_dir: location of the images, if not where they were.
        hardware: to train on; None: a GPU if available.
        show_progress: whether to show a progress bar on standard error.

    Raises:
        InputError: if the model has no prior that can be replaced, or the folder cannot be used.
    """
    out = Path(out)
    config = derived_config(parent, prior, out, changes or {})
    dataset = dataset or load_data(config.data, data_dir)
    require_same_images(parent, DataCard.of(dataset))
    return train_derived(
        config, out, dataset=dataset, hardware=hardware, show_progress=show_progress
    )


def train_derived(
    config: Config,
    out: Path,
    *,
    dataset: Dataset,
    hardware: Hardware | None = None,
    show_progress: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Train the part of a derived run that does not come from its parent.

    Args:
        config: see `derived_config`.
        out: folder of the run.
        dataset: the images.
        hardware: to train on; None: a GPU if available.
        show_progress: whether to show a progress bar on standard error.
        observers: called during a training by gradient.

    Raises:
        InputError: if the folder cannot be used, or the parent has other weights by now.
    """
    run = Run(out, config, DataCard.of(dataset))
    require_free(run)
    if run.is_finished():
        restore_records_of_finished(run)
        return run
    if run.build_model().prior_fitting().is_done_at_once:
        _fit_at_once(run, dataset)
        return run
    return fit(
        config,
        out,
        dataset=dataset,
        hardware=hardware,
        show_progress=show_progress,
        observers=observers,
    )


def derived_config(parent: Run, prior: str, out: Path, changes: Mapping[str, str]) -> Config:
    """The settings of a derived run in the folder `out`; see `fit_prior`."""
    config = replace(
        settings_with_prior(parent.config, prior, changes),
        parent=parent_of(parent, out, trains="prior"),
    )
    if Run(out, config, parent.data).build_model().prior_fitting().is_done_at_once:
        return replace(config, training=replace(config.training, epochs=1))
    return config


def _fit_at_once(run: Run, dataset: Dataset) -> None:
    """Fit without gradients; the run has one record, that of the fitted prior."""
    checkpoint = run.load_checkpoint()
    if checkpoint is not None:  # fitted before, and something in the folder is not whole
        with run.locked():
            restore(run, unprefixed("model", checkpoint[0]))
        return
    config = run.config
    train, validation = Batches.to_train(dataset, config.data, torch.device("cpu"))
    model = derived_model(run).eval().requires_grad_(requires_grad=False)
    with run.locked():
        run.write_config(model.capabilities, None)
        start = time.perf_counter()
        fit_to_codes(model, train, config.seed)
        seconds = time.perf_counter() - start
        result = validate(model, validation, generator(config.seed, "validation"))
        run.save_weights(model.state_dict())
        record = epoch_record(
            epoch=1,
            train={},
            result=result,
            selection_loss=result.means.get("negative_elbo", result.means["reconstruction"]),
            schedule={},
            image_count=len(train),
            seconds=seconds,
            steps=0,
            divergence_limit=divergence_limit(run, validation),
        )
        run.save_checkpoint(
            prefixed("model", model.state_dict()),
            {"stages_done": 1, "epochs_done": 1, "steps_done": 0, "records": [record]},
        )
        run.write_metrics([record])
