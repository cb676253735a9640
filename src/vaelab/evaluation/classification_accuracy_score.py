"""Classification accuracy score: accuracy on real images after training on generated ones."""

from dataclasses import replace

import torch
from torch import Generator

from vaelab.config import ClassifierConfig, ClassifierTrainingConfig, PlainConfig
from vaelab.data import ImageData
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.metric import MetricSpec, MetricValue, proportion_of_images
from vaelab.evaluation.sample_metric import sample_metric
from vaelab.features import in_batches, train_network

# Images that are rounded at once.
BLOCK = 1000

# A small network, trained for seconds.
CONFIG = ClassifierConfig(
    preset="classification-accuracy-score",
    network=PlainConfig(widths=(16, 32, 64)),
    training=ClassifierTrainingConfig(epochs=8, learning_rate=0.05),
)


def score(
    samples: ClassifiedImages, real: RealImages, _generator: Generator
) -> dict[str, MetricValue]:
    """Accuracy on the real test images of a small network trained on the samples alone.

    Ravuri and Vinyals 2019 (arXiv:1905.10887), section 3. The floor is the same network trained on
    as many real images.
    """
    test = real.test
    assert samples.labels is not None
    assert test.labels is not None
    # 8-bit pixels, as the real images have.
    parts = [(part * 255).round().to(torch.uint8) for part in samples.images.split(BLOCK)]
    images = torch.cat(parts).numpy()
    names = real.dataset.test.class_names
    data = ImageData(
        name="samples", images=images, labels=samples.labels.numpy(), class_names=names
    )
    network = train_network(CONFIG, data, samples.device)
    logits = in_batches(network, test.images, samples.device).logits
    assert logits is not None
    of_test_images = proportion_of_images(logits.argmax(1) == test.labels)
    return {"classification_accuracy_score": replace(of_test_images, count=len(samples))}


METRIC = sample_metric(
    "classification-accuracy-score",
    (
        MetricSpec(
            name="classification_accuracy_score",
            label="Classification accuracy score",
            unit="share",
            meaning="Accuracy on real images of a classifier trained on samples alone.",
            group="Conditional generation",
            direction="higher",
        ),
    ),
    score,
    "samples with labels",
    "labels",
    aliases=("cas",),
)
