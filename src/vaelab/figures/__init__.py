"""Figures in one style; `FIGURES`, `COMPARISONS` and `DATA_FIGURES` are the tables of them."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from vaelab.comparison import comparable
from vaelab.data import Dataset
from vaelab.errors import InputError, entry
from vaelab.figures import comparison, conditional, curves, eda, images, latent, traversals
from vaelab.figures.drawn_figure import DrawnFigure
from vaelab.figures.style import save, settled, styled
from vaelab.loaded_run import LoadedRun

# What a figure may need of a run, each with the words for its absence.
NEEDS: dict[str, tuple[Callable[[LoadedRun], bool], str]] = {
    "a prior": (lambda run: run.model.prior is not None, "its model has none"),
    "classes to choose": (lambda run: run.model.is_conditional, "its model is not conditional"),
    "no classes to choose": (lambda run: not run.model.is_conditional, "its model is conditional"),
    "2 latent dimensions": (lambda run: run.model.latent_size == 2, "its model has others"),
    "more than 2 latent dimensions": (lambda run: run.model.latent_size > 2, "it has fewer"),
    "3 test images": (lambda run: len(run.data.test) >= 3, "there are fewer"),
    "the package umap-learn": (
        lambda _run: importlib.util.find_spec("umap") is not None,
        "install vaelab[umap]",
    ),
}


@dataclass(frozen=True, slots=True)
class RunFigure:
    """A figure of one run.

    Attributes:
        draw: it.
        needs: keys of `NEEDS`.
    """

    draw: Callable[[LoadedRun], Figure]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure of several evaluated runs, all on the same images and in the same unit.

    Attributes:
        draw: it.
        needs: keys of `NEEDS` that each run meets.
    """

    draw: Callable[[Sequence[LoadedRun]], Figure]
    needs: tuple[str, ...] = ()


def obstacle(needs: Sequence[str], run: LoadedRun) -> str | None:
    """Why a figure with these needs cannot be drawn of this run, or None if it can."""
    for need in needs:
        is_met, absence = NEEDS[need]
        if not is_met(run):
            return f"it needs {need}: {absence}"
    return None


FIGURES: dict[str, RunFigure] = {
    "curves": RunFigure(curves.curves),
    "reconstructions": RunFigure(images.reconstructions),
    "samples": RunFigure(images.samples, ("a prior",)),
    "class-samples": RunFigure(images.class_samples, ("a prior", "classes to choose")),
    "conditional-accuracy": RunFigure(
        conditional.conditional_accuracy, ("a prior", "classes to choose")
    ),
    "memorization": RunFigure(conditional.neighbours, ("a prior",)),
    "latent": RunFigure(latent.latent, ("2 latent dimensions",)),
    "pca": RunFigure(latent.pca, ("more than 2 latent dimensions", "3 test images")),
    "tsne": RunFigure(latent.tsne, ("more than 2 latent dimensions", "3 test images")),
    "umap": RunFigure(
        latent.umap, ("more than 2 latent dimensions", "3 test images", "the package umap-learn")
    ),
    "manifold": RunFigure(
        latent.manifold, ("a prior", "2 latent dimensions", "no classes to choose")
    ),
    "class-manifolds": RunFigure(
        latent.class_manifolds, ("a prior", "2 latent dimensions", "classes to choose")
    ),
    "traversals": RunFigure(traversals.traversals, ("a prior",)),
    "interpolations": RunFigure(traversals.interpolations),
    "class-interpolations": RunFigure(traversals.class_interpolations, ("classes to choose",)),
}

COMPARISONS: dict[str, Comparison] = {
    "autoencoder-beside-vae": Comparison(comparison.autoencoder_beside_vae),
    "rate-distortion": Comparison(comparison.rate_distortion, ("a prior",)),
    "beta-images": Comparison(comparison.beta_images, ("a prior",)),
    "beta-kl": Comparison(comparison.kl_by_beta, ("a prior",)),
}

# Figures of a data set and its summary.
DATA_FIGURES: dict[str, Callable[[Dataset, dict[str, Any]], Figure]] = {
    "images": eda.labelled_samples,
    "distributions": eda.distributions,
}


def possible_figures(run: LoadedRun) -> list[str]:
    """The names of all figures that this run can have."""
    return [name for name, figure in FIGURES.items() if obstacle(figure.needs, run) is None]


def draw_figures(run: LoadedRun, names: Sequence[str] = ()) -> list[Path]:
    """Draw the named figures, or all that this run can have, into its folder.

    Returns:
        The PNG files; an SVG of the same name lies beside each.

    Raises:
        InputError: on an unknown name, or one that this run cannot have.
    """
    for name in names:
        _require_possible(run, name)
    return [figure(run, name).save_in(run.run.figures) for name in names or possible_figures(run)]


def figure(run: LoadedRun, name: str) -> DrawnFigure:
    """Draw one figure of a run; in a notebook it shows itself.

    Args:
        run: the trained run.
        name: a key of `FIGURES`.

    Raises:
        InputError: on an unknown name, or one that this run cannot have.
    """
    _require_possible(run, name)
    with styled():
        return DrawnFigure(name, run.run.name, settled(FIGURES[name].draw(run)))


def _require_possible(run: LoadedRun, name: str) -> None:
    _refuse(name, obstacle(entry("figure", name, FIGURES).needs, run), run)


def draw_comparison(name: str, runs: Sequence[LoadedRun], folder: Path) -> Path:
    """As `compare_figure`, into a folder; returns the PNG file."""
    return compare_figure(runs, name).save_in(folder)


def compare_figure(runs: Sequence[LoadedRun], name: str) -> DrawnFigure:
    """Draw one figure of several evaluated runs; in a notebook it shows itself.

    Args:
        runs: on the same images, in the same unit.
        name: a key of `COMPARISONS`.

    Raises:
        InputError: on an unknown name, or runs of which it cannot be drawn.
    """
    comparison = entry("figure of several runs", name, COMPARISONS)
    groups = comparable([run.run for run in runs])
    if len(groups) > 1:
        raise InputError(
            f"figure {name!r} needs runs that can be compared: {groups[1].runs[0].path} has "
            f"{groups[1].reason}"
        )
    for run in runs:
        _refuse(name, obstacle(comparison.needs, run), run)
    with styled():
        names = ", ".join(run.run.name for run in runs)
        return DrawnFigure(name, names, settled(comparison.draw(runs)))


def _refuse(name: str, reason: str | None, run: LoadedRun) -> None:
    if reason is not None:
        raise InputError(f"figure {name!r} cannot be drawn of {run.run.path}: {reason}")


def draw_data(dataset: Dataset, summary: dict[str, Any], folder: Path) -> list[Path]:
    """Draw all figures of a data set; returns the PNG files."""
    with styled():
        return [
            save(draw(dataset, summary), folder / name)[0] for name, draw in DATA_FIGURES.items()
        ]
