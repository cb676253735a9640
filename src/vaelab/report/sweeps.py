"""Which runs differ in one setting alone: found from their configurations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from vaelab.comparison import TERMS, comparable
from vaelab.config import Config
from vaelab.report.formatting import plain, slugs
from vaelab.report.glossary import SWEPT_SETTINGS, SweptSetting
from vaelab.report.stored_runs import StoredRun
from vaelab.settings import describe_fields

# Differences that change no result, or that repetitions differ in.
IGNORED = {"preset", "seed", "training.preview_every_epochs"}

# Other images are another experiment.
NOT_VARIED = "data."


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One value of the setting.

    Attributes:
        value: as it is written on the command line.
        number: the same as a number; None if it is none.
        runs: one for each seed.
    """

    value: str
    number: float | None
    runs: list[StoredRun]

    @property
    def shown(self) -> str:
        """The value as a reader sees it."""
        return self.value if self.number is None else plain(self.number)

    def estimate(self, metric: str) -> "Estimate | None":
        """The metric over the seeds; None where no run has it."""
        results = [run.metrics[metric] for run in self.runs if metric in run.metrics]
        if not results:
            return None
        values = [result["value"] for result in results]
        if len(values) == 1:
            return Estimate(values[0], results[0]["standard_error"], 1, results[0]["unit"])
        error = stdev(values) / math.sqrt(len(values))
        return Estimate(mean(values), error, len(values), results[0]["unit"])


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of one value of a setting.

    Attributes:
        value: of one run, or the mean over seeds.
        error: its standard error: over images of one run, over seeds of several.
        count: of seeds.
        unit: of the number.
    """

    value: float
    error: float | None
    count: int
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Runs that differ in one setting.

    Attributes:
        field: its dotted name.
        slug: of its page, [a-z0-9-]+.
        points: by rising value.
    """

    field: str
    slug: str
    points: list[Point]

    @property
    def knob(self) -> SweptSetting:
        """What the setting is called and does."""
        name = self.field.rpartition(".")[2].replace("_", " ")
        return SWEPT_SETTINGS.get(
            self.field,
            SweptSetting(name, f"Effect of {self.field}", self.slug, name.capitalize(), ""),
        )

    @property
    def runs(self) -> list[StoredRun]:
        """All of them."""
        return [run for point in self.points for run in point.runs]

    @property
    def has_seeds(self) -> bool:
        """Whether some value was run more than once."""
        return any(len(point.runs) > 1 for point in self.points)

    @property
    def is_numeric(self) -> bool:
        """Whether values can be put on an axis."""
        return all(point.number is not None for point in self.points)

    @property
    def is_logarithmic(self) -> bool:
        """Whether values are better told apart by their ratios."""
        numbers = [point.number for point in self.points if point.number is not None]
        return self.is_numeric and min(numbers) > 0 and max(numbers) / min(numbers) >= 8

    def has_common_terms(self, metric: str) -> bool:
        """Whether the metric was taken alike of all runs that have it."""
        results = [run.metrics[metric] for run in self.runs if metric in run.metrics]
        return len({tuple(result[term] for term in TERMS) for result in results}) <= 1

    def point_of(self, config: Config) -> Point | None:
        """Where a run with this configuration would stand, if it belonged to the row."""
        fields = _fields(config)
        mine = {name: value for name, value in fields.items() if name != self.field}
        first = _fields(self.runs[0].config)
        if self.field not in fields or mine != {k: v for k, v in first.items() if k != self.field}:
            return None
        return _point(fields[self.field], [])


def find_sweeps(runs: Sequence[StoredRun]) -> list[Sweep]:
    """Every setting that at least two comparable runs differ in alone.

    Where several groups of runs vary the same setting, the one with most values is taken.
    """
    by_folder = {run.run.path: run for run in runs}
    found: dict[str, list[Point]] = {}
    for group in comparable([run.run for run in runs]):
        for name, points in _varied([by_folder[run.path] for run in group.runs]):
            if len(points) > len(found.get(name, [])):
                found[name] = points
    order = [*SWEPT_SETTINGS, *sorted(found.keys() - SWEPT_SETTINGS.keys())]
    names = [name for name in order if name in found]
    files = slugs([SWEPT_SETTINGS[n].file if n in SWEPT_SETTINGS else f"sweep-{n}" for n in names])
    return [
        Sweep(field=name, slug=slug, points=found[name])
        for name, slug in zip(names, files, strict=True)
    ]


def find_repetitions(runs: Sequence[StoredRun]) -> list[list[StoredRun]]:
    """Groups of runs that differ in nothing but the seed."""
    groups: dict[Any, list[StoredRun]] = {}
    for run in runs:
        groups.setdefault((_key(_fields(run.config)), run.run.data), []).append(run)
    return [group for group in groups.values() if len({run.config.seed for run in group}) > 1]


def _varied(runs: list[StoredRun]) -> list[tuple[str, list[Point]]]:
    """Each setting that some of the runs differ in alone, with the most values of it."""
    fields = {run.slug: _fields(run.config) for run in runs}
    names = {name for each in fields.values() for name in each if not name.startswith(NOT_VARIED)}
    found = []
    for name in sorted(names - IGNORED):
        groups: dict[Any, dict[str, list[StoredRun]]] = {}
        for run in runs:
            if name in fields[run.slug]:
                rest = _key({k: v for k, v in fields[run.slug].items() if k != name})
                values = groups.setdefault(rest, {})
                values.setdefault(fields[run.slug][name], []).append(run)
        largest = max(groups.values(), key=len, default={})
        if len(largest) > 1:
            points = [_point(value, chosen) for value, chosen in largest.items()]
            found.append((name, sorted(points, key=_order)))
    return found


def _fields(config: Config) -> dict[str, str]:
    return {k: v for k, v in describe_fields(config) if k not in IGNORED}


def _key(fields: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(fields.items()))


def _point(value: str, runs: list[StoredRun]) -> Point:
    # The same run twice, under two names, counts once.
    by_seed = {run.config.seed: run for run in reversed(runs)}
    try:
        number: float | None = float(value)
    except ValueError:
        number = None
    return Point(value=value, number=number, runs=list(reversed(by_seed.values())))


def _order(point: Point) -> tuple[bool, float, str]:
    return point.number is None, point.number or 0.0, point.value
