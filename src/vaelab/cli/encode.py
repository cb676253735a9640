"""`vaelab encode` and `vaelab reconstruct`: a user's own images through a trained run."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vaelab.cli.options import (
    AS_STORED,
    Accelerator,
    Plugins,
    ReadingOptions,
    Run,
    load,
    load_plugins,
    option,
    with_data,
)
from vaelab.cli.output import print_text

Images = Annotated[
    Positional[Path],
    arg(
        metavar="IMAGES",
        help="an image file, a folder of these, an .npz file with an array images, or an .npy "
        "file; image files are read as those that the run was trained on, unless an option says "
        "otherwise",
    ),
]
ClassName = Annotated[
    str | None,
    option(
        "class of all images, for a conditional model",
        "NAME",
        "the labels in an .npz file, or the names of the subfolders",
        name="class",
    ),
]


def encode(
    run: Run,
    images: Images,
    /,
    *,
    class_name: ClassName = None,
    reading: ReadingOptions = AS_STORED,
    out: Annotated[Path, option("an .npz or a .csv file", "FILE")] = Path("codes.npz"),
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Write the codes of your own images: posterior means, and log-variances if there are any."""
    load_plugins(plugin)
    from vaelab.encoding import encode_file

    loaded = load(run, accelerator)
    encode_file(
        loaded, images, out, with_data(loaded.config.data, None, reading), class_name=class_name
    )
    print_text(str(out))


def reconstruct(
    run: Run,
    images: Images,
    /,
    *,
    class_name: ClassName = None,
    reading: ReadingOptions = AS_STORED,
    out: Annotated[
        Path,
        option(
            "a .png file of the images above their reconstructions, or an .npz file of the "
            "reconstructions in [0, 1]",
            "FILE",
        ),
    ] = Path("reconstructions.png"),
    accelerator: Accelerator = "auto",
    plugin: Plugins = (),
) -> None:
    """Encode and decode your own images."""
    load_plugins(plugin)
    from vaelab.encoding import reconstruct_file

    loaded = load(run, accelerator)
    reconstruct_file(
        loaded, images, out, with_data(loaded.config.data, None, reading), class_name=class_name
    )
    print_text(str(out))
