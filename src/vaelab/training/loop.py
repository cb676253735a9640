"""The one training loop."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from vaelab.config import Config, check
from vaelab.data import load_data, training_split
from vaelab.data.batches import Batch, Batches
from vaelab.data.image_data import Dataset
from vaelab.errors import InputError
from vaelab.objectives import Losses, Objective, Progress, build_objective, reduce
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, require_free
from vaelab.training.engine import Hardware, flushed_denormals, launch
from vaelab.training.measure import Measured, measure
from vaelab.training.observers import Observer, observing
from vaelab.training.optimization import learning_rate, set_learning_rate
from vaelab.training.state import TrainingState, new_state, resume

PREVIEW_COUNT = 50
ADVICE = "Lower training.learning_rate, or set training.gradient_clip_norm (such as 10)"


class NonFiniteLossError(InputError):
    """Training met a loss that is no number; the weights are those before it."""


def fit(
    config: Config,
    out: Path,
    *,
    dataset: Dataset | None = None,
    hardware: Hardware | None = None,
    show_progress: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Train what `config` describes in the run folder `out`, or go on with what is there.

    Args:
        config: the run.
        out: its folder.
        dataset: its images, where they are loaded already; else they are loaded by `config.data`.
        hardware: what to train on; by default a GPU where there is one.
        show_progress: whether to show a progress bar on standard error.
        observers: others who are to be told of the progress.

    Returns:
        The finished run, its best weights by validation loss in `model.safetensors`.

    Raises:
        InputError: if the configuration, the data or the folder cannot be used.
        NonFiniteLossError: if the loss stops being a number.
    """
    check(config)
    dataset = dataset or load_data(config.data)
    _require_labels(config, dataset)
    run = Run(out, config, DataCard.of(dataset))
    require_free(run)
    if run.is_finished():
        return run

    fabric = launch(hardware or Hardware())
    device, binarize = fabric.device, config.data.binarize
    train, validation = (
        Batches(part, device, binarize=binarize)
        for part in training_split(dataset.train, config.data)
    )

    # What cannot be built is refused here, before anything is written.
    state = new_state(run, device)
    run.write_config()
    resume(state, run)
    objective = build_objective(config.objective)
    forward, optimizer = fabric.setup(state.model, state.optimizer)
    telling = observing(
        run,
        epochs_done=state.epochs_done,
        image_count=len(train),
        preview_batch=_preview_batch(validation, device),
        show_progress=show_progress,
        is_told=fabric.is_global_zero,
    )
    with flushed_denormals(), telling as own_observers:
        training, everyone = config.training, [*own_observers, *observers]
        while not state.is_finished(training.epochs, training.early_stopping_epochs):
            start = time.perf_counter()
            losses = _train_epoch(
                fabric, forward, optimizer, state, objective, train, config, everyone
            )
            seconds = time.perf_counter() - start
            with fabric.autocast():
                held = measure(
                    state.to_use, validation, generator(config.seed, "validation", device=device)
                )
            if not math.isfinite(held.total):
                raise NonFiniteLossError(
                    f"epoch {state.epochs_done + 1}: the validation loss is not finite; the best "
                    f"weights so far were kept. {ADVICE}"
                )
            record = _record(config, state, objective, losses, held, seconds, len(train))
            state.records.append(record)
            is_best = state.improves(record["selection_loss"])
            if fabric.is_global_zero:
                if is_best:
                    run.save_weights(state.to_use.state_dict())
                state.save(run)
                for observer in everyone:
                    observer.on_epoch(record, state.to_use)
            fabric.barrier()
    return run


