"""Observers of a training: progress bar, TensorBoard, preview pictures."""

import importlib.util
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from tqdm import tqdm

from vaelab.data.batches import Batch
from vaelab.errors import note
from vaelab.files import is_unicode
from vaelab.models.contract import LatentVariableModel
from vaelab.pictures import rows_in_pairs, save_png, tile
from vaelab.randomness import generator
from vaelab.runs import Run

PREVIEW_COLUMNS = 10


@runtime_checkable
class Observer(Protocol):
    """Receives the events of a training and changes nothing."""

    def on_step(self) -> None:
        """A training step is done."""
        ...

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """An epoch is done: its record in metrics.jsonl, and the validated model."""
        ...


class ProgressBar:
    """Steps, remaining time and the newest losses, on standard error."""

    def __init__(self, run: Run, steps_per_epoch: int, steps_done: int) -> None:
        self.bar = tqdm(
            total=run.config.training.epochs * steps_per_epoch,
            initial=steps_done,
            desc=run.name,
            unit="batch",
            file=sys.stderr,
            dynamic_ncols=True,
            mininterval=0.5,
        )

    def on_step(self) -> None:
        """Advance by a step."""
        self.bar.update()

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Show the epoch's scalars and schedules."""
        losses = ", ".join(f"{split} {_terms(record[split])}" for split in ("validation", "train"))
        schedule = ", ".join(
            f"{name.replace('_', ' ')} {value:.2g}" for name, value in record["schedule"].items()
        )
        self.bar.set_postfix_str(
            f"epoch {record['epoch']}: {losses}, {schedule}, "
            f"{record['images_per_second']:,.0f} images/s, {record['seconds']:.1f} s"
        )


def _terms(scalars: dict[str, Any]) -> str:
    """Negative ELBO = reconstruction + KL, or where these are not known what is."""
    if "reconstruction" not in scalars:
        return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in scalars.items())
    reconstruction = f"{scalars['reconstruction']:.2f}"
    if "negative_elbo" not in scalars:
        return f"reconstruction {reconstruction}"
    return f"{scalars['negative_elbo']:.2f} = {reconstruction} + {scalars['kl']:.2f}"


class Previews:
    """Reconstructions of one fixed validation batch and prior samples, at intervals."""

    def __init__(self, run: Run, batch: Batch) -> None:
        self.run = run
        self.batch = batch
        self.columns = min(PREVIEW_COLUMNS, len(batch))

    def on_step(self) -> None:
        """Nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Save the pictures every `preview_every_epochs` epochs and after the last."""
        interval = self.run.config.training.preview_every_epochs
        is_last = record["epoch"] == self.run.config.training.epochs
        if interval and (record["epoch"] % interval == 0 or is_last):
            self._save(f"epoch-{record['epoch']:04d}", model)

    @torch.no_grad()
    def _save(self, stem: str, model: LatentVariableModel) -> None:
        self.run.require_folder()
        x, labels = self.batch.x, self.batch.labels
        pairs = rows_in_pairs(x, model.reconstruct(x, labels), self.columns)
        self._save_images(f"{stem}-reconstructions.png", pairs)
        if model.capabilities.has_prior:
            # The same noise each time, so that pictures differ by the training alone.
            noise = generator(self.run.config.seed, "preview", device=x.device)
            self._save_images(f"{stem}-samples.png", model.sample(len(x), noise, labels))

    def _save_images(self, name: str, images: torch.Tensor) -> None:
        save_png(self.run.previews / name, tile(images.cpu().numpy(), self.columns), scale=2)


class TensorBoard:
    """The records as scalars, in the run's folder `tensorboard`."""

    def __init__(self, run: Run, epochs_done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        # Epochs after the last checkpoint are trained again: their records are removed.
        folder = str(run.path / "tensorboard")
        self.writer = SummaryWriter(folder, purge_step=epochs_done + 1)

    def on_step(self) -> None:
        """Nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Every number of the record."""
        for name, value in record.items():
            group = value if isinstance(value, dict) else {"": value}
            for inner, number in group.items():
                if number is not None:
                    self.writer.add_scalar(f"{name}/{inner}".rstrip("/"), number, record["epoch"])
        self.writer.flush()


def has_tensorboard(run: Run) -> bool:
    """Whether the optional package tensorboard is installed and can write into the run's folder."""
    is_installed = importlib.util.find_spec("tensorboard") is not None
    return is_installed and is_unicode(str(run.path.absolute()))


@contextmanager
def observing(
    run: Run,
    *,
    epochs_done: int,
    steps_done: int,
    image_count: int,
    preview_batch: Batch,
    show_progress: bool,
    is_first: bool,
) -> Iterator[list[Observer]]:
    """The observers of a run, closed when its training ends in any way.

    Only the first of several processes has observers.
    """
    if not is_first:
        yield []
        return
    observers: list[Observer] = [Previews(run, preview_batch)]
    if not is_unicode(str(run.path.absolute())):
        note(f"left out: TensorBoard's files, which need a path in UTF-8, found {run.path}")
    tensorboard = TensorBoard(run, epochs_done) if has_tensorboard(run) else None
    if tensorboard is not None:
        observers.append(tensorboard)
    steps_per_epoch = math.ceil(image_count / run.config.training.batch_size)
    steps_done += epochs_done * steps_per_epoch
    progress = ProgressBar(run, steps_per_epoch, steps_done) if show_progress else None
    if progress is not None:
        observers.append(progress)
    try:
        yield observers
    finally:
        if progress is not None:
            progress.bar.close()
        if tensorboard is not None:
            tensorboard.writer.close()
