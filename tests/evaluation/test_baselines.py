"""Floors and ceilings: real images, a Gaussian of pixels, the mean image; made once and kept."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import noise_images
from vaelab.data import Dataset
from vaelab.evaluation import METRICS, evaluate_samples
from vaelab.evaluation.baselines import (
    BASELINES,
    gaussian_images,
    gaussian_samples,
    pixel_mean,
    real_samples,
)
from vaelab.evaluation.classified_images import RealImages
from vaelab.features import classifiers_for


@pytest.fixture(scope="module")
def reference(wardrobe: Dataset) -> RealImages:
    return RealImages(wardrobe, classifiers_for(wardrobe))


def test_a_fitted_gaussian_has_the_pixels_mean_and_covariance() -> None:
    draws = torch.Generator().manual_seed(0)
    # Well inside of [0, 1], so that nothing is cut off.
    base = torch.randn(5000, 4, generator=draws) @ torch.randn(4, 4, generator=draws) * 0.02
    images = (0.5 + base).view(-1, 1, 2, 2)
    drawn = gaussian_images(images, 100_000, draws)
    assert torch.allclose(drawn.mean(0), images.mean(0), atol=1e-3)
    assert torch.allclose(drawn.flatten(1).T.cov(), images.flatten(1).T.cov(), atol=1e-4)


def test_useless_samples_are_pixels_in_range_without_a_class(reference: RealImages) -> None:
    shown = gaussian_samples(reference, 500)
    assert shown.images.shape == (500, 1, 28, 28)
    assert shown.images.min() >= 0
    assert shown.images.max() <= 1
    assert shown.labels is not None
    assert len(shown.labels.unique()) == 10
    assert torch.equal(shown.images, gaussian_samples(reference, 500).images)


def test_perfect_samples_are_real_training_images_each_once(reference: RealImages) -> None:
    shown = real_samples(reference, 200)
    train = reference.train.images.flatten(1)
    distances = torch.cdist(
        shown.images.flatten(1), train, compute_mode="donot_use_mm_for_euclid_dist"
    )
    assert distances.amin(1).max() == 0
    assert len(distances.argmin(1).unique()) == 200
    assert shown.labels is not None
    assert reference.train.labels is not None
    assert torch.equal(shown.labels, reference.train.labels[distances.argmin(1)])


def test_the_mean_image() -> None:
    data = noise_images(50, (3, 4, 4), classes=0)
    expected = data.images.astype(np.float64).mean(0) / 255
    assert np.allclose(pixel_mean(data)[0].numpy(), expected)


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if "samples" in m.needs])
def test_every_sample_metric_stands_between_floor_and_ceiling(
    name: str, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(200)
    images = wardrobe.train.images[rows].astype(np.float32) / 255
    assert wardrobe.train.labels is not None
    labels = wardrobe.train.labels[rows]
    results, _ = evaluate_samples(images, labels, data=wardrobe, metrics=(name,))
    assert results
    assert set(results) == set(METRICS[name].measures)
    for result in results.values():
        assert result.floor is not None
        assert result.baseline is not None
        assert result.count == 200

    def forbidden(*_: Any) -> None:
        raise AssertionError("a baseline was made again")

    for maker in BASELINES:
        monkeypatch.setitem(BASELINES, maker, forbidden)
    again, _ = evaluate_samples(images, labels, data=wardrobe, metrics=(name,))
    assert again == results


def test_what_judges_see_in_real_images_is_kept(
    wardrobe: Dataset, reference: RealImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = reference.test.reference
    fresh = RealImages(wardrobe, reference.classifiers)

    def forbidden(*_: Any) -> None:
        raise AssertionError("an image was looked at again")

    monkeypatch.setattr("vaelab.features.classifier.look", forbidden)
    assert torch.equal(fresh.test.reference.features, seen.features)
    with pytest.raises(AssertionError, match="looked at again"):
        _ = real_samples(fresh, 10).reference
