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
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Generate images with a trained run."""
    load_plugins(plugin)
    from vaelab.sampling import save_samples

    save_samples(load(run, accelerator), out, count=count, class_name=class_name, seed=seed)
    print_text(str(out))
