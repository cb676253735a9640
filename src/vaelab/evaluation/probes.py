"""Probes: how well the label is predicted from the code, and label leakage.

An unconditional model needs the label in its code. A conditional one is given the label, so what a
probe predicts above chance is leakage.

Letters in shapes: N training images, M test images, D latent dimensions.
"""

import torch
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import (
    Direction,
    Metric,
    MetricSpec,
    MetricValue,
    proportion_of_images,
)

_MOST_ITERATIONS = 1000


def linear_hits(
    train_codes: Float[Tensor, "N D"],
    train_labels: Int[Tensor, " N"],
    test_codes: Float[Tensor, "M D"],
    test_labels: Int[Tensor, " M"],
) -> Bool[Tensor, " M"]:
    """Whether a multinomial logistic regression predicts the label of each test code.

    Codes are standardized by the training codes, so that the regularization (an L2 penalty of
    weight 1 on the summed loss) is the same for every dimension. It is deterministic.

    Raises:
        InputError: on training labels of fewer than two classes.
    """
    found = len(train_labels.unique())
    if found < 2:
        raise InputError(
            f"linear probe: training labels must be of 2 classes or more, found {found}"
        )
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_MOST_ITERATIONS))
    probe.fit(train_codes.double().numpy(), train_labels.numpy())
    return torch.from_numpy(probe.predict(test_codes.double().numpy())) == test_labels


def nearest_neighbor_hits(
    train_codes: Float[Tensor, "N D"],
    train_labels: Int[Tensor, " N"],
    test_codes: Float[Tensor, "M D"],
    test_labels: Int[Tensor, " M"],
    k: int = 10,
) -> Bool[Tensor, " M"]:
    """Whether a k-nearest-neighbor classifier predicts the label of each test code.

    Distances are Euclidean and codes are not standardized, which would amplify dimensions that the
    model does not use. Of tied labels the lowest wins.

    Raises:
        InputError: on fewer than k training codes.
    """
    if not 0 < k <= len(train_codes):
        raise InputError(
            f"nearest-neighbor probe: k must be from 1 to the {len(train_codes)} training codes, "
            f"found {k}"
        )
    # Search trees are slower than brute force from about ten dimensions on.
    probe = KNeighborsClassifier(k, algorithm="brute")
    probe.fit(train_codes.double().numpy(), train_labels.numpy())
    return torch.from_numpy(probe.predict(test_codes.double().numpy())) == test_labels


def chance_level(labels: Int[Tensor, " M"]) -> float:
    """Accuracy of always predicting the most frequent class."""
    _, counts = labels.unique(return_counts=True)
    return int(counts.max()) / len(labels)


def _values(
    context: EvaluationContext, prefix: str, *, floor: float, baseline: float
) -> dict[str, MetricValue]:
    codes = context.codes
    values = {}
    for name, probe in (("linear", linear_hits), ("knn", nearest_neighbor_hits)):
        hits = probe(codes.train, context.train_labels, codes.test, context.test_labels)
        values[f"{prefix}_{name}"] = proportion_of_images(hits, floor=floor, baseline=baseline)
    return values


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Accuracy of the probes; the baseline is the most frequent class."""
    chance = chance_level(context.test_labels)
    return _values(context, "label_probe", floor=1.0, baseline=chance)


def compute_leakage(context: EvaluationContext) -> dict[str, MetricValue]:
    """Accuracy of the probes for a conditional model; the floor is the most frequent class."""
    chance = chance_level(context.test_labels)
    return _values(context, "label_leakage", floor=chance, baseline=1.0)


def _specs(
    prefix: str, label: str, group: str, direction: Direction, note: str
) -> tuple[MetricSpec, ...]:
    return tuple(
        MetricSpec(
            name=f"{prefix}_{name}",
            label=f"{label}, {probe}",
            unit="share",
            meaning=f"Accuracy of the label predicted from the code by {how}{note}.",
            group=group,
            direction=direction,
        )
        for name, probe, how in (
            ("linear", "linear", "logistic regression"),
            ("knn", "k-NN", "its 10 nearest neighbors"),
        )
    )


METRIC = Metric(
    _specs("label_probe", "Label probe", "Latent space", "higher", ""),
    compute,
    ("a trained model", "2 classes", "an unconditional model"),
    aliases=("probe",),
)

LEAKAGE_METRIC = Metric(
    _specs("label_leakage", "Label leakage", "Conditional generation", "lower", "; chance is best"),
    compute_leakage,
    ("a trained model", "2 classes", "a conditional model"),
    aliases=("leakage",),
)
