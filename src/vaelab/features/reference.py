"""The reference classifiers of a data set: shipped for Fashion-MNIST, else trained on first use."""

import hashlib
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import vaelab
from vaelab import settings
from vaelab.cache import cache_folder
from vaelab.config import ClassifierConfig, ResNetConfig
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.features.classifier import CARD, ReferenceClassifier, load_classifier
from vaelab.features.training import train_classifier
from vaelab.locks import wait_for_lock
from vaelab.presets import classifier, second_classifier
from vaelab.training import Hardware

SHIPPED = Path(__file__).parent / "shipped" / "fashion-mnist-1"
SHIPPED_SHAPE = (1, 28, 28)
QUICK_COUNT, QUICK_EPOCHS = 10_000, 4


@dataclass(frozen=True, slots=True)
class ReferenceClassifiers:
    """Two classifiers of different seed and architecture.

    Attributes:
        reference: its features are the default for all distances.
        second: it detects a generator that fits the reference classifier and nothing else.
    """

    reference: ReferenceClassifier
    second: ReferenceClassifier


def shipped_classifiers() -> ReferenceClassifiers:
    """The classifiers of Fashion-MNIST that come with the package."""
    return ReferenceClassifiers(
        load_classifier(SHIPPED / "classifier"), load_classifier(SHIPPED / "second-classifier")
    )


def classifiers_for(dataset: Dataset) -> ReferenceClassifiers:
    """The classifiers of a data set.

    Those that ship with vaelab serve Fashion-MNIST, also parts of it, and images of its shape
    without labels. For other data with labels they are trained once, in seconds, on the first
    training images, and kept in the user's cache.

    Raises:
        InputError: if there are none for such images.
    """
    shape = dataset.train.images.shape[1:]
    is_shipped = dataset.name == "fashion-mnist" or dataset.train.labels is None
    if is_shipped and shape == SHIPPED_SHAPE:
        return shipped_classifiers()
    if dataset.train.labels is None:
        raise InputError(
            f"{dataset.name} has no labels to train a classifier on, and the shipped one "
            f"takes images of shape {SHIPPED_SHAPE}, found {shape}"
        )
    reference, second = (_trained(config, dataset) for config in _quick_configs(dataset))
    return ReferenceClassifiers(reference, second)


def _quick_configs(dataset: Dataset) -> tuple[ClassifierConfig, ClassifierConfig]:
    """The shipped classifiers' settings with narrower networks and fewer epochs."""
    train_count = min(QUICK_COUNT, len(dataset.train))
    narrow = replace(classifier(), network=ResNetConfig(widths=(8, 16, 32, 64)))
    first, second = (
        replace(
            config,
            data=replace(config.data, name=dataset.name, train_count=train_count),
            training=replace(config.training, epochs=QUICK_EPOCHS),
        )
        for config in (narrow, second_classifier())
    )
    return first, second


def _trained(config: ClassifierConfig, dataset: Dataset) -> ReferenceClassifier:
    """The classifier of these settings, from the cache or trained and put there."""
    wanted = [
        settings.to_dict(config),
        dataset.train.fingerprint(),
        dataset.test.fingerprint(),
        vaelab.__version__,
    ]
    key = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:16]
    folder = cache_folder() / "classifiers" / key
    if not (folder / CARD).exists():
        # Several runs may be evaluated at the same time.
        with wait_for_lock(folder.with_suffix(".lock")):
            if not (folder / CARD).exists():
                return _train(config, folder, dataset)
    return load_classifier(folder)


def _train(config: ClassifierConfig, folder: Path, dataset: Dataset) -> ReferenceClassifier:
    print(  # noqa: T201
        f"{dataset.name} has no classifier yet: training {config.preset} for it", file=sys.stderr
    )
    count = config.data.train_count or len(dataset.train)
    used = replace(dataset, train=dataset.train.of_all_classes(count))
    return train_classifier(
        config, folder, used, hardware=Hardware(accelerator="cpu"), show_progress=False
    )
