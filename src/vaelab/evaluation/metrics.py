"""The table of metrics: one file and one line each."""

from vaelab.errors import unknown_name
from vaelab.evaluation import (
    bits,
    classification_accuracy_score,
    clusters,
    conditional_accuracy,
    diversity,
    exemplar,
    frechet,
    image_quality,
    importance,
    kernel_distance,
    latent_information,
    losses,
    memorization,
    precision_recall,
    probes,
    smoothness,
    total_correlation,
)
from vaelab.evaluation.disentanglement import scores as disentanglement
from vaelab.evaluation.metric import Metric

METRICS: dict[str, Metric] = {
    "losses": losses.METRIC,
    "importance": importance.METRIC,
    "exemplar": exemplar.METRIC,
    "bits": bits.METRIC,
    "information": latent_information.METRIC,
    "label-probe": probes.METRIC,
    "label-leakage": probes.LEAKAGE_METRIC,
    "clusters": clusters.METRIC,
    "smoothness": smoothness.METRIC,
    "total-correlation": total_correlation.METRIC,
    "disentanglement": disentanglement.METRIC,
    "image-quality": image_quality.METRIC,
    "reconstruction-frechet": frechet.RECONSTRUCTION_METRIC,
    "frechet": frechet.METRIC,
    "kernel-distance": kernel_distance.METRIC,
    "precision-recall": precision_recall.METRIC,
    "memorization": memorization.METRIC,
    "conditional-accuracy": conditional_accuracy.METRIC,
    "diversity": diversity.METRIC,
    "classification-accuracy-score": classification_accuracy_score.METRIC,
}


def metric_name(name: str) -> str:
    """The key of `METRICS` that a name means: itself, an alias or one of its numbers.

    Raises:
        InputError: on an unknown name, naming the nearest.
    """
    known = _names()
    if name not in known:
        raise unknown_name("metric", name, known)
    return known[name]


def _names() -> dict[str, str]:
    """Every name that finds a metric, with its key; a key comes before an alias."""
    names = {
        other: name
        for name, metric in METRICS.items()
        for other in (*metric.aliases, *metric.names)
    }
    return names | {name: name for name in METRICS}
