"""`vaelab study`: run many experiments and build a report."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    AS_STORED,
    DATA_SETS,
    Accelerator,
    DataDir,
    Plugins,
    ReadingOptions,
    load_plugins,
    option,
    with_data,
)
from vaelab.cli.output import print_text, two_columns

# Exit code of a study with failed runs.
SOME_RUNS_FAILED = 1


def study(
    name: Annotated[
        Positional[str], arg(metavar="NAME", help="one of the studies above, or a TOML file")
    ] = "quick",
    /,
    *,
    data: Annotated[str | None, option(DATA_SETS, "DATA", "the study's")] = None,
    data_dir: DataDir = None,
    images: ReadingOptions = AS_STORED,
    out: Annotated[Path | None, option("folder of the study", "DIR", "runs/NAME")] = None,
    accelerator: Accelerator = "auto",
    executor: Annotated[
        str,
        option(
            "local: one run after the other; processes: in parallel on this machine; ray: on the "
            "cluster at $RAY_ADDRESS, whose hosts must share the storage of --out and the data, or "
            "on a temporary cluster of this machine",
            "NAME",
        ),
    ] = "local",
    workers: Annotated[
        int | None, option("number of processes, for --executor processes", "N", "one per core")
    ] = None,
    cpus: Annotated[float | None, option("CPUs for each run, for --executor ray", "N", "1")] = None,
    gpus: Annotated[
        float | None, option("GPUs for each run, for --executor ray", "N", "1 if there are any")
    ] = None,
    plugin: Plugins = (),
) -> None:
    """Train, evaluate and compare many runs and build a report; finished steps are skipped."""
    load_plugins(plugin)
    from vaelab.studies import executor_named, read_study, run_study, study_named
    from vaelab.training import Hardware

    chosen_executor = executor_named(executor, workers=workers, cpus=cpus, gpus=gpus)
    file = Path(name)
    planned = read_study(file) if file.suffix == ".toml" else study_named(name)
    planned = replace(
        planned,
        data=with_data(planned.data, data, images),
        plugins=(*plugin, *planned.plugins),
    )
    options = ["--data", data] if data else []
    options += images.words()
    options += [word for path in plugin for word in ("--plugin", path.name)]
    result = run_study(
        planned,
        out or Path("runs") / planned.name,
        data_dir=data_dir,
        hardware=Hardware(accelerator=accelerator),
        command=shlex.join(["vaelab", "study", file.name, *options]),
        executor=chosen_executor,
    )
    print_text(f"\n{result.table}")
    for line in (*result.failures, *result.notes):
        print_text(line)
    print_text(f"report: {result.page} (or: vaelab open {result.page.parent})")
    if result.failures:
        sys.exit(SOME_RUNS_FAILED)


def describe_studies() -> str:
    """All built-in studies."""
    from vaelab.studies import STUDIES

    rows = {name: (made.__doc__ or "").partition("\n")[0] for name, made in STUDIES.items()}
    return f"Studies:\n{two_columns(rows)}"
