"""What is evaluated: a trained run or anybody's samples, with what it is compared with.

Letters in shapes: N training images or samples, M test images, D latent dimensions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from vaelab.config import DataConfig
from vaelab.data import Dataset, ImageData
from vaelab.errors import InputError
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.disentanglement import LEAST_IMAGES
from vaelab.features import ReferenceClassifiers, classifiers_for
from vaelab.loaded_run import LoadedRun
from vaelab.randomness import generator
from vaelab.sampling import Samples

BLOCK = 500
# Probes learn little more from more images, and searching among them takes time.
CODED_TRAIN_COUNT = 20_000
# The published protocol trains on 50,000 images and validates on the last 10,000.
EXEMPLAR_FRACTION = 1 / 6


@dataclass(frozen=True, slots=True)
class Codes:
    """Posterior means.

    Attributes:
        train: of the first training images, at most 20,000.
        test: of all test images.
    """

    train: Float[Tensor, "N D"]
    test: Float[Tensor, "M D"]


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationContext:
    """One trained run, or samples of unknown origin.

    Attributes:
        dataset: whose test images it is evaluated by.
        seed: of every draw.
        sample_count: how many samples a run makes; those given come in their own number.
        importance_samples: draws k per image of the importance-weighted bound.
        loaded: the run; None for samples.
        given: the samples; None for a run.
        show_progress: whether long metrics show how far they are.
    """

    dataset: Dataset
    seed: int
    sample_count: int
    importance_samples: int
    loaded: LoadedRun | None = None
    given: Samples | None = None
    show_progress: bool = False

    @property
    def run(self) -> LoadedRun:
        """The run, where a metric needs one."""
        assert self.loaded is not None
        return self.loaded

    @cached_property
    def classifiers(self) -> ReferenceClassifiers:
        """The classifiers of the data set."""
        return classifiers_for(self.dataset)

    @cached_property
    def reference(self) -> RealImages:
        """The real images as the classifiers see them."""
        return RealImages(self.dataset, self.classifiers)

    @property
    def is_conditional(self) -> bool:
        """Whether each sample was asked to be of a class."""
        if self.given is not None:
            return self.given.labels is not None
        return self.run.model.is_conditional

    @cached_property
    def samples(self) -> ClassifiedImages:
        """Generated images as the classifiers see them."""
        if self.given is not None:
            return ClassifiedImages(self.given.images, self.given.labels, self.classifiers)
        labels = self._asked() if self.run.model.is_conditional else None
        noise = generator(self.seed, "samples")
        blocks = [
            self.run.model.sample(len(part), noise, None if labels is None else labels[part])
            for part in torch.arange(self.sample_count).split(BLOCK)
        ]
        return ClassifiedImages(torch.cat(blocks), labels, self.classifiers)

    def _asked(self) -> Int[Tensor, " N"]:
        """Classes as frequent as among the test images, one after the other."""
        labels = self.test_labels
        return labels.repeat(-(-self.sample_count // len(labels)))[: self.sample_count]

    @cached_property
    def codes(self) -> Codes:
        """Where the run's encoder puts real images."""
        train = self.dataset.train
        some = train.take(np.arange(min(CODED_TRAIN_COUNT, len(train))))
        return Codes(self.run.codes(some), self.run.codes(self.dataset.test))

    @property
    def train_labels(self) -> Int[Tensor, " N"]:
        """Classes of the training images that were encoded."""
        return _labels(self.dataset.train)[:CODED_TRAIN_COUNT]

    @property
    def test_labels(self) -> Int[Tensor, " M"]:
        """Classes of the test images."""
        return _labels(self.dataset.test)

    @cached_property
    def reconstructions(self) -> Float[Tensor, "M C H W"]:
        """The test images decoded at the posterior's mean."""
        with torch.no_grad():
            rebuilt = [
                self.run.model.reconstruct(batch.x, batch.labels)
                for batch in self.run.test_batches.in_order(BLOCK, generator(0, "binarize"))
            ]
        return torch.cat(rebuilt)

    @cached_property
    def shown_reconstructions(self) -> ClassifiedImages:
        """The same as the classifiers see them."""
        return ClassifiedImages(
            self.reconstructions, self.run.test_batches.labels, self.classifiers
        )


