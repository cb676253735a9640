"""A run's settings as a reader needs them: what is not as in its preset, and how to run it."""

import functools
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.presets import PRESETS, describe, preset
from vaelab.report.formatting import without_paths
from vaelab.report.stored_runs import StoredRun
from vaelab.settings import describe_fields, field_help, with_settings

# Where the images are is told by --data.
_DATA = ("data.name", "data.path")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One field.

    Attributes:
        name: dotted.
        value: as it is written on the command line.
        usual: the preset's value; empty where it has none.
        help: what the field means.
        differs: whether the preset has another.
    """

    name: str
    value: str
    usual: str
    help: str
    differs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsView:
    """All that a run was made from.

    Attributes:
        preset: its name.
        preset_text: what the preset is, in a line.
        settings: all fields.
        commands: that make the run anew; none where the preset is not known any more.
    """

    preset: str
    preset_text: str
    settings: list[Setting]
    commands: list[str]

    @property
    def differing(self) -> list[Setting]:
        """The fields that are not as in the preset."""
        return [setting for setting in self.settings if setting.differs]


def settings_view(run: StoredRun) -> SettingsView:
    """The settings of a run beside those of its preset."""
    config = run.config
    base = preset(config.preset) if config.preset in PRESETS else None
    usual = dict(describe_fields(base)) if base is not None else {}
    meanings = _meanings()
    settings = [
        Setting(
            name=name,
            value=without_paths(value),
            usual=without_paths(usual.get(name, "")),
            help=meanings.get(name, meanings.get(name.removesuffix(".kind"), "")),
            differs=base is not None and usual.get(name) != value,
        )
        for name, value in describe_fields(config)
        if name != "preset"
    ]
    return SettingsView(
        preset=config.preset,
        preset_text=describe(PRESETS[config.preset]) if base is not None else "",
        settings=settings,
        commands=[] if base is None else _commands(run, base),
    )


@functools.cache
def _meanings() -> dict[str, str]:
    """What fields mean; read from the source once, because that takes its time."""
    return dict(field_help())


def _commands(run: StoredRun, base: Config) -> list[str]:
    chosen = changes(run.config, base)
    words = ["vaelab", "train", run.config.preset]
    if run.config.data.name != base.data.name:
        path = run.config.data.path
        words += ["--data", without_paths(path) if path else run.config.data.name]
    for name, value in chosen.items():
        words += ["--set", f"{name}={value}"]
    out = f"runs/{run.name}"
    return [shlex.join([*words, "--out", out]), shlex.join(["vaelab", "evaluate", out])]


def changes(config: Config, base: Config) -> dict[str, str]:
    """The fewest fields that `--set` needs to make `config` of `base`, on whatever data.

    Fields that come by themselves with the choice of a network, a prior or a schedule are not
    among them.
    """
    usual = dict(describe_fields(base))
    wanted = _without_data(describe_fields(config))
    needed = {
        name.removesuffix(".kind"): value
        for name, value in wanted
        if usual.get(name) != value and name != "preset"
    }
    for name in sorted(needed, reverse=True):
        fewer = {key: value for key, value in needed.items() if key != name}
        try:
            made = with_settings(base, fewer)
        except InputError:
            continue
        if _without_data(describe_fields(made)) == wanted:
            needed = fewer
    return needed


def _without_data(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in fields if name not in _DATA)
