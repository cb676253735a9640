"""The one training loop."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vaelab.config import Config, check
from vaelab.data import load_data, training_rows
from vaelab.data.batches import Batch, Batches
from vaelab.data.image_data import Dataset
from vaelab.errors import InputError
from vaelab.objectives import Losses, Objective, Progress, build_objective, reduce
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, require_free
from vaelab.training.checkpoint_schedule import CheckpointSchedule, Timer
from vaelab.training.engine import Hardware, ProcessGroup, flushed_denormals
from vaelab.training.measure import Measured, measure
from vaelab.training.non_finite_guard import ADVICE, NonFiniteGuard, NonFiniteLossError
from vaelab.training.observers import Observer, observing
from vaelab.training.optimization import learning_rate, set_learning_rate
from vaelab.training.signals import StopSignals
from vaelab.training.state import TrainingState, new_state

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PREVIEW_COUNT = 50


def fit(
    config: Config,
    out: Path,
    *,
    dataset: Dataset | None = None,
    hardware: Hardware | None = None,
    checkpoint_schedule: CheckpointSchedule | None = None,
    show_progress: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Train what `config` describes in the run folder `out`, or go on with what is there.

    Killed at any moment, the same call goes on to the same bits as if nothing had happened.

    Args:
        config: the run.
        out: its folder.
        dataset: its images, where they are loaded already; else they are loaded by `config.data`.
        hardware: what to train on; by default a GPU where there is one.
        checkpoint_schedule: how often to checkpoint within an epoch; by default every 5 minutes.
        show_progress: whether to show a progress bar on standard error.
        observers: others who are to be told of the progress.

    Returns:
        The finished run, its best weights by validation loss in `model.safetensors`.

    Raises:
        InputError: if the configuration, the data or the folder cannot be used.
        NonFiniteLossError: if the loss stops being a number.
        Interruption: by Ctrl-C or SIGTERM, with the state kept.
        LostProcessError: if another process of this training has ended.
    """
    check(config)
    dataset = dataset or load_data(config.data)
    _require_labels(config, dataset)
    run = Run(out, config, DataCard.of(dataset))
    require_free(run)
    if run.is_finished():
        return run

    from vaelab.training.launching import launch

    hardware = hardware or Hardware()
    fabric = launch(hardware)
    process_group = ProcessGroup(fabric)
    device, binarize = fabric.device, config.data.binarize
    images = Batches(dataset.train, device, binarize=binarize)
    train, validation = map(images.part, training_rows(dataset.train, config.data))
    # What cannot be built is refused here, before anything is written.
    state = new_state(run, device)
    objective = build_objective(config.objective)

    with process_group, process_group.held(run), flushed_denormals():
        if process_group.is_first:
            run.write_config()
        state.resume(run, fabric.global_rank, fabric.world_size)
        if hardware.compile:
            state.model.compile()
        forward, optimizer = process_group.prepare(state.model, state.optimizer)
        telling = observing(
            run,
            epochs_done=state.epochs_done,
            steps_done=state.epoch.steps,
            image_count=len(train),
            preview_batch=_preview_batch(validation, device),
            show_progress=show_progress,
            is_told=process_group.is_first,
        )
        with telling as own_observers, StopSignals() as signals:
            everyone = (*own_observers, *observers) if process_group.is_first else ()
            training = Training(
                run=run,
                fabric=fabric,
                process_group=process_group,
                forward=forward,
                optimizer=optimizer,
                objective=objective,
                state=state,
                train=train,
                watch=NonFiniteGuard(state.optimizer, device),
                checkpoint_schedule=checkpoint_schedule or CheckpointSchedule(),
                signals=signals,
                observers=everyone,
            )
            while not training.is_finished():
                losses, seconds = training.finish_epoch()
                with fabric.autocast():
                    held = measure(
                        state.to_use,
                        validation,
                        generator(config.seed, "validation", device=device),
                        process_group=process_group,
                    )
                training.keep(losses, held, seconds)
    return run


