"""What a perfect and a useless generator score: the floor and the ceiling of every sample metric.

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
from vaelab.evaluation.result import Estimate, Findings
from vaelab.evaluation.shown import Reference, Shown
from vaelab.evaluation.subject import Subject
from vaelab.files import cache_folder, write_json
from vaelab.randomness import generator
from vaelab.runs import read_json

# Part of the names under which baselines are kept: raise it when a sample metric changes.
PROTOCOL = 2

Score = Callable[[Shown, Reference, Generator], Findings]


def with_baselines(name: str, score: Score) -> Callable[[Subject], Findings]:
    """A metric of samples that says beside its values what perfect and useless samples score.

    Args:
        name: of the metric; its draws and its baselines are kept apart by it.
        score: the metric itself, from samples, real images and a generator.
    """

    def measure(subject: Subject) -> Findings:
        count = len(subject.samples)
        found = score(subject.samples, subject.reference, generator(subject.seed, name))
        perfect, useless = (
            _baseline(name, kind, score, subject, count) for kind in ("perfect", "useless")
        )
        return replace(
            found,
            estimates={
                measure: _beside(estimate, perfect[measure], useless[measure])
                for measure, estimate in found.estimates.items()
            },
        )

    return measure


def _beside(estimate: Estimate, perfect: float, useless: float) -> Estimate:
    """With what baselines score, where the metric knows nothing more exact."""
    return replace(
        estimate,
        perfect=perfect if estimate.perfect is None else estimate.perfect,
        useless=useless if estimate.useless is None else estimate.useless,
    )


def _baseline(name: str, kind: str, score: Score, subject: Subject, count: int) -> dict[str, float]:
    """The values of baseline samples, from the cache if they are there."""
    path = _path(name, kind, subject, count)
    if path is not None and path.exists():
        return read_json(path)
    shown = BASELINES[kind](subject.reference, count)
    if not subject.is_conditional:
        shown = replace(shown, labels=None)
    found = score(shown, subject.reference, generator(0, name, kind))
    values = {measure: estimate.value for measure, estimate in found.estimates.items()}
    if path is not None:
        write_json(path, values)
    return values


def _path(name: str, kind: str, subject: Subject, count: int) -> Path | None:
    cache = cache_folder()
    if cache is None:
        return None
    of = [
        PROTOCOL,
        vaelab.__version__,
        name,
        kind,
        count,
        subject.is_conditional,
        subject.judges.reference.fingerprint,
        subject.judges.second.fingerprint,
        subject.reference.train.fingerprint,
        subject.reference.test.fingerprint,
    ]
    key = hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]
    return cache / "baselines" / f"{name}-{kind}-{key}.json"


def perfect_samples(reference: Reference, count: int) -> Shown:
    """As many real training images, which a generator without fault could have made."""
    train = reference.train
    chosen = torch.randperm(len(train), generator=generator(0, "perfect samples"))[:count]
    labels = None if train.labels is None else train.labels[chosen]
    return Shown(train.images[chosen], labels, train.judges)


def useless_samples(reference: Reference, count: int) -> Shown:
    """Draws from a Gaussian with the training pixels' mean and covariance, of random classes."""
    train, draws = reference.train, generator(0, "useless samples")
    images = gaussian_images(train.images, count, draws)
    labels = None
    if train.labels is not None:
        labels = train.labels[torch.randint(len(train), (count,), generator=draws)]
    return Shown(images, labels, train.judges)


BASELINES: dict[str, Callable[[Reference, int], Shown]] = {
    "perfect": perfect_samples,
    "useless": useless_samples,
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
