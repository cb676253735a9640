"""What a configuration changes in its preset, and the command that makes its run."""

import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any

from vaelab.config import Config
from vaelab.derived_settings import PRIOR_TRAINING
from vaelab.errors import InputError
from vaelab.presets import preset
from vaelab.settings import describe_fields, with_settings

# The options --data and --from set these fields.
_OTHER_OPTIONS = ("data.name", "data.path", "initial_weights")


def changes_from_preset(config: Config) -> dict[str, str]:
    """The smallest set of `--set` options that turn the preset into `config`.

    The data set and the initial weights have options, so they are left out.
    Fields that follow from the choice of an alternative, such as a network, are not repeated.

    Raises:
        InputError: if there is no such preset.
    """
    base = preset(config.preset)
    target = _settable(config)
    base_values = dict(describe_fields(base))
    changes = {
        name.removesuffix(".kind"): value
        for name, value in target.items()
        if base_values.get(name) != value and name != "preset"
    }
    for name in sorted(changes, reverse=True):
        fewer = {other: value for other, value in changes.items() if other != name}
        try:
            is_sufficient = _settable(with_settings(base, fewer)) == target
        except InputError:
            continue
        if is_sufficient:
            changes = fewer
    return changes


def preset_label(config: Config) -> str:
    """The preset of a run, with the prior that a derived run has instead: `autoencoder + gmm`."""
    if config.parent is None:
        return config.preset
    return f"{config.preset} + {dict(describe_fields(config))['model.prior.kind']}"


def train_command(config: Config, options: Sequence[str] = ()) -> str:
    """The shell command that trains a configuration.

    Args:
        config: to train.
        options: further words, such as --out and a folder, and --from for initial weights.

    Raises:
        InputError: if there is no such preset.
    """
    words = ["vaelab", "train", config.preset]
    if config.data.name != preset(config.preset).data.name:
        words += ["--data", config.data.path or config.data.name]
    changes = [f"{name}={value}" for name, value in changes_from_preset(config).items()]
    words += ["--set", *changes] if changes else []
    return shlex.join([*words, *options])


def fit_prior_command(config: Config, parent: str, options: Sequence[str] = ()) -> str:
    """The shell command that makes a derived run.

    Args:
        config: of the derived run.
        parent: folder of its parent.
        options: further words, such as --out and a folder.
    """
    fields = dict(describe_fields(config))
    model: Any = config.model
    default = dataclasses.replace(
        config,
        model=dataclasses.replace(model, prior=type(model.prior)()),
        training=PRIOR_TRAINING,
    )
    changes = [
        f"{name}={fields[name]}"
        for name, value in describe_fields(default)
        if name.startswith(("model.prior.", "training.")) and fields[name] != value
    ]
    words = ["vaelab", "fit-prior", parent, "--prior", fields["model.prior.kind"]]
    words += ["--set", *changes] if changes else []
    return shlex.join([*words, *options])


def _settable(config: Config) -> dict[str, str]:
    return {
        name: value
        for name, value in describe_fields(config)
        if not name.startswith(_OTHER_OPTIONS)
    }
