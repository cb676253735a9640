"""What changes while a run trains, and how it is kept to go on from."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from vaelab.errors import note
from vaelab.models import LatentVariableModel
from vaelab.objectives import Losses
from vaelab.randomness import generator
from vaelab.runs import Run, load_weights
from vaelab.training.optimization import (
    AveragedWeights,
    build_optimizer,
    optimizer_tensors,
    prefixed,
    restore_optimizer,
    unprefixed,
)


@dataclass(kw_only=True, slots=True)
class EpochState:
    """How far the epoch is that is being trained.

    Attributes:
        noise: in the state that the next step draws from; the same in every process.
        sums: float64 (3), of reconstruction and KL over this process's images so far, and their
            count.
        steps: done.
        seconds: that they took.
    """

    noise: Generator
    sums: Tensor
    steps: int = 0
    seconds: float = 0.0

    @torch.no_grad()
    def count(self, losses: Losses, images: int) -> None:
        """Take in a step's losses, which are means over so many images of this process."""
        means = torch.stack([losses.reconstruction, losses.kl, losses.kl.new_ones(())])
        self.sums.add_(means, alpha=images)


@dataclass(kw_only=True, slots=True)
class TrainingState:
    """A run between two steps.

    Attributes:
        seed: of the run.
        model: with the weights that the optimizer changes.
        averaged: their moving average, or None where it is off.
        optimizer: with its moments.
        epoch: the one under way.
        records: one per epoch done, as in metrics.jsonl.
        best_epoch: the epoch, counted from 1, with the least validation loss.
        best_loss: that loss.
    """

    seed: int
    model: LatentVariableModel
    averaged: AveragedWeights | None
    optimizer: Optimizer
    device: torch.device
    epoch: EpochState = field(init=False)
    records: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float = float("inf")

    def __post_init__(self) -> None:
        self._begin_epoch()

    @property
    def epochs_done(self) -> int:
        """Whole epochs behind."""
        return len(self.records)

    @property
    def to_use(self) -> LatentVariableModel:
        """The model that validation classifiers and the run keeps."""
        if self.averaged is None:
            return self.model
        averaged = self.averaged.model
        assert isinstance(averaged, LatentVariableModel)
        return averaged

    def end_epoch(self, record: dict[str, Any]) -> bool:
        """Note what an epoch came to; whether its validation loss is the least so far."""
        self.records.append(record)
        self._begin_epoch()
        loss = record["selection_loss"]
        if not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, self.epochs_done
        return True

    def is_finished(self, epochs: int, patience_epochs: int | None) -> bool:
        """Whether all epochs are done, or too many went by without a better one."""
        idle = self.epochs_done - self.best_epoch
        return self.epochs_done >= epochs or (
            patience_epochs is not None and idle >= patience_epochs
        )

    def save(self, run: Run, sums: Tensor, world_size: int) -> None:
        """Write the checkpoint, then the records that it holds too as metrics.jsonl.

        Args:
            run: whose folder to write to.
            sums: those of the epoch under way, over all processes.
            world_size: number of processes.
        """
        tensors = prefixed("model", self.model.state_dict())
        if self.averaged is not None:
            tensors |= prefixed("averaged", self.averaged.model.state_dict())
        tensors |= prefixed("optimizer", optimizer_tensors(self.optimizer))
        tensors |= {"epoch.sums": sums, "epoch.noise": self.epoch.noise.get_state()}
        training = run.config.training
        run.save_checkpoint(
            tensors,
            {
                "epochs_done": self.epochs_done,
                "steps_done": self.epoch.steps,
                "seconds": self.epoch.seconds,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss if self.best_epoch else None,
                "is_finished": self.is_finished(training.epochs, training.early_stopping_epochs),
                "world_size": world_size,
                "records": self.records,
            },
        )
        run.write_metrics(self.records)

    def resume(self, run: Run, rank: int, world_size: int) -> None:
        """Go to where the run's newest whole checkpoint stands, if there is one.

        Raises:
            InputError: if no checkpoint is whole, or it belongs to another model.
        """
        checkpoint = run.load_checkpoint()
        if checkpoint is None:
            return
        tensors, values = checkpoint
        load_weights(self.model, unprefixed("model", tensors), run.path)
        if self.averaged is not None:
            load_weights(self.averaged.model, unprefixed("averaged", tensors), run.path)
        restore_optimizer(self.optimizer, unprefixed("optimizer", tensors))
        self.records = values["records"]
        if rank == 0 and run.read_metrics() != self.records:  # killed before they were written
            run.write_metrics(self.records)
        if values["best_epoch"]:
            self.best_epoch, self.best_loss = values["best_epoch"], values["best_loss"]
        self._begin_epoch()
        self.epoch.steps, self.epoch.seconds = values["steps_done"], values["seconds"]
        self._resume_noise(tensors["epoch.noise"], run)
        if rank == 0:  # the sums are of all processes process_group
            self.epoch.sums.copy_(tensors["epoch.sums"])
        if rank == 0 and values["world_size"] != world_size:
            note(
                f"{run.path}: begun by {values['world_size']} processes, going on with "
                f"{world_size}: the same images in the same order with the same noise, but sums "
                "are taken in another order, so the last bits may differ"
            )

    def _begin_epoch(self) -> None:
        self.epoch = EpochState(
            # The last 0 is as old as the first runs, which are to repeat.
            noise=generator(self.seed, "noise", self.epochs_done, 0, device=self.device),
            sums=torch.zeros(3, dtype=torch.float64, device=self.device),
        )

    def _resume_noise(self, kept: Tensor, run: Run) -> None:
        if len(kept) == len(self.epoch.noise.get_state()):
            self.epoch.noise.set_state(kept.cpu())
        elif self.epoch.steps:
            note(
                f"{run.path}: begun on another kind of device than {self.device}, whose noise "
                "cannot go on here: what is left of this epoch draws other noise"
            )


def new_state(run: Run, device: torch.device) -> TrainingState:
    """The state before the first epoch."""
    training = run.config.training
    model = run.build_model().to(device)
    return TrainingState(
        seed=run.config.seed,
        model=model,
        averaged=None if training.ema_decay is None else AveragedWeights(model, training.ema_decay),
        optimizer=build_optimizer(training, model.parameters()),
        device=device,
    )
