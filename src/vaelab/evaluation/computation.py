"""Computing metrics one by one, and adding the results to stored ones."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from tqdm import tqdm

from vaelab.errors import InputError, failure_reason
from vaelab.evaluation.context import EvaluationContext
from vaelab.evaluation.metric import MetricValue
from vaelab.evaluation.metrics import METRICS, metric_name
from vaelab.evaluation.results import Results
from vaelab.needs import obstacle
from vaelab.runs import read_values, values_fingerprint


def complete(results: Results, named: Sequence[str]) -> Results:
    """The results; raises the first failure if metrics were named."""
    if named and results.failures:
        raise next(iter(results.failures.values()))
    return results


def default_metrics() -> list[str]:
    """The names of the metrics that are computed where none is named."""
    return [name for name, metric in METRICS.items() if metric.is_default]


def compute(
    context: EvaluationContext, requested: Sequence[str], *, only_available: bool = False
) -> Results:
    """The requested metrics, or all default ones that are available."""
    names = [metric_name(name) for name in requested]
    reasons = {
        name: reason
        for name in names or default_metrics()
        if (reason := obstacle(METRICS[name].needs, context.facts)) is not None
    }
    for name in names:
        if name in reasons and not only_available:
            raise InputError(f"metric {name!r} is not available here: {reasons[name]}")
    context.require_features()
    chosen = [name for name in names or default_metrics() if name not in reasons]
    values: dict[str, MetricValue] = {}
    failures: dict[str, Exception] = {}
    with tqdm(chosen, disable=not context.show_progress, leave=False) as progress:
        for name in progress:
            progress.set_description_str(name)
            try:
                found = _values(name, context)
            # No metric takes the others with it, and a user's metric may fail in any way.
            except Exception as error:
                failures[name] = error
                reasons[name] = failure_reason(error)
                continue
            reasons |= _missing_numbers(name, found, context)
            values |= found
    undefined = [name for name, value in values.items() if not math.isfinite(value.value)]
    for name in undefined:
        del values[name]
        reasons[name] = "its value is NaN or infinite"
    return Results(values, reasons, failures)


def _missing_numbers(
    metric: str, found: Mapping[str, MetricValue], context: EvaluationContext
) -> dict[str, str]:
    """The declared numbers that a metric does not give here, each with the reason."""
    return {
        spec.name: obstacle(spec.needs, context.facts) or "it is not defined here"
        for spec in METRICS[metric].specs
        if spec.name not in found
    }


def _values(name: str, context: EvaluationContext) -> dict[str, MetricValue]:
    """The numbers of one metric with their declarations."""
    specs = {spec.name: spec for spec in METRICS[name].specs}
    values = METRICS[name].compute(context)
    described = {}
    for number, value in values.items():
        spec = value.spec or specs.get(number)
        if spec is None:
            raise InputError(f"metric {name!r} gives {number!r}, which it does not declare")
        described[number] = value.described(spec, context)
        described[number].require_values_behind(number)
    return described


def merged(
    folder: Path, stored: Mapping[str, Any], identity: Mapping[str, str], results: Results
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """New results with stored ones of the same weights or samples on the same test images.

    Args:
        folder: that the stored results are in.
        stored: as in its evaluation.json.
        identity: fingerprints of the weights or samples and of the test images.
        results: the new ones.

    Returns:
        What is stored in evaluation.json, and in evaluation.safetensors.
    """
    if any(stored.get(key) != value for key, value in identity.items()):
        stored = {}
    former = read_values(folder, values_fingerprint(stored))
    kept = {
        name: values for name, values in former.items() if name.partition(".")[2] not in results
    }
    return _merged_numbers(stored, identity, results), kept | results.values_behind


def _merged_numbers(
    stored: Mapping[str, Any], identity: Mapping[str, str], results: Results
) -> dict[str, Any]:
    found = results.to_json()
    metrics = stored.get("metrics", {}) | found["metrics"]
    order = [number for metric in METRICS.values() for number in metric.names]
    left_out = stored.get("left_out", {}) | results.left_out
    computed = {name for name, metric in METRICS.items() if metrics.keys() & set(metric.names)}
    return {
        **identity,
        "metrics": {name: metrics[name] for name in sorted(metrics, key=_position(order))},
        "details": stored.get("details", {}) | found["details"],
        "left_out": {name: left_out[name] for name in left_out if name not in computed},
    }


def _position(order: Sequence[str]) -> Callable[[str], int]:
    places = {name: place for place, name in enumerate(order)}
    return lambda name: places.get(name, len(places))
