"""The exemplar protocol: the importance-weighted bound on test images binarized once.

Letters in shapes: M images drawn before, N images, C channels, H height, W width.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from torch import Tensor

from vaelab.data import training_split
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.importance import IMAGES_AT_ONCE, bound_in_parts
from vaelab.evaluation.metric import (
    LIKELIHOOD,
    Metric,
    MetricSpec,
    MetricValue,
    mean_over_images,
)

# Images of a block, which bounds the memory for probabilities in float64.
BLOCK = 1_000

SEED = 777


def binarized_once(
    images: UInt8[np.ndarray, "N C H W"],
    *,
    drawn_before: UInt8[np.ndarray, "M C H W"] | None = None,
    seed: int = SEED,
) -> Float[np.ndarray, "N C H W"]:
    """Binarized images, each pixel 1 with its gray value as probability, the same for every model.

    The draws of the VampPrior's code (Tomczak and Welling 2018, arXiv:1705.07120), which Exemplar
    VAE (Norouzi et al. 2020, arXiv:2004.04795) and others use: numpy's legacy binomial, whose
    stream numpy never changes, seeded with 777. It runs over the validation images first, the last
    10,000 training images, and then over the test images, so the test pixels are the published
    ones only with the same validation images as `drawn_before`.

    Args:
        images: gray values.
        drawn_before: images that the stream runs over first.
        seed: of the stream.
    """
    stream = np.random.RandomState(seed)
    if drawn_before is not None:
        for _ in _drawn(_blocks(drawn_before), stream):
            pass
    return np.concatenate([*_drawn(_blocks(images), stream)])


def _blocks(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(images), BLOCK):
        yield images[start : start + BLOCK]


def _drawn(
    blocks: Iterable[NDArray[np.uint8]], stream: np.random.RandomState
) -> Iterator[Float[np.ndarray, "N C H W"]]:
    for block in blocks:
        yield stream.binomial(1, block / 255).astype(np.float32)


def compute(context: EvaluationContext) -> dict[str, MetricValue]:
    """Minus the importance-weighted bound of the test images, binarized once for all models."""
    bound = bound_in_parts(context, _parts(context))
    return {
        "exemplar_negative_log_likelihood": mean_over_images(
            -bound.log_likelihood.cpu(), unit=f"nats, k = {bound.k}"
        )
    }


def _parts(context: EvaluationContext) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The test images as in `binarized_once`, in parts, with their labels."""
    _, validation = training_split(context.dataset, context.run.config.data)
    stream = np.random.RandomState(SEED)
    for _ in _drawn(validation.blocks(BLOCK), stream):
        pass
    test, start = context.dataset.test, 0
    for block in _drawn(_blocks(test.images), stream):
        for x in torch.from_numpy(block).split(IMAGES_AT_ONCE):
            labels = None if test.labels is None else test.labels[start : start + len(x)]
            yield x, None if labels is None else torch.from_numpy(labels)
            start += len(x)


METRIC = Metric(
    (
        MetricSpec(
            name="exemplar_negative_log_likelihood",
            label="NLL, exemplar protocol",
            unit="nats",
            meaning="The importance-weighted bound, test images binarized once.",
            group=LIKELIHOOD,
            direction="lower",
        ),
    ),
    compute,
    (
        "a trained model",
        "a density",
        "a likelihood of binary images",
        "training by the exemplar protocol",
    ),
    is_default=False,
)
