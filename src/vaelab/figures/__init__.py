"""Figures in one style; `FIGURES`, `COMPARISON_FIGURES` and `DATA_FIGURES` are the tables of them.

To add one: a module that declares it, and one line in its table.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vaelab.comparison import comparable
from vaelab.data import Dataset
from vaelab.errors import InputError, entry
from vaelab.figures import (
    comparison,
    conditional_accuracy,
    curves,
    eda,
    images,
    interpolations,
    kl_levels,
    latent,
    manifolds,
    memorization,
    sweeps,
    traversals,
)
from vaelab.figures.drawn_figure import DrawnFigure
from vaelab.figures.spec import ComparisonFigureSpec, DataFigureSpec, Drawing, FigureSpec
from vaelab.figures.style import save, set_title, settled, styled
from vaelab.loaded_run import LoadedRun
from vaelab.needs import Facts, facts_of, obstacle
from vaelab.pictures import channel_note

# In the order in which a page shows them.
FIGURES: dict[str, FigureSpec] = {
    "curves": curves.CURVES,
    "reconstructions": images.RECONSTRUCTIONS,
    "samples": images.SAMPLES,
    "class-samples": images.CLASS_SAMPLES,
    "memorization": memorization.MEMORIZATION,
    "conditional-accuracy": conditional_accuracy.CONDITIONAL_ACCURACY,
    "traversals": traversals.TRAVERSALS,
    "interpolations": interpolations.INTERPOLATIONS,
    "class-interpolations": interpolations.CLASS_INTERPOLATIONS,
    "latent": latent.LATENT,
    "pca": latent.PCA,
    "tsne": latent.TSNE,
    "umap": latent.UMAP,
    "kl-levels": kl_levels.KL_LEVELS,
    "manifold": manifolds.MANIFOLD,
    "class-manifolds": manifolds.CLASS_MANIFOLDS,
}

COMPARISON_FIGURES: dict[str, ComparisonFigureSpec] = {
    "autoencoder-vs-vae": comparison.AUTOENCODER_VS_VAE,
    "rate-distortion": sweeps.RATE_DISTORTION,
    "sweep-images": sweeps.SWEEP_IMAGES,
    "sweep-kl": sweeps.SWEEP_KL,
}

DATA_FIGURES: dict[str, DataFigureSpec] = {
    "images": eda.IMAGES,
    "distributions": eda.DISTRIBUTIONS,
}


def possible_figures(run: LoadedRun) -> list[str]:
    """Names of all figures that can be drawn of this run."""
    facts = facts_of(run)
    return [name for name, spec in FIGURES.items() if _obstacle(spec, run, facts) is None]


def draw_figures(run: LoadedRun, names: Sequence[str] = ()) -> list[Path]:
    """Draw the named figures, or all default ones that are possible, into the run's folder.

    Returns:
        The PNG files; each has an SVG of the same name next to it.

    Raises:
        InputError: on an unknown name, or one that cannot be drawn of this run.
    """
    chosen = names or [name for name in possible_figures(run) if FIGURES[name].is_default]
    for name in chosen:
        _require_possible(run, name)
    return [figure(run, name).save_in(run.run.figures) for name in chosen]


def figure(run: LoadedRun, name: str) -> DrawnFigure:
    """Draw one figure of a run; a notebook displays it.

    Args:
        run: the trained run.
        name: a key of `FIGURES`.

    Raises:
        InputError: on an unknown name, or one that cannot be drawn of this run.
    """
    _require_possible(run, name)
    spec = FIGURES[name]
    with styled():
        drawing = _titled(spec.draw(run), f"{spec.title}: {run.run.name}", run.data)
        return DrawnFigure(name, run.run.name, settled(drawing.figure))


def _require_possible(run: LoadedRun, name: str) -> None:
    _refuse(name, entry("figure", name, FIGURES), run)


def draw_comparison(name: str, runs: Sequence[LoadedRun], folder: Path) -> Path:
    """As `compare_figure`, into a folder; returns the PNG file."""
    return compare_figure(runs, name).save_in(folder)


def compare_figure(runs: Sequence[LoadedRun], name: str) -> DrawnFigure:
    """Draw one figure of several evaluated runs; a notebook displays it.

    Args:
        runs: on the same images, in the same unit.
        name: a key of `COMPARISON_FIGURES`.

    Raises:
        InputError: on an unknown name, or runs of which it cannot be drawn.
    """
    spec = entry("figure of several runs", name, COMPARISON_FIGURES)
    groups = comparable([run.run for run in runs])
    if len(groups) > 1:
        raise InputError(
            f"figure {name!r} needs runs that can be compared: {groups[1].runs[0].path} has "
            f"{groups[1].reason}"
        )
    for run in runs:
        _refuse(name, spec, run)
    with styled():
        names = ", ".join(run.run.name for run in runs)
        drawing = _titled(spec.draw(runs), spec.title, runs[0].data)
        return DrawnFigure(name, names, settled(drawing.figure))


def draw_data(dataset: Dataset, summary: dict[str, Any], folder: Path) -> list[Path]:
    """Draw all figures of a data set; returns the PNG files."""
    paths = []
    with styled():
        for name, spec in DATA_FIGURES.items():
            title = f"{spec.title}: {dataset.name}"
            drawing = _titled(spec.draw(dataset, summary), title, dataset)
            paths.append(save(drawing.figure, folder / name)[0])
    return paths


def _refuse(name: str, spec: FigureSpec | ComparisonFigureSpec, run: LoadedRun) -> None:
    reason = _obstacle(spec, run, facts_of(run))
    if reason is not None:
        raise InputError(f"figure {name!r} cannot be drawn of {run.run.path}: {reason}")


def _obstacle(spec: FigureSpec | ComparisonFigureSpec, run: LoadedRun, facts: Facts) -> str | None:
    """Why a figure cannot be drawn of a run; None if it can."""
    reason = obstacle(spec.needs, facts)
    if reason is None and spec.metrics:
        missing = set(spec.metrics) - run.run.read_evaluation().get("metrics", {}).keys()
        if missing:
            reason = (
                f"it shows {' and '.join(sorted(missing))}, not evaluated yet; "
                f"run `vaelab evaluate {run.run.path}`"
            )
    return reason


def _titled(drawing: Drawing, title: str, dataset: Dataset) -> Drawing:
    remark = channel_note(dataset.train.images.shape[1])
    set_title(drawing.figure, title, f"{drawing.detail}; {remark}" if remark else drawing.detail)
    return drawing
