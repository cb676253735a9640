"""The settings of a run compared with its preset, and the commands that reproduce it."""

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from vaelab.preset_changes import fit_prior_command, train_command
from vaelab.presets import PRESETS, describe, preset
from vaelab.report.formatting import without_paths
from vaelab.report.stored_results import StoredRun
from vaelab.settings import describe_fields, help_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: dotted.
        value: as on the command line.
        preset_value: that of the preset; empty if the preset does not have the setting.
        help: its meaning.
        differs: whether the value is not that of the preset.
    """

    name: str
    value: str
    preset_value: str
    help: str
    differs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsView:
    """All settings of a run.

    Attributes:
        preset: its name.
        preset_text: the description of the preset.
        settings: all of them.
        commands: that reproduce the run; none if this version does not have the preset.
    """

    preset: str
    preset_text: str
    settings: list[Setting]
    commands: list[str]

    @property
    def changed(self) -> list[Setting]:
        """The settings whose value is not that of the preset."""
        return [setting for setting in self.settings if setting.differs]


def settings_view(run: StoredRun) -> SettingsView:
    """The settings of a run compared with its preset."""
    config = run.config
    base = preset(config.preset) if config.preset in PRESETS else None
    preset_values = dict(describe_fields(base)) if base is not None else {}
    meanings = help_of(config)
    settings = [
        Setting(
            name=name,
            value=without_paths(value),
            preset_value=without_paths(preset_values.get(name, "")),
            help=meanings.get(name, ""),
            differs=base is not None and preset_values.get(name) != value,
        )
        for name, value in describe_fields(config)
        if name != "preset"
    ]
    return SettingsView(
        preset=config.preset,
        preset_text=describe(PRESETS[config.preset]) if base is not None else "",
        settings=settings,
        commands=[] if base is None else _commands(run),
    )


def _commands(run: StoredRun) -> list[str]:
    out = f"runs/{run.name}"
    evaluate = shlex.join(["vaelab", "evaluate", out])
    if run.parent:
        return [fit_prior_command(run.config, f"runs/{run.parent}", ["--out", out]), evaluate]
    named = run.config.initial_weights
    source = [] if named is None else ["--from", f"runs/{PurePosixPath(named.run).name}"]
    return [without_paths(train_command(run.config, [*source, "--out", out])), evaluate]
