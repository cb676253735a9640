"""What a run stores of its data."""

from dataclasses import dataclass
from typing import Any

from vaelab import settings
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.names import displayed

LARGEST_SIDE = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class DataCard:
    """What a run stores of its data, so that it can be used without them.

    Attributes:
        name: of the data set, shown with every output.
        source: where the images came from, for messages.
        train_fingerprint: of the training images, before the validation split.
        test_fingerprint: of the test images.
        validation_fingerprint: of the validation images, where the source has some.
        shape: channels, height, width.
        class_names: a name per label value.
    """

    name: str
    source: str
    train_fingerprint: str
    test_fingerprint: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    validation_fingerprint: str | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> "DataCard":
        """The card of a data set, its names as any output can show them."""
        _, channels, height, width = dataset.train.images.shape
        return cls(
            name=displayed(dataset.name),
            source=displayed(dataset.source),
            train_fingerprint=dataset.train.fingerprint(),
            test_fingerprint=dataset.test.fingerprint(),
            shape=(channels, height, width),
            class_names=tuple(map(displayed, dataset.train.class_names)),
            validation_fingerprint=None
            if dataset.validation is None
            else dataset.validation.fingerprint(),
        )

    def differing_splits(self, other: "DataCard") -> list[str]:
        """Which of train, test and validation hold other images than those of `other`."""
        fingerprints = {
            "train": (self.train_fingerprint, other.train_fingerprint),
            "test": (self.test_fingerprint, other.test_fingerprint),
            "validation": (self.validation_fingerprint, other.validation_fingerprint),
        }
        return [split for split, (mine, others) in fingerprints.items() if mine != others]


def data_card_from(values: Any) -> DataCard:
    """The card whose fields were written as JSON.

    Raises:
        InputError: if a field is missing, unknown or of another type, or the shape is impossible.
    """
    card: DataCard = settings.read_as(DataCard, values, "data_card")
    if len(card.shape) != 3 or not all(0 < size <= LARGEST_SIDE for size in card.shape):
        raise InputError(f"data_card.shape should be (C, H, W) in pixels, found {card.shape}")
    return card
