"""`vaelab search`: search for good hyperparameters."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from vaelab.cli.options import (
    AS_STORED,
    DATA_SETS,
    Accelerator,
    DataDir,
    Plugins,
    ReadingOptions,
    Settings,
    configure,
    load_plugins,
    option,
)
from vaelab.cli.output import print_text
from vaelab.presets import preset


def search(
    preset_name: Annotated[
        Positional[str], arg(metavar="PRESET", help="a preset; vaelab train --help lists them")
    ],
    /,
    *,
    space: Annotated[
        tuple[tuple[str, ...], ...],
        UseAppendAction,
        arg(
            metavar="FIELD=VALUES",
            help="fields to search over: FIELD=LOW..HIGH, FIELD=LOW..HIGH:log for a log scale, "
            "FIELD=A,B,C, or FIELD=A/B/C if the values contain commas",
        ),
    ] = (),
    trials: Annotated[int, option("number of trials, including existing ones", "N")] = 20,
    minimize: Annotated[
        str,
        option(
            "validation loss to minimize, as in metrics.jsonl: validation.negative_elbo, "
            "validation.reconstruction, validation.kl, or selection_loss, which weights the KL by "
            "each trial's beta",
            "VALUE",
        ),
    ] = "validation.negative_elbo",
    data: Annotated[str | None, option(DATA_SETS, "DATA", "the preset's")] = None,
    data_dir: DataDir = None,
    images: ReadingOptions = AS_STORED,
    out: Annotated[
        Path | None,
        option(
            "folder of the search; the same command in another process joins the search",
            "DIR",
            "runs/search-PRESET",
        ),
    ] = None,
    storage: Annotated[
        str | None,
        option("Optuna's storage, a file or a database URL", "LOCATION", "a file in --out"),
    ] = None,
    settings: Settings = (),
    seed: Annotated[
        int, option("seed of the proposed values; the seed of the runs is a field", "N")
    ] = 0,
    no_prune: Annotated[bool, arg(help="disable pruning: run bad trials to the end too")] = False,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Search for good hyperparameters with Optuna; several processes can share the trials."""
    load_plugins(plugin)
    from vaelab.search import Search, read_space, run_search
    from vaelab.training import Hardware

    config = configure(preset(preset_name), data, images, settings)
    plan = Search(
        config=config,
        space=read_space(config, [text for group in space for text in group]),
        minimize=minimize,
        seed=seed,
        prune=not no_prune,
    )
    result = run_search(
        plan,
        out or Path("runs") / f"search-{preset_name}",
        trials=trials,
        storage=storage,
        data_dir=data_dir,
        plugins=plugin,
        hardware=Hardware(accelerator=accelerator),
    )
    print_text(f"{result.summary}\n\n{result.table}\n\nbest: {result.best}")
    print_text(f"train it again: {result.command}")
