"""Options that several commands share, and how their values are read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, Positional, UseAppendAction, arg

from vaelab import plugins
from vaelab.config import LARGEST_RESIZE, DataConfig
from vaelab.errors import InputError
from vaelab.settings import C, with_settings

if TYPE_CHECKING:
    from vaelab.loaded_run import LoadedRun


def option(text: str, metavar: str, default: str = "", name: str | None = None) -> Any:
    """Help of an option.

    Args:
        text: what the option does.
        metavar: placeholder for its value.
        default: what happens without the option, where the default value does not say so.
        name: of the option, if not that of the parameter.
    """
    hint = f"(default: {default})" if default else None
    return arg(help=text, metavar=metavar, name=name, help_behavior_hint=hint)


DATA_SETS = "fashion-mnist, wardrobe, a folder of images or .npy arrays, an .npz or .csv file"

Run = Annotated[Positional[Path], arg(metavar="RUN", help="run folder, or pretrained:NAME")]
DataDir = Annotated[
    Path | None,
    option(
        "where the images are: the folder of Fashion-MNIST's files, or the folder or .npz file "
        "that your images were moved to",
        "PATH",
        "where they were; for Fashion-MNIST $VAELAB_DATA, the user's cache, or a download",
    ),
]
Seed = Annotated[int, option("seed of all random numbers", "N")]
AsJson = Annotated[bool, arg(help="print JSON")]
Settings = Annotated[
    tuple[tuple[str, ...], ...],
    UseAppendAction,
    arg(name="set", metavar="FIELD=VALUE", help="change fields of the preset"),
]
Accelerator = Annotated[str, option("cpu, gpu, or auto for a GPU if there is one", "NAME")]
Plugins = Annotated[
    tuple[Path, ...],
    UseAppendAction,
    arg(name="plugin", metavar="FILE.py", help="load a Python file that extends vaelab"),
]


@dataclass(frozen=True)
class ImageOptions:
    """How the image files of a folder are read."""

    resize: Annotated[
        int | None,
        option("read the images of a folder at N x N pixels", "N", "the size of the files"),
    ] = None
    pad: Annotated[
        bool, arg(help="with --resize: add a black border to images that are not square")
    ] = False
    crop: Annotated[
        bool, arg(help="with --resize: cut out the middle of images that are not square")
    ] = False
    gray: Annotated[bool, arg(aliases=["--grey"], help="read the images of a folder as gray")] = (
        False
    )

    def fields(self) -> dict[str, Any]:
        """The fields of `DataConfig` that the options set.

        Raises:
            InputError: if the options do not go together.
        """
        if self.resize is None and (self.pad or self.crop):
            raise InputError("--pad and --crop need --resize N, the height and width in pixels")
        if self.pad and self.crop:
            raise InputError("--pad and --crop exclude each other; omit one")
        if self.resize is not None and not 0 < self.resize <= LARGEST_RESIZE:
            raise InputError(f"--resize must be from 1 to {LARGEST_RESIZE}, found {self.resize}")
        fields: dict[str, Any] = {}
        if self.resize is not None:
            fields["resize"] = self.resize
            fields["fit"] = "pad" if self.pad else "crop" if self.crop else None
        if self.gray:
            fields["gray"] = True
        return fields

    def words(self) -> list[str]:
        """The options as words of a command."""
        flags = {"--pad": self.pad, "--crop": self.crop, "--gray": self.gray}
        size = [] if self.resize is None else ["--resize", str(self.resize)]
        return [*size, *(word for word, is_set in flags.items() if is_set)]


AS_STORED = ImageOptions()
ReadingOptions = OmitArgPrefixes[ImageOptions]


def with_data(config: DataConfig, data: str | None, images: ImageOptions) -> DataConfig:
    """The settings of a data set, with another name or path and other options.

    Raises:
        InputError: if the options do not go together.
    """
    if data is not None:
        from vaelab.data import data_config

        chosen = data_config(data)
        config = replace(config, name=chosen.name, path=chosen.path)
    return replace(config, **images.fields())


def configure(
    config: C, data: str | None, images: ImageOptions, settings: Sequence[Sequence[str]]
) -> C:
    """The configuration on another data set and with other fields.

    Raises:
        InputError: on an unknown data set or field, or a wrong value.
    """
    config = replace(config, data=with_data(config.data, data, images))
    return with_settings(config, settings_dict(settings))


def settings_dict(settings: Sequence[Sequence[str]]) -> dict[str, str]:
    """The values of --set by dotted name.

    Raises:
        InputError: on a value that is not of the form FIELD=VALUE.
    """
    pairs = [setting for group in settings for setting in group]
    for pair in pairs:
        if "=" not in pair:
            raise InputError(f"--set takes FIELD=VALUE, found {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def load_plugins(files: Sequence[Path]) -> None:
    """Load the installed plugins and the given files.

    Raises:
        InputError: if one of them cannot be loaded.
    """
    plugins.load_installed()
    plugins.load(files)


def require_runs(runs: Sequence[Path], command: str) -> None:
    """Refuse an empty list of runs.

    Raises:
        InputError: if it is empty.
    """
    if not runs:
        raise InputError(f"vaelab {command} needs at least one run folder")


def load(path: Path, accelerator: str, data_dir: Path | None = None) -> "LoadedRun":
    """The trained run in a folder, on the device of that name."""
    from vaelab.loaded_run import load_run

    return load_run(path, data_dir, accelerator=accelerator)
