"""Images as classifiers see them, and the real ones that they are compared with.

Letters in shapes: N images, C channels, H height, W width, F features, K classes.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from vaelab.data import Dataset, ImageData
from vaelab.errors import InputError
from vaelab.features import ClassifierOutput, ReferenceClassifier, ReferenceClassifiers
from vaelab.files import cache_folder
from vaelab.runs import read_tensors, write_tensors


@dataclass(frozen=True, eq=False)
class ClassifiedImages:
    """Raw images in [0, 1] with the class that each is meant to be.

    Attributes:
        images: to be evaluated.
        labels: the class asked for, or the true one; None where there is none.
        classifiers: who look at them.
        fingerprint: of real images, under which what classifiers see in them is kept on disk.
    """

    images: Float[Tensor, "N C H W"]
    labels: Int[Tensor, " N"] | None
    classifiers: ReferenceClassifiers
    fingerprint: str | None = None

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def reference(self) -> ClassifierOutput:
        """What the reference classifier sees."""
        return self._seen(self.classifiers.reference)

    @cached_property
    def second(self) -> ClassifierOutput:
        """What the second classifier sees."""
        return self._seen(self.classifiers.second)

    @property
    def features(self) -> Float64[Tensor, "N F"]:
        """The reference classifier's features, in which distances are taken."""
        return self.reference.features.double()

    def _seen(self, classifier: ReferenceClassifier) -> ClassifierOutput:
        path = None if self.fingerprint is None else _cached(classifier, self.fingerprint)
        if path is not None and path.exists():
            try:
                return ClassifierOutput(**read_tensors(path))
            except InputError:
                path.unlink()  # damaged: it can be had again
        seen = classifier.see(self.images)
        if path is not None:
            write_tensors(path, seen._asdict())
        return seen


def _cached(classifier: ReferenceClassifier, fingerprint: str) -> Path | None:
    cache = cache_folder()
    name = f"{classifier.fingerprint[:16]}-{fingerprint[:16]}.safetensors"
    return None if cache is None else cache / "features" / name


def raw(data: ImageData) -> Float[Tensor, "N C H W"]:
    """Pixels in [0, 1]."""
    return torch.from_numpy(data.images).float().div_(255)


@dataclass(frozen=True, eq=False)
class RealImages:
    """The real images of a data set and its classifiers, who look at each image once.

    What they see is kept in the user's cache.
    """

    dataset: Dataset
    classifiers: ReferenceClassifiers

    @cached_property
    def train(self) -> ClassifiedImages:
        """The training images, before the validation split."""
        return self._shown(self.dataset.train)

    @cached_property
    def test(self) -> ClassifiedImages:
        """The test images, which samples are compared with."""
        return self._shown(self.dataset.test)

    def _shown(self, data: ImageData) -> ClassifiedImages:
        labels = None if data.labels is None else torch.from_numpy(data.labels)
        return ClassifiedImages(raw(data), labels, self.classifiers, data.fingerprint())
