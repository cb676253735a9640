"""A trained classifier that classifiers images: any generator's, on the same terms.

Letters in shapes: N images, C channels, H height, W width, F features, K classes.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from vaelab import settings
from vaelab.config import ClassifierConfig
from vaelab.errors import InputError
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

BATCH_SIZE = 500
WEIGHTS, CARD = "classifier.safetensors", "classifier.json"


class NormalizingClassifier(nn.Module):
    """A classifier of raw images, which keeps the mean and the deviation that it was trained with.

    Images stay raw in [0, 1] everywhere else.
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
        seen = self.classifier((x - self.mean) / self.deviation)
        assert isinstance(seen, ClassifierOutput)
        return seen


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassifierCard:
    """Where a classifier comes from and what it is worth.

    Attributes:
        config: that it was trained by.
        data: that it was trained and tested on.
        command: that trains it again.
        fingerprint: SHA-256 of the weights; stored with every result that used them.
        parameter_count: trained numbers.
        test_count: of images that it was tested on.
        test_accuracy: share of them whose class it names.
        confusion: counts of test images, a row a true class, a column a named one.
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
        """The classifier's preset and the data that it knows, shown beside its results."""
        return f"{self.config.preset} on {self.data.name}"


@dataclass(frozen=True, slots=True)
class ReferenceClassifier:
    """A classifier with its card."""

    network: NormalizingClassifier
    card: ClassifierCard

    @property
    def fingerprint(self) -> str:
        """What every result that used the classifier carries."""
        return self.card.fingerprint

    @torch.no_grad()
    def see(self, images: Float[Tensor, "N C H W"]) -> ClassifierOutput:
        """Features and logits of raw images in [0, 1].

        They are looked at in batches of one size, the last filled up, so that the same image
        gives the same numbers whatever it is shown with.

        Raises:
            InputError: if the images are of another shape, or outside [0, 1].
        """
        if tuple(images.shape[1:]) != self.card.data.shape:
            raise InputError(
                f"{self.card.name} classifiers images of shape {self.card.data.shape}, "
                f"found {tuple(images.shape[1:])}"
            )
        require_unit_range(images)
        return look(self.network, images)


@torch.no_grad()
def look(network: nn.Module, images: Float[Tensor, "N C H W"]) -> ClassifierOutput:
    """What the network makes of images, in batches of one size."""
    seen = []
    for batch in images.split(BATCH_SIZE):
        missing = BATCH_SIZE - len(batch)
        filled = functional.pad(batch, (0, 0) * 3 + (0, missing))
        features, logits = network(filled.to(memory_format=torch.channels_last))
        seen.append(ClassifierOutput(features[: len(batch)], logits[: len(batch)]))
    return ClassifierOutput(
        torch.cat([s.features for s in seen]), torch.cat([s.logits for s in seen])
    )


def require_unit_range(images: Tensor) -> None:
    """Refuse images that are not raw in [0, 1].

    Raises:
        InputError: saying what was found.
    """
    least, most = (value.item() for value in images.aminmax())
    if not (least >= 0 and most <= 1):
        raise InputError(
            f"images must be raw, in [0, 1], found values from {least:g} to {most:g}; "
            "they are not rescaled silently"
        )


def untrained(
    config: ClassifierConfig, shape: ImageShape, class_count: int
) -> NormalizingClassifier:
    """A classifier's network before training, drawn from the configuration's seed."""
    weights = generator(config.seed, "weights")
    network = NormalizingClassifier(build_classifier(config.network, shape, class_count, weights))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def save_classifier(
    folder: Path, network: NormalizingClassifier, card: dict[str, Any]
) -> ReferenceClassifier:
    """Write a trained network and its card, to which the fingerprint is added."""
    weights = folder / WEIGHTS
    write_tensors(weights, network.state_dict())
    write_json(folder / CARD, {**card, "fingerprint": _sha256(weights)})
    return load_classifier(folder)


def load_classifier(folder: Path) -> ReferenceClassifier:
    """The classifier in a folder.

    Raises:
        InputError: if there is none, or its files are not those that belong process_group.
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
    except (InputError, KeyError, TypeError) as error:
        raise InputError(f"{folder / CARD}: {error}") from None
    if _sha256(folder / WEIGHTS) != card.fingerprint:
        raise InputError(
            f"{folder / WEIGHTS} is damaged: it has another SHA-256 than its card says"
        )
    network = untrained(card.config, ImageShape(*card.data.shape), len(card.data.class_names))
    load_weights(network, read_tensors(folder / WEIGHTS), folder / WEIGHTS)
    return ReferenceClassifier(network.eval().requires_grad_(requires_grad=False), card)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
