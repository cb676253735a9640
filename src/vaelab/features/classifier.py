"""Reference classifiers: a trained network with its card, read from and written to a folder.

Letters in shapes: N images, C channels, H height, W width.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vaelab import settings
from vaelab.config import ClassifierConfig
from vaelab.errors import InputError
from vaelab.features.extractor import FeatureExtractor
from vaelab.features.networks import Classifier, ClassifierOutput, build_classifier
from vaelab.files import write_json
from vaelab.models import ImageShape
from vaelab.randomness import generator
from vaelab.runs import (
    DataCard,
    data_card_from,
    load_weights,
    read_json,
    read_tensors,
    write_tensors,
)

WEIGHTS, CARD = "classifier.safetensors", "classifier.json"


class NormalizingClassifier(nn.Module):
    """A classifier of images in [0, 1] that normalizes them by its training images.

    The mean and the standard deviation are stored with the weights; images stay in [0, 1]
    everywhere else.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier
        self.register_buffer("mean", torch.tensor(0.0))
        self.register_buffer("deviation", torch.tensor(1.0))

    def forward(self, x: Float[Tensor, "N C H W"]) -> ClassifierOutput:
        """Features and logits of images in [0, 1]."""
        normalized = (x.to(memory_format=torch.channels_last) - self.mean) / self.deviation
        output = self.classifier(normalized)
        assert isinstance(output, ClassifierOutput)
        return output


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierCard:
    """How a classifier was trained and how accurate it is.

    Attributes:
        config: of its training.
        data: that it was trained and tested on.
        command: that trains it again.
        fingerprint: SHA-256 of the weights; stored with every result that used them.
        parameter_count: trained numbers.
        test_count: test images.
        test_accuracy: proportion of them that are classified correctly.
        confusion: counts of test images, a row per true class, a column per predicted class.
        versions: of vaelab and torch that trained it.
    """

    config: ClassifierConfig
    data: DataCard
    command: str
    fingerprint: str
    parameter_count: int
    test_count: int
    test_accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    versions: dict[str, str]

    @property
    def name(self) -> str:
        """The classifier's preset and its data, shown with results that used it."""
        return f"{self.config.preset} on {self.data.name}"


@dataclass(frozen=True, slots=True)
class ReferenceClassifier:
    """A classifier with its card."""

    network: NormalizingClassifier
    card: ClassifierCard

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights, stored with every result that used them."""
        return self.card.fingerprint

    @property
    def extractor(self) -> FeatureExtractor:
        """The feature extractor: the features before the last layer, and the logits."""
        return FeatureExtractor(
            self.card.name,
            self.fingerprint,
            self.network,
            self.card.data.shape,
            is_reference_classifier=True,
        )


def initial_network(
    config: ClassifierConfig, shape: ImageShape, class_count: int
) -> NormalizingClassifier:
    """A classifier's network before training, its weights drawn by the configuration's seed."""
    weights = generator(config.seed, "weights")
    network = NormalizingClassifier(build_classifier(config.network, shape, class_count, weights))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def save_classifier(
    folder: Path, network: NormalizingClassifier, card: dict[str, Any]
) -> ReferenceClassifier:
    """Write a trained network and its card, with the fingerprint of the weights."""
    weights = folder / WEIGHTS
    write_tensors(weights, network.state_dict())
    write_json(folder / CARD, {**card, "fingerprint": _sha256(weights)})
    return load_classifier(folder)


def load_classifier(folder: Path) -> ReferenceClassifier:
    """The classifier in a folder.

    Raises:
        InputError: if there is none, or its files do not belong together.
    """
    values = read_json(folder / CARD)
    try:
        card = ClassifierCard(
            **{
                **values,
                "config": settings.from_dict(values["config"], ClassifierConfig),
                "data": data_card_from(values["data"]),
                "confusion": tuple(map(tuple, values["confusion"])),
            }
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"{folder / CARD}: {error}") from None
    if _sha256(folder / WEIGHTS) != card.fingerprint:
        raise InputError(f"{folder / WEIGHTS} is damaged: its SHA-256 is not the one in {CARD}")
    network = initial_network(card.config, ImageShape(*card.data.shape), len(card.data.class_names))
    load_weights(network, read_tensors(folder / WEIGHTS), folder / WEIGHTS)
    return ReferenceClassifier(network.eval().requires_grad_(requires_grad=False), card)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
