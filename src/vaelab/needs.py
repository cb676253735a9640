"""The table of needs: what metrics, figures, pages, the explorer and export may require.

Each of them names keys of `NEEDS`. `obstacle` gives the reason why one is not available for a
model or for samples.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from vaelab.config import DataConfig
from vaelab.data import Dataset
from vaelab.errors import entry
from vaelab.loaded_run import LoadedRun
from vaelab.models.capabilities import GRAY_UNITS, Capabilities

# Optional packages, by the name that pip knows, with the module that they install.
PACKAGES = {"umap-learn": "umap"}

# Images of this shape have the classifiers that ship with vaelab, with or without labels.
SHIPPED_SHAPE = (1, 28, 28)

# The exemplar protocol trains on 50,000 of 60,000 images and validates on the last 10,000.
EXEMPLAR_FRACTION = 1 / 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of a trained model, its data and its samples.

    Attributes:
        capabilities: of the model; None for samples without a model.
        channels: of an image.
        height: of an image, in pixels.
        width: of an image, in pixels.
        class_count: classes that occur in the training and in the test images, the smaller number.
        has_labels: whether training and test images have labels.
        has_factors: whether the factors of variation of the test images are known.
        train_count: training images.
        test_count: test images.
        binarize: whether the model was trained on binarized images.
        has_exemplar_split: whether the model was trained as the exemplar protocol requires.
        sample_count: samples to be evaluated; None where samples are not concerned.
        sample_labels: whether each sample was generated for a given class.
        has_own_features: whether the user named a feature extractor.
        packages: optional packages that are installed.
    """

    capabilities: Capabilities | None
    channels: int
    height: int
    width: int
    class_count: int = 0
    has_labels: bool = False
    has_factors: bool = False
    train_count: int = 0
    test_count: int = 0
    binarize: bool = False
    has_exemplar_split: bool = False
    sample_count: int | None = None
    sample_labels: bool = False
    has_own_features: bool = False
    packages: frozenset[str] = field(default_factory=lambda: installed_packages())

    @property
    def latent_size(self) -> int:
        """Numbers in the flat code; 0 without a model."""
        return 0 if self.capabilities is None else self.capabilities.latent_size

    @property
    def unit(self) -> str:
        """Unit of the reconstruction; empty without a model."""
        return "" if self.capabilities is None else self.capabilities.unit

    @property
    def image_count(self) -> int:
        """The smallest of the numbers of training images, test images and samples."""
        counts = [self.train_count, self.test_count]
        return min(counts if self.sample_count is None else [*counts, self.sample_count])

    @property
    def has_classifiers(self) -> bool:
        """Whether there are classifiers of such images, shipped or trained on first use."""
        return self.has_labels or (self.channels, self.height, self.width) == SHIPPED_SHAPE


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement.

    Attributes:
        is_met: whether the facts meet it.
        absence: the reason where they do not, with `{facts}` filled in.
    """

    is_met: Callable[[Facts], bool]
    absence: str


def _of_model(has: Callable[[Capabilities], bool], absence: str) -> Need:
    """A need that only a trained model can meet."""
    return Need(lambda facts: facts.capabilities is not None and has(facts.capabilities), absence)


NEEDS: dict[str, Need] = {
    "a trained model": _of_model(lambda _: True, "these are samples without their model"),
    "a prior": _of_model(lambda model: model.has_prior, "the model has none"),
    "a density": _of_model(
        lambda model: model.has_density,
        "the model has no prior with a density, or its reconstruction is not in nats",
    ),
    "a likelihood of gray values": Need(
        lambda facts: (
            facts.capabilities is not None
            and facts.capabilities.has_density
            and facts.unit in GRAY_UNITS
            and not facts.binarize
        ),
        "the likelihood of the model is not one of 8-bit gray values",
    ),
    "a likelihood of binary images": _of_model(
        lambda model: model.unit == "nats",
        "its likelihood gives no probabilities of images of 0 and 1",
    ),
    "a prior with a density": _of_model(
        lambda model: bool(model.kl_levels), "the density of the prior is not known"
    ),
    "a Gaussian posterior": _of_model(
        lambda model: model.has_gaussian_posterior, "the posterior of the model is not Gaussian"
    ),
    "KL by dimension": _of_model(
        lambda model: model.kl_by_dimension, "the KL of the model is not known by dimension"
    ),
    "several levels": _of_model(
        lambda model: len(model.kl_levels) > 1, "the KL of the model has one term, or none"
    ),
    "prior moments": _of_model(
        lambda model: model.has_prior_moments,
        "the mean and variance of the prior are not known",
    ),
    "a prior that maps noise to codes": _of_model(
        lambda model: model.can_sample_from_noise, "the model has none"
    ),
    "a conditional model": _of_model(
        lambda model: model.is_conditional, "the model is not conditional"
    ),
    "an unconditional model": _of_model(
        lambda model: not model.is_conditional, "the model is conditional"
    ),
    "2 latent dimensions": Need(
        lambda facts: facts.latent_size == 2, "the model has {facts.latent_size}"
    ),
    "more than 2 latent dimensions": Need(
        lambda facts: facts.latent_size > 2, "the model has {facts.latent_size}"
    ),
    "samples": Need(
        lambda facts: (
            bool(facts.sample_count) if facts.capabilities is None else facts.capabilities.has_prior
        ),
        "the model has no prior to sample from",
    ),
    "samples with labels": Need(
        lambda facts: facts.sample_labels, "the samples were not generated for given classes"
    ),
    "labels": Need(lambda facts: facts.has_labels, "the data has none"),
    "2 classes": Need(
        lambda facts: facts.has_labels and facts.class_count >= 2,
        "the data has {facts.class_count}",
    ),
    "known factors": Need(
        lambda facts: facts.has_factors,
        "only generated data such as wardrobe has them; train with --data wardrobe",
    ),
    "2 test images": Need(lambda facts: facts.test_count >= 2, "there are {facts.test_count}"),
    "3 test images": Need(lambda facts: facts.test_count >= 3, "there are {facts.test_count}"),
    "5 test images": Need(lambda facts: facts.test_count >= 5, "there are {facts.test_count}"),
    "2 images": Need(
        lambda facts: facts.image_count >= 2,
        "training images, test images or samples are only {facts.image_count}",
    ),
    "1,000 test images": Need(
        lambda facts: facts.test_count >= 1000, "there are {facts.test_count}"
    ),
    "classifiers": Need(
        lambda facts: facts.has_classifiers,
        "the data has no labels to train one on, and the shipped ones take images of 1 x 28 x 28, "
        "found {facts.channels} x {facts.height} x {facts.width}",
    ),
    "a feature extractor": Need(
        lambda facts: facts.has_own_features or facts.has_classifiers,
        "the data has no labels to train one on, and the shipped ones take images of 1 x 28 x 28, "
        "found {facts.channels} x {facts.height} x {facts.width}; name another with --features",
    ),
    "training by the exemplar protocol": Need(
        lambda facts: facts.has_exemplar_split,
        "train binary-vae, or another preset with --set data.binarize=true "
        "data.validation_images=last data.validation_fraction=0.16666667",
    ),
    "umap-learn": Need(
        lambda facts: "umap-learn" in facts.packages,
        "the package is not installed; install vaelab[umap]",
    ),
}


def obstacle(needs: Sequence[str], facts: Facts) -> str | None:
    """Why these needs are not met, as `it needs a prior, but the model has none`; None if they are.

    Args:
        needs: keys of `NEEDS`.
        facts: about the model, the data and the samples.

    Raises:
        InputError: on a need that is not in the table.
    """
    for name in needs:
        need = entry("need", name, NEEDS)
        if not need.is_met(facts):
            return f"it needs {name}, but {need.absence.format(facts=facts)}"
    return None


def installed_packages() -> frozenset[str]:
    """Those of `PACKAGES` that can be imported."""
    return frozenset(
        name for name, module in PACKAGES.items() if importlib.util.find_spec(module) is not None
    )


def facts_of(loaded: LoadedRun, *, sample_count: int | None = None) -> Facts:
    """The facts about a trained run and its images, which are loaded for this.

    Args:
        loaded: the run.
        sample_count: samples that are to be drawn from it.
    """
    return facts_of_data(
        loaded.data,
        capabilities=loaded.capabilities,
        binarize=loaded.config.data.binarize,
        has_exemplar_split=_has_exemplar_split(loaded.config.data),
        sample_count=sample_count,
        sample_labels=loaded.capabilities.is_conditional,
    )


def facts_of_data(
    dataset: Dataset,
    *,
    capabilities: Capabilities | None = None,
    binarize: bool = False,
    has_exemplar_split: bool = False,
    sample_count: int | None = None,
    sample_labels: bool = False,
) -> Facts:
    """The facts about images and what is evaluated on them; see `Facts`."""
    _, channels, height, width = dataset.test.images.shape
    labels = [part.labels for part in (dataset.train, dataset.test) if part.labels is not None]
    return Facts(
        capabilities=capabilities,
        channels=channels,
        height=height,
        width=width,
        class_count=min((len(np.unique(each)) for each in labels), default=0),
        has_labels=len(labels) == 2,
        has_factors=dataset.test.factors is not None,
        train_count=len(dataset.train),
        test_count=len(dataset.test),
        binarize=binarize,
        has_exemplar_split=has_exemplar_split,
        sample_count=sample_count,
        sample_labels=sample_labels,
    )


def _has_exemplar_split(config: DataConfig) -> bool:
    return (
        config.binarize
        and config.validation_images == "last"
        and abs(config.validation_fraction - EXEMPLAR_FRACTION) < 1e-6
    )