def _labels(data: ImageData) -> Int[Tensor, " N"]:
    assert data.labels is not None
    return torch.from_numpy(data.labels)


def _absence_of_exemplar_training(config: DataConfig) -> str | None:
    """Why a run was not trained by the protocol, or None if it was."""
    is_so = (
        config.binarize
        and config.validation_images == "last"
        and abs(config.validation_fraction - EXEMPLAR_FRACTION) < 1e-6
    )
    if is_so:
        return None
    return (
        "train exemplar-vae, or another preset with --set data.binarize=true "
        "data.validation_images=last data.validation_fraction=0.16666667"
    )


def _class_count(data: ImageData) -> int:
    return 0 if data.labels is None else len(np.unique(data.labels))


def _has(
    condition: Callable[[EvaluationContext], bool], absence: str
) -> Callable[[EvaluationContext], str | None]:
    return lambda context: None if condition(context) else absence


# What a metric may need, each with the reason where it is not there, or None where it is.
NEEDS: dict[str, Callable[[EvaluationContext], str | None]] = {
    "a run": _has(lambda s: s.loaded is not None, "these are samples without their model"),
    "a prior": _has(
        lambda s: s.loaded is not None and s.loaded.model.prior is not None,
        "an autoencoder has none",
    ),
    "samples": _has(
        lambda s: (
            s.given is not None or (s.loaded is not None and s.loaded.model.prior is not None)
        ),
        "an autoencoder has no prior to sample from",
    ),
    "samples of classes": _has(
        lambda s: s.is_conditional, "no class was asked for when these samples were made"
    ),
    "a model without classes": _has(
        lambda s: s.loaded is not None and not s.loaded.model.is_conditional,
        "its model is given the class",
    ),
    "a model of classes": _has(
        lambda s: s.loaded is not None and s.loaded.model.is_conditional,
        "its model is not conditional",
    ),
    "labels of 2 classes": _has(
        lambda s: all(_class_count(part) >= 2 for part in (s.dataset.train, s.dataset.test)),
        "the data has fewer",
    ),
    "10 images": _has(
        lambda s: min(s.sample_count, len(s.dataset.test), len(s.dataset.train)) >= 10,
        "there are fewer",
    ),
    "known factors": _has(
        lambda s: s.dataset.test.factors is not None,
        "only drawn data such as wardrobe has them; train with --data wardrobe",
    ),
    f"{LEAST_IMAGES:,} test images": _has(
        lambda s: len(s.dataset.test) >= LEAST_IMAGES, "there are fewer"
    ),
    "a classifier": lambda s: _absence_of_classifier(s),
    "a likelihood": _has(
        lambda s: (
            s.loaded is not None
            and s.loaded.model.prior is not None
            and s.loaded.model.likelihood.unit.startswith("nats")
        ),
        "the run's model has no prior, or its reconstruction is not in nats",
    ),
    "training by the exemplar protocol": lambda s: (
        None if s.loaded is None else _absence_of_exemplar_training(s.loaded.config.data)
    ),
    "a density of grey values": _has(
        lambda s: (
            s.loaded is not None
            and s.loaded.model.likelihood.unit == "nats of density"
            and not s.loaded.config.data.binarize
        ),
        "the run's likelihood is none of 8-bit data",
    ),
}


def _absence_of_classifier(context: EvaluationContext) -> str | None:
    try:
        _ = context.classifiers
    except InputError as error:
        return str(error)
    return None


def obstacle(needs: tuple[str, ...], context: EvaluationContext) -> str | None:
    """Why a metric with these needs is not defined for the context, or None if it is."""
    for need in needs:
        absence = NEEDS[need](context)
        if absence is not None:
            return f"needs {need}: {absence}"
    return None
