"""What changes while a run trains, and how it is kept to go on from."""

from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

from vaelab.errors import InputError
from vaelab.models import LatentVariableModel
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
class TrainingState:
    """A run between two epochs.

    Attributes:
        model: with the weights that the optimizer changes.
        averaged: their moving average, or None where it is off.
        optimizer: with its moments.
        records: one per epoch done, as in metrics.jsonl.
        best_epoch: the epoch, counted from 1, with the least validation loss.
        best_loss: that loss.
    """

    model: LatentVariableModel
    averaged: AveragedWeights | None
    optimizer: Optimizer
    records: list[dict[str, Any]]
    best_epoch: int = 0
    best_loss: float = float("inf")

    @property
    def epochs_done(self) -> int:
        """Whole epochs behind."""
        return len(self.records)

    @property
    def to_use(self) -> LatentVariableModel:
        """The model that validation judges and the run keeps."""
        if self.averaged is None:
            return self.model
        averaged = self.averaged.model
        assert isinstance(averaged, LatentVariableModel)
        return averaged

    def improves(self, loss: float) -> bool:
        """Note this epoch's validation loss; whether it is the least so far."""
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

    def save(self, run: Run) -> None:
        """Write records first, then the checkpoint that refers to them."""
        run.write_metrics(self.records)
        tensors = prefixed("model", self.model.state_dict())
        if self.averaged is not None:
            tensors |= prefixed("averaged", self.averaged.model.state_dict())
        tensors |= prefixed("optimizer", optimizer_tensors(self.optimizer))
        training = run.config.training
        run.save_checkpoint(
            tensors,
            {
                "epochs_done": self.epochs_done,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss,
                "is_finished": self.is_finished(training.epochs, training.early_stopping_epochs),
            },
        )


def new_state(run: Run, device: Any) -> TrainingState:
    """The state before the first epoch."""
    training = run.config.training
    model = run.build_model().to(device)
    return TrainingState(
        model=model,
        averaged=None if training.ema_decay is None else AveragedWeights(model, training.ema_decay),
        optimizer=build_optimizer(training, model.parameters()),
        records=[],
    )


def resume(state: TrainingState, run: Run) -> None:
    """Bring a new state to where the run's newest checkpoint stands, if there is one."""
    checkpoint = run.load_checkpoint()
    if checkpoint is None:
        return
    tensors, values = checkpoint
    load_weights(state.model, unprefixed("model", tensors), run.path)
    if state.averaged is not None:
        state.averaged.model.load_state_dict(unprefixed("averaged", tensors))
    restore_optimizer(state.optimizer, unprefixed("optimizer", tensors))
    # A line may have been written for an epoch whose checkpoint was not: it is done again.
    state.records = run.read_metrics()[: values["epochs_done"]]
    if state.epochs_done != values["epochs_done"]:
        raise InputError(
            f"{run.path}/metrics.jsonl has {state.epochs_done} lines, its checkpoint "
            f"{values['epochs_done']} epochs; restore the file or train into another --out"
        )
    state.best_epoch, state.best_loss = values["best_epoch"], values["best_loss"]
