"""Figures in one style; `FIGURES`, `COMPARISON_FIGURES` and `DATA_FIGURES` are the tables of them.

To add one: a module that declares it, and one line in its table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vaelab.comparison import comparable
from vaelab.data import Dataset
from vaelab.errors import InputError, entry, failure_reason, note
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
from vaelab.figures.style import TITLE_LETTERS, save, set_title, settled, styled
from vaelab.loaded_run import LoadedRun
from vaelab.names import shortened
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

    Without names, each figure that is left out is noted on standard error with its reason.

    Returns:
        The PNG files; each has an SVG of the same name next to it.

    Raises:
        InputError: on an unknown name, or one that cannot be drawn of this run.
        Exception: of a named figure that fails, after the others are drawn.
    """
    for name in names:
        _require_possible(run, name)
    facts = facts_of(run)
    reasons, chosen = {}, list(names)
    if not names:
        defaults = {name: spec for name, spec in FIGURES.items() if spec.is_default}
        reasons = {name: _obstacle(spec, run, facts) for name, spec in defaults.items()}
        chosen = [name for name, reason in reasons.items() if reason is None]
    paths, failures = _each(chosen, lambda name: figure(run, name).save_in(run.run.figures))
    if failures and (names or not paths):
        raise next(iter(failures.values()))
    _note_left_out(reasons | {name: failure_reason(error) for name, error in failures.items()})
    return paths


def _each(
    names: Iterable[str], draw: Callable[[str], Path]
) -> tuple[list[Path], dict[str, Exception]]:
    """The files of the figures that could be drawn, and the errors of those that could not."""
    paths, failures = [], {}
    for name in names:
        try:
            paths.append(draw(name))
        # No figure takes the others with it, and a user's figure may fail in any way.
        except Exception as error:
            failures[name] = error
    return paths, failures


def _note_left_out(reasons: Mapping[str, str | None]) -> None:
    for name, reason in reasons.items():
        if reason is not None:
            note(f"left out: figure {name}, {reason}")


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
    with styled(*_names([run])):
        drawing = _titled(spec.draw(run), spec.title, run.run.name, run.data)
        return DrawnFigure(name, run.run.name, settled(drawing.figure), _weights([run]))


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
    with styled(*_names(runs)):
        names = ", ".join(run.run.name for run in runs)
        drawing = _titled(spec.draw(runs), spec.title, "", runs[0].data)
        return DrawnFigure(name, names, settled(drawing.figure), _weights(runs))


def draw_data(dataset: Dataset, summary: dict[str, Any], folder: Path) -> list[Path]:
    """Draw all figures of a data set; returns the PNG files.

    A figure that fails is noted on standard error.

    Raises:
        Exception: of the first figure, if all fail.
    """

    def draw(name: str) -> Path:
        spec = DATA_FIGURES[name]
        with styled(dataset.name, *dataset.train.class_names):
            drawing = _titled(spec.draw(dataset, summary), spec.title, dataset.name, dataset)
            return save(drawing.figure, folder / name)[0]

    paths, failures = _each(DATA_FIGURES, draw)
    if not paths:
        raise next(iter(failures.values()))
    _note_left_out({name: failure_reason(error) for name, error in failures.items()})
    return paths


def _weights(runs: Sequence[LoadedRun]) -> tuple[str, ...]:
    """The fingerprints of their weights; none of a run that has only records so far."""
    return tuple(run.weights_fingerprint for run in runs if run.run.weights.exists())


def _names(runs: Sequence[LoadedRun]) -> list[str]:
    """The names that figures of these runs show."""
    data = runs[0].run.data
    return [*(run.run.name for run in runs), data.name, *data.class_names]


def _refuse(name: str, spec: FigureSpec | ComparisonFigureSpec, run: LoadedRun) -> None:
    reason = _obstacle(spec, run, facts_of(run))
    if reason is not None:
        raise InputError(f"figure {name!r} cannot be drawn of {run.run.path}: {reason}")


def _obstacle(spec: FigureSpec | ComparisonFigureSpec, run: LoadedRun, facts: Facts) -> str | None:
    """Why a figure cannot be drawn of a run; None if it can."""
    reason = obstacle(spec.needs, facts)
    if reason is None and spec.metrics:
        missing = set(spec.metrics) - run.read_evaluation().get("metrics", {}).keys()
        if missing:
            reason = (
                f"it shows {' and '.join(sorted(missing))}, not evaluated yet; "
                f"run `vaelab evaluate {run.run.path}`"
            )
    return reason


def _titled(drawing: Drawing, title: str, subject: str, dataset: Dataset) -> Drawing:
    """The drawing with its title, which ends with the name of its run or data set, if any."""
    remark = channel_note(dataset.train.images.shape[1])
    set_title(
        drawing.figure,
        f"{title}: {shortened(subject, TITLE_LETTERS)}" if subject else title,
        f"{drawing.detail}; {remark}" if remark else drawing.detail,
    )
    return drawing
