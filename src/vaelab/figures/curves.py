"""Losses and other scalars over epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.figures.style import MUTED_COLOR, TRAIN_COLOR, VALIDATION_COLOR
from vaelab.loaded_run import LoadedRun

Records = Sequence[Mapping[str, Any]]

SPLITS = {"train": TRAIN_COLOR, "validation": VALIDATION_COLOR}
SCHEDULE = "schedule"
# The terms of the loss come first; they have a unit.
LOSSES = ("negative_elbo", "reconstruction", "kl")
# A constant of the validation images, not a curve.
FLOOR = "reconstruction_floor"
# Words of names that are not written in lower case.
SPELLING = {"elbo": "ELBO", "kl": "KL"}
COLUMNS = 3
# With fewer epochs, each has a marker.
MARKED_EPOCHS = 15


def draw_curves(loaded: LoadedRun) -> Drawing:
    """Every scalar that was recorded, and every schedule that changed."""
    records = loaded.run.read_metrics()
    losses = _recorded(records, *SPLITS)
    names = [*(name for name in LOSSES if name in losses), *sorted(losses - set(LOSSES))]
    schedules = [name for name in sorted(_recorded(records, SCHEDULE)) if _changes(records, name)]
    count = len(names) + len(schedules)
    rows = -(-count // COLUMNS)
    figure = Figure(figsize=(9.6, 0.4 + 2.9 * rows))
    panels: list[Axes] = list(figure.subplots(rows, min(COLUMNS, count), squeeze=False).flat)
    for axes in panels[count:]:
        axes.remove()
    unit = loaded.capabilities.unit
    cut: list[str] = []
    for axes, name in zip(panels, names, strict=False):
        _draw_lines(axes, name, records, SPLITS)
        if (first := _focus_on_later_epochs(axes, records[0]["train"].get(name))) is not None:
            cut.append(f"{_label(name)} {first:.2f}")
        _finish(axes, name, unit if name in LOSSES else "")
    for axes, name in zip(panels[len(names) : count], schedules, strict=True):
        _draw_lines(axes, name, records, {SCHEDULE: MUTED_COLOR})
        _finish(axes, name, "")
    panels[0].legend()
    detail = _detail(loaded.run.data.name, records[-1]["validation"])
    if cut:
        detail = f"{detail}; above the range, training in epoch 1: {', '.join(cut)}"
    return Drawing(figure, detail)


def _recorded(records: Records, *groups: str) -> set[str]:
    """Names of the scalars that these groups of the records hold."""
    return {
        name
        for record in records
        for group in groups
        for name, value in record[group].items()
        if value is not None and name != FLOOR
    }


def _changes(records: Records, name: str) -> bool:
    return len({record[SCHEDULE].get(name) for record in records}) > 1


def _draw_lines(axes: Axes, name: str, records: Records, colors: Mapping[str, str]) -> None:
    marker = "o" if len(records) < MARKED_EPOCHS else ""
    for group, color in colors.items():
        points = [(r["epoch"], r[group][name]) for r in records if r[group].get(name) is not None]
        if points:
            epochs, values = zip(*points, strict=True)
            axes.plot(epochs, values, color=color, label=group, marker=marker, markersize=3.5)


def _finish(axes: Axes, name: str, unit: str) -> None:
    axes.set_title(_label(name))
    axes.set_xlabel("epoch")
    axes.set_ylabel(f"{unit} per image" if unit else "")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.ticklabel_format(axis="y", useOffset=False)


def _label(name: str) -> str:
    """`kl_weight` as "KL weight"."""
    words = " ".join(SPELLING.get(word, word) for word in name.split("_"))
    return words[0].upper() + words[1:]


def _focus_on_later_epochs(axes: Axes, first: float | None) -> float | None:
    """Cut off the first epoch's training value where it would flatten all others, and return it.

    It is a mean over an epoch that starts at random weights.
    """
    lines: list[Any] = list(axes.lines)
    later = [float(value) for line in lines for value in line.get_ydata()]
    if first is None or len(later) < 2:
        return None
    later.remove(first)
    spread = max(later) - min(later)
    if first > max(later) + spread > max(later):
        axes.set_ylim(min(later) - 0.08 * spread, max(later) + 0.25 * spread)
        return first
    return None


def _detail(data_name: str, last: Mapping[str, Any]) -> str:
    terms = [f"{_label(name)} {last[name]:.2f}" for name in LOSSES if last.get(name) is not None]
    floor = last.get(FLOOR)
    text = f"{data_name}; validation images after the last epoch: {', '.join(terms)}"
    return text if floor is None else f"{text} (lower bound of the reconstruction {floor:.3f})"


CURVES = FigureSpec(
    draw=draw_curves,
    title="Losses over epochs",
    alt="Training and validation losses of {run} over epochs.",
    caption="Values of the training images are means over an epoch, while the weights change.",
    group=None,
)
