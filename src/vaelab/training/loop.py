"""The training loop."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from vaelab import parts
from vaelab.config import Config, check
from vaelab.data import load_data
from vaelab.data.arrays import as_dataset
from vaelab.data.batches import Batch, Batches
from vaelab.data.image_data import Dataset
from vaelab.errors import note
from vaelab.objectives.objective import Objective, Progress
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, require_free
from vaelab.runs.restoring import restore_records_of_finished
from vaelab.training.checkpoint_schedule import CheckpointSchedule, Timer
from vaelab.training.divergence import divergence_limit
from vaelab.training.hardware import Hardware, flushed_denormals
from vaelab.training.observers import Observer, has_tensorboard, observing
from vaelab.training.optimization import learning_rate, set_learning_rate
from vaelab.training.precision import autocast, emulation_warning, resolve
from vaelab.training.process_group import ProcessGroup
from vaelab.training.projector import write_projector
from vaelab.training.records import epoch_record
from vaelab.training.signals import StopSignals
from vaelab.training.stages import stages_done
from vaelab.training.state import TrainingState, new_state
from vaelab.training.step_scalars import (
    ADVICE,
    NonFiniteLossError,
    StepScalars,
    non_finite_error,
)
from vaelab.training.threads import Threads, thread_counts
from vaelab.training.trainable import require_trainable
from vaelab.training.validation import ValidationResult, validate

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PREVIEW_COUNT = 50


def fit(
    config: Config,
    out: Path | str,
    *,
    dataset: Dataset | NDArray[Any] | None = None,
    hardware: Hardware | None = None,
    checkpoint_schedule: CheckpointSchedule | None = None,
    show_progress: bool = True,
    observers: Sequence[Observer] = (),
) -> Run:
    """Train the run that `config` describes in the folder `out`, or resume it there.

    If the process is killed at any point, the same call resumes bit-identically.

    Args:
        config: the settings.
        out: the run folder.
        dataset: the images, as a data set or as an array; None: those that `config.data` names.
        hardware: to train on; None: a GPU if available.
        checkpoint_schedule: how often to checkpoint within an epoch; None: every 5 minutes.
        show_progress: whether to show a progress bar on standard error.
        observers: receive the events of the training.

    Returns:
        The finished run, with the weights of the best epoch in `model.safetensors`.

    Raises:
        InputError: if the settings, the data or the folder cannot be used.
        NonFiniteLossError: if the loss is not finite.
        Interruption: by Ctrl-C or SIGTERM, after a checkpoint.
        LostProcessError: if another process of this training has ended.
    """
    check(config)
    dataset = load_data(config.data) if dataset is None else as_dataset(dataset)
    if dataset.is_in_memory:
        config = replace(config, data=replace(config.data, name="arrays", path=None))
    run = Run(Path(out), config, DataCard.of(dataset))
    require_free(run)
    if run.is_finished():
        restore_records_of_finished(run)
        return run

    from vaelab.training.launching import launch

    hardware = hardware or Hardware()
    fabric = launch(hardware)
    group = ProcessGroup(fabric)
    device = fabric.device
    train, validation = Batches.to_train(dataset, config.data, device)
    # Whatever cannot be built is refused here, before anything is written.
    state = new_state(run, device, train)
    capabilities = state.model.capabilities
    limit = divergence_limit(run, validation)
    objective: Objective = parts.build(config.objective)
    require_trainable(capabilities, objective, is_derived=config.parent is not None)

    begun_with = run.precision if run.load_checkpoint_values() is not None else None
    precision = fabric.broadcast(resolve(hardware.precision, device, begun_with, run.path))

    with group, group.locked(run), flushed_denormals():
        if group.is_first:
            run.write_config(capabilities, precision)
            if warning := emulation_warning(precision, device):
                note(f"{run.path} {warning}")
        state.resume(run, fabric.global_rank, fabric.world_size)
        counts = [torch.get_num_threads()]
        if group.is_alone_on_cpu and not hardware.compile:
            counts = thread_counts(state.model, objective, precision, train, config.training)
        if hardware.compile:
            state.model.compile()
        forward, optimizer = group.prepare(state.model, state.optimizer)
        run_observers = observing(
            run,
            epochs_done=state.epochs_done,
            steps_done=state.epoch.steps,
            image_count=len(train),
            preview_batch=_preview_batch(validation, device),
            show_progress=show_progress,
            is_first=group.is_first,
        )
        with run_observers as own_observers, StopSignals() as signals:
            training = Training(
                run=run,
                fabric=fabric,
                group=group,
                forward=forward,
                optimizer=optimizer,
                objective=objective,
                precision=precision,
                state=state,
                train=train,
                validation=validation,
                step_scalars=StepScalars(),
                checkpoint_schedule=checkpoint_schedule or CheckpointSchedule(),
                threads=Threads(counts),
                signals=signals,
                observers=(*own_observers, *observers) if group.is_first else (),
                divergence_limit=limit,
            )
            while not training.is_finished():
                scalars, seconds = training.train_epoch()
                training.end_epoch(scalars, training.validate(), seconds)
        if group.is_first and has_tensorboard(run):
            write_projector(run, dataset.test)
    return run


@dataclass(kw_only=True, slots=True)
class Training:
    """A run in training."""

    run: Run
    fabric: "Fabric"
    group: ProcessGroup
    forward: Any
    optimizer: Any
    objective: Objective
    precision: str
    state: TrainingState
    train: Batches
    validation: Batches
    step_scalars: StepScalars
    checkpoint_schedule: CheckpointSchedule
    threads: Threads
    signals: StopSignals
    observers: Sequence[Observer]
    divergence_limit: float

    def is_finished(self) -> bool:
        """Whether training is complete."""
        training = self.run.config.training
        return stages_done(self.state.records, training).count == len(training.stages)

    def planned_epochs(self) -> int:
        """The number of epochs that the schedules of the present stage are made for."""
        training = self.run.config.training
        return training.stages[stages_done(self.state.records, training).count]

    @property
    def steps_per_epoch(self) -> int:
        """Batches, of which the last may be smaller."""
        return math.ceil(len(self.train) / self.run.config.training.batch_size)

    def train_epoch(self) -> tuple[dict[str, float], float]:
        """Train to the end of the epoch; returns the epoch mean of each scalar and its seconds."""
        config, state, epoch = self.run.config, self.state, self.state.epoch
        before, start = epoch.seconds, time.perf_counter()
        order = generator(config.seed, "order", state.epochs_done)
        batches = self.train.shuffled(
            config.training.batch_size, order, epoch.noise, self.group.share, first=epoch.steps
        )
        since_checkpoint, planned = Timer(), self.planned_epochs()
        self.forward.train()
        with self.threads.in_use():
            for batch in batches:
                with self.threads.of_step(is_whole=len(batch) == config.training.batch_size):
                    self._step(batch, planned)
                epoch.steps += 1
                since_checkpoint.steps += 1
                epoch.seconds = before + time.perf_counter() - start
                for observer in self.observers:
                    observer.on_step()
                if self.group.synchronizes_after(epoch.steps):
                    is_due = self.checkpoint_schedule.is_due(
                        since_checkpoint.steps, since_checkpoint.seconds
                    )
                    self._synchronize(is_due=is_due, since_checkpoint=since_checkpoint)
        self._synchronize(is_due=False, since_checkpoint=since_checkpoint)
        *sums, images = self.group.sum(epoch.totals).tolist()
        means = [each / images for each in sums]
        return dict(zip(epoch.sums, means, strict=True)), epoch.seconds

    def _step(self, batch: Batch, planned: int) -> None:
        state, training = self.state, self.run.config.training
        epochs = state.epochs_done + state.epoch.steps / self.steps_per_epoch
        progress = Progress(epochs, planned, len(self.train))
        set_learning_rate(self.optimizer, learning_rate(training, epochs / planned))

        with autocast(self.precision, self.fabric.device):
            terms = self.forward(batch.x, batch.labels, batch.source, self.objective.request)
        loss, scalars = self.objective(terms, progress)
        loss = loss * batch.weight

        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        norm = self._clip(training.gradient_clip_norm)
        self.optimizer.step()
        number, images = state.epoch.steps + 1, len(batch) if batch.weight > 0 else 0
        if state.averaged is not None:
            state.averaged.follow(state.epochs_done * self.steps_per_epoch + number)
        self.step_scalars.add(number, scalars, loss, norm, images)

    def _clip(self, most: float | None) -> Tensor | None:
        """The norm of the gradients before clipping; None where they are not clipped."""
        if most is None:
            return None
        norm = self.fabric.clip_gradients(
            self.forward, self.optimizer, max_norm=most, error_if_nonfinite=False
        )
        assert isinstance(norm, Tensor)
        return norm

    def _synchronize(self, *, is_due: bool, since_checkpoint: Timer) -> None:
        """What all processes do at the same step: check losses, checkpoint, stop."""
        state, steps = self.state, self.step_scalars.read()
        is_bad, is_due, is_stopped = self.group.any(
            any(step.non_finite for step in steps), is_due, self.signals.caught is not None
        )
        if is_bad:
            raise non_finite_error(state.epochs_done + 1, steps)
        state.epoch.count(steps)
        if not (is_due or is_stopped):
            return
        self._save()
        since_checkpoint.restart()
        if is_stopped:
            raise self.signals.interruption(
                f"in epoch {state.epochs_done + 1} after {state.epoch.steps} of "
                f"{self.steps_per_epoch} steps"
            )

    def validate(self) -> ValidationResult:
        """The terms of the objective on the validation images, in float32."""
        return validate(
            self.state.to_use,
            self.validation,
            generator(self.run.config.seed, "validation", device=self.fabric.device),
            objective=self.objective,
            image_count=len(self.train),
            process_group=self.group,
        )

    def end_epoch(
        self, scalars: Mapping[str, float], result: ValidationResult, seconds: float
    ) -> None:
        """Record the epoch, save its weights if they are the best, and checkpoint."""
        state = self.state
        if not all(math.isfinite(value) for value in result.means.values()):
            raise NonFiniteLossError(
                f"epoch {state.epochs_done + 1}: the validation loss is not finite; the best "
                f"weights so far were kept. {ADVICE}"
            )
        record = self._record(scalars, result, seconds)
        if state.end_epoch(record) and self.group.is_first:
            self.run.save_weights(state.to_use.state_dict())
        self._save()
        for observer in self.observers:
            observer.on_epoch(record, state.to_use)

    def _save(self) -> None:
        totals = self.group.sum(self.state.epoch.totals)
        if self.group.is_first:
            self.state.save(self.run, totals, self.fabric.world_size)
        self.fabric.barrier()

    def _record(
        self, scalars: Mapping[str, float], result: ValidationResult, seconds: float
    ) -> dict[str, Any]:
        """The epoch's line of metrics.jsonl."""
        epoch, planned = self.state.epochs_done + 1, self.planned_epochs()
        last_step = Progress(epoch - 1 / self.steps_per_epoch, planned, len(self.train))
        return epoch_record(
            epoch=epoch,
            train=scalars,
            result=result,
            selection_loss=self.objective.selection({**result.means, "loss": result.loss}),
            schedule={
                "learning_rate": learning_rate(self.run.config.training, last_step.epoch / planned),
                **self.objective.schedule(last_step),
            },
            image_count=len(self.train),
            seconds=seconds,
            steps=epoch * self.steps_per_epoch,
            divergence_limit=self.divergence_limit,
        )


def _preview_batch(validation: Batches, device: torch.device) -> Batch:
    count = min(PREVIEW_COUNT, len(validation))
    return validation.at(torch.arange(count, device=device), generator(0, "preview", device=device))
