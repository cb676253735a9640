"""`vaelab sample`: generate images."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from vaelab.cli.options import (
    Accelerator,
    Plugins,
    Run,
    Seed,
    load,
    load_plugins,
    option,
)
from vaelab.cli.output import print_text
from vaelab.models.sampling_options import SamplingOptions


def sample(
    run: Run,
    /,
    *,
    class_name: Annotated[
        str | None,
        option("class to generate, for a conditional model", "NAME", "all in turn", name="class"),
    ] = None,
    count: Annotated[int, arg(aliases=["-n"], metavar="N", help="number of images")] = 50,
    out: Annotated[
        Path, option("a .png file for one picture, or an .npz file of values in [0, 1]", "FILE")
    ] = Path("samples.png"),
    seed: Seed = 0,
    temperature: Annotated[
        float,
        option("factor of the noise of the prior; below 1: more typical, less diverse images", "T"),
    ] = 1.0,
    solver_steps: Annotated[
        int | None,
        option("steps from noise to code, for a prior such as flow-matching", "N", "the prior's"),
    ] = None,
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Generate images with a trained run."""
    options = SamplingOptions(temperature=temperature, solver_steps=solver_steps)
    load_plugins(plugin)
    from vaelab.sampling import save_samples

    loaded = load(run, accelerator)
    save_samples(loaded, out, count=count, class_name=class_name, seed=seed, options=options)
    print_text(str(out))
