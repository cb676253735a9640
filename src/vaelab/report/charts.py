"""The data of a chart: what the page's script draws, and the same values as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vaelab.formatting import number, plain, with_unit

# A floor at most this many times the range of the values away from them is drawn.
NEAR_FLOOR = 1.2

# Free space above and below the values, as a share of their range.
MARGIN = 0.07

# Values whose range is at most this share of their size are drawn as constant.
CONSTANT = 1e-6

# The first training loss is cut off if it is this share of the remaining range above it.
FAR_ABOVE = 0.6

BAND_NOTE = "The band is one standard deviation over seeds on each side of the mean"

TRAINING, VALIDATION, NEUTRAL = "var(--class-0)", "var(--class-2)", "var(--muted)"
COLORS = tuple(f"var(--class-{index})" for index in range(10))


def graded_color(share: float) -> str:
    """A color between the first and the last of ordered series, as a CSS value.

    Args:
        share: 0 for the first series, 1 for the last.
    """
    return f"color-mix(in oklch, var(--class-1), var(--class-4) {round(100 * share)}%)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A line, or the bars of a bar chart.

    Attributes:
        label: in the legend.
        points: x and y.
        color: a CSS value.
        deviations: the standard deviation over seeds of each point, 0 for one seed, shown as a
            band. Empty: no band.
    """

    label: str
    points: Sequence[tuple[float, float]]
    color: str = TRAINING
    deviations: Sequence[float] = ()

    @property
    def band(self) -> list[tuple[float, float, float]]:
        """x, and one standard deviation below and above y, of each point."""
        return (
            [
                (x, y - deviation, y + deviation)
                for (x, y), deviation in zip(self.points, self.deviations, strict=True)
            ]
            if self.deviations
            else []
        )

    def text(self, x: float, unit: str) -> str:
        """The value at x, with the standard deviation over seeds; empty if there is none."""
        y = dict(self.points).get(x)
        deviation = dict(zip((x for x, _ in self.points), self.deviations, strict=False)).get(x)
        return f"{number(y, unit)} ± {number(deviation, unit)}" if deviation else number(y, unit)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A line chart or a bar chart.

    Attributes:
        slug: unique in its page.
        title: above it.
        x_label: of the horizontal axis.
        y_label: of the vertical axis.
        unit: of the values.
        series: lines, or bars.
        floor: a horizontal line; None without one.
        best: a vertical line, such as the best epoch, and its label; None without one.
        x_names: of x values that have a name.
        has_log_x: whether the horizontal axis is logarithmic.
        has_log_y: whether the vertical axis is logarithmic.
        has_bars: whether values are drawn as bars.
        has_named_points: whether the name of each point is written next to it.
        y_range: of the vertical axis; None: that of the values.
    """

    slug: str
    title: str
    x_label: str
    y_label: str
    unit: str = ""
    series: Sequence[Series]
    floor: float | None = None
    best: tuple[float, str] | None = None
    x_names: Mapping[float, str] = field(default_factory=dict)
    has_log_x: bool = False
    has_log_y: bool = False
    has_bars: bool = False
    has_named_points: bool = False
    y_range: tuple[float, float] | None = None

    @property
    def xs(self) -> list[float]:
        """All x values, rising."""
        return sorted({x for series in self.series for x, _ in series.points})

    @property
    def rows(self) -> list[list[str]]:
        """The table: the name of each x value, then the value of each series."""
        return [
            [self._name(x), *(series.text(x, self.unit) for series in self.series)] for x in self.xs
        ]

    @property
    def value_unit(self) -> str:
        """The unit in the table."""
        return "%" if self.unit == "share" else self.unit

    @property
    def floor_label(self) -> str:
        """The label of the floor."""
        return f"floor {number(self.floor, self.unit)}"

    @property
    def floor_note(self) -> str:
        """A sentence about a floor that is out of range; empty if it is drawn."""
        low, high = self._y_range()
        if self.floor is None or low <= self.floor <= high:
            return ""
        side = "below" if self.floor < low else "above"
        return f"The {self.floor_label} is {side} the range of this chart."

    @property
    def range_notes(self) -> list[str]:
        """A sentence about each value that is out of range."""
        low, high = self._y_range()
        return [
            f"{series.label[:1].upper()}{series.label[1:]} at {self._name(x)} is "
            f"{with_unit(y, self.unit)}, {'below' if y < low else 'above'} the range of this chart."
            for series in self.series
            for x, y in series.points
            if not low <= y <= high
        ]

    @property
    def band_note(self) -> str:
        """A sentence about the band; empty without one."""
        return f"{BAND_NOTE}." if any(series.band for series in self.series) else ""

    @property
    def description(self) -> str:
        """The chart as sentences, for screen readers."""
        title = f"{self.title}, {self.y_label}," if self.y_label else self.title
        sentences = [f"{title} by {self.x_label}."]
        for series in self.series:
            ends = [
                f"{number(y, self.unit)} at {self._name(x)}"
                for x, y in (series.points[0], series.points[-1])
            ]
            values = ends[0] if len(series.points) == 1 else f"from {ends[0]} to {ends[1]}"
            sentences.append(f"{series.label}: {values}.")
        if self.floor is not None:
            sentences.append(f"{self.floor_label.capitalize()}.")
        return " ".join(filter(None, [*sentences, self.band_note]))

    @property
    def drawing(self) -> dict[str, Any]:
        """What the script draws, as plain JSON values."""
        has_floor = self.floor is not None and not self.floor_note
        return {
            "xLabel": self.x_label,
            "yRange": self._scaled(self._y_range()),
            "hasLogX": self.has_log_x,
            "hasLogY": self.has_log_y,
            "hasBars": self.has_bars,
            "hasNamedPoints": self.has_named_points,
            "floor": [*self._scaled([self.floor]), self.floor_label] if has_floor else None,
            "best": self.best,
            "names": [self._name(x) for x in self.xs],
            "unit": self.value_unit,
            "series": [
                {
                    "label": series.label,
                    "x": [x for x, _ in series.points],
                    "y": self._scaled([y for _, y in series.points]),
                    "text": [series.text(x, self.unit) for x, _ in series.points],
                    "band": [[x, *self._scaled(ends)] for x, *ends in series.band],
                }
                for series in self.series
            ],
        }

    def _name(self, x: float) -> str:
        return self.x_names.get(x, f"{self.x_label} {plain(x)}")

    def _scaled(self, values: Sequence[float | None]) -> list[float]:
        """Shares in percent."""
        factor = 100 if self.unit == "share" else 1
        return [factor * value for value in values if value is not None]

    def _y_range(self) -> tuple[float, float]:
        if self.y_range is not None:
            return self.y_range
        values = [y for series in self.series for _, y in series.points]
        values += [y for series in self.series for _, *ends in series.band for y in ends]
        low, high = min(values), max(values)
        if self.has_log_y:
            return 10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high))
        if self.has_bars:
            low = min(0.0, low)
        if self.floor is not None and low - NEAR_FLOOR * (high - low) <= self.floor <= high:
            low = min(low, self.floor)
        is_constant = high - low <= CONSTANT * max(abs(low), abs(high))
        margin = (abs(low) / 10 or 1.0) if is_constant else MARGIN * (high - low)
        return low if self.has_bars and not is_constant else low - margin, high + margin


def drawable(chart: Chart) -> Chart | None:
    """The chart without empty series; None if every series is empty."""
    series = [each for each in chart.series if each.points]
    return replace(chart, series=series) if series else None


def range_without_first(values: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """The range of losses without the first training loss, if that one lies far above the others.

    Args:
        values: the training losses by epoch, then the validation losses.
    """
    rest = [*values[0][1:], *(value for row in values[1:] for value in row)]
    if len(rest) < 3:
        return None
    low, high = min(rest), max(rest)
    if values[0][0] <= high + FAR_ABOVE * (high - low):
        return None
    margin = MARGIN * (high - low)
    return low - margin, high + 3 * margin
