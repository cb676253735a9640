import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.probes import chance_level, linear_hits, nearest_neighbor_hits
from vaelab.randomness import generator
from vaelab.statistics import proportion_standard_error


def linear_probe(*codes_and_labels: Tensor) -> float:
    """The accuracy of the linear probe."""
    return linear_hits(*codes_and_labels).double().mean().item()


def nearest_neighbor_probe(*codes_and_labels: Tensor, k: int = 10) -> float:
    """The accuracy of the nearest-neighbor probe."""
    return nearest_neighbor_hits(*codes_and_labels, k=k).double().mean().item()


PROBES = [linear_probe, nearest_neighbor_probe]


def blobs(count: int, distance: float, purpose: str) -> tuple[Tensor, Tensor]:
    """Unit normal clouds around two points at `distance` along the first of three axes."""
    labels = torch.arange(count) % 2
    codes = torch.randn(count, 3, generator=generator(0, purpose))
    codes[:, 0] += distance * labels
    return codes, labels


@pytest.mark.parametrize("probe", PROBES)
def test_distant_classes_are_separated(probe: Callable[..., float]) -> None:
    assert probe(*blobs(200, 40.0, "train"), *blobs(200, 40.0, "test")) == 1


@pytest.mark.parametrize("probe", PROBES)
def test_noise_predicts_no_class(probe: Callable[..., float]) -> None:
    accuracy = probe(*blobs(1_000, 0.0, "train"), *blobs(1_000, 0.0, "test"))
    assert accuracy == pytest.approx(0.5, abs=4 * proportion_standard_error(0.5, 1_000))


def test_the_linear_probe_is_as_good_as_the_best_classifier_of_two_normal_clouds() -> None:
    """The best accuracy for unit normals at distance d is the normal distribution's Phi(d / 2)."""
    best = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
    accuracy = linear_probe(*blobs(4_000, 2.0, "train"), *blobs(4_000, 2.0, "test"))
    assert accuracy == pytest.approx(best, abs=3 * proportion_standard_error(best, 4_000))


def test_the_linear_probe_ignores_scales_and_dead_dimensions() -> None:
    (train, y), (test, t) = blobs(400, 3.0, "train"), blobs(400, 3.0, "test")
    scale = torch.tensor([1e-4, 1e3, 0.0])
    assert linear_probe(train * scale, y, test * scale, t) == pytest.approx(
        linear_probe(train, y, test, t), abs=0.02
    )


def test_neighbors_classify_what_is_not_linearly_separable() -> None:
    codes = torch.randn(1_000, 2, generator=generator(0, "xor")).sign()
    codes = codes + 0.1 * torch.randn(1_000, 2, generator=generator(0, "jitter"))
    labels = (codes.prod(1) > 0).long()
    split = codes[:500], labels[:500], codes[500:], labels[500:]
    assert nearest_neighbor_probe(*split) > 0.99
    assert linear_probe(*split) < 0.65


def test_neighbors_vote() -> None:
    """Against a count of the labels of the k nearest, distance by distance."""
    (train, y), (test, t) = blobs(60, 1.0, "train"), blobs(40, 1.0, "test")
    for k in (1, 5):
        right = 0
        for code, label in zip(test, t, strict=True):
            nearest = (train - code).norm(dim=1).argsort()[:k]
            right += int(y[nearest].bincount(minlength=2).argmax() == label)
        assert nearest_neighbor_probe(train, y, test, t, k=k) == right / 40


def test_chance_level_is_the_most_frequent_class() -> None:
    assert chance_level(torch.tensor([3, 1, 3, 3, 0])) == 0.6


def test_what_cannot_be_probed_is_refused() -> None:
    codes, labels = blobs(20, 1.0, "train")
    with pytest.raises(InputError, match="2 classes or more, found 1"):
        linear_probe(codes, labels * 0, codes, labels)
    with pytest.raises(InputError, match="from 1 to the 20 training codes, found 21"):
        nearest_neighbor_probe(codes, labels, codes, labels, k=21)
