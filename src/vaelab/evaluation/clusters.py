"""Clusters: whether k-means clusters of the codes agree with the labels.

Letters in shapes: N images, D latent dimensions.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from torch import Generator, Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue
from vaelab.evaluation.probes import chance_level
from vaelab.randomness import generator

_INITIALIZATIONS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAgreement:
    """Agreement of two partitions of the same images; 1 if they are the same.

    Attributes:
        adjusted_rand_index: of pairs in the same or in different clusters; 0 on average for random
            clusters: Hubert and Arabie 1985, equation 5.
        normalized_mutual_information: mutual information over the mean of both entropies, 0 for
            independent partitions.
        accuracy: proportion of images in the cluster of their class, under the best one-to-one
            assignment of clusters to classes.
    """

    adjusted_rand_index: float
    normalized_mutual_information: float
    accuracy: float


def k_means_clusters(
    codes: Float[Tensor, "N D"], count: int, generator: Generator
) -> Int[Tensor, " N"]:
    """k-means clusters 0, 1, ... of the codes, the best of 10 initializations.

    There are fewer than `count` where there are fewer distinct codes, as in a collapsed model.

    Raises:
        InputError: on a count below 1 or above the number of codes.
    """
    if not 0 < count <= len(codes):
        raise InputError(
            f"k-means: the number of clusters must be from 1 to the {len(codes)} codes, "
            f"found {count}"
        )
    distinct = len(codes.unique(dim=0))
    seed = int(torch.randint(2**31, (), generator=generator))
    clustering = KMeans(min(count, distinct), n_init=_INITIALIZATIONS, random_state=seed)
    return torch.from_numpy(clustering.fit_predict(codes.double().numpy())).long()


def cluster_agreement(clusters: Int[Tensor, " N"], labels: Int[Tensor, " N"]) -> ClusterAgreement:
    """Agreement of any two partitions of the same images."""
    table = contingency_matrix(labels.numpy(), clusters.numpy())
    matched = table[linear_sum_assignment(table, maximize=True)].sum()
    return ClusterAgreement(
        adjusted_rand_index=float(adjusted_rand_score(labels.numpy(), clusters.numpy())),
        normalized_mutual_information=float(
            normalized_mutual_info_score(labels.numpy(), clusters.numpy())
        ),
        accuracy=float(matched / len(labels)),
    )


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Agreement of the labels with as many k-means clusters of the test images' codes."""
    codes, labels = context.codes.test, context.test_labels
    draws = generator(context.seed, "clusters")
    found = cluster_agreement(k_means_clusters(codes, len(labels.unique()), draws), labels)
    return {
        name: MetricValue(value=value, count=len(codes), floor=1.0, baseline=baseline)
        for name, value, baseline in (
            ("cluster_adjusted_rand_index", found.adjusted_rand_index, 0.0),
            ("cluster_mutual_information", found.normalized_mutual_information, 0.0),
            ("cluster_accuracy", found.accuracy, chance_level(labels)),
        )
    }


def _spec(name: str, label: str, unit: str, meaning: str) -> MetricSpec:
    return MetricSpec(
        name=name,
        label=label,
        unit=unit,
        meaning=meaning,
        group="Latent space",
        direction="higher",
    )


METRIC = Metric(
    (
        _spec(
            "cluster_adjusted_rand_index",
            "Adjusted Rand index",
            "of at most 1",
            "Agreement of k-means clusters with the classes; 0 for random clusters.",
        ),
        _spec(
            "cluster_mutual_information",
            "Cluster NMI",
            "of at most 1",
            "Normalized mutual information of k-means clusters and classes.",
        ),
        _spec(
            "cluster_accuracy",
            "Cluster accuracy",
            "share",
            "Proportion of images in the k-means cluster of their class.",
        ),
    ),
    compute,
    ("a trained model", "2 classes", "2 images", "an unconditional model"),
    aliases=("nmi", "ari"),
)
