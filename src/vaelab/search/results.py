"""The results of a search: the trials as JSON and as a table, and the command of the best one."""

from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from vaelab.formatting import setting, text_table
from vaelab.preset_changes import train_command
from vaelab.search.plan import Search
from vaelab.search.trials import DUPLICATE_OF, REASON, settings_of, trial_name
from vaelab.settings import with_settings

STATES = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}

# A trial with the settings of an earlier one, whose result it takes.
DUPLICATE = "duplicate"

TABLE_ROWS = 10


def trials_as_json(search: Search, trials: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
    """The trials for search.json."""
    return [
        {
            "name": trial_name(trial.number),
            "state": state_of(trial),
            "value": trial.value,
            "settings": settings_of(search, trial),
            "epochs": len(trial.intermediate_values),
            "reason": trial.user_attrs.get(REASON),
            "duplicate_of": _original(trial),
        }
        for trial in trials
    ]


def state_of(trial: FrozenTrial) -> str:
    """The state in one word."""
    return STATES[trial.state] if _original(trial) is None else DUPLICATE


def best_trial(trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The first trial with the smallest value."""
    finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return min(finished, key=_value, default=None)


def table(search: Search, trials: Sequence[FrozenTrial]) -> str:
    """The best trials, followed by the failed ones."""
    trials = [trial for trial in trials if _original(trial) is None]
    finished = sorted((t for t in trials if t.state == TrialState.COMPLETE), key=_value)
    rows = [["trial", search.minimize, *(dimension.field for dimension in search.space)]]
    for trial in finished[:TABLE_ROWS]:
        chosen = settings_of(search, trial)
        rows.append(
            [
                trial_name(trial.number),
                f"{_value(trial):.3f}",
                *(setting(chosen[dimension.field]) for dimension in search.space),
            ]
        )
    lines = [text_table(rows, "r" * len(rows[0]))]
    lines += [
        f"{trial_name(trial.number)} failed: {trial.user_attrs.get(REASON)}"
        for trial in trials
        if trial.state == TrialState.FAIL
    ]
    return "\n".join(lines)


def summary(trials: Sequence[FrozenTrial]) -> str:
    """The number of trials in each state."""
    counts = dict.fromkeys([*STATES.values(), DUPLICATE], 0)
    for trial in trials:
        counts[state_of(trial)] += 1
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    return f"{len(trials)} trials: {states}"


def command(search: Search, trial: FrozenTrial, options: Sequence[str]) -> str:
    """The command that trains the run of a trial again."""
    config = with_settings(search.config, settings_of(search, trial))
    return train_command(config, options)


def _original(trial: FrozenTrial) -> str | None:
    """The name of the earlier trial with the same settings."""
    number = trial.user_attrs.get(DUPLICATE_OF)
    return None if number is None else trial_name(number)


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value
