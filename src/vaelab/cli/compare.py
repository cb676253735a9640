"""`vaelab compare`: compare evaluated runs."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    Accelerator,
    DataDir,
    Plugins,
    load,
    load_plugins,
    option,
    require_runs,
)
from vaelab.cli.output import print_paths, print_text


def compare(
    runs: Annotated[
        Positional[tuple[Path, ...]],
        arg(
            metavar="RUN...",
            help="run folders, pretrained:NAME, or folders of vaelab evaluate --samples --out",
            help_behavior_hint="(required)",
        ),
    ],
    /,
    *,
    columns: Annotated[
        tuple[str, ...],
        option("metric values to show, such as fid_proxy", "NAME...", "the main ones"),
    ] = (),
    form: Annotated[str, option("table, markdown, csv or json", "NAME", name="format")] = "table",
    group_seeds: Annotated[
        bool,
        option(
            "one row for runs that differ in the seed only: mean and standard deviation", "", "off"
        ),
    ] = False,
    differences: Annotated[
        str,
        option(
            "also show each run's difference to this run, or to the best value of each column "
            "(best), with its standard error: paired over the test images where possible",
            "RUN",
            "none",
        ),
    ] = "",
    figure: Annotated[
        str | None, option("also draw a figure from the list above", "NAME", "none")
    ] = None,
    out: Annotated[Path, option("folder for the figure", "DIR")] = Path("runs/figures"),
    data_dir: DataDir = None,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Compare evaluated runs in a table and, if requested, in a figure."""
    require_runs(runs, "compare")
    load_plugins(plugin)
    from vaelab.comparison import open_evaluated, render
    from vaelab.figures import draw_comparison

    table = render(
        [open_evaluated(path) for path in runs],
        form,
        columns,
        group_seeds=group_seeds,
        differences_to=differences,
    )
    loaded = [load(path, accelerator, data_dir) for path in runs] if figure else []
    pictures = [draw_comparison(figure, loaded, out)] if figure else []
    print_text(table, end="")
    print_paths(pictures)
