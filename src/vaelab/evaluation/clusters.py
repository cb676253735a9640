"""Whether codes fall into groups that agree with the labels, though no label is shown.

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
from vaelab.evaluation.probes import chance_level
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.randomness import generator

_STARTS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterAgreement:
    """How far clusters and labels are the same partition; 1 is the same, names do not matter.

    Attributes:
        adjusted_rand_index: of pairs put process_group or apart, 0 on average for random clusters:
            Hubert and Arabie 1985, equation 5.
        normalized_mutual_information: mutual information over the mean of both entropies, 0 for
            independent partitions.
        accuracy: share of images whose cluster is the one assigned to their class, by the best
            assignment of clusters to classes, each at most once.
    """

    adjusted_rand_index: float
    normalized_mutual_information: float
    accuracy: float


def k_means_clusters(
    codes: Float[Tensor, "N D"], count: int, generator: Generator
) -> Int[Tensor, " N"]:
    """Clusters 0, 1, ... by k-means in the codes as they are, the best of 10 starts.

    Fewer than `count` where there are fewer different codes, as in a collapsed model.

    Raises:
        InputError: a count below 1 or above the number of codes.
    """
    if not 0 < count <= len(codes):
        raise InputError(
            f"k-means: the number of clusters must be from 1 to the {len(codes)} codes, "
            f"found {count}"
        )
    different = len(codes.unique(dim=0))
    seed = int(torch.randint(2**31, (), generator=generator))
    clustering = KMeans(min(count, different), n_init=_STARTS, random_state=seed)
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


MEASURES = {
    "cluster_adjusted_rand_index": Measure("of at most 1", "higher"),
    "cluster_mutual_information": Measure("of at most 1", "higher"),
    "cluster_accuracy": Measure("share", "higher"),
}


def measure(context: EvaluationContext) -> Findings:
    """Agreement with the classes of as many k-means clusters of the test images' codes."""
    codes, labels = context.codes.test, context.test_labels
    draws = generator(context.seed, "clusters")
    found = cluster_agreement(k_means_clusters(codes, len(labels.unique()), draws), labels)
    values = (found.adjusted_rand_index, found.normalized_mutual_information, found.accuracy)
    worst = (0.0, 0.0, chance_level(labels))
    return Findings(
        {
            name: Estimate(value, len(codes), floor=1.0, baseline=baseline)
            for name, value, baseline in zip(MEASURES, values, worst, strict=True)
        }
    )
