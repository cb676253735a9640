"""What is evaluated: a trained run or samples, with the data that they are compared with.

Letters in shapes: N training images or samples, M test images, D latent dimensions, C channels,
H height, W width.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from vaelab.data import Dataset, ImageData
from vaelab.data.batches import Batch
from vaelab.data.unit_images import UnitImages
from vaelab.evaluation.baselines import REFERENCE_SAMPLES
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.near_chance import caveat
from vaelab.features import Extractors, Features
from vaelab.loaded_run import LoadedRun
from vaelab.models.contract import LatentVariableModel
from vaelab.needs import Facts, facts_of, facts_of_data
from vaelab.randomness import generator
from vaelab.sampling import Samples

BATCH_SIZE = 500
# More training images hardly change the probes and take longer.
CODED_TRAIN_COUNT = 20_000


@dataclass(frozen=True, slots=True)
class Codes:
    """Point estimates of the code: posterior means.

    Attributes:
        train: of the first training images, at most 20,000.
        test: of all test images.
    """

    train: Float[Tensor, "N D"]
    test: Float[Tensor, "M D"]


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """The reconstructions of the test images, made when they are used.

    Attributes:
        run: whose model decodes each image from the point estimate of its code.
    """

    run: LoadedRun

    @property
    def shape(self) -> tuple[int, ...]:
        """M, C, H, W."""
        return self.run.data.test.images.shape

    def __len__(self) -> int:
        return len(self.run.data.test)

    @torch.no_grad()
    def __getitem__(self, rows: Int[Tensor, " N"]) -> Float[Tensor, "N C H W"]:
        batch = self.run.test_batch(rows.tolist())
        return self.run.model.reconstruct(batch.x, batch.labels).cpu()

    @torch.no_grad()
    def split(self, size: int) -> Iterator[Float[Tensor, "N C H W"]]:
        """All of them in order, `size` at a time; the last part may be smaller."""
        noise = generator(0, "binarize", device=self.run.device)
        for batch in self.run.test_batches.in_order(size, noise):
            yield self.run.model.reconstruct(batch.x, batch.labels).cpu()


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationContext:
    """A trained run, or samples without their model, and how they are evaluated.

    Attributes:
        dataset: its test images are what everything is compared with.
        seed: of every random draw.
        sample_count: samples to draw from a run; given samples come in their own number.
        importance_samples: draws k per image of the importance-weighted bound.
        loaded: the run; None for samples.
        given: the samples; None for a run.
        features: the feature extractor for distances; None: the reference classifier.
        device: that models and feature extractors run on.
        show_progress: whether long metrics show a progress bar.
    """

    dataset: Dataset
    seed: int
    sample_count: int
    importance_samples: int
    device: torch.device
    loaded: LoadedRun | None = None
    given: Samples | None = None
    features: Features | None = None
    show_progress: bool = False
    _reference_samples: dict[str, ClassifiedImages] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def run(self) -> LoadedRun:
        """The run, for metrics that need a trained model."""
        assert self.loaded is not None
        return self.loaded

    @property
    def model(self) -> LatentVariableModel:
        """The run's model, on the device."""
        return self.run.model

    @cached_property
    def facts(self) -> Facts:
        """What is known of the model, the data and the samples."""
        facts = (
            facts_of_data(
                self.dataset, sample_count=self.sample_count, sample_labels=self.is_conditional
            )
            if self.loaded is None
            else facts_of(self.loaded, sample_count=self.sample_count)
        )
        return replace(facts, has_own_features=self.features is not None)

    @cached_property
    def extractors(self) -> Extractors:
        """The feature extractors, each made when it is first used."""
        return Extractors(self.dataset, self.features)

    def require_features(self) -> None:
        """Refuse a feature extractor of the user's that gives no features of these images.

        Raises:
            InputError: with the reason.
        """
        if self.features is not None:
            self.extractors["chosen"](UnitImages(self.dataset.test.first(1).images), self.device)

    def caveat(self, features: str) -> str:
        """Why numbers that rest on a feature extractor say little; empty if they do not.

        Args:
            features: `chosen`, or a key of `FEATURES`.
        """
        extractor, test = self.extractors[features], self.real.test
        if not extractor.is_reference_classifier or test.labels is None:
            return ""
        return caveat(extractor.name, test.logits(features).argmax(1), test.labels)

    @cached_property
    def real(self) -> RealImages:
        """The real images with their features."""
        return RealImages(self.dataset, self.extractors, self.device)

    @property
    def is_conditional(self) -> bool:
        """Whether each sample was generated for a given class."""
        if self.given is not None:
            return self.given.labels is not None
        return self.run.capabilities.is_conditional

    def generator(self, *purpose: str | int) -> Generator:
        """A generator on the device, for the seed and a purpose."""
        return generator(self.seed, *purpose, device=self.device)

    def classified(
        self, images: Float[Tensor, "N C H W"], labels: Int[Tensor, " N"] | None
    ) -> ClassifiedImages:
        """Images whose features and classes can be computed."""
        return ClassifiedImages(images, labels, self.extractors, self.device)

    @cached_property
    def samples(self) -> ClassifiedImages:
        """Generated images."""
        if self.given is not None:
            return self.classified(self.given.images, self.given.labels)
        labels = self._sample_labels() if self.is_conditional else None
        images = self.run.sample(self.sample_count, seed=self.seed, labels=labels)
        return self.classified(images, labels)

    def _sample_labels(self) -> Int[Tensor, " N"]:
        """The labels of the test images, repeated as often as needed."""
        labels = self.test_labels
        return labels.repeat(-(-self.sample_count // len(labels)))[: self.sample_count]

    def reference_samples(self, kind: str) -> ClassifiedImages:
        """Images in place of the samples, as many, with labels where the samples have them.

        Args:
            kind: a key of `REFERENCE_SAMPLES`.
        """
        if kind not in self._reference_samples:
            samples = REFERENCE_SAMPLES[kind](self.real, len(self.samples))
            self._reference_samples[kind] = (
                samples if self.is_conditional else replace(samples, labels=None)
            )
        return self._reference_samples[kind]

    @cached_property
    def codes(self) -> Codes:
        """The codes of real images."""
        return Codes(self.run.codes(self._coded_train), self.run.codes(self.dataset.test))

    @cached_property
    def _coded_train(self) -> ImageData:
        return self.dataset.train.of_all_classes(CODED_TRAIN_COUNT)

    @property
    def train_labels(self) -> Int[Tensor, " N"]:
        """Labels of the training images that were encoded."""
        return _labels(self._coded_train)

    @property
    def test_labels(self) -> Int[Tensor, " M"]:
        """Labels of the test images."""
        return _labels(self.dataset.test)

    @cached_property
    def reconstructions(self) -> ClassifiedImages[Reconstructions]:
        """The test images, each decoded from the point estimate of its code."""
        labels = self.dataset.test.labels
        return ClassifiedImages(
            Reconstructions(self.run),
            None if labels is None else torch.from_numpy(labels),
            self.extractors,
            self.device,
        )

    @torch.no_grad()
    def of_test_images(self, compute: Callable[[Batch], Tensor]) -> Tensor:
        """What a function computes of the test images batch by batch, on the CPU."""
        noise = generator(0, "binarize", device=self.device)
        batches = self.run.test_batches.in_order(BATCH_SIZE, noise)
        return torch.cat([compute(batch).cpu() for batch in batches])


def _labels(data: ImageData) -> Int[Tensor, " N"]:
    assert data.labels is not None
    return torch.from_numpy(data.labels)
