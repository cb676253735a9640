"""What a floor and a baseline generator score: the floor and the ceiling of every sample metric.

Letters in shapes: N images, C channels, H height, W width, P pixels.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

import vaelab
from vaelab.data import ImageData
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.result import Estimate, Findings
from vaelab.files import cache_folder, write_json
from vaelab.randomness import generator
from vaelab.runs import read_json

# Part of the names under which baselines are kept: raise it when a sample metric changes.
PROTOCOL = 2

Score = Callable[[ClassifiedImages, RealImages, Generator], Findings]


def with_baselines(name: str, score: Score) -> Callable[[EvaluationContext], Findings]:
    """A metric of samples that says beside its values what floor and baseline samples score.

    Args:
        name: of the metric; its draws and its baselines are kept apart by it.
        score: the metric itself, from samples, real images and a generator.
    """

    def measure(context: EvaluationContext) -> Findings:
        count = len(context.samples)
        found = score(context.samples, context.reference, generator(context.seed, name))
        floor, baseline = (
            _baseline(name, kind, score, context, count) for kind in ("floor", "baseline")
        )
        return replace(
            found,
            estimates={
                measure: _beside(estimate, floor[measure], baseline[measure])
                for measure, estimate in found.estimates.items()
            },
        )

    return measure


def _beside(estimate: Estimate, floor: float, baseline: float) -> Estimate:
    """With what baselines score, where the metric knows nothing more exact."""
    return replace(
        estimate,
        floor=floor if estimate.floor is None else estimate.floor,
        baseline=baseline if estimate.baseline is None else estimate.baseline,
    )


def _baseline(
    name: str, kind: str, score: Score, context: EvaluationContext, count: int
) -> dict[str, float]:
    """The values of baseline samples, from the cache if they are there."""
    path = _path(name, kind, context, count)
    if path is not None and path.exists():
        return read_json(path)
    shown = BASELINES[kind](context.reference, count)
    if not context.is_conditional:
        shown = replace(shown, labels=None)
    found = score(shown, context.reference, generator(0, name, kind))
    values = {measure: estimate.value for measure, estimate in found.estimates.items()}
    if path is not None:
        write_json(path, values)
    return values


def _path(name: str, kind: str, context: EvaluationContext, count: int) -> Path | None:
    cache = cache_folder()
    if cache is None:
        return None
    of = [
        PROTOCOL,
        vaelab.__version__,
        name,
        kind,
        count,
        context.is_conditional,
        context.classifiers.reference.fingerprint,
        context.classifiers.second.fingerprint,
        context.reference.train.fingerprint,
        context.reference.test.fingerprint,
    ]
    key = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]
    return cache / "baselines" / f"{name}-{kind}-{key}.json"


def real_samples(reference: RealImages, count: int) -> ClassifiedImages:
    """As many real training images, which a generator without fault could have made."""
    train = reference.train
    chosen = torch.randperm(len(train), generator=generator(0, "floor samples"))[:count]
    labels = None if train.labels is None else train.labels[chosen]
    return ClassifiedImages(train.images[chosen], labels, train.classifiers)


def gaussian_samples(reference: RealImages, count: int) -> ClassifiedImages:
    """Draws from a Gaussian with the training pixels' mean and covariance, of random classes."""
    train, draws = reference.train, generator(0, "baseline samples")
    images = gaussian_images(train.images, count, draws)
    labels = None
    if train.labels is not None:
        labels = train.labels[torch.randint(len(train), (count,), generator=draws)]
    return ClassifiedImages(images, labels, train.classifiers)


BASELINES: dict[str, Callable[[RealImages, int], ClassifiedImages]] = {
    "floor": real_samples,
    "baseline": gaussian_samples,
}


def gaussian_images(
    images: Float[Tensor, "N C H W"], count: int, draws: Generator
) -> Float[Tensor, "M C H W"]:
    """Draws from the Gaussian fitted to images, cut off to [0, 1]."""
    mean, covariance = _moments(images)
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors * values.clamp(min=0).sqrt()
    noise = torch.randn(count, len(mean), generator=draws, dtype=torch.float64)
    pixels: Tensor = (mean + noise @ root.T).clamp(0, 1)
    return pixels.float().view(count, *images.shape[1:])


def _moments(images: Float[Tensor, "N C H W"]) -> tuple[Tensor, Tensor]:
    """Mean (P) and covariance (P, P), in float64 and in blocks."""
    mean = images.flatten(1).mean(0, dtype=torch.float64)
    scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for block in images.flatten(1).split(5000):
        centred = block.double() - mean
        scatter += centred.T @ centred
    return mean, scatter / max(len(images) - 1, 1)


def pixel_mean(data: ImageData) -> Float[Tensor, "1 C H W"]:
    """The mean image in [0, 1], what a model that learned nothing reconstructs."""
    mean = data.images.mean(0, dtype=np.float64, keepdims=True) / 255
    return torch.as_tensor(mean, dtype=torch.float32)
