"""One trial: whose turn it is, its run, and what is told of it in the end."""

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
from vaelab.locks import held
from vaelab.models import LatentVariableModel
from vaelab.randomness import generator
from vaelab.runs import DataCard, Run
from vaelab.search.plan import Search
from vaelab.settings import with_settings
from vaelab.training import Hardware, fit
from vaelab.training.non_finite_guard import NonFiniteLossError

# A trial whose process was killed so often is not begun again.
MOST_ATTEMPTS = 3

# Attributes of a trial in the storage.
ATTEMPTS, REASON, SAME_AS = "attempts", "reason", "same_as"


def name_of(number: int) -> str:
    """A trial's, and its folder's."""
    return f"trial-{number:04}"


@dataclass(slots=True)
class Claimed:
    """A trial that is this process's alone until it is released.

    Attributes:
        trial: in the storage.
        settings: what the searched fields are.
        path: of its run.
        lock: that ends with the process.
    """

    trial: Trial
    settings: dict[str, str]
    path: Path
    lock: ExitStack

    def __enter__(self) -> "Claimed":
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.close()


def claim_next(search: Search, study: Study, out: Path, count: int) -> Claimed | None:
    """A trial to work on: one whose process was killed, else a new one; None where all have begun.

    Only in its turn may a process ask.

    Args:
        search: what is searched.
        study: Optuna's, of this search.
        out: the search's folder.
        count: of trials, with all that there are.

    Raises:
        InputError: if the trial's folder cannot be written to.
    """
    trials = study.get_trials(deepcopy=False)
    # Of its own seed each, so that processes side by side do not propose the same.
    study.sampler = TPESampler(seed=_seed(search.seed, len(trials)))
    for frozen in trials:
        if frozen.state == TrialState.RUNNING:
            # Whoever lives has it still.
            with suppress(InputError):
                return _claim(search, Trial(study, frozen._trial_id), out)
    return _claim(search, study.ask(), out) if len(trials) < count else None


def _claim(search: Search, trial: Trial, out: Path) -> Claimed:
    path, lock = out / name_of(trial.number), ExitStack()
    lock.enter_context(held(path / ".claim"))
    chosen = {dimension.field: dimension.suggest(trial) for dimension in search.over}
    return Claimed(trial, chosen, path, lock)


def _seed(seed: int, number: int) -> int:
    source = generator(seed, "search", number)
    return int(torch.randint(2**32, (), generator=source))


class PrunedError(Exception):
    """The trial is worse than most were after as many epochs."""


class Reporter:
    """Tells the storage each epoch's value, and ends a trial that is not worth its time."""

    def __init__(self, trial: Trial, search: Search, epochs: int) -> None:
        self.trial = trial
        self.search = search
        self.epochs = epochs
        frozen = trial.study.get_trials(deepcopy=False)[trial.number]
        self.reported = set(frozen.intermediate_values)

    def on_step(self) -> None:
        """Nothing."""

    def on_epoch(self, record: dict[str, Any], model: LatentVariableModel) -> None:
        """Report it."""
        self.report(record)

    def report(self, record: dict[str, Any]) -> None:
        """Report an epoch unless it was.

        Raises:
            PrunedError: if the trial is to end.
        """
        epoch = record["epoch"]
        if epoch in self.reported:
            return
        self.reported.add(epoch)
        self.trial.report(self.search.value_of(record), epoch)
        if self.search.prune and epoch < self.epochs and self.trial.should_prune():
            raise PrunedError


def carry_out(
    search: Search,
    claimed: Claimed,
    dataset: Dataset,
    *,
    hardware: Hardware,
    show_progress: bool,
) -> FrozenTrial:
    """Train the trial's run, or go on with it, and tell the storage what came out.

    Raises:
        InputError: for what is not the trial's fault, such as a full disk; the trial goes on when
            the search does.
        Interruption: by Ctrl-C or SIGTERM, likewise.
    """
    trial = claimed.trial
    twin = _twin(trial, claimed.settings, search)
    if twin is not None:
        return _repeat(trial, twin)
    attempts = trial.user_attrs.get(ATTEMPTS, 0) + 1
    if attempts > MOST_ATTEMPTS:
        return _fail(trial, f"its process was killed {MOST_ATTEMPTS} times")
    trial.set_user_attr(ATTEMPTS, attempts)
    try:
        config = _configure(search, claimed, dataset)
        value = _train(search, claimed, config, dataset, hardware, show_progress=show_progress)
    except PrunedError:
        return trial.study.tell(trial, state=TrialState.PRUNED)
    except (UnfitError, NonFiniteLossError) as error:
        return _fail(trial, str(error))
    except (KeyboardInterrupt, InputError, OSError):
        trial.set_user_attr(ATTEMPTS, attempts - 1)
        raise
    except Exception as error:
        trace = claimed.path.parent / "failures" / f"{claimed.path.name}.txt"
        write_text(trace, "".join(traceback.format_exception(error)))
        return _fail(trial, f"{type(error).__name__}: {error} (see failures/{trace.name})")
    return trial.study.tell(trial, value)


class UnfitError(Exception):
    """The trial's settings do not go process_group."""


def _configure(search: Search, claimed: Claimed, dataset: Dataset) -> Config:
    try:
        config = with_settings(search.config, claimed.settings)
        Run(claimed.path, config, DataCard.of(dataset)).build_model()
    except InputError as error:
        raise UnfitError(str(error)) from None
    return config


def _train(
    search: Search,
    claimed: Claimed,
    config: Config,
    dataset: Dataset,
    hardware: Hardware,
    *,
    show_progress: bool,
) -> float:
    reporter = Reporter(claimed.trial, search, config.training.epochs)
    # Of an epoch that was kept before its process was killed the storage may not know.
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
    """The searched fields of a trial, as they are set; without those that it has not got yet."""
    return {
        dimension.field: dimension.suggest(trial)
        for dimension in search.over
        if dimension.field in trial.params
    }


def _twin(trial: Trial, settings: dict[str, str], search: Search) -> FrozenTrial | None:
    """An earlier trial of the same settings, which gave what this one would give."""
    finished = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    earlier = trial.study.get_trials(deepcopy=False, states=finished)
    return next((each for each in earlier if settings_of(search, each) == settings), None)


def _repeat(trial: Trial, twin: FrozenTrial) -> FrozenTrial:
    trial.set_user_attr(SAME_AS, twin.number)
    trial.set_user_attr(REASON, twin.user_attrs.get(REASON))
    return trial.study.tell(
        trial, twin.value if twin.state == TrialState.COMPLETE else None, twin.state
    )


def _fail(trial: Trial, reason: str) -> FrozenTrial:
    trial.set_user_attr(REASON, " ".join(reason.split()))
    return trial.study.tell(trial, state=TrialState.FAIL)
