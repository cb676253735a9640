"""Confusion matrices: the class that a sample was conditioned on, and the class predicted for it.

Letters in shapes: K classes.
"""

from typing import Any

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vaelab.documents import well_formed
from vaelab.figures.choices import class_rows
from vaelab.figures.spec import Drawing, FigureSpec
from vaelab.figures.style import TEXT_COLOR
from vaelab.loaded_run import LoadedRun

CLASSIFIERS = {
    "conditional_accuracy": "reference classifier",
    "conditional_accuracy_second_classifier": "second classifier",
}
# Percents from which a number is written, and from which it is white.
WRITTEN_PERCENT, DARK_PERCENT = 1, 55


def draw_conditional_accuracy(loaded: LoadedRun) -> Drawing:
    """The stored confusion matrices of both classifiers, in percent of each row."""
    stored = loaded.read_evaluation()
    names, remark = class_rows(loaded)
    side = 1.2 + 0.43 * len(names)
    figure = Figure(figsize=(max(2 * side + 0.6, 8.0), max(side + 0.2, 3.6)))
    panels = figure.subplots(1, 2)
    for axes, (metric, classifier) in zip(panels, CLASSIFIERS.items(), strict=True):
        result = stored["metrics"][metric]
        with well_formed(loaded.run.path / "evaluation.json", "run `vaelab evaluate` again"):
            counts = np.array(stored["details"][f"{metric}_confusion"], np.int64)
            _draw_confusion(axes, counts, names)
        axes.set_title(f"{classifier}: {result['value']:.1%}{_floor(result)}")
        if result.get("caveat"):
            remark += f"; {result['caveat']}"
    panels[0].set_ylabel("class given")
    panels[1].set_yticklabels([])
    count = stored["metrics"]["conditional_accuracy"]["count"]
    return Drawing(
        figure,
        f"predicted class of {count:,} samples by the class given, in percent of each row; "
        f"classifiers of {loaded.run.data.name}{remark}",
    )


def _floor(result: dict[str, Any]) -> str:
    return "" if result["floor"] is None else f"\n(real images {result['floor']:.1%})"


def _draw_confusion(axes: Axes, counts: Int[np.ndarray, "K K"], names: tuple[str, ...]) -> None:
    """Draw the rows and columns of the named classes; other predictions share a column."""
    percents = 100 * counts / counts.sum(1, keepdims=True).clip(min=1)
    shown = percents[: len(names), : len(names)]
    columns = list(names)
    if len(names) < len(percents):
        others = percents[: len(names), len(names) :].sum(1, keepdims=True)
        shown, columns = np.hstack([shown, others]), [*names, "other classes"]
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=100)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), list(names))
    axes.set_xlabel("class predicted")
    for row, column in np.argwhere(shown >= WRITTEN_PERCENT):
        percent = shown[row, column]
        color = "white" if percent > DARK_PERCENT else TEXT_COLOR
        axes.text(column, row, f"{percent:.0f}", ha="center", va="center", fontsize=8, color=color)


CONDITIONAL_ACCURACY = FigureSpec(
    draw=draw_conditional_accuracy,
    title="Conditional accuracy",
    alt="Two confusion matrices, one for each classifier: classes given to {run} against classes "
    "predicted for its samples.",
    caption="In percent of each row; the diagonal holds samples of the class that was given.",
    group=None,
    needs=("a prior", "a conditional model"),
    metrics=tuple(CLASSIFIERS),
)
