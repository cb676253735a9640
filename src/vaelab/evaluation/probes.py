"""How well a label is read from a code: by lines, by neighbours, and by guessing.

For an unconditional model much of the label is in the code; for a conditional one, which is told
the label, whatever of it is read above chance was left in the code needlessly.

Letters in shapes: N training images, M test images, D latent dimensions.
"""

import math

from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from vaelab.errors import InputError
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings, Measure

_MOST_ITERATIONS = 1000


def linear_probe(
    train_codes: Float[Tensor, "N D"],
    train_labels: Int[Tensor, " N"],
    test_codes: Float[Tensor, "M D"],
    test_labels: Int[Tensor, " M"],
) -> float:
    """Accuracy on the test codes of a multinomial logistic regression, in [0, 1].

    Codes are standardized by the training codes, so that the regularization (an L2 penalty of
    weight 1 beside the summed loss) bears on every dimension alike. No chance is involved.

    Raises:
        InputError: training labels of fewer than two classes.
    """
    found = len(train_labels.unique())
    if found < 2:
        raise InputError(
            f"linear probe: training labels must be of 2 classes or more, found {found}"
        )
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=_MOST_ITERATIONS))
    probe.fit(train_codes.double().numpy(), train_labels.numpy())
    return float(probe.score(test_codes.double().numpy(), test_labels.numpy()))


def nearest_neighbour_probe(
    train_codes: Float[Tensor, "N D"],
    train_labels: Int[Tensor, " N"],
    test_codes: Float[Tensor, "M D"],
    test_labels: Int[Tensor, " M"],
    k: int = 10,
) -> float:
    """Accuracy on the test codes of a vote of the k nearest training codes, in [0, 1].

    Distances are Euclidean in the codes as they are: the prior gives all dimensions one scale, and
    standardizing would blow up those that the model does not use. A tie goes to the lowest label.

    Raises:
        InputError: fewer than k training codes.
    """
    if not 0 < k <= len(train_codes):
        raise InputError(
            f"nearest-neighbour probe: k must be from 1 to the {len(train_codes)} training codes, "
            f"found {k}"
        )
    # Search trees lose to plain comparison from about ten dimensions on.
    probe = KNeighborsClassifier(k, algorithm="brute")
    probe.fit(train_codes.double().numpy(), train_labels.numpy())
    return float(probe.score(test_codes.double().numpy(), test_labels.numpy()))


def chance_level(labels: Int[Tensor, " M"]) -> float:
    """Accuracy of always guessing the most frequent class."""
    _, counts = labels.unique(return_counts=True)
    return int(counts.max()) / len(labels)


def accuracy_standard_error(accuracy: float, count: int) -> float:
    """Standard error of a share of `count` independent images: binomial, sqrt(a (1 - a) / n)."""
    return math.sqrt(accuracy * (1 - accuracy) / count)


MEASURES = {
    "label_probe_linear": Measure("share", "higher"),
    "label_probe_neighbours": Measure("share", "higher"),
}
LEAKAGE_MEASURES = {
    "label_leakage_linear": Measure("share", "lower"),
    "label_leakage_neighbours": Measure("share", "lower"),
}


def measure(context: EvaluationContext) -> Findings:
    """How well a code tells the class of its image; useless is chance."""
    chance = chance_level(context.test_labels)
    return _probed(context, tuple(MEASURES), floor=1.0, baseline=chance)


def measure_leakage(context: EvaluationContext) -> Findings:
    """How much of the class a conditional model leaves in its code; perfect is chance."""
    chance = chance_level(context.test_labels)
    return _probed(context, tuple(LEAKAGE_MEASURES), floor=chance, baseline=1.0)


def _probed(
    context: EvaluationContext, names: tuple[str, ...], *, floor: float, baseline: float
) -> Findings:
    codes = context.codes
    estimates = {}
    for name, probe in zip(names, (linear_probe, nearest_neighbour_probe), strict=True):
        value = probe(codes.train, context.train_labels, codes.test, context.test_labels)
        error = accuracy_standard_error(value, len(codes.test))
        estimates[name] = Estimate(value, len(codes.test), error, floor, baseline)
    return Findings(estimates)
