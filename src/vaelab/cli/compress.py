"""`vaelab compress` and `vaelab decompress`: images in few bits, without loss."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from vaelab.cli.encode import ClassName
from vaelab.cli.options import (
    AS_STORED,
    DataDir,
    Plugins,
    ReadingOptions,
    Seed,
    load,
    load_plugins,
    option,
    with_data,
)
from vaelab.cli.output import print_text
from vaelab.errors import InputError

Images = Annotated[
    Positional[Path | None],
    option(
        "an image file, a folder of these, an .npz file with an array images, or an .npy file",
        "IMAGES",
        "the test images of the run's data set",
    ),
]
OfRun = Annotated[Path, option("run folder, or pretrained:NAME", "RUN")]


def compress(
    images: Images = None,
    /,
    *,
    run: OfRun,
    out: Annotated[Path, option("the compressed file", "FILE")],
    binarize: Annotated[
        bool,
        arg(
            help="draw each gray pixel as black or white with its gray value as probability, and "
            "compress that, for a run that was trained on binarized images"
        ),
    ] = False,
    seed: Seed = 0,
    class_name: ClassName = None,
    reading: ReadingOptions = AS_STORED,
    data_dir: DataDir = None,
    plugin: Plugins = (),
) -> None:
    """Compress images without loss with a trained model, on the CPU."""
    load_plugins(plugin)
    from vaelab.compression import compress_file

    loaded = load(run, "cpu", data_dir)
    if images is None and (reading != AS_STORED or class_name is not None):
        raise InputError(
            "the test images are compressed as they are; --class, --resize, --pad, "
            "--crop and --gray need IMAGES"
        )
    config = with_data(loaded.config.data, None, reading)
    done = compress_file(
        loaded, images, out, config, class_name=class_name, binarize=binarize, seed=seed
    )
    print_text(
        f"{out}: {done.count:,} images, {len(done.content):,} bytes, "
        f"{done.bits_per_dimension:.4f} bits per dimension, "
        f"{done.images_per_second:,.0f} images per second"
    )


def decompress(
    file: Annotated[Positional[Path], arg(metavar="FILE", help="written by vaelab compress")],
    /,
    *,
    run: OfRun,
    out: Annotated[
        Path,
        option("an .npz file of images, with labels of a conditional model, or an .npy", "FILE"),
    ],
    plugin: Plugins = (),
) -> None:
    """Restore images that vaelab compress compressed; they are verified before they are written."""
    load_plugins(plugin)
    from vaelab.compression import decompress_file

    restored = decompress_file(load(run, "cpu"), file, out)
    print_text(
        f"{out}: {restored.count:,} images, verified, "
        f"{restored.images_per_second:,.0f} images per second"
    )
