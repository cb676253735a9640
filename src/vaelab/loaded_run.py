"""A trained run with its model and its images."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from vaelab import notebook, plugins
from vaelab.config import Config
from vaelab.data import Dataset, ImageData, load_data
from vaelab.data.arrays import as_dataset
from vaelab.data.batches import Batch, Batches, binarized
from vaelab.data.given_images import class_positions, given_images
from vaelab.devices import device_for
from vaelab.errors import InputError, unknown_name
from vaelab.memory import require_memory
from vaelab.models.capabilities import Capabilities
from vaelab.models.contract import LatentVariableModel
from vaelab.models.posteriors import DiagonalGaussian
from vaelab.models.sampling_options import AS_FITTED, SamplingOptions
from vaelab.notebook import Html
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run, TrainedModel, open_run, require_same_images

BATCH_SIZE = 500
# Images in the strip of a notebook cell.
STRIP = 10


class EncodedImages(NamedTuple):
    """Codes of images, on the CPU.

    Attributes:
        codes: flat; the means of the posteriors where there are posteriors.
        log_variances: of the posteriors, where they are Gaussian.
    """

    codes: Float[Tensor, "N D"]
    log_variances: Float[Tensor, "N D"] | None


@dataclass(frozen=True, repr=False)
class LoadedRun:
    """A run with its trained model.

    Attributes:
        run: the folder.
        data_dir: location of its images, if not where they were.
        dataset: its images, where they are loaded already.
        accelerator: cpu, gpu, or auto: a GPU if available.
    """

    run: Run
    data_dir: Path | None = None
    dataset: Dataset | None = None
    accelerator: str = "cpu"

    @property
    def config(self) -> Config:
        """The settings that it was trained with."""
        return self.run.config

    @cached_property
    def device(self) -> torch.device:
        """The device of the model."""
        return device_for(self.accelerator)

    @cached_property
    def model(self) -> LatentVariableModel:
        """The model with the weights of the best epoch, in evaluation mode."""
        return self._trained.model.to(self.device)

    @property
    def weights_fingerprint(self) -> str:
        """SHA-256 of the file that the model's weights were read from."""
        return self._trained.fingerprint

    def read_evaluation(self) -> dict[str, Any]:
        """The stored evaluation of the weights that were loaded; empty if there is none."""
        stored = self.run.read_evaluation()
        measured = stored.get("weights_fingerprint")
        is_of_these = measured is None or measured == self.weights_fingerprint
        return stored if is_of_these else {}

    @cached_property
    def _trained(self) -> TrainedModel:
        return self.run.load_trained()

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the model can do."""
        return self.run.capabilities

    @cached_property
    def data(self) -> Dataset:
        """The images that it was trained on and is evaluated on.

        Raises:
            InputError: if the images found are not those that it was trained on.
        """
        dataset = self.dataset or load_data(self.config.data, self.data_dir)
        require_same_images(self.run, DataCard.of(dataset))
        return dataset

    @cached_property
    def test_batches(self) -> Batches:
        """The test images as the model sees them."""
        return self.batches(self.data.test)

    def batches(self, data: ImageData) -> Batches:
        """Images as the model sees them."""
        return Batches(data, self.device, binarize=self.config.data.binarize)

    def test_batch(self, indices: list[int]) -> Batch:
        """Some test images."""
        return self.test_batches.at(
            torch.tensor(indices, device=self.device), self._noise("binarize")
        )

    @torch.no_grad()
    def codes(self, data: ImageData) -> Float[Tensor, "N D"]:
        """Flat point estimates of the codes of images, such as `self.data.test`, on the CPU."""
        return torch.cat(
            [
                self.model.encode(batch.x, batch.labels).flat().cpu()
                for batch in self.batches(data).in_order(BATCH_SIZE, self._noise("binarize"))
            ]
        )

    @torch.no_grad()
    def posteriors(self, data: ImageData) -> DiagonalGaussian:
        """q(z|x,y) of images, all together, on the CPU.

        Raises:
            InputError: if the model has no Gaussian posterior.
        """
        parts = [
            self.model.posterior(batch.x, batch.labels)
            for batch in self.batches(data).in_order(BATCH_SIZE, self._noise("binarize"))
        ]
        gaussians = [each for each in parts if each is not None]
        if len(gaussians) < len(parts):
            raise InputError(f"{self.capabilities.name} has no Gaussian posterior")
        return DiagonalGaussian(
            torch.cat([each.mean.cpu() for each in gaussians]),
            torch.cat([each.log_variance.cpu() for each in gaussians]),
        )

    @torch.no_grad()
    def encode(
        self,
        images: Any,
        *,
        labels: NDArray[Any] | Tensor | Sequence[int | str] | None = None,
        class_name: str | None = None,
    ) -> EncodedImages:
        """The codes of a user's images.

        Args:
            images: one or several, as an array, a tensor, a PIL image or a list of these, of the
                size that the model takes; see `vaelab.data.given_images.given_images`.
            labels: the class of each image by number or name, for a conditional model.
            class_name: the class of all images in place of `labels`.

        Raises:
            InputError: on images that the model does not take, and on missing or other classes.
        """
        codes, log_variances = [], []
        for batch in self._given(images, labels, class_name):
            posterior = self.model.posterior(batch.x, batch.labels)
            if posterior is None:
                codes.append(self.model.encode(batch.x, batch.labels).flat().cpu())
            else:
                codes.append(posterior.mean.cpu())
                log_variances.append(posterior.log_variance.cpu())
        return EncodedImages(torch.cat(codes), torch.cat(log_variances) if log_variances else None)

    @torch.no_grad()
    def reconstruct(
        self,
        images: Any,
        *,
        labels: NDArray[Any] | Tensor | Sequence[int | str] | None = None,
        class_name: str | None = None,
    ) -> Float[Tensor, "N C H W"]:
        """A user's images, decoded at the point estimates of their codes, on the CPU.

        Args:
            images: see `encode`.
            labels: see `encode`.
            class_name: see `encode`.

        Raises:
            InputError: as `encode`.
        """
        return torch.cat(
            [
                self.model.reconstruct(batch.x, batch.labels).cpu()
                for batch in self._given(images, labels, class_name)
            ]
        )

    def _given(self, images: Any, labels: Any, class_name: str | None) -> Iterator[Batch]:
        """A user's images as the model sees them."""
        source, noise = str(self.run.path), self._noise("binarize")
        given = given_images(images, self.run.data.shape, source)
        classes = self.classes(len(given), labels, class_name)
        start = 0
        for block in given.blocks(BATCH_SIZE):
            x = torch.from_numpy(block).to(self.device)
            if self.config.data.binarize:
                x = binarized(x, noise)
            part = None if classes is None else classes[start : start + len(x)].to(self.device)
            yield Batch(x, part, noise)
            start += len(x)

    def classes(self, count: int, labels: Any, class_name: str | None) -> Int[Tensor, " N"] | None:
        """The class of each of a user's images, for a conditional model."""
        names = self.run.data.class_names
        if not self.capabilities.is_conditional:
            if class_name is not None:
                raise InputError(
                    f"{self.run.path} is not conditional: its model takes no class; leave it out"
                )
            return None
        if class_name is not None:
            if class_name not in names:
                raise unknown_name("class", class_name, names)
            return torch.full((count,), names.index(class_name))
        if labels is None:
            raise InputError(
                f"{self.run.path} is conditional: it needs the class of the images, one of "
                f"{', '.join(names)}"
            )
        classes = class_positions(np.asarray(labels), count, names, str(self.run.path))
        if classes.min() < 0 or classes.max() >= len(names):
            raise InputError(
                f"{self.run.path}: labels must lie in 0 to {len(names) - 1}, "
                f"found {classes.min()} to {classes.max()}"
            )
        return torch.from_numpy(classes)

    @torch.no_grad()
    def decode(
        self, codes: Float[Tensor, "N D"], labels: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, "N C H W"]:
        """E[x|z,y] of flat codes in batches, on the CPU."""
        label_parts = [None] * len(codes) if labels is None else labels.split(BATCH_SIZE)
        return torch.cat(
            [
                self.model.decode(
                    part.to(self.device), None if of_part is None else of_part.to(self.device)
                ).cpu()
                for part, of_part in zip(codes.split(BATCH_SIZE), label_parts, strict=False)
            ]
        )

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        seed: int = 0,
        labels: Int[Tensor, " N"] | None = None,
        options: SamplingOptions = AS_FITTED,
    ) -> Float[Tensor, "N C H W"]:
        """Decoded draws from the prior, on the CPU; of a conditional model the classes in turn.

        Args:
            count: of samples.
            seed: of the draws.
            labels: classes to generate instead, of a conditional model.
            options: temperature and solver steps.

        Raises:
            InputError: if the model has no prior or not these options, or the samples would not
                fit into memory.
        """
        self.require_memory_for(count)
        if labels is None:
            labels = self.classes_in_turn(count)
        noise = generator(seed, "samples", device=self.device)
        images = torch.empty(count, *self.run.data.shape)
        for rows in torch.arange(count).split(BATCH_SIZE):
            part = None if labels is None else labels[rows].to(self.device)
            images[rows[0] : rows[-1] + 1] = self.model.sample(len(rows), noise, part, options)
        return images

    def require_memory_for(self, sample_count: int) -> None:
        """Refuse so many samples that they would not fit into memory.

        Raises:
            InputError: naming the memory that they need.
        """
        image_bytes = math.prod(self.run.data.shape) * torch.float32.itemsize
        require_memory(
            sample_count * image_bytes, f"{sample_count:,} samples", "draw fewer at a time"
        )

    def classes_in_turn(self, count: int) -> Int[Tensor, " N"] | None:
        """Labels 0, 1, ... over and over for a conditional model, None for others."""
        if not self.capabilities.is_conditional:
            return None
        return torch.arange(count) % len(self.run.data.class_names)

    def _noise(self, purpose: str) -> torch.Generator:
        return generator(0, purpose, device=self.device)

    def __repr__(self) -> str:
        return f"<Loaded{repr(self.run)[1:]}"

    def _repr_html_(self) -> str:
        try:
            parts = [*self.run.html_parts(self.read_evaluation()), *self._strip()]
        except InputError as error:
            parts = [notebook.paragraph(str(error))]
        return notebook.block(f"Run {self.run.name}", *parts, note=str(self.run.path))

    @torch.no_grad()
    def _strip(self) -> list[Html]:
        """Samples, or reconstructions of test images if these are loaded."""
        if self.capabilities.has_prior:
            labels = self.classes_in_turn(STRIP)
            names = self.run.data.class_names
            captions = [] if labels is None else [names[label] for label in labels.tolist()]
            images, title = self.sample(STRIP), "random samples"
        elif self.dataset is not None or "data" in vars(self):
            batch = self.test_batch(list(range(min(STRIP, len(self.data.test)))))
            images = self.model.reconstruct(batch.x, batch.labels)
            captions, title = [], "reconstructions of the first test images"
        else:
            return []
        return [notebook.paragraph(title), notebook.gallery(images.cpu().numpy(), captions)]


def load_run(
    path: Path | str,
    data_dir: Path | str | None = None,
    *,
    dataset: Dataset | NDArray[Any] | None = None,
    accelerator: str = "cpu",
    plugin: Path | str | Sequence[Path | str] = (),
) -> LoadedRun:
    """The trained run in a folder.

    Args:
        path: the run folder, or pretrained:NAME.
        data_dir: location of its images, if not where they were.
        dataset: its images, if they are arrays in memory.
        accelerator: cpu, gpu, or auto: a GPU if available.
        plugin: files that define the parts that the run uses, if they are not defined yet.

    Raises:
        InputError: if there is none, or it is not trained yet.
    """
    plugins.load([plugin] if isinstance(plugin, Path | str) else plugin)
    loaded = LoadedRun(
        open_run(path),
        None if data_dir is None else Path(data_dir),
        None if dataset is None else as_dataset(dataset),
        accelerator,
    )
    _ = loaded.model  # errors are raised here, not at the first use
    return loaded
