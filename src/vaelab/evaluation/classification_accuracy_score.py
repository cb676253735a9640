"""Classification accuracy score: what a network learns of real images from generated ones alone."""

import torch
from torch import Generator

from vaelab.config import ClassifierConfig, ClassifierTrainingConfig, PlainConfig
from vaelab.data import ImageData
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.probes import accuracy_standard_error
from vaelab.evaluation.result import Estimate, Findings, Measure
from vaelab.features import look, taught

MEASURES = {"classification_accuracy_score": Measure("share", "higher")}

PUPIL = ClassifierConfig(
    preset="pupil",
    network=PlainConfig(widths=(16, 32, 64)),
    training=ClassifierTrainingConfig(epochs=8, learning_rate=0.05),
)


def score(shown: ClassifiedImages, reference: RealImages, _draws: Generator) -> Findings:
    """Accuracy on the real test images of a small network trained on the samples alone.

    Ravuri and Vinyals 2019 (arXiv:1905.10887), section 3. Perfect is the same network trained on
    as many real images.
    """
    real = reference.test
    assert shown.labels is not None
    assert real.labels is not None
    # What is learned from is 8-bit, as the real images are.
    images = (shown.images * 255).round().to(torch.uint8).numpy()
    names = reference.dataset.test.class_names
    data = ImageData(name="samples", images=images, labels=shown.labels.numpy(), class_names=names)
    named = look(taught(PUPIL, data), real.images).logits.argmax(1)
    value = (named == real.labels).double().mean().item()
    error = accuracy_standard_error(value, len(real))
    return Findings({"classification_accuracy_score": Estimate(value, len(shown), error)})
