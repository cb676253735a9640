from itertools import permutations

import pytest
import torch

from vaelab.errors import InputError
from vaelab.evaluation.clusters import cluster_agreement, k_means_clusters
from vaelab.randomness import generator

LABELS = torch.arange(3_000) % 5
CENTERS = 20 * torch.randn(5, 3, generator=generator(0, "centers"))
BLOBS = CENTERS[LABELS] + torch.randn(3_000, 3, generator=generator(0, "blobs"))


def test_distant_groups_are_found() -> None:
    agreement = cluster_agreement(k_means_clusters(BLOBS, 5, generator(0)), LABELS)
    assert agreement.adjusted_rand_index == 1
    assert agreement.normalized_mutual_information == pytest.approx(1)
    assert agreement.accuracy == 1


def test_names_of_clusters_do_not_matter() -> None:
    noisy = torch.where(torch.arange(3_000) % 7 == 0, 0, LABELS)
    renamed = torch.tensor([7, 2, 9, 0, 4])[noisy]
    found, expected = cluster_agreement(renamed, LABELS), cluster_agreement(noisy, LABELS)
    assert found.accuracy == expected.accuracy
    assert found.adjusted_rand_index == pytest.approx(expected.adjusted_rand_index)
    assert found.normalized_mutual_information == pytest.approx(
        expected.normalized_mutual_information
    )


def test_random_clusters_have_scores_of_zero() -> None:
    clusters = torch.randint(5, (3_000,), generator=generator(0))
    agreement = cluster_agreement(clusters, LABELS)
    assert agreement.adjusted_rand_index == pytest.approx(0, abs=0.005)
    assert agreement.normalized_mutual_information == pytest.approx(0, abs=0.01)
    assert agreement.accuracy == pytest.approx(1 / 5, abs=0.04)


def test_accuracy_is_that_of_the_best_names() -> None:
    labels = torch.randint(4, (60,), generator=generator(0, "labels"))
    clusters = torch.randint(4, (60,), generator=generator(0, "clusters"))
    best = max(
        (torch.tensor(names)[clusters] == labels).double().mean().item()
        for names in permutations(range(4))
    )
    assert cluster_agreement(clusters, labels).accuracy == pytest.approx(best)


def test_a_class_in_two_clusters_counts_by_the_larger() -> None:
    labels = torch.tensor([0, 0, 0, 0, 1, 1])
    clusters = torch.tensor([0, 0, 0, 2, 1, 1])
    agreement = cluster_agreement(clusters, labels)
    assert agreement.accuracy == pytest.approx(5 / 6)
    # Pairs together in both: 4, in clusters 4, in labels 7, expected 4 * 7 / 15.
    expected = 28 / 15
    assert agreement.adjusted_rand_index == pytest.approx((4 - expected) / (5.5 - expected))


def test_a_collapsed_code_is_one_uninformative_cluster() -> None:
    clusters = k_means_clusters(torch.zeros(3_000, 4), 5, generator(0))
    agreement = cluster_agreement(clusters, LABELS)
    assert clusters.unique().tolist() == [0]
    assert agreement.adjusted_rand_index == pytest.approx(0)
    assert agreement.normalized_mutual_information == pytest.approx(0)
    assert agreement.accuracy == pytest.approx(1 / 5)


def test_the_same_generator_gives_the_same_clusters() -> None:
    noise = torch.randn(500, 6, generator=generator(0, "noise"))
    first, again = (k_means_clusters(noise, 10, generator(3)) for _ in range(2))
    assert torch.equal(first, again)


def test_more_clusters_than_codes_are_refused() -> None:
    with pytest.raises(InputError, match="from 1 to the 4 codes, found 5"):
        k_means_clusters(BLOBS[:4], 5, generator(0))
