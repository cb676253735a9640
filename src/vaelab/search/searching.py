"""Carrying a search out, alone or beside other processes of the same search."""

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
from vaelab.errors import InputError, note
from vaelab.files import write_json
from vaelab.locks import in_turn
from vaelab.runs import DataCard, read_json
from vaelab.search import results
from vaelab.search.plan import Search
from vaelab.search.storage import open_storage, without_password
from vaelab.search.trials import REASON, SAME_AS, carry_out, claim_next, name_of, settings_of
from vaelab.settings import differences, from_dict
from vaelab.training import Hardware

SEARCH_FILE, TURN = "search.json", ".turn"
SCHEMA_VERSION = 1

# Trials that come to their end before the first is pruned, and epochs that none is evaluated by.
TRIALS_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING = 5, 1


@dataclass(frozen=True, slots=True)
class Found:
    """What a search leaves.

    Attributes:
        table: the best trials, a line each, and those that failed.
        summary: how many there are of each kind.
        best: the folder of the best trial's run.
        command: that trains it again.
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
    hardware: Hardware | None = None,
    show_progress: bool = True,
) -> Found:
    """Try settings until there are so many trials, each a run in the folder `out`.

    Any number of processes may do so at once with the same arguments: each takes one trial after
    the other. A trial whose process was killed is gone on with by the next that asks.

    Args:
        search: what is tried.
        out: the search's folder, which all its processes see.
        trials: how many there are to be, with those that are there.
        storage: a file or a database's URL in which Optuna keeps them; by default a file in `out`.
        data_dir: where the images lie, before all other places.
        hardware: to train on; by default a GPU where there is one.
        show_progress: whether to show progress on standard error.

    Raises:
        InputError: if the data, the folder or the storage cannot be used, another search is there,
            or no trial came to its end.
        Interruption: by Ctrl-C or SIGTERM, with the state of the trial kept.
    """
    if trials < 1:
        raise InputError(f"--trials must be at least 1, found {trials}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    dataset = load_data(search.config.data, data_dir)
    book = Book(search, out, storage, data_dir)
    with in_turn(out / TURN):
        study = book.open(DataCard.of(dataset))
    while True:
        with in_turn(out / TURN):
            claimed = claim_next(search, study, out, trials)
        if claimed is None:
            break
        with claimed:
            told = carry_out(
                search,
                claimed,
                dataset,
                hardware=hardware or Hardware(),
                show_progress=show_progress,
            )
        with in_turn(out / TURN):
            book.write(study)
        if show_progress:
            note(_line(search, told))
    return book.found(study)


@dataclass(slots=True)
class Book:
    """What stands in search.json: which search this is, and its trials."""

    search: Search
    out: Path
    storage: str | None
    data_dir: Path | None
    name: str = ""

    def open(self, card: DataCard) -> Study:
        """Begin the search, or join it if it is there.

        Raises:
            InputError: if another search is there, or something else.
        """
        file = self.out / SEARCH_FILE
        wanted = self._wanted(card)
        if file.exists():
            values = read_json(file)
            _require_same(self.out, values, wanted)
            self.name = values["name"]
        else:
            if any(not path.name.startswith(".") for path in self.out.iterdir()):
                raise InputError(f"{self.out} is there and holds no search; choose another --out")
            self.name = f"{self.search.config.preset}-{secrets.token_hex(6)}"
            write_json(file, {**wanted, "name": self.name, "best": None, "trials": []})
        pruner = MedianPruner(
            n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=EPOCHS_BEFORE_PRUNING + 1
        )
        return create_study(
            study_name=self.name,
            storage=open_storage(self.storage, self.out),
            pruner=pruner,
            load_if_exists=True,
        )

    def write(self, study: Study) -> None:
        """Note all trials as they are now."""
        file = self.out / SEARCH_FILE
        trials = study.get_trials(deepcopy=False)
        best = results.best_of(trials)
        write_json(
            file,
            {
                **read_json(file),
                "best": None if best is None else name_of(best.number),
                "command": None if best is None else self._command(best),
                "trials": results.as_json(self.search, trials),
            },
        )

    def found(self, study: Study) -> Found:
        """What there is to tell.

        Raises:
            InputError: if no trial came to its end.
        """
        trials = study.get_trials(deepcopy=False)
        best = results.best_of(trials)
        if best is None:
            raise InputError(f"no trial of the search came to its end: {_reasons(trials)}")
        return Found(
            table=results.table(self.search, trials),
            summary=results.summary(trials),
            best=self.out / name_of(best.number),
            command=self._command(best),
        )

    def _wanted(self, card: DataCard) -> dict[str, Any]:
        storage = None if self.storage is None else without_password(self.storage)
        return {
            "schema_version": SCHEMA_VERSION,
            "vaelab_version": vaelab.__version__,
            "search": self.search.to_dict(),
            "images": [card.train_fingerprint, card.test_fingerprint],
            "storage": storage,
        }

    def _command(self, trial: FrozenTrial) -> str:
        return results.train_command(self.search, trial, self.data_dir)


def _require_same(out: Path, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse a folder with another search; another version of vaelab may go on with one.

    Raises:
        InputError: naming what differs.
    """
    if there.get("schema_version") != SCHEMA_VERSION:
        raise InputError(
            f"{out} holds a search of schema version {there.get('schema_version')!r}, this vaelab "
            f"reads {SCHEMA_VERSION}; choose another --out"
        )
    differing = differences(
        *(from_dict(each["search"]["config"], Config) for each in (there, wanted))
    )
    for name in ("over", "minimize", "seed", "prune"):
        if there["search"][name] != wanted["search"][name]:
            differing.append(f"{name}: {there['search'][name]} / {wanted['search'][name]}")
    if there["images"] != wanted["images"]:
        differing.append("other images")
    if there["storage"] != wanted["storage"]:
        differing.append(f"storage: {there['storage']} / {wanted['storage']}")
    if differing:
        raise InputError(
            f"{out} holds another search (there / wanted): {'; '.join(differing)}; choose another "
            "--out"
        )


def _line(search: Search, trial: FrozenTrial) -> str:
    """What came out of a trial."""
    chosen = " ".join(f"{k}={v}" for k, v in settings_of(search, trial).items())
    name = name_of(trial.number)
    if SAME_AS in trial.user_attrs:
        return f"{name}: the same as {name_of(trial.user_attrs[SAME_AS])}, with {chosen}"
    if trial.state == TrialState.COMPLETE:
        return f"{name}: {search.minimize} {trial.value:.3f} with {chosen}"
    if trial.state == TrialState.PRUNED:
        return f"{name}: pruned after {len(trial.intermediate_values)} epochs with {chosen}"
    return f"{name} failed: {trial.user_attrs[REASON]}, with {chosen}"


def _reasons(trials: Sequence[FrozenTrial]) -> str:
    failed = [trial for trial in trials if trial.state == TrialState.FAIL]
    if not failed:
        return "others work on them; wait for these"
    return "; ".join(f"{name_of(t.number)}: {t.user_attrs.get(REASON)}" for t in failed[:3])
