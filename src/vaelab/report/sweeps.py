"""Sweeps: runs that differ in one setting, found from their configurations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from vaelab.comparison import (
    CONDITIONS,
    StoredNumber,
    comparable,
    mean_result,
    repetition_key,
    settings_without_seed,
)
from vaelab.config import Config
from vaelab.formatting import plain
from vaelab.report.findings.measurement import Measurement
from vaelab.report.formatting import unique_slugs
from vaelab.report.stored_results import StoredRun
from vaelab.report.swept_settings import SWEPT_SETTINGS, SweptSetting, swept_setting

# Runs on other images are another experiment.
NOT_SWEPT = "data."

# The fewest values of a sweep that no comparison contains.
FEWEST_VALUES = 3

# On a logarithmic axis from this ratio of the largest value to the smallest.
LOGARITHMIC_RATIO = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One value of the swept setting.

    Attributes:
        value: as on the command line.
        number: the value as a number; None if it is not one.
        runs: one for each seed.
    """

    value: str
    number: float | None
    runs: list[StoredRun]

    @property
    def text(self) -> str:
        """The value for a reader."""
        return self.value if self.number is None else plain(self.number)

    def measurement(self, name: str, metric: str) -> Measurement | None:
        """A metric at this value; None if no run has it.

        The standard error of one run is over images, that of several seeds over seeds.

        Args:
            name: of the measurement.
            metric: a key of the runs' metrics.
        """
        runs = [run for run in self.runs if metric in run.metrics]
        if not runs:
            return None
        result = mean_result([run.metrics[metric] for run in runs])
        stored = StoredNumber(metric, result, runs[0].folder, runs[0].values_fingerprint)
        return Measurement(
            name,
            result["value"],
            result["standard_error"],
            result["unit"],
            result["caveat"],
            deviation=result.get("standard_deviation"),
            seed_count=len(runs),
            stored=stored if len(runs) == 1 else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweep:
    """Runs that differ in one setting.

    Attributes:
        field: the dotted name of the setting.
        slug: of its page, [a-z0-9-]+.
        points: by rising value.
    """

    field: str
    slug: str
    points: list[Point]

    @property
    def setting(self) -> SweptSetting:
        """The name and the explanation of the setting."""
        return swept_setting(self.field)

    @property
    def runs(self) -> list[StoredRun]:
        """All runs."""
        return [run for point in self.points for run in point.runs]

    @property
    def has_seeds(self) -> bool:
        """Whether a value was run with several seeds."""
        return any(len(point.runs) > 1 for point in self.points)

    @property
    def is_numeric(self) -> bool:
        """Whether every value is a number."""
        return all(point.number is not None for point in self.points)

    @property
    def is_logarithmic(self) -> bool:
        """Whether the values belong on a logarithmic axis."""
        numbers = [point.number for point in self.points if point.number is not None]
        return (
            self.is_numeric
            and min(numbers) > 0
            and max(numbers) / min(numbers) >= LOGARITHMIC_RATIO
        )

    def name_of(self, point: Point) -> str:
        """A value for a sentence: `β = 4`."""
        return self.setting.named(point.text)

    def measurements(self, metric: str) -> list[Measurement]:
        """A metric at every value that has it."""
        found = [point.measurement(self.name_of(point), metric) for point in self.points]
        return [each for each in found if each is not None]

    def is_comparable(self, metric: str) -> bool:
        """Whether all runs measured the metric under the same conditions."""
        results = [run.metrics[metric] for run in self.runs if metric in run.metrics]
        return (
            len({tuple(result.get(condition) for condition in CONDITIONS) for result in results})
            <= 1
        )

    def point_for(self, config: Config) -> Point | None:
        """The point of a run with this configuration; None if it does not belong to the sweep."""
        fields = settings_without_seed(config)
        first = settings_without_seed(self.runs[0].config)
        if self.field not in fields or _without(fields, self.field) != _without(first, self.field):
            return None
        return _point(fields[self.field], [])


def find_sweeps(runs: Sequence[StoredRun], asked: Collection[Sequence[str]] = ()) -> list[Sweep]:
    """A sweep for every setting that is the only difference of two or more comparable runs.

    Of several sweeps over the same setting, that with the most values is returned.

    Args:
        runs: evaluated runs.
        asked: names of the runs that a study compares, by comparison. In such a study two runs that
            no comparison contains may differ in one setting by accident: they are no sweep.
    """
    by_folder = {run.run.path: run for run in runs}
    found: dict[str, list[Point]] = {}
    for group in comparable([run.run for run in runs]):
        for name, points in _swept([by_folder[run.path] for run in group.runs]):
            is_asked = len(points) >= FEWEST_VALUES or not asked or _is_asked(points, asked)
            if is_asked and len(points) > len(found.get(name, [])):
                found[name] = points
    order = [*SWEPT_SETTINGS, *sorted(found.keys() - SWEPT_SETTINGS.keys())]
    names = [name for name in order if name in found]
    slugs = unique_slugs([swept_setting(name).file for name in names])
    return [
        Sweep(field=name, slug=slug, points=found[name])
        for name, slug in zip(names, slugs, strict=True)
    ]


def _is_asked(points: Sequence[Point], asked: Collection[Sequence[str]]) -> bool:
    names = {run.name for point in points for run in point.runs}
    return any(names <= set(each) for each in asked)


def find_repetitions(runs: Sequence[StoredRun]) -> list[list[StoredRun]]:
    """Groups of runs that differ in the seed only."""
    groups: dict[Any, list[StoredRun]] = {}
    for run in runs:
        groups.setdefault(repetition_key(run.run), []).append(run)
    return [group for group in groups.values() if len({run.config.seed for run in group}) > 1]


def _swept(runs: list[StoredRun]) -> list[tuple[str, list[Point]]]:
    """Each setting that is the only difference of some of the runs, with the most values of it."""
    fields = {run.slug: settings_without_seed(run.config) for run in runs}
    names = {name for each in fields.values() for name in each if not name.startswith(NOT_SWEPT)}
    found = []
    for name in sorted(names):
        groups: dict[Any, dict[str, list[StoredRun]]] = {}
        for run in runs:
            if name in fields[run.slug]:
                values = groups.setdefault(_key(_without(fields[run.slug], name)), {})
                values.setdefault(fields[run.slug][name], []).append(run)
        largest = max(groups.values(), key=len, default={})
        if len(largest) > 1:
            points = [_point(value, members) for value, members in largest.items()]
            found.append((name, sorted(points, key=_order)))
    return found


def _without(fields: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if key != name}


def _key(fields: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(fields.items()))


def _point(value: str, runs: list[StoredRun]) -> Point:
    # A run that is stored under two names counts once.
    by_seed = {run.config.seed: run for run in reversed(runs)}
    try:
        number: float | None = float(value)
    except ValueError:
        number = None
    return Point(value=value, number=number, runs=list(reversed(by_seed.values())))


def _order(point: Point) -> tuple[bool, float, str]:
    return point.number is None, point.number or 0.0, point.value
