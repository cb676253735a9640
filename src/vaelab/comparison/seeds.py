"""Runs that differ in the seed only, and the mean and standard deviation of their numbers."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

from vaelab.comparison.rows import Row
from vaelab.config import Config, ParentConfig
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import StoredSamples
from vaelab.runs import Run, open_run
from vaelab.settings import describe_fields

# Settings that change no result, or only the random draws.
IGNORED_SETTINGS = {"preset", "seed", "training.preview_every_epochs"}

# Of a derived run: where its parent is, and its weights, which differ between seeds.
_PARENT = ("parent.run", "parent.weights_fingerprint")


def settings_without_seed(config: Config) -> dict[str, str]:
    """The settings of a run that change its results, but for the seed."""
    return {name: value for name, value in describe_fields(config) if name not in IGNORED_SETTINGS}


def repetition_key(run: Run) -> tuple[Any, ...]:
    """What runs that differ in the seed only have in common.

    Of a derived run this includes the key of its parent.
    """
    fields = settings_without_seed(run.config)
    parent = run.config.parent
    of_parent: tuple[Any, ...] = ()
    if parent is not None and (found := _parent_of(run, parent)) is not None:
        fields = {name: value for name, value in fields.items() if name not in _PARENT}
        of_parent = repetition_key(found)
    return tuple(sorted(fields.items())), of_parent, run.data


def _parent_of(run: Run, parent: ParentConfig) -> Run | None:
    """The parent, if it has the weights that the run was derived from."""
    try:
        found = open_run(run.path / parent.run)
        is_same = found.weights_fingerprint() == parent.weights_fingerprint
    except InputError:
        return None
    return found if is_same else None


def grouped_over_seeds(rows: Sequence[Row]) -> list[Row]:
    """The rows, with those of runs that differ in the seed only as one row.

    It is in the place of the first of them. Of runs with the same seed only the first is in it.
    """
    groups: dict[Any, dict[int, Row]] = {}
    for place, row in enumerate(rows):
        key, seed = _key_and_seed(row, place)
        if seed in groups.get(key, {}):
            key = place
        groups.setdefault(key, {})[seed] = row
    return [_over_seeds(list(group.values())) for group in groups.values()]


def _key_and_seed(row: Row, place: int) -> tuple[Any, int]:
    """The key of its repetitions, for samples its place, and its seed."""
    if row.folder is None or isinstance(row.folder, StoredSamples):
        return place, 0
    return repetition_key(row.folder), row.folder.config.seed


def _over_seeds(rows: list[Row]) -> Row:
    """The mean over seeds of each number that all have; a single row as it is."""
    first = rows[0]
    if len(rows) == 1:
        return first
    return replace(
        first,
        name=common_name(rows),
        metrics={
            name: mean_result([row.metrics[name] for row in rows])
            for name in first.metrics
            if all(name in row.metrics for row in rows)
        },
        folder=None,
        values_fingerprint="",
        members=tuple(rows),
    )


def mean_result(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A stored number as its mean over seeds, with the spread between them.

    `standard_deviation` is that over seeds, and `standard_error` that of the mean, s / sqrt(n). The
    number of a single seed stays as it is.
    """
    if len(results) == 1:
        return results[0]
    values = [result["value"] for result in results]
    caveat = next((result["caveat"] for result in results if result.get("caveat")), "")
    spread = stdev(values)
    return results[0] | {
        "value": mean(values),
        "standard_error": spread / math.sqrt(len(values)),
        "standard_deviation": spread,
        "seed_count": len(values),
        "caveat": caveat,
    }


def common_name(rows: Sequence[Row]) -> str:
    """The name of a study's runs without their seeds; else the first name and how many follow."""
    without_seed = {
        re.sub(rf"-seed-{seed}(?=-|$)", "", row.name) for row in rows for seed in row.seeds
    }
    if len(without_seed) == 1:
        return without_seed.pop()
    return f"{rows[0].name} and {len(rows) - 1} more"
