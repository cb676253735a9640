"""`vaelab figures`: draw figures of a run."""

from typing import Annotated

from tyro.conf import Positional

from vaelab.cli.options import (
    Accelerator,
    DataDir,
    Plugins,
    Run,
    load,
    load_plugins,
    option,
)
from vaelab.cli.output import print_paths, two_columns


def figures(
    run: Run,
    names: Annotated[
        Positional[tuple[str, ...]],
        option("figures from the list above", "NAME...", "all available"),
    ] = (),
    /,
    *,
    data_dir: DataDir = None,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Draw figures of a trained run into its folder."""
    load_plugins(plugin)
    from vaelab.figures import draw_figures

    print_paths(draw_figures(load(run, accelerator, data_dir), names))


def describe_figures() -> str:
    """All figures of one run."""
    from vaelab.figures import FIGURES

    rows = {name: figure.title for name, figure in FIGURES.items()}
    return f"Figures:\n{two_columns(rows)}"


def describe_comparisons() -> str:
    """All figures of several runs."""
    from vaelab.figures import COMPARISON_FIGURES

    rows = {name: figure.title for name, figure in COMPARISON_FIGURES.items()}
    return f"Figures for --figure:\n{two_columns(rows)}"