@dataclass(kw_only=True, slots=True)
class Training:
    """A run being trained: its state, what changes it, and who is told."""

    run: Run
    fabric: "Fabric"
    process_group: ProcessGroup
    forward: Any
    optimizer: Any
    objective: Objective
    state: TrainingState
    train: Batches
    watch: NonFiniteGuard
    checkpoint_schedule: CheckpointSchedule
    signals: StopSignals
    observers: Sequence[Observer]

    def is_finished(self) -> bool:
        """Whether nothing is left to train."""
        training = self.run.config.training
        return self.state.is_finished(training.epochs, training.early_stopping_epochs)

    @property
    def steps_per_epoch(self) -> int:
        """Batches, of which the last may be smaller."""
        return math.ceil(len(self.train) / self.run.config.training.batch_size)

    def finish_epoch(self) -> tuple[Losses, float]:
        """Train on what is left of this epoch: the means of the losses on the way, and seconds."""
        config, state, epoch = self.run.config, self.state, self.state.epoch
        before, start = epoch.seconds, time.perf_counter()
        order = generator(config.seed, "order", state.epochs_done)
        batches = self.train.shuffled(
            config.training.batch_size,
            order,
            epoch.noise,
            self.process_group.share,
            first=epoch.steps,
        )
        since_kept = Timer()
        self.forward.train()
        for batch in batches:
            self._step(batch)
            epoch.steps += 1
            since_kept.steps += 1
            epoch.seconds = before + time.perf_counter() - start
            for observer in self.observers:
                observer.on_step()
            if self.process_group.meets_after(epoch.steps):
                is_due = self.checkpoint_schedule.is_due(since_kept.steps, since_kept.seconds)
                self._meet(is_due=is_due, since_kept=since_kept)
        self._meet(is_due=False, since_kept=since_kept)
        return _means(self.process_group.sum(epoch.sums)), epoch.seconds

    def _step(self, batch: Batch) -> None:
        config, state, training = self.run.config, self.state, self.run.config.training
        epochs = state.epochs_done + state.epoch.steps / self.steps_per_epoch
        progress = Progress(epochs, training.epochs)
        set_learning_rate(self.optimizer, learning_rate(training, epochs / training.epochs))

        with self.fabric.autocast():
            terms = self.forward(batch.x, batch.labels, batch.source)
        losses = reduce(terms)
        loss = self.objective(terms, losses, progress) * batch.weight

        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        norm = self._clip(config.training.gradient_clip_norm)
        self.watch.see(state.epoch.steps, loss, losses, norm)
        self.optimizer.step()
        if state.averaged is not None:
            steps = state.epochs_done * self.steps_per_epoch + state.epoch.steps + 1
            state.averaged.follow(steps)
        state.epoch.count(losses, len(batch) if batch.weight > 0 else 0)

    def _clip(self, most: float | None) -> Tensor | None:
        """The gradients' norm before they were clipped; None where they are not."""
        if most is None:
            return None
        norm = self.fabric.clip_gradients(
            self.forward, self.optimizer, max_norm=most, error_if_nonfinite=False
        )
        assert isinstance(norm, Tensor)
        return norm

    def _meet(self, *, is_due: bool, since_kept: Timer) -> None:
        """What all processes do at the same step: look for bad losses, keep the state, leave."""
        is_bad, is_due, is_stopped = self.process_group.any(
            self.watch.is_bad, is_due, self.signals.caught is not None
        )
        state = self.state
        if is_bad:
            raise self.watch.error(state.epochs_done + 1, state.epoch.steps)
        if not (is_due or is_stopped):
            return
        self._save()
        since_kept.restart()
        if is_stopped:
            raise self.signals.interruption(
                f"in epoch {state.epochs_done + 1} after {state.epoch.steps} of "
                f"{self.steps_per_epoch} steps"
            )

    def keep(self, losses: Losses, held: Measured, seconds: float) -> None:
        """Note what an epoch came to, keep its weights if they are the best, and the state."""
        state = self.state
        if not math.isfinite(held.negative_elbo):
            raise NonFiniteLossError(
                f"epoch {state.epochs_done + 1}: the validation loss is not finite; the best "
                f"weights so far were kept. {ADVICE}"
            )
        record = self._record(losses, held, seconds)
        if state.end_epoch(record) and self.process_group.is_first:
            self.run.save_weights(state.to_use.state_dict())
        self._save()
        for observer in self.observers:
            observer.on_epoch(record, state.to_use)

    def _save(self) -> None:
        sums = self.process_group.sum(self.state.epoch.sums)
        if self.process_group.is_first:
            self.state.save(self.run, sums, self.fabric.world_size)
        self.fabric.barrier()

    def _record(self, losses: Losses, held: Measured, seconds: float) -> dict[str, Any]:
        """The epoch's line of metrics.jsonl."""
        epoch, training = self.state.epochs_done + 1, self.run.config.training
        last_step = Progress(epoch - 1 / self.steps_per_epoch, training.epochs)
        return {
            "epoch": epoch,
            "train": {
                "reconstruction": losses.reconstruction.item(),
                "kl": losses.kl.item(),
                "negative_elbo": losses.negative_elbo.item(),
            },
            "validation": {
                "reconstruction": held.reconstruction,
                "kl": held.kl,
                "negative_elbo": held.negative_elbo,
                "reconstruction_floor": held.reconstruction_floor,
            },
            "selection_loss": self.objective.final(held.reconstruction, held.kl),
            "active_units": held.active_units,
            "kl_weight": self.objective.kl_weight(last_step),
            "learning_rate": learning_rate(training, last_step.epoch / training.epochs),
            "images_per_second": len(self.train) / seconds,
            "seconds": seconds,
        }


def _means(sums: Tensor) -> Losses:
    reconstruction, kl, count = sums.unbind()
    return Losses(reconstruction / count, kl / count)


def _require_labels(config: Config, dataset: Dataset) -> None:
    if config.model.conditional and dataset.train.labels is None:
        raise InputError(
            f"{dataset.name} has no labels, which model.conditional=true needs; "
            "use another preset or labelled images"
        )


def _preview_batch(validation: Batches, device: torch.device) -> Batch:
    count = min(PREVIEW_COUNT, len(validation))
    return validation.at(torch.arange(count, device=device), generator(0, "preview", device=device))
