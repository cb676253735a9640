"""Line and bar charts as SVG that text, theme and printer can handle; only places are computed.

A chart is drawn in a box of its own units, about as many as the pixels it will take, so that its
letters stay readable at any width of the window. The script of the page adds what a pointer or the
keyboard reads; without it the chart stands as it is.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vaelab.report.formatting import number, plain

WIDTH, HEIGHT = 400.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 16.0, 40.0
FOOT = HEIGHT - BOTTOM

# What a bar takes of its place: of few, and of many.
WIDE, SLIM = 0.7, 0.94

# Lines with more points than this have no dots.
DOTS = 16

# A level this many times the data's own range away from it is named at the border instead.
FAR = 1.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One line.

    Attributes:
        label: of it.
        points: x and y.
        tone: a class of the style sheet that gives it its colour.
        mix: between the first and the last of an ordered row of lines, in percent.
    """

    label: str
    points: Sequence[tuple[float, float]]
    tone: str = "tone-train"
    mix: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A chart and what is to be read from it.

    Attributes:
        slug: unique in its page.
        title: above it.
        x_label: of the horizontal axis.
        y_label: of the vertical one.
        unit: of the values.
        series: the lines.
        level: a horizontal line, with its name, such as a floor.
        mark: a vertical line, with its name, such as the best epoch.
        names: of the points, where they have any, instead of their x.
        is_logarithmic: whether the horizontal axis is.
        is_bars: bars rather than lines.
        is_logarithmic_y: whether the vertical axis is; its values are then above 0.
        has_whole_steps: whether x counts something.
        limits: of the vertical axis, where they are not the data's own.
        named_points: whether each point carries its name.
    """

    slug: str
    title: str
    x_label: str
    y_label: str
    unit: str = ""
    series: Sequence[Series] = ()
    level: tuple[float, str] | None = None
    mark: tuple[float, str] | None = None
    names: dict[float, str] = field(default_factory=dict)
    is_logarithmic: bool = False
    is_bars: bool = False
    is_logarithmic_y: bool = False
    has_whole_steps: bool = False
    limits: tuple[float, float] | None = None
    named_points: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Frame:
    """Where a value has its place.

    Attributes:
        chart: that is drawn.
        xs: all horizontal values, rising.
        low_x: at the left border.
        high_x: at the right one.
        low: at the foot; its logarithm where the axis is logarithmic.
        high: at the top; likewise.
    """

    chart: Chart
    xs: Sequence[float]
    low_x: float
    high_x: float
    low: float
    high: float

    @classmethod
    def of(cls, chart: Chart) -> "_Frame":
        xs = sorted({x for series in chart.series for x, _ in series.points})
        low_x, high_x = _range_of_x(chart, xs)
        values = [y for series in chart.series for _, y in series.points]
        low, high = chart.limits or _range_of_y(chart, values)
        return cls(chart=chart, xs=xs, low_x=low_x, high_x=high_x, low=low, high=high)

    def x(self, value: float) -> float:
        start, end = self.low_x, self.high_x
        if self.chart.is_logarithmic:
            value, start, end = math.log(value), math.log(start), math.log(end)
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (value - start) / (end - start), 2)

    def y(self, value: float) -> float:
        if self.chart.is_logarithmic_y:
            value = math.log10(value)
        share = (value - self.low) / (self.high - self.low)
        return round(FOOT - (FOOT - TOP) * share, 2)

    def y_ticks(self) -> list[tuple[float, str]]:
        of = _powers if self.chart.is_logarithmic_y else _ticks
        factor = 100 if self.chart.unit == "share" else 1
        return [(self.y(tick), plain(tick * factor)) for tick in of(self.low, self.high)]

    def x_ticks(self) -> list[tuple[float, str]]:
        ticks = _ticks_of_x(self.chart, self.xs, self.low_x, self.high_x)
        return [(self.x(tick), plain(tick)) for tick in ticks]


def draw(chart: Chart) -> dict[str, Any] | None:
    """All places of a chart, for its template; None where it has no point."""
    if not any(series.points for series in chart.series):
        return None
    frame = _Frame.of(chart)
    return {
        "chart": chart,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": FOOT,
        "x_ticks": frame.x_ticks(),
        "y_ticks": frame.y_ticks(),
        "lines": [_line(frame, series) for series in chart.series],
        "level": _level(frame),
        "mark": None if chart.mark is None else (frame.x(chart.mark[0]), chart.mark[1]),
        "reading": _reading(frame),
        "description": describe(chart),
    }


def _line(frame: _Frame, series: Series) -> dict[str, Any]:
    chart = frame.chart
    points = [(frame.x(x), frame.y(y)) for x, y in series.points]
    has_dots = len(points) <= DOTS or chart.named_points
    names = [chart.names.get(x, "") for x, _ in series.points]
    width = round(
        (SLIM if len(frame.xs) > DOTS else WIDE) * (WIDTH - LEFT - RIGHT) / len(frame.xs), 2
    )
    return {
        "series": series,
        "path": _path(points),
        "dots": [(*point, name) for point, name in zip(points, names, strict=True)]
        if has_dots
        else [],
        "bar_width": width,
        "bars": [
            (round(x - width / 2, 2), min(y, FOOT), round(max(0.0, FOOT - y), 2)) for x, y in points
        ]
        if chart.is_bars
        else [],
    }


def describe(chart: Chart) -> str:
    """The chart in words, for those who do not see it."""
    measured = f"{chart.title}, {chart.y_label}," if chart.y_label else chart.title
    parts = [f"{measured} by {chart.x_label}."]
    for series in chart.series:
        if not series.points:
            continue
        (first_x, first), (last_x, last) = series.points[0], series.points[-1]
        text = (
            f"{series.label}: {number(first, chart.unit)} at {_name(chart, first_x)}"
            if len(series.points) == 1
            else f"{series.label}: from {number(first, chart.unit)} at {_name(chart, first_x)} to "
            f"{number(last, chart.unit)} at {_name(chart, last_x)}"
        )
        parts.append(f"{text}.")
    if chart.level is not None:
        parts.append(f"{chart.level[1]}.")
    return " ".join(parts)


def _reading(frame: _Frame) -> dict[str, Any]:
    """What the script shows at each x."""
    chart, xs = frame.chart, frame.xs
    by_series = [dict(series.points) for series in chart.series]
    return {
        "x": [frame.x(x) for x in xs],
        "names": [_name(chart, x) for x in xs],
        "unit": "%" if chart.unit == "share" else chart.unit,
        "series": [
            {
                "label": series.label,
                "tone": series.tone,
                "mix": series.mix,
                "y": [frame.y(values[x]) if x in values else None for x in xs],
                "values": [number(values[x], chart.unit) if x in values else "" for x in xs],
            }
            for series, values in zip(chart.series, by_series, strict=True)
        ],
    }


def _name(chart: Chart, x: float) -> str:
    return chart.names.get(x, f"{chart.x_label} {plain(x)}")


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in points)


def _range_of_x(chart: Chart, xs: Sequence[float]) -> tuple[float, float]:
    low, high = xs[0], xs[-1]
    if chart.is_bars:
        half = min((b - a for a, b in itertools.pairwise(xs)), default=1.0) / 2
        return low - half, high + half
    if low == high:
        return (low / 2, high * 2) if chart.is_logarithmic else (low - 1, high + 1)
    if not chart.named_points:
        return low, high
    if chart.is_logarithmic:
        margin = (high / low) ** 0.08
        return low / margin, high * margin**2.5
    margin = 0.08 * (high - low)
    # Names stand to the right of their points.
    return low - margin, high + 2.5 * margin


def _range_of_y(chart: Chart, values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if chart.is_logarithmic_y:
        return math.floor(math.log10(low)), math.floor(math.log10(high)) + 1
    if chart.is_bars:
        low = min(0.0, low)
    if chart.level is not None and low - FAR * (high - low) <= chart.level[0] <= high:
        low = min(low, chart.level[0])
    if low == high:
        spread = abs(low) / 10 or 1.0
        return low - spread, high + spread
    margin = 0.07 * (high - low)
    return (low if chart.is_bars else low - margin), high + margin


def _level(frame: _Frame) -> dict[str, Any] | None:
    """Where a level is drawn, or that it lies outside."""
    if frame.chart.level is None:
        return None
    value, label = frame.chart.level
    if frame.low <= value <= frame.high:
        return {"y": frame.y(value), "label": label, "outside": ""}
    side = "below" if value < frame.low else "above"
    return {"y": None, "label": label, "outside": f"The {label} lies {side} the frame."}


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten, from and to the exponents."""
    return [10.0**exponent for exponent in range(math.ceil(low), math.floor(high) + 1)]


def _ticks_of_x(chart: Chart, xs: Sequence[float], low: float, high: float) -> Sequence[float]:
    if chart.is_logarithmic:
        return xs
    if not chart.has_whole_steps:
        return _ticks(low, high)
    if len(xs) <= 12:
        return xs
    step = next(
        s for s in (2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000) if (high - low) / s <= 10
    )
    return [x for x in xs if x % step == 0 or x == xs[0]]


def focus(values: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """The range of losses without the first training loss, where that would flatten the rest.

    Args:
        values: of training and of validation, by epoch.
    """
    later = [value for row in values[:1] for value in row[1:]]
    later += [value for row in values[1:] for value in row]
    if len(later) < 3:
        return None
    low, high = min(later), max(later)
    first = values[0][0]
    if first <= high + 0.6 * (high - low):
        return None
    margin = 0.08 * (high - low)
    return low - margin, high + 3 * margin
