"""The table of everything that can be measured: a file and a line each."""

from vaelab.evaluation import (
    accuracy_score,
    bits,
    clusters,
    controllability,
    dependence,
    diversity,
    frechet,
    image_quality,
    importance,
    kernel_distance,
    latent_information,
    losses,
    manifolds,
    neighbours,
    probes,
    protocols,
    smoothness,
)
from vaelab.evaluation.disentanglement import measuring as disentanglement
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
    "label-left": Metric(
        probes.MEASURES_LEFT,
        probes.measure_left,
        ("a run", "labels of 2 classes", "10 images", "a model of classes"),
    ),
    "clusters": Metric(
        clusters.MEASURES,
        clusters.measure,
        ("a run", "labels of 2 classes", "10 images", "a model without classes"),
    ),
    "smoothness": Metric(
        smoothness.MEASURES, smoothness.measure, ("a run", "a judge", "10 images")
    ),
    "dependence": Metric(dependence.MEASURES, dependence.measure, ("a run", "10 images")),
    "disentanglement": Metric(
        disentanglement.MEASURES,
        disentanglement.measure,
        ("a run", "known factors", "1,000 test images"),
    ),
    "image-quality": Metric(image_quality.MEASURES, image_quality.measure),
    "reconstruction-frechet": Metric(
        frechet.MEASURES_OF_RECONSTRUCTIONS,
        frechet.measure_reconstructions,
        ("a run", "a judge", "10 images"),
    ),
    "frechet": of_samples("frechet", frechet.MEASURES, frechet.score),
    "kernel-distance": of_samples(
        "kernel-distance", kernel_distance.MEASURES, kernel_distance.score
    ),
    "manifolds": of_samples("manifolds", manifolds.MEASURES, manifolds.score),
    "neighbours": of_samples("neighbours", neighbours.MEASURES, neighbours.score),
    "controllability": of_samples(
        "controllability", controllability.MEASURES, controllability.score, "samples of classes"
    ),
    "diversity": of_samples("diversity", diversity.MEASURES, diversity.score, "samples of classes"),
    "accuracy-score": of_samples(
        "accuracy-score", accuracy_score.MEASURES, accuracy_score.score, "samples of classes"
    ),
}
