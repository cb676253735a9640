"""Floors and baselines: real images, a Gaussian of pixels, the mean image; cached."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import noise_images
from vaelab.data import Dataset
from vaelab.evaluation import METRICS, baselines, evaluate_samples
from vaelab.evaluation.baselines import (
    REFERENCE_SAMPLES,
    gaussian_images,
    gaussian_samples,
    pixel_mean,
    real_samples,
)
from vaelab.evaluation.classified_images import RealImages
from vaelab.features import Extractors, FeatureExtractor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def real(wardrobe: Dataset) -> RealImages:
    return RealImages(wardrobe, Extractors(wardrobe), CPU)


@pytest.mark.parametrize("most_eigen_pixels", [4, 3])  # by eigenvectors, and by combination
def test_a_fitted_gaussian_has_the_pixels_mean_and_covariance(
    most_eigen_pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "MOST_EIGEN_PIXELS", most_eigen_pixels)
    draws = torch.Generator().manual_seed(0)
    # Well inside of [0, 1], so that nothing is cut off.
    base = torch.randn(400, 4, generator=draws) @ torch.randn(4, 4, generator=draws) * 0.02
    images = (0.5 + base).view(-1, 1, 2, 2)
    drawn = gaussian_images(images, 100_000, draws)
    assert torch.allclose(drawn.mean(0), images.mean(0), atol=1e-3)
    assert torch.allclose(drawn.flatten(1).T.cov(), images.flatten(1).T.cov(), atol=1e-4)


def test_gaussian_samples_are_pixels_in_range_with_random_labels(real: RealImages) -> None:
    samples = gaussian_samples(real, 500)
    assert samples.images.shape == (500, 1, 28, 28)
    assert samples.images.min() >= 0
    assert samples.images.max() <= 1
    assert samples.labels is not None
    assert len(samples.labels.unique()) == 10
    assert torch.equal(samples.images, gaussian_samples(real, 500).images)


def test_floor_samples_are_distinct_real_training_images(real: RealImages) -> None:
    samples = real_samples(real, 200)
    train = real.train.images[torch.arange(len(real.train))].flatten(1)
    distances = torch.cdist(
        samples.images.flatten(1), train, compute_mode="donot_use_mm_for_euclid_dist"
    )
    assert distances.amin(1).max() == 0
    assert len(distances.argmin(1).unique()) == 200
    assert samples.labels is not None
    assert real.train.labels is not None
    assert torch.equal(samples.labels, real.train.labels[distances.argmin(1)])


def test_the_mean_image() -> None:
    data = noise_images(50, (3, 4, 4), classes=0)
    expected = data.images.astype(np.float64).mean(0) / 255
    assert np.allclose(pixel_mean(data)[0].numpy(), expected)


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if "samples" in m.needs])
def test_every_sample_metric_has_a_floor_and_a_baseline(
    name: str, wardrobe: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(200)
    images = wardrobe.train.images[rows].astype(np.float32) / 255
    assert wardrobe.train.labels is not None
    labels = wardrobe.train.labels[rows]
    results = evaluate_samples(images, labels, data=wardrobe, metrics=(name,))
    assert tuple(results) == METRICS[name].names
    for result in results.values():
        assert result.floor is not None
        assert result.baseline is not None
        assert result.count == 200

    def forbidden(*_: Any) -> None:
        raise AssertionError("a baseline was computed again")

    for kind in REFERENCE_SAMPLES:
        monkeypatch.setitem(REFERENCE_SAMPLES, kind, forbidden)
    again = evaluate_samples(images, labels, data=wardrobe, metrics=(name,))
    assert again == results


def test_features_of_real_images_are_cached(
    wardrobe: Dataset, real: RealImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = real.test.features
    fresh = RealImages(wardrobe, Extractors(wardrobe), CPU)

    def forbidden(*_: Any) -> None:
        raise AssertionError("features were computed again")

    monkeypatch.setattr(FeatureExtractor, "__call__", forbidden)
    assert torch.equal(fresh.test.features, features)
    with pytest.raises(AssertionError, match="computed again"):
        _ = real_samples(fresh, 10).features
