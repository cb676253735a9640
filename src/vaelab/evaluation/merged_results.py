"""New results together with those that are stored already."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vaelab.evaluation.metrics import METRICS
from vaelab.evaluation.results import Results


def merged(
    stored: Mapping[str, Any], identity: Mapping[str, str], results: Results
) -> dict[str, Any]:
    """New results with stored ones of the same weights or samples on the same test images."""
    if any(stored.get(key) != value for key, value in identity.items()):
        stored = {}
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
