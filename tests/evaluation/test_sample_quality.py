"""Distances between sets of images: answers known in advance, and independent implementations."""

import numpy as np
import pytest
import torch
from scipy import linalg
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation import kernel_distance as kernel_metric
from vaelab.evaluation import memorization as memorization_metric
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.frechet import FeatureStatistics, feature_statistics, frechet_distance
from vaelab.evaluation.kernel_distance import kernel_distance, squared_discrepancy
from vaelab.evaluation.memorization import memorization_rate, nearest, relative_distances
from vaelab.evaluation.precision_recall import manifold_scores


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def features(count: int, size: int = 6, *, seed: int = 0) -> Tensor:
    mixing = torch.randn(size, size, generator=draws(9), dtype=torch.float64)
    return torch.randn(count, size, generator=draws(seed), dtype=torch.float64) @ mixing


def test_frechet_distance_of_identical_sets_is_zero_in_any_order() -> None:
    x = features(500)
    statistics = feature_statistics(x)
    shuffled = feature_statistics(x[torch.randperm(500, generator=draws())])
    assert frechet_distance(statistics, statistics) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(statistics, shuffled) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_of_gaussians_of_known_distance() -> None:
    ones = FeatureStatistics(torch.zeros(3).double(), torch.eye(3).double())
    shifted = FeatureStatistics(torch.tensor([3.0, 4.0, 0.0]).double(), torch.eye(3).double())
    wider = FeatureStatistics(
        torch.zeros(3).double(), torch.diag(torch.tensor([4.0, 9, 1])).double()
    )
    assert frechet_distance(ones, shifted) == pytest.approx(25)
    assert frechet_distance(ones, wider) == pytest.approx((2 - 1) ** 2 + (3 - 1) ** 2)
    assert frechet_distance(wider, ones) == pytest.approx(5)


@pytest.mark.parametrize("count", [500, 4])  # fewer images than features: singular
def test_frechet_distance_agrees_with_the_square_root_of_the_product(count: int) -> None:
    a, b = feature_statistics(features(500)), feature_statistics(features(count, seed=1) * 2 + 1)
    root = linalg.sqrtm((a.covariance @ b.covariance).numpy()).real
    expected = (
        (a.mean - b.mean).square().sum().item()
        + (a.covariance + b.covariance).trace().item()
        - 2 * np.trace(root)
    )
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("count", [500, 4])  # fewer images than features: singular
def test_frechet_distance_to_a_set_twice_as_wide_is_the_variance(count: int) -> None:
    a = feature_statistics(features(count))
    wider = FeatureStatistics(a.mean, 4 * a.covariance)
    assert frechet_distance(a, wider) == pytest.approx(a.covariance.trace().item(), rel=1e-12)


def test_features_that_have_no_covariance_are_refused() -> None:
    with pytest.raises(InputError, match="needs 2 images or more, found 1"):
        feature_statistics(features(1))
    with pytest.raises(InputError, match="NaN or infinity"):
        feature_statistics(features(5) / 0)


def test_kernel_distance_agrees_with_every_pair_written_out() -> None:
    a, b = features(7), features(5, seed=1)

    def kernel(x: Tensor, y: Tensor) -> float:
        return ((x @ y).item() / len(x) + 1) ** 3

    inside = [
        np.mean([kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j])
        for s in (a, b)
    ]
    across = np.mean([kernel(x, y) for x in a for y in b])
    assert squared_discrepancy(a, b) == pytest.approx(sum(inside) - 2 * across)


def test_kernel_distance_agrees_with_scikit_learn() -> None:
    a, b = features(60).numpy(), features(60, seed=1).numpy() + 0.5
    of_a, of_b, across = (
        polynomial_kernel(*pair, degree=3, gamma=1 / a.shape[1], coef0=1)
        for pair in ((a, a), (b, b), (a, b))
    )
    inside = [kernel[~np.eye(60, dtype=bool)].mean() for kernel in (of_a, of_b)]
    found = squared_discrepancy(torch.from_numpy(a), torch.from_numpy(b))
    assert found == pytest.approx(sum(inside) - 2 * across.mean())


def test_kernel_distance_is_unbiased_and_grows_with_a_shift() -> None:
    a, b = features(2000), features(2000, seed=1)
    same = kernel_distance(a, b, generator=draws(), subset_count=50, subset_size=500)
    assert abs(same.value) < 3 * same.of_subsets.std()
    shifted = kernel_distance(a, b + 1, generator=draws(), subset_count=50, subset_size=500)
    assert shifted.value > 3 * shifted.of_subsets.std()
    with pytest.raises(InputError, match="needs 500 images of each kind, found 100"):
        kernel_distance(a, b[:100], generator=draws(), subset_size=500)


class Plain(ClassifiedImages):
    """Images whose features are given, or their pixels, without a classifier."""

    def __init__(self, given: Tensor) -> None:
        vars(self).update(images=given)

    @property
    def features(self) -> Tensor:
        return self.images


class Real(RealImages):
    def __init__(self, *, train: Tensor | None = None, test: Tensor) -> None:
        vars(self).update(train=train if train is None else Plain(train), test=Plain(test))


