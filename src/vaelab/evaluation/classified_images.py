"""Images with the features and classes that networks assign to them.

Letters in shapes: N images, C channels, H height, W width, F features, K classes.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Generic

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor
from typing_extensions import TypeVar  # that of Python 3.11 has no default

from vaelab.cache import cache_folder, updating_cache
from vaelab.data import Dataset, ImageData
from vaelab.data.unit_images import ImageParts, UnitImages
from vaelab.errors import InputError
from vaelab.features import Extracted, Extractors, FeatureExtractor
from vaelab.runs import read_tensors, write_tensors

# What the images are; nothing said: a tensor.
ImagesT = TypeVar("ImagesT", bound=ImageParts, default=Tensor)


@dataclass(frozen=True, eq=False)
class ClassifiedImages(Generic[ImagesT]):
    """Images in [0, 1] with their labels, and what feature extractors compute of them.

    Attributes:
        images: (N, C, H, W), to be evaluated, on the CPU.
        labels: the class of each, given or true; None where there is none.
        extractors: the feature extractors of the evaluation.
        device: that the extractors run on.
        fingerprint: of real images, by which their features are cached on disk.
    """

    images: ImagesT
    labels: Int[Tensor, " N"] | None
    extractors: Extractors
    device: torch.device
    fingerprint: str | None = None
    _extracted: dict[str, Extracted] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def features(self) -> Float64[Tensor, "N F"]:
        """Features of the chosen extractor, in which distances are computed."""
        return self._output("chosen").features.double()

    def logits(self, classifier: str) -> Float[Tensor, "N K"]:
        """The logits of a classifier, a key of `FEATURES`."""
        logits = self._output(classifier).logits
        assert logits is not None
        return logits

    def _output(self, name: str) -> Extracted:
        extractor = self.extractors[name]
        if extractor.fingerprint not in self._extracted:
            self._extracted[extractor.fingerprint] = self._cached_output(extractor)
        return self._extracted[extractor.fingerprint]

    def _cached_output(self, extractor: FeatureExtractor) -> Extracted:
        path = None if self.fingerprint is None else self._cache_file(extractor, self.fingerprint)
        if path is not None and path.exists():
            try:
                return Extracted(**read_tensors(path))
            except InputError:
                path.unlink()  # a damaged file is computed again
        output = extractor(self.images, self.device)
        if path is not None:
            named = output._asdict().items()
            with updating_cache():
                write_tensors(path, {name: value for name, value in named if value is not None})
        return output

    def _cache_file(self, extractor: FeatureExtractor, images: str) -> Path:
        # Devices round differently, so each has its own features.
        name = f"{extractor.fingerprint[:16]}-{images[:16]}-{self.device.type}.safetensors"
        return cache_folder() / "features" / name


@dataclass(frozen=True, eq=False)
class RealImages:
    """The real images of a data set, with features that are cached on disk.

    Attributes:
        dataset: the images.
        extractors: the feature extractors of the evaluation.
        device: that the extractors run on.
    """

    dataset: Dataset
    extractors: Extractors
    device: torch.device

    @cached_property
    def train(self) -> ClassifiedImages[UnitImages]:
        """The training images, before the validation split."""
        return self._classified(self.dataset.train)

    @cached_property
    def test(self) -> ClassifiedImages[UnitImages]:
        """The test images, which samples are compared with."""
        return self._classified(self.dataset.test)

    def _classified(self, data: ImageData) -> ClassifiedImages[UnitImages]:
        labels = None if data.labels is None else torch.from_numpy(data.labels)
        return ClassifiedImages(
            UnitImages(data.images), labels, self.extractors, self.device, data.fingerprint()
        )