def _train_epoch(
    fabric: Fabric,
    forward: Any,
    optimizer: Any,
    state: TrainingState,
    objective: Objective,
    train: Batches,
    config: Config,
    observers: Sequence[Observer],
) -> Losses:
    """One pass over the training images; the means of the losses on the way."""
    training, epoch = config.training, state.epochs_done
    steps = math.ceil(len(train) / training.batch_size)
    order = generator(config.seed, "order", epoch)
    # Each process draws noise of its own.
    noise = generator(config.seed, "noise", epoch, fabric.global_rank, device=fabric.device)
    sums = torch.zeros(3, dtype=torch.float64, device=fabric.device)
    forward.train()
    for step, batch in enumerate(
        train.shuffled(training.batch_size, order, noise, fabric.global_rank, fabric.world_size)
    ):
        progress = Progress(epoch + step / steps, training.epochs)
        set_learning_rate(optimizer, learning_rate(training, progress.epoch / progress.epochs))

        terms = forward(batch.x, batch.labels, noise)
        loss = objective(terms, progress) * batch.weight
        losses = reduce(terms)
        _require_finite(loss, losses, epoch, step)

        optimizer.zero_grad()
        fabric.backward(loss)
        if training.gradient_clip_norm is not None:
            _clip(fabric, forward, optimizer, training.gradient_clip_norm)
        optimizer.step()
        if state.averaged is not None:
            state.averaged.follow(epoch * steps + step + 1)

        sums += _weighted_sums(losses, batch)
        for observer in observers:
            observer.on_step()
    reduced = fabric.all_reduce(sums, reduce_op="sum")
    assert isinstance(reduced, Tensor)
    reconstruction, kl, count = reduced.unbind()
    return Losses(reconstruction / count, kl / count)


def _weighted_sums(losses: Losses, batch: Batch) -> Tensor:
    """Sums over the batch's images, and their count, without waiting for the device."""
    count = len(batch) if batch.weight > 0 else 0
    sums = torch.stack([losses.reconstruction, losses.kl, torch.ones_like(losses.kl)])
    return sums.detach().double() * count


def _require_finite(loss: Tensor, losses: Losses, epoch: int, step: int) -> None:
    if torch.isfinite(loss):
        return
    terms = {"reconstruction": losses.reconstruction, "KL": losses.kl}
    guilty = [name for name, value in terms.items() if not torch.isfinite(value)] or ["loss"]
    raise NonFiniteLossError(
        f"epoch {epoch + 1}, step {step + 1}: {' and '.join(guilty)} is not finite "
        f"(loss {loss.item()}); nothing was updated in this step. {ADVICE}"
    )


def _clip(fabric: Fabric, forward: Any, optimizer: Any, norm: float) -> None:
    try:
        fabric.clip_gradients(forward, optimizer, max_norm=norm, error_if_nonfinite=True)
    except RuntimeError as error:
        if "non-finite" not in str(error):
            raise
        raise NonFiniteLossError(
            f"a gradient is not finite; nothing was updated. {ADVICE}"
        ) from None


def _require_labels(config: Config, dataset: Dataset) -> None:
    if config.model.conditional and dataset.train.labels is None:
        raise InputError(
            f"{dataset.name} has no labels, which model.conditional=true needs; "
            "use another preset or labelled images"
        )


def _preview_batch(validation: Batches, device: torch.device) -> Batch:
    count = min(PREVIEW_COUNT, len(validation))
    return validation.at(torch.arange(count, device=device), generator(0, "preview", device=device))


def _record(
    config: Config,
    state: TrainingState,
    objective: Objective,
    losses: Losses,
    held: Measured,
    seconds: float,
    image_count: int,
) -> dict[str, Any]:
    """The epoch's line of metrics.jsonl."""
    epoch, training = state.epochs_done + 1, config.training
    steps = math.ceil(image_count / training.batch_size)
    last_step = Progress(epoch - 1 / steps, training.epochs)
    return {
        "epoch": epoch,
        "train": {
            "reconstruction": losses.reconstruction.item(),
            "kl_nats": losses.kl.item(),
            "total": losses.total.item(),
        },
        "validation": {
            "reconstruction": held.reconstruction,
            "kl_nats": held.kl_nats,
            "total": held.total,
            "reconstruction_floor": held.reconstruction_floor,
        },
        "selection_loss": objective.final(held.reconstruction, held.kl_nats),
        "active_units": held.active_units,
        "kl_weight": objective.kl_weight(last_step),
        "learning_rate": learning_rate(training, last_step.epoch / training.epochs),
        "images_per_second": image_count / seconds,
        "seconds": seconds,
    }
