"""Trials: claiming one, training its run and recording the result."""

import traceback
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from optuna import Study
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, Trial, TrialState

from vaelab.config import Config
from vaelab.data import Dataset
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.locks import lock_folder
from vaelab.models.contract import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run
from vaelab.search.plan import Search
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit
from vaelab.training.step_scalars import NonFiniteLossError

# A trial whose process was killed this many times is not resumed.
MAX_ATTEMPTS = 3

# User attributes of a trial in Optuna's storage.
ATTEMPTS, REASON, DUPLICATE_OF = "attempts", "reason", "duplicate_of"


def trial_name(number: int) -> str:
    """The name of a trial and of its folder."""
    return f"trial-{number:04}"


@dataclass(slots=True)
class ClaimedTrial:
    """A trial that only this process runs, until the context ends.

    Attributes:
        trial: Optuna's trial.
        settings: the values of the searched fields.
        path: folder of its run.
        lock: released at the end of the context, or when the process dies.
    """

    trial: Trial
    settings: dict[str, str]
    path: Path
    lock: ExitStack

    def __enter__(self) -> "ClaimedTrial":
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.close()


def claim_next(search: Search, study: Study, out: Path, count: int) -> ClaimedTrial | None:
    """The next trial to run: an abandoned one, else a new one; None if all trials are claimed.

    The caller must hold the lock of the search.

    Args:
        search: the definition.
        study: Optuna's study of this search.
        out: folder of the search.
        count: number of trials of the search.

    Raises:
        InputError: if the folder of the trial cannot be written.
    """
    trials = study.get_trials(deepcopy=False)
    # A seed for each trial, so that parallel processes do not propose the same settings.
    study.sampler = TPESampler(seed=_seed(search.seed, len(trials)))
    for frozen in trials:
        if frozen.state == TrialState.RUNNING:
            # Claiming fails if its process is alive.
            with suppress(InputError):
                return _claim(search, Trial(study, frozen._trial_id), out)
    return _claim(search, study.ask(), out) if len(trials) < count else None


def _claim(search: Search, trial: Trial, out: Path) -> ClaimedTrial:
    path, lock = out / trial_name(trial.number), ExitStack()
    lock.enter_context(lock_folder(path / ".claim"))
    chosen = {dimension.field: dimension.suggest(trial) for dimension in search.space}
    return ClaimedTrial(trial, chosen, path, lock)


def _seed(seed: int, number: int) -> int:
    source = generator(seed, "search", number)
    return int(torch.randint(2**32, (), generator=source))


class PrunedError(Exception):
    """The trial is worse than the median of the earlier trials at the same epoch."""


class TrialReporter:
    """Training observer that reports every epoch to Optuna and stops a trial to be pruned."""

    def __init__(self, trial: Trial, search: Search, epochs: int) -> None:
        self.trial = trial
        self.search = search
        self.epochs = epochs
        frozen = trial.study.get_trials(deepcopy=False)[trial.number]
        self.reported = set(frozen.intermediate_values)

    def on_step(self) -> None:
        """Do nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Report the epoch."""
        self.report(record)

    def report(self, record: dict[str, Any]) -> None:
        """Report an epoch that was not reported before.

        Raises:
            PrunedError: if the trial is to stop.
        """
        epoch = record["epoch"]
        if epoch in self.reported:
            return
        self.reported.add(epoch)
        self.trial.report(self.search.value_of(record), epoch)
        if self.search.prune and epoch < self.epochs and self.trial.should_prune():
            raise PrunedError


def run_trial(
    search: Search,
    claimed: ClaimedTrial,
    dataset: Dataset,
    *,
    hardware: Hardware,
    show_progress: bool,
) -> FrozenTrial:
    """Train the run of a trial, or resume it, and record the result in Optuna's storage.

    Raises:
        InputError: if the cause is not the trial, such as a full disk; the trial can be resumed.
        Interruption: by Ctrl-C or SIGTERM; the trial can be resumed.
    """
    trial = claimed.trial
    original = _find_duplicate(trial, claimed.settings, search)
    if original is not None:
        return _copy_result(trial, original)
    attempts = trial.user_attrs.get(ATTEMPTS, 0) + 1
    if attempts > MAX_ATTEMPTS:
        return _fail(trial, f"its process was killed {MAX_ATTEMPTS} times")
    trial.set_user_attr(ATTEMPTS, attempts)
    try:
        config = _configure(search, claimed, dataset)
        value = _train(search, claimed, config, dataset, hardware, show_progress=show_progress)
    except PrunedError:
        return trial.study.tell(trial, state=TrialState.PRUNED)
    except (IncompatibleSettingsError, NonFiniteLossError) as error:
        return _fail(trial, str(error))
    except (KeyboardInterrupt, InputError, OSError):
        trial.set_user_attr(ATTEMPTS, attempts - 1)
        raise
    except Exception as error:
        trace = claimed.path.parent / "failures" / f"{claimed.path.name}.txt"
        write_text(trace, "".join(traceback.format_exception(error)))
        return _fail(trial, f"{type(error).__name__}: {error} (see failures/{trace.name})")
    return trial.study.tell(trial, value)


class IncompatibleSettingsError(Exception):
    """The settings of the trial exclude each other."""


def _configure(search: Search, claimed: ClaimedTrial, dataset: Dataset) -> Config:
    try:
        config = with_settings(search.config, claimed.settings)
        Run(claimed.path, config, DataCard.of(dataset)).build_model()
    except InputError as error:
        raise IncompatibleSettingsError(str(error)) from None
    return config


def _train(
    search: Search,
    claimed: ClaimedTrial,
    config: Config,
    dataset: Dataset,
    hardware: Hardware,
    *,
    show_progress: bool,
) -> float:
    reporter = TrialReporter(claimed.trial, search, config.training.epochs)
    # An epoch saved just before its process was killed may not have been reported.
    for record in Run(claimed.path, config, DataCard.of(dataset)).read_metrics():
        reporter.report(record)
    run = fit(
        config,
        claimed.path,
        dataset=dataset,
        hardware=hardware,
        show_progress=show_progress,
        observers=[reporter],
    )
    best = min(run.read_metrics(), key=lambda record: record["selection_loss"])
    return search.value_of(best)


def settings_of(search: Search, trial: FrozenTrial) -> dict[str, str]:
    """The values of the searched fields in a trial, as far as it has them."""
    return {
        dimension.field: dimension.suggest(trial)
        for dimension in search.space
        if dimension.field in trial.params
    }


def _find_duplicate(trial: Trial, settings: dict[str, str], search: Search) -> FrozenTrial | None:
    """An earlier trial with the same settings, which has the same result."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    earlier = trial.study.get_trials(deepcopy=False, states=ended)
    return next((each for each in earlier if settings_of(search, each) == settings), None)


def _copy_result(trial: Trial, original: FrozenTrial) -> FrozenTrial:
    trial.set_user_attr(DUPLICATE_OF, original.number)
    trial.set_user_attr(REASON, original.user_attrs.get(REASON))
    return trial.study.tell(
        trial,
        original.value if original.state == TrialState.COMPLETE else None,
        original.state,
    )


def _fail(trial: Trial, reason: str) -> FrozenTrial:
    trial.set_user_attr(REASON, " ".join(reason.split()))
    return trial.study.tell(trial, state=TrialState.FAIL)
