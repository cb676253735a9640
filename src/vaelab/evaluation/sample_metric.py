"""Metrics of samples, with the floor of real images and the baseline of a Gaussian of pixels."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from torch import Generator

import vaelab
from vaelab.cache import cache_folder, updating_cache
from vaelab.evaluation.baselines import REFERENCE_SAMPLES
from vaelab.evaluation.classified_images import ClassifiedImages, RealImages
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import Metric, MetricSpec, MetricValue
from vaelab.files import write_json
from vaelab.randomness import generator
from vaelab.runs import read_json

# Part of the names under which floors and baselines are cached: raise it when a metric changes.
PROTOCOL = 3

# From samples, real images and a generator to the numbers of a metric.
Score = Callable[[ClassifiedImages, RealImages, Generator], dict[str, MetricValue]]


def sample_metric(
    name: str,
    specs: tuple[MetricSpec, ...],
    score: Score,
    *more_needs: str,
    aliases: tuple[str, ...] = (),
) -> Metric:
    """A metric of samples that also scores real images (floor) and a Gaussian (baseline).

    Args:
        name: of the metric; its random draws and its cached floors depend on it.
        specs: its numbers.
        score: from samples, real images and a generator to the numbers.
        more_needs: keys of `NEEDS` beyond samples and two images.
        aliases: other names that find it.
    """

    def compute(context: EvaluationContext) -> dict[str, MetricValue]:
        values = score(context.samples, context.real, generator(context.seed, name))
        floor, baseline = (
            _reference_values(name, kind, specs, score, context) for kind in REFERENCE_SAMPLES
        )
        return {
            number: replace(
                value,
                floor=floor[number] if value.floor is None else value.floor,
                baseline=baseline[number] if value.baseline is None else value.baseline,
            )
            for number, value in values.items()
        }

    return Metric(specs, compute, ("samples", "2 images", *more_needs), aliases=aliases)


def _reference_values(
    name: str, kind: str, specs: tuple[MetricSpec, ...], score: Score, context: EvaluationContext
) -> dict[str, float]:
    """The numbers of images in place of the samples, from the cache if they are in it."""
    path = _cache_file(name, kind, specs, context)
    if path.exists():
        return read_json(path)
    found = score(context.reference_samples(kind), context.real, generator(0, name, kind))
    values = {number: value.value for number, value in found.items()}
    with updating_cache():
        write_json(path, values)
    return values


def _cache_file(
    name: str, kind: str, specs: tuple[MetricSpec, ...], context: EvaluationContext
) -> Path:
    extractors = sorted({spec.features for spec in specs if spec.features is not None})
    identity = [
        PROTOCOL,
        vaelab.__version__,
        name,
        kind,
        len(context.samples),
        context.is_conditional,
        [context.extractors[extractor].fingerprint for extractor in extractors],
        context.real.train.fingerprint,
        context.real.test.fingerprint,
        context.device.type,
    ]
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]
    return cache_folder() / "baselines" / f"{name}-{kind}-{key}.json"
