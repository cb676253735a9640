"""What published protocols do to images before a model is evaluated by them.

Letters in shapes: M images drawn before, N images, C channels, H height, W width.
"""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray

from vaelab.data import training_split
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.importance import (
    IMAGES_AT_ONCE,
    bound_in_parts,
    mean_and_standard_error,
)
from vaelab.evaluation.result import Estimate, Findings, Measure

# Images of a block, so that their probabilities in float64 take little memory.
BLOCK = 1_000


def binarized_once(
    images: UInt8[np.ndarray, "N C H W"],
    *,
    drawn_before: UInt8[np.ndarray, "M C H W"] | None = None,
    seed: int = 777,
) -> Float[np.ndarray, "N C H W"]:
    """Zeros and ones, each a 1 with its grey value as probability, the same for every model.

    The draws of the VampPrior's code (Tomczak and Welling 2018, arXiv:1705.07120) and of those
    that took it over, Exemplar VAE among them (Norouzi et al. 2020, arXiv:2004.04795): numpy's
    legacy binomial, whose stream numpy keeps for good, seeded with 777 and run over the validation
    images first, the last 10,000 of the training images, and then over the test images. The test
    pixels are theirs only where the same validation images are `drawn_before`.

    Args:
        images: grey values.
        drawn_before: images that the stream runs over first.
        seed: of the stream.
    """
    stream = np.random.RandomState(seed)
    if drawn_before is not None:
        _draw(drawn_before, stream)
    return _draw(images, stream)


def _draw(images: NDArray[np.uint8], stream: np.random.RandomState) -> Float[np.ndarray, "N C H W"]:
    drawn = np.empty(images.shape, np.float32)
    for start in range(0, len(images), BLOCK):
        part = slice(start, start + BLOCK)
        drawn[part] = stream.binomial(1, images[part] / 255)
    return drawn


MEASURES = {"exemplar_negative_log_likelihood": Measure("nats", "lower")}


def measure(context: EvaluationContext) -> Findings:
    """Minus the importance-weighted bound of the test images, binarized once for all models."""
    dataset = context.dataset
    _, validation = training_split(dataset.train, context.run.config.data)
    x = torch.from_numpy(binarized_once(dataset.test.images, drawn_before=validation.images))
    labels = None if dataset.test.labels is None else torch.from_numpy(dataset.test.labels)
    parts = torch.arange(len(x)).split(IMAGES_AT_ONCE)
    bound = bound_in_parts(
        context, [(x[part], None if labels is None else labels[part]) for part in parts]
    )
    mean, error = mean_and_standard_error(-bound.log_likelihood)
    estimate = Estimate(mean, len(x), error, unit=f"nats, k = {bound.k}")
    return Findings({"exemplar_negative_log_likelihood": estimate})