def test_the_error_of_the_kernel_distance_is_its_spread_over_fresh_sets() -> None:
    def sets(seed: int) -> tuple[Tensor, Tensor]:
        return features(200, seed=2 * seed), features(200, seed=2 * seed + 1) + 3

    fresh = torch.tensor([squared_discrepancy(*sets(seed)) for seed in range(100)])
    errors = []
    for seed in range(100, 105):
        real, made = sets(seed)
        found = kernel_metric.score(Plain(made), Real(test=real), draws())
        errors.append(found["kernel_distance"].standard_error)
    assert np.mean(errors) == pytest.approx(fresh.std().item(), rel=0.4)
    with pytest.raises(InputError, match="needs 4 images of each kind or more, found 3"):
        kernel_metric.score(Plain(features(3)), Real(test=features(9)), draws())


@pytest.mark.parametrize("count", [300, 1100])  # one block, and two of unequal size
def test_manifolds_of_identical_sets(count: int) -> None:
    x = features(count)
    scores = manifold_scores(x, x.flip(0))
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    # Each ball holds its 5 nearest and its own center.
    assert scores.density == pytest.approx(6 / 5, abs=1e-12)


def test_manifolds_of_distant_sets() -> None:
    scores = manifold_scores(features(200), features(200, seed=1) + 1000)
    assert (scores.precision, scores.recall, scores.density, scores.coverage) == (0, 0, 0, 0)


def test_a_collapsed_generator_is_precise_and_recalls_nothing() -> None:
    real = features(500)
    scores = manifold_scores(real, real[:1].repeat(1000, 1))
    assert scores.precision == 1
    assert scores.recall == 1 / 500  # the one image itself
    assert scores.coverage < 0.05


def test_manifolds_agree_with_their_definitions_written_out() -> None:
    real, made = features(40), features(30, seed=1) * 1.3

    def radii(points: Tensor, k: int) -> list[float]:
        return [sorted((points - p).norm(dim=1).tolist())[k] for p in points]

    def inside(points: Tensor, centers: Tensor, reach: list[float]) -> np.ndarray:
        return np.array(
            [
                [(p - c).norm().item() <= r for c, r in zip(centers, reach, strict=True)]
                for p in points
            ]
        )

    scores = manifold_scores(real, made)
    assert scores.precision == inside(made, real, radii(real, 3)).any(1).mean()
    assert scores.recall == inside(real, made, radii(made, 3)).any(1).mean()
    balls = inside(made, real, radii(real, 5))
    assert scores.density == pytest.approx(balls.sum() / (5 * len(made)))
    assert scores.coverage == balls.any(0).mean()


def test_too_few_images_have_no_neighbors() -> None:
    with pytest.raises(InputError, match="more than 5 images of each kind, found 5"):
        manifold_scores(features(50), features(5))


def test_nearest_agrees_with_plain_distances_and_a_copy_is_at_distance_zero() -> None:
    training = torch.rand(300, 1, 5, 5, generator=draws())
    images = torch.cat([training[[17]], torch.rand(20, 1, 5, 5, generator=draws(1))])
    found = nearest(images, training, count=3)
    plain = torch.stack(
        [(training.double() - image.double()).flatten(1).norm(dim=1) for image in images]
    )
    expected = plain.sort(1)
    assert torch.equal(found.indices, expected.indices[:, :3])
    assert torch.allclose(found.distances, expected.values[:, :3])
    assert found.distances[0, 0] == 0
    assert found.indices[0, 0] == 17
    with pytest.raises(InputError, match="301 nearest training images were requested, found 300"):
        nearest(images, training, count=301)


def test_copies_are_distinguished_from_images_that_are_near_to_many() -> None:
    training = torch.rand(400, 1, 8, 8, generator=draws())
    noise = torch.randn(50, 1, 8, 8, generator=draws(1)) / 255
    copies = nearest(training[:50] + noise, training, count=50)
    assert memorization_rate(copies) == 1
    fresh = nearest(torch.rand(50, 1, 8, 8, generator=draws(2)), training, count=50)
    assert memorization_rate(fresh) == 0
    blurred = nearest(training.mean(0, keepdim=True), training, count=50)
    assert relative_distances(blurred).item() > 0.8
    equal = nearest(torch.zeros(1, 1, 8, 8), torch.zeros(60, 1, 8, 8), count=50)
    assert relative_distances(equal).item() == 1  # a training set of one picture is no original


def test_copies_are_found_wherever_they_stand_among_the_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memorization_metric, "MOST_IMAGES", 100)
    training = torch.rand(400, 1, 8, 8, generator=draws())
    fresh = torch.rand(100, 1, 8, 8, generator=draws(1))
    samples, real = Plain(torch.cat([fresh, training[:100]])), Real(train=training, test=fresh)
    found = memorization_metric.score(samples, real, draws(2))
    rate = found["memorization_rate"]
    assert rate.value == pytest.approx(0.5, abs=0.15)
    assert rate.floor == 0
