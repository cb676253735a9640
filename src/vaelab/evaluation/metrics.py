"""The table of everything that can be measured: a file and a line each."""

from vaelab.evaluation import (
    bits,
    classification_accuracy_score,
    clusters,
    conditional_accuracy,
    diversity,
    frechet,
    image_quality,
    importance,
    kernel_distance,
    latent_information,
    losses,
    memorization,
    precision_recall,
    probes,
    protocols,
    smoothness,
    total_correlation,
)
from vaelab.evaluation.disentanglement import scores as disentanglement
from vaelab.evaluation.metric import Metric, of_samples

METRICS: dict[str, Metric] = {
    "losses": Metric(losses.MEASURES, losses.measure),
    "importance": Metric(importance.MEASURES, importance.measure, ("a run", "a likelihood")),
    "exemplar": Metric(
        protocols.MEASURES,
        protocols.measure,
        ("a run", "a likelihood", "training by the exemplar protocol"),
        is_default=False,
    ),
    "bits": Metric(bits.MEASURES, bits.measure, ("a run", "a prior", "a density of grey values")),
    "information": Metric(
        latent_information.MEASURES, latent_information.measure, ("a run", "a prior")
    ),
    "label-probe": Metric(
        probes.MEASURES,
        probes.measure,
        ("a run", "labels of 2 classes", "10 images", "a model without classes"),
    ),
    "label-leakage": Metric(
        probes.LEAKAGE_MEASURES,
        probes.measure_leakage,
        ("a run", "labels of 2 classes", "10 images", "a model of classes"),
    ),
    "clusters": Metric(
        clusters.MEASURES,
        clusters.measure,
        ("a run", "labels of 2 classes", "10 images", "a model without classes"),
    ),
    "smoothness": Metric(
        smoothness.MEASURES, smoothness.measure, ("a run", "a classifier", "10 images")
    ),
    "total-correlation": Metric(
        total_correlation.MEASURES, total_correlation.measure, ("a run", "10 images")
    ),
    "disentanglement": Metric(
        disentanglement.MEASURES,
        disentanglement.measure,
        ("a run", "known factors", "1,000 test images"),
    ),
    "image-quality": Metric(image_quality.MEASURES, image_quality.measure),
    "reconstruction-frechet": Metric(
        frechet.MEASURES_OF_RECONSTRUCTIONS,
        frechet.measure_reconstructions,
        ("a run", "a classifier", "10 images"),
    ),
    "frechet": of_samples("frechet", frechet.MEASURES, frechet.score),
    "kernel-distance": of_samples(
        "kernel-distance", kernel_distance.MEASURES, kernel_distance.score
    ),
    "precision-recall": of_samples(
        "precision-recall", precision_recall.MEASURES, precision_recall.score
    ),
    "memorization": of_samples("memorization", memorization.MEASURES, memorization.score),
    "conditional-accuracy": of_samples(
        "conditional-accuracy",
        conditional_accuracy.MEASURES,
        conditional_accuracy.score,
        "samples of classes",
    ),
    "diversity": of_samples("diversity", diversity.MEASURES, diversity.score, "samples of classes"),
    "classification-accuracy-score": of_samples(
        "classification-accuracy-score",
        classification_accuracy_score.MEASURES,
        classification_accuracy_score.score,
        "samples of classes",
    ),
}
