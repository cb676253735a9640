"""Runs a search, alone or together with other processes."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna import Study, create_study
from optuna.pruners import MedianPruner
from optuna.trial import FrozenTrial, TrialState

import vaelab
from vaelab.config import Config
from vaelab.data import load_data
from vaelab.documents import read_json, well_formed
from vaelab.errors import InputError, note
from vaelab.files import write_json
from vaelab.locks import wait_for_lock
from vaelab.runs import DataCard
from vaelab.search import results
from vaelab.search.plan import Search
from vaelab.search.storage import open_storage, without_password
from vaelab.search.trials import (
    DUPLICATE_OF,
    REASON,
    claim_next,
    run_trial,
    settings_of,
    trial_name,
)
from vaelab.settings import differences, from_dict
from vaelab.training import Hardware

SEARCH_FILE, LOCK_FILE = "search.json", ".turn"
SCHEMA_VERSION = 2

# Trials that finish before the first can be pruned, and epochs before any trial can be.
TRIALS_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING = 5, 1


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search.

    Attributes:
        table: the best trials, one per line, and those that failed.
        summary: the number of trials in each state.
        best: folder of the best trial's run.
        command: the command that trains it again.
    """

    table: str
    summary: str
    best: Path
    command: str


def run_search(
    search: Search,
    out: Path,
    *,
    trials: int,
    storage: str | None = None,
    data_dir: Path | None = None,
    plugins: Sequence[Path] = (),
    hardware: Hardware | None = None,
    show_progress: bool = True,
) -> SearchResult:
    """Run trials until the search has that many; each is a run in the folder `out`.

    Several processes can work on one search at the same time when they call this with the same
    arguments. A trial whose process was killed is resumed by the next process that is free.

    Args:
        search: the definition.
        out: folder of the search, shared by all its processes.
        trials: number of trials, including existing ones.
        storage: file or database URL for Optuna's storage; by default a file in `out`.
        data_dir: folder of Fashion-MNIST's files; searched first.
        plugins: files that define parts of the runs, loaded before, for the resulting command.
        hardware: to train on; by default a GPU if there is one.
        show_progress: whether to show progress on standard error.

    Raises:
        InputError: if the data, the folder or the storage cannot be used, the folder holds another
            search, or no trial finished.
        Interruption: by Ctrl-C or SIGTERM, after the state of the trial was saved.
    """
    if trials < 1:
        raise InputError(f"--trials must be at least 1, found {trials}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    dataset = load_data(search.config.data, data_dir)
    if show_progress:
        for line in dataset.notes:
            note(f"data: {line}")
    options = [] if data_dir is None else ["--data-dir", str(data_dir)]
    options += [word for path in plugins for word in ("--plugin", str(path))]
    record = SearchRecord(search, out, storage, options)
    with wait_for_lock(out / LOCK_FILE):
        study = record.open(DataCard.of(dataset))
    while True:
        with wait_for_lock(out / LOCK_FILE):
            claimed = claim_next(search, study, out, trials)
        if claimed is None:
            break
        with claimed:
            finished = run_trial(
                search,
                claimed,
                dataset,
                hardware=hardware or Hardware(),
                show_progress=show_progress,
            )
        with wait_for_lock(out / LOCK_FILE):
            record.update(study)
        if show_progress:
            note(_describe(search, finished))
    return record.result(study)


@dataclass(slots=True)
class SearchRecord:
    """The file search.json: the definition of the search and its trials."""

    search: Search
    out: Path
    storage: str | None
    train_options: Sequence[str]
    name: str = ""

    def open(self, card: DataCard) -> Study:
        """Start the search, or join the one in the folder.

        Raises:
            InputError: if the folder holds another search or other files.
        """
        file = self.out / SEARCH_FILE
        requested = self._definition(card)
        if file.exists():
            values = read_json(file)
            with well_formed(file, "restore the file, or choose another --out"):
                _require_same(self.out, values, requested)
                self.name = str(values["name"])
        else:
            if any(not path.name.startswith(".") for path in self.out.iterdir()):
                raise InputError(f"{self.out} exists and is not a search; choose another --out")
            self.name = f"{self.search.config.preset}-{secrets.token_hex(6)}"
            write_json(file, {**requested, "name": self.name, "best": None, "trials": []})
        pruner = MedianPruner(
            n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=EPOCHS_BEFORE_PRUNING + 1
        )
        return create_study(
            study_name=self.name,
            storage=open_storage(self.storage, self.out),
            pruner=pruner,
            load_if_exists=True,
        )

    def update(self, study: Study) -> None:
        """Write the current state of all trials."""
        file = self.out / SEARCH_FILE
        trials = study.get_trials(deepcopy=False)
        best = results.best_trial(trials)
        write_json(
            file,
            {
                **read_json(file),
                "best": None if best is None else trial_name(best.number),
                "command": None if best is None else self._command(best),
                "trials": results.trials_as_json(self.search, trials),
            },
        )

    def result(self, study: Study) -> SearchResult:
        """The result of all trials so far.

        Raises:
            InputError: if no trial finished.
        """
        trials = study.get_trials(deepcopy=False)
        best = results.best_trial(trials)
        if best is None:
            raise InputError(f"no trial of the search finished: {_reasons(trials)}")
        return SearchResult(
            table=results.table(self.search, trials),
            summary=results.summary(trials),
            best=self.out / trial_name(best.number),
            command=self._command(best),
        )

    def _definition(self, card: DataCard) -> dict[str, Any]:
        storage = None if self.storage is None else without_password(self.storage)
        return {
            "schema_version": SCHEMA_VERSION,
            "vaelab_version": vaelab.__version__,
            "search": self.search.to_dict(),
            "images": [card.train_fingerprint, card.test_fingerprint],
            "storage": storage,
        }

    def _command(self, trial: FrozenTrial) -> str:
        return results.command(self.search, trial, self.train_options)


def _require_same(out: Path, found: dict[str, Any], requested: dict[str, Any]) -> None:
    """Refuse another search in the folder; the vaelab version may differ.

    Raises:
        InputError: naming the differences.
    """
    if found.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{out} holds a search of schema version {found.get('schema_version')!r}, this vaelab "
            f"reads {SCHEMA_VERSION}; choose another --out"
        )
    different = differences(
        *(from_dict(each["search"]["config"], Config) for each in (found, requested))
    )
    for name in ("space", "minimize", "seed", "prune"):
        if found["search"][name] != requested["search"][name]:
            different.append(f"{name}: {found['search'][name]} / {requested['search'][name]}")
    if found["images"] != requested["images"]:
        different.append("other images")
    if found["storage"] != requested["storage"]:
        different.append(f"storage: {found['storage']} / {requested['storage']}")
    if different:
        raise InputError(
            f"{out} holds another search (found / requested): {'; '.join(different)}; choose "
            "another --out"
        )


def _describe(search: Search, trial: FrozenTrial) -> str:
    """The result of a trial in one line."""
    chosen = " ".join(f"{k}={v}" for k, v in settings_of(search, trial).items())
    name = trial_name(trial.number)
    if DUPLICATE_OF in trial.user_attrs:
        return f"{name}: same settings as {trial_name(trial.user_attrs[DUPLICATE_OF])}, {chosen}"
    if trial.state == TrialState.COMPLETE:
        return f"{name}: {search.minimize} {trial.value:.3f} with {chosen}"
    if trial.state == TrialState.PRUNED:
        return f"{name}: pruned after {len(trial.intermediate_values)} epochs with {chosen}"
    return f"{name} failed: {trial.user_attrs[REASON]}, with {chosen}"


def _reasons(trials: Sequence[FrozenTrial]) -> str:
    failed = [trial for trial in trials if trial.state == TrialState.FAIL]
    if not failed:
        return "other processes are still running them"
    return "; ".join(f"{trial_name(t.number)}: {t.user_attrs.get(REASON)}" for t in failed[:3])
