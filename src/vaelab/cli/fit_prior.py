"""`vaelab fit-prior`: fit a prior to the codes of a trained run."""

from pathlib import Path
from typing import Annotated

from vaelab.cli.options import (
    Accelerator,
    DataDir,
    Plugins,
    Run,
    Settings,
    load_plugins,
    option,
    settings_dict,
)
from vaelab.cli.train import print_summary


def fit_prior(
    run: Run,
    /,
    *,
    prior: Annotated[
        str,
        option(
            "kind of the prior: gmm, fitted in seconds, or one that is trained in minutes, such as "
            "flow-matching, flow, mixture or autoregressive; for a vq-vae only autoregressive",
            "NAME",
        ),
    ] = "gmm",
    settings: Settings = (),
    out: Annotated[Path | None, option("folder of the derived run", "DIR", "RUN-PRIOR")] = None,
    data_dir: DataDir = None,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Fit a prior to the codes of a trained run; the result is a run with the same networks."""
    load_plugins(plugin)
    from vaelab.runs import open_run
    from vaelab.training import Hardware
    from vaelab.training.derived import fit_prior as fit

    parent = open_run(run)
    derived = fit(
        parent,
        prior,
        out or parent.path.with_name(f"{parent.path.name}-{prior}"),
        changes=settings_dict(settings),
        data_dir=data_dir,
        hardware=Hardware(accelerator=accelerator),
    )
    print_summary(derived, plugin)
