"""The table of needs: what is missing is named, with what was found."""

from dataclasses import replace

import pytest

from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.models.capabilities import Capabilities, Level
from vaelab.needs import NEEDS, Facts, facts_of_data, obstacle

EVERYTHING = Capabilities(
    name="VAE",
    has_prior=True,
    has_density=True,
    has_gaussian_posterior=True,
    kl_levels=("z",),
    kl_by_dimension=True,
    has_prior_moments=True,
    is_conditional=False,
    levels=(Level("z", (2,)),),
    can_sample_from_noise=True,
    unit="nats",
)


def facts(**changes: object) -> Facts:
    known = Facts(
        capabilities=EVERYTHING,
        channels=1,
        height=28,
        width=28,
        class_count=10,
        has_labels=True,
        train_count=300,
        test_count=120,
    )
    return replace(known, **changes)


def model(**changes: object) -> Facts:
    return facts(capabilities=replace(EVERYTHING, **changes))


@pytest.mark.parametrize("need", NEEDS)
def test_samples_without_a_model_never_meet_a_need_of_the_model(need: str) -> None:
    reason = obstacle((need,), facts(capabilities=None))
    assert reason is None or reason.startswith(f"it needs {need}, but ")
    if need in ("a prior", "a density", "a Gaussian posterior", "2 latent dimensions"):
        assert reason is not None


@pytest.mark.parametrize(
    ("need", "known", "reason"),
    [
        ("a prior", model(has_prior=False), "the model has none"),
        ("more than 2 latent dimensions", model(), "the model has 2"),
        ("2 latent dimensions", model(levels=(Level("z", (3, 4)),)), "the model has 12"),
        ("a conditional model", model(), "the model is not conditional"),
        ("samples", model(has_prior=False), "no prior to sample from"),
        ("samples with labels", facts(), "not generated for given classes"),
        ("2 classes", facts(class_count=1), "the data has 1"),
        ("2 images", facts(sample_count=1), "only 1"),
        ("classifiers", facts(has_labels=False, width=20), "found 1 x 28 x 20"),
        ("umap-learn", facts(packages=frozenset()), "install vaelab[umap]"),
        ("a likelihood of gray values", model(unit="nats"), "not one of 8-bit gray values"),
    ],
)
def test_the_reason_says_what_was_found(need: str, known: Facts, reason: str) -> None:
    found = obstacle((need,), known)
    assert found is not None
    assert reason in found


def test_a_named_feature_extractor_needs_no_classifier() -> None:
    odd = facts(has_labels=False, channels=4)
    assert obstacle(("a feature extractor",), odd) is not None
    assert obstacle(("a feature extractor",), replace(odd, has_own_features=True)) is None


def test_the_first_need_that_is_not_met_is_named() -> None:
    assert obstacle(("a prior", "known factors"), facts()) == (
        "it needs known factors, but only generated data such as wardrobe has them; "
        "train with --data wardrobe"
    )
    assert obstacle((), facts()) is None
    with pytest.raises(InputError, match="did you mean 'a prior'"):
        obstacle(("a priors",), facts())


def test_facts_of_images(wardrobe: Dataset) -> None:
    found = facts_of_data(wardrobe, sample_count=50)
    assert (found.train_count, found.test_count, found.image_count) == (300, 120, 50)
    assert (found.channels, found.height, found.width, found.class_count) == (1, 28, 28, 10)
    assert found.has_factors
    assert obstacle(("a trained model",), found) is not None
