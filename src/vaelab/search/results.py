"""What came out of a search: search.json, a table, and the command of the best trial."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from vaelab.config import Config
from vaelab.presets import preset
from vaelab.search.plan import Search
from vaelab.search.trials import REASON, SAME_AS, name_of, settings_of
from vaelab.settings import describe_fields, with_settings

STATES = {
    TrialState.COMPLETE: "done",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}

# A trial of the settings of an earlier one, which was not trained again.
REPEATED = "repeated"

# Trials in the table.
SHOWN = 10


def as_json(search: Search, trials: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """Each trial: its name, state, value, settings, epochs, and why it failed."""
    return [
        {
            "name": name_of(trial.number),
            "state": state_of(trial),
            "value": trial.value,
            "settings": settings_of(search, trial),
            "epochs": len(trial.intermediate_values),
            "reason": trial.user_attrs.get(REASON),
            "same_as": _original(trial),
        }
        for trial in trials
    ]


def state_of(trial: FrozenTrial) -> str:
    """In a word."""
    return STATES[trial.state] if _original(trial) is None else REPEATED


def best_of(trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The trial of the least value; of several the first."""
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return min(done, key=_value, default=None)


def table(search: Search, trials: Sequence[FrozenTrial]) -> str:
    """The best trials, then those that failed."""
    trials = [trial for trial in trials if _original(trial) is None]
    done = sorted((t for t in trials if t.state == TrialState.COMPLETE), key=_value)
    rows = [["trial", search.minimize, *(dimension.field for dimension in search.over)]]
    for trial in done[:SHOWN]:
        chosen = settings_of(search, trial)
        rows.append(
            [
                name_of(trial.number),
                f"{_value(trial):.3f}",
                *(_short(chosen[dimension.field]) for dimension in search.over),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines += [
        f"{name_of(trial.number)} failed: {trial.user_attrs.get(REASON)}"
        for trial in trials
        if trial.state == TrialState.FAIL
    ]
    return "\n".join(lines)


def summary(trials: Sequence[FrozenTrial]) -> str:
    """How many trials there are of each kind."""
    counts = dict.fromkeys([*STATES.values(), REPEATED], 0)
    for trial in trials:
        counts[state_of(trial)] += 1
    kinds = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    return f"{len(trials)} trials: {kinds}"


def train_command(search: Search, trial: FrozenTrial, data_dir: Path | None) -> str:
    """What a user types to train a trial's run again."""
    config = with_settings(search.config, settings_of(search, trial))
    place = [] if data_dir is None else ["--data-dir", str(data_dir)]
    changes = [f"{name}={text}" for name, text in _changes(config)]
    return shlex.join(
        ["vaelab", "train", config.preset, *place, *(["--set", *changes] if changes else [])]
    )


def _changes(config: Config) -> list[tuple[str, str]]:
    usual = dict(describe_fields(preset(config.preset)))
    return [(name, text) for name, text in describe_fields(config) if usual.get(name) != text]


def _original(trial: FrozenTrial) -> str | None:
    """The name of the trial that it repeats."""
    number = trial.user_attrs.get(SAME_AS)
    return None if number is None else name_of(number)


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _short(text: str) -> str:
    """A number in as many digits as are read."""
    try:
        return text if text.isdigit() else f"{float(text):.4g}"
    except ValueError:
        return text
