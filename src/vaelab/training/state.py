"""The state of a training run, and how it is saved and resumed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float64
from torch import Generator, Tensor
from torch.optim import Optimizer

from vaelab.data.batches import Batches
from vaelab.documents import well_formed
from vaelab.errors import note
from vaelab.memory import require_memory
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import Run, load_weights
from vaelab.runs.checkpoints import NEWEST
from vaelab.runs.derived import derived_model, load_initial_weights
from vaelab.runs.restoring import restore
from vaelab.training.code_fitting import fit_to_codes
from vaelab.training.optimization import (
    AveragedWeights,
    build_optimizer,
    optimizer_tensors,
    prefixed,
    restore_optimizer,
    unprefixed,
)
from vaelab.training.stages import stages_done
from vaelab.training.step_scalars import Step


@dataclass(kw_only=True, slots=True)
class EpochState:
    """The state of the present epoch.

    Attributes:
        noise: in the state that the next step draws from; the same in every process.
        sums: of the objective's scalars, by name, over the images of this process so far.
        images: of this process so far.
        steps: done.
        seconds: of these steps.
    """

    noise: Generator
    sums: dict[str, float] = field(default_factory=dict)
    images: int = 0
    steps: int = 0
    seconds: float = 0.0

    def count(self, steps: Iterable[Step]) -> None:
        """Add the scalars of steps, one after the other, so that the sums depend on no grouping."""
        for step in steps:
            for name, value in step.scalars.items():
                self.sums[name] = self.sums.get(name, 0.0) + step.images * value
            self.images += step.images

    @property
    def totals(self) -> Float64[Tensor, " n_plus_1"]:
        """The sums and the number of images."""
        return torch.tensor([*self.sums.values(), self.images], dtype=torch.float64)


@dataclass(kw_only=True, slots=True)
class TrainingState:
    """A run between two steps.

    Attributes:
        seed: of the run.
        model: with the weights that the optimizer changes.
        averaged: their moving average, or None where it is off.
        optimizer: with its moments.
        epoch: the present one.
        records: one per finished epoch, as in metrics.jsonl.
        best_epoch: the epoch, counted from 1, with the least validation loss.
        best_loss: that loss.
        best_weights: of that epoch, on the CPU; none before the end of the first one.
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
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._begin_epoch()

    @property
    def epochs_done(self) -> int:
        """Finished epochs."""
        return len(self.records)

    @property
    def to_use(self) -> LatentVariableModel:
        """The model that is validated and saved."""
        if self.averaged is None:
            return self.model
        averaged = self.averaged.model
        assert isinstance(averaged, LatentVariableModel)
        return averaged

    def end_epoch(self, record: dict[str, Any]) -> bool:
        """Add an epoch's record; whether its selection loss is the least so far."""
        self.records.append(record)
        self._begin_epoch()
        loss = record["selection_loss"]
        if not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, self.epochs_done
        self.best_weights = {
            name: value.detach().to("cpu", copy=True)
            for name, value in self.to_use.state_dict().items()
        }
        return True

    def save(self, run: Run, totals: Float64[Tensor, " n_plus_1"], world_size: int) -> None:
        """Write the checkpoint, then the records that it holds too as metrics.jsonl.

        Args:
            run: whose folder to write to.
            totals: of the present epoch, over all processes.
            world_size: number of processes.
        """
        tensors = prefixed("model", self.model.state_dict())
        if self.averaged is not None:
            tensors |= prefixed("averaged", self.averaged.model.state_dict())
        tensors |= prefixed("best", self.best_weights)
        tensors |= prefixed("optimizer", optimizer_tensors(self.optimizer))
        tensors |= {"epoch.totals": totals, "epoch.noise": self.epoch.noise.get_state()}
        run.save_checkpoint(
            tensors,
            {
                "epochs_done": self.epochs_done,
                "steps_done": self.epoch.steps,
                "scalars": list(self.epoch.sums),
                "seconds": self.epoch.seconds,
                "best_epoch": self.best_epoch,
                "best_loss": self.best_loss if self.best_epoch else None,
                "stages_done": stages_done(self.records, run.config.training).count,
                "world_size": world_size,
                "records": self.records,
            },
        )
        run.write_metrics(self.records)

    def resume(self, run: Run, rank: int, world_size: int) -> None:
        """Go to where the run's newest whole checkpoint stands, if there is one.

        What is missing or damaged in the run's folder is restored from the checkpoint.

        Raises:
            InputError: if no checkpoint is whole, or it belongs to another model.
        """
        checkpoint = run.load_checkpoint()
        if checkpoint is None:
            return
        advice = f"delete {run.path / NEWEST} to resume from the checkpoint before it"
        with well_formed(run.path / NEWEST, advice):
            self._restore(run, rank, world_size, *checkpoint)

    def _restore(
        self,
        run: Run,
        rank: int,
        world_size: int,
        tensors: dict[str, Tensor],
        values: dict[str, Any],
    ) -> None:
        load_weights(self.model, unprefixed("model", tensors), run.path)
        if self.averaged is not None:
            load_weights(self.averaged.model, unprefixed("averaged", tensors), run.path)
        restore_optimizer(self.optimizer, unprefixed("optimizer", tensors))
        self.records = values["records"]
        self.best_weights = unprefixed("best", tensors)
        if values["best_epoch"]:
            self.best_epoch, self.best_loss = values["best_epoch"], values["best_loss"]
        self._begin_epoch()
        self.epoch.steps, self.epoch.seconds = values["steps_done"], values["seconds"]
        self._resume_noise(tensors["epoch.noise"], run)
        *sums, images = tensors["epoch.totals"].tolist()
        self.epoch.sums = dict.fromkeys(values["scalars"], 0.0)
        if rank == 0:  # the sums are those of all processes
            self.epoch.sums = dict(zip(values["scalars"], sums, strict=True))
            self.epoch.images = round(images)
        if rank == 0:
            restore(run, self.best_weights)
        if rank == 0 and values["world_size"] != world_size:
            note(
                f"{run.path}: started with {values['world_size']} processes, resumed with "
                f"{world_size}: images, order and noise are the same, but sums are computed in "
                "another order, so the last bits may differ"
            )

    def _begin_epoch(self) -> None:
        self.epoch = EpochState(
            # The last 0 keeps the results of the first runs reproducible.
            noise=generator(self.seed, "noise", self.epochs_done, 0, device=self.device),
        )

    def _resume_noise(self, kept: Tensor, run: Run) -> None:
        if len(kept) == len(self.epoch.noise.get_state()):
            self.epoch.noise.set_state(kept.cpu())
        elif self.epoch.steps:
            note(
                f"{run.path}: started on another kind of device than {self.device}, whose random "
                "state cannot be resumed here: the rest of this epoch draws other noise"
            )


def new_state(run: Run, device: torch.device, train: Batches) -> TrainingState:
    """The state before the first epoch.

    A derived run has the weights of its parent, and its prior starts from the codes of the images;
    others have random weights, or those that their settings name.

    Args:
        run: to be trained.
        device: to train on.
        train: the training images.

    Raises:
        InputError: if the model does not fit into memory, or the named weights cannot be used.
    """
    training, parent = run.config.training, run.config.parent
    model = run.build_model() if parent is None else derived_model(run)
    weight_bytes = sum(each.nbytes for each in model.parameters())
    if device.type == "cpu":
        # With gradients and the two moments of Adam.
        require_memory(4 * weight_bytes, "the training of this model", "choose smaller sizes")
    load_initial_weights(model, run)
    model = model.to(device)
    if parent is not None and run.load_checkpoint_values() is None:
        fit_to_codes(model.eval(), train, run.config.seed)
    return TrainingState(
        seed=run.config.seed,
        model=model,
        averaged=None if training.ema_decay is None else AveragedWeights(model, training.ema_decay),
        optimizer=build_optimizer(
            training, (each for each in model.parameters() if each.requires_grad)
        ),
        device=device,
    )
