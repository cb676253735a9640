"""A trained run, ready to be looked at: its model and, once asked for, its images."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from vaelab import notebook
from vaelab.config import Config
from vaelab.data import Dataset, ImageData, load_data
from vaelab.data.batches import Batch, Batches
from vaelab.errors import InputError
from vaelab.models import LatentVariableModel
from vaelab.models.posteriors import Delta, DiagonalGaussian
from vaelab.notebook import Html
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, open_run

# Images in the strip by which a run is recognized.
STRIP = 10


@dataclass(frozen=True, repr=False)
class LoadedRun:
    """A run with its trained model on the CPU.

    Attributes:
        run: the folder.
        data_dir: where its images lie now, if not where they were.
        dataset: its images, where they are loaded already.
    """

    run: Run
    data_dir: Path | None = None
    dataset: Dataset | None = None

    @property
    def config(self) -> Config:
        """What it was trained with."""
        return self.run.config

    @cached_property
    def model(self) -> LatentVariableModel:
        """The model with its best weights by validation loss, in evaluation mode."""
        return self.run.load_model()

    @cached_property
    def data(self) -> Dataset:
        """The images that it was trained on and is evaluated by.

        Raises:
            InputError: if the images found are not those that it was trained on.
        """
        if self.dataset is not None:
            return self.dataset
        dataset = load_data(self.config.data, self.data_dir)
        card, found = self.run.data, DataCard.of(dataset)
        differing = card.differing_splits(found)
        if differing:
            raise InputError(
                f"{self.run.path} was trained on other {differing[0]} images of {card.name} "
                f"({card.source}) than those found now ({found.source}); "
                "name the right ones with --data-dir"
            )
        return dataset

    @cached_property
    def test_batches(self) -> Batches:
        """The test images as models see them."""
        return Batches(self.data.test, torch.device("cpu"), binarize=self.config.data.binarize)

    def test_batch(self, indices: list[int]) -> Batch:
        """Some test images."""
        return self.test_batches.at(torch.tensor(indices), generator(0, "binarize"))

    def codes(self, data: ImageData) -> Tensor:
        """Posterior means (N, D) of images, such as `self.data.test`."""
        return self.posteriors(data).mean

    @torch.no_grad()
    def posteriors(self, data: ImageData) -> DiagonalGaussian | Delta:
        """q(z|x) or q(z|x,y) of images, all process_group."""
        batches = Batches(data, torch.device("cpu"), binarize=self.config.data.binarize)
        each = [
            self.model.encode(batch.x, batch.labels)
            for batch in batches.in_order(500, generator(0, "binarize"))
        ]
        return type(each[0])(*(torch.cat(part) for part in zip(*each, strict=True)))

    def __repr__(self) -> str:
        return f"<Loaded{repr(self.run)[1:]}"

    def _repr_html_(self) -> str:
        try:
            parts = [*self.run.html_parts(), *self._strip()]
        except InputError as error:
            parts = [notebook.paragraph(str(error))]
        return notebook.block(f"Run {self.run.name}", *parts, note=str(self.run.path))

    @torch.no_grad()
    def _strip(self) -> list[Html]:
        """What it makes: samples, or reconstructions of test images if these are at hand."""
        if self.model.prior is not None:
            labels, captions, title = None, [], "samples, none picked"
            if self.model.is_conditional:
                names = self.run.data.class_names
                labels = torch.arange(STRIP) % len(names)
                captions = [names[label] for label in labels.tolist()]
            images = self.model.sample(STRIP, generator(0, "samples"), labels)
        elif self.dataset is not None or "data" in vars(self):
            batch = self.test_batch(list(range(min(STRIP, len(self.data.test)))))
            images = self.model.reconstruct(batch.x, batch.labels)
            captions, title = [], "reconstructions of the first test images"
        else:
            return []
        return [notebook.paragraph(title), notebook.gallery(images.numpy(), captions)]


def load_run(path: Path | str, data_dir: Path | None = None) -> LoadedRun:
    """The trained run in a folder.

    Raises:
        InputError: if there is none, or it was not trained yet.
    """
    loaded = LoadedRun(open_run(Path(path)), data_dir)
    _ = loaded.model  # told now, not when it is first used
    return loaded
