"""`vaelab data`: download and describe data sets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes

from vaelab.cli.options import (
    AS_STORED,
    DATA_SETS,
    AsJson,
    DataDir,
    Plugins,
    ReadingOptions,
    load_plugins,
    option,
    with_data,
)
from vaelab.cli.output import print_data, print_json, print_paths, print_text
from vaelab.config import DataConfig


@dataclass(frozen=True)
class Fetch:
    """Download Fashion-MNIST and verify it."""

    data_dir: Annotated[Path | None, option("folder to download to", "DIR", "the user's cache")] = (
        None
    )


@dataclass(frozen=True)
class Show:
    """Print statistics of a data set and draw its figures."""

    data: Annotated[str, option(DATA_SETS, "DATA")] = "fashion-mnist"
    data_dir: DataDir = None
    images: ReadingOptions = AS_STORED
    out: Annotated[Path, option("folder for the figures", "DIR")] = Path("runs/data")
    json: AsJson = False
    plugin: Plugins = ()


def data(command: OmitArgPrefixes[Fetch | Show]) -> None:
    """Download Fashion-MNIST, or describe a data set."""
    from vaelab.data import fashion_mnist

    if isinstance(command, Fetch):
        folder = fashion_mnist.fetch(command.data_dir)
        print_text(f"Fashion-MNIST was verified and is in {folder}")
    else:
        _show(command)


def _show(command: Show) -> None:
    load_plugins(command.plugin)
    from vaelab.data import load_data
    from vaelab.data.summary import summarize
    from vaelab.figures import draw_data

    config = with_data(DataConfig(), command.data, command.images)
    dataset = load_data(config, command.data_dir)
    if not command.json:
        print_data(dataset)
    summary = summarize(dataset, config)
    paths = draw_data(dataset, summary, command.out)
    if command.json:
        print_json(summary)
        return
    for name, numbers in summary["splits"].items():
        pixels = numbers["pixels"]
        print_text(
            f"{name:<11}{numbers['images']:>7,} images  mean {pixels['mean']:.3f}  "
            f"std {pixels['std']:.3f}  in [0, 1]: {'yes' if pixels['in_unit_range'] else 'NO'}  "
            f"entropy {numbers['entropy_nats_per_image']:.3f} nats per image"
        )
    print_paths(paths)
