"""What a folder holds to report on: a study, or runs without one.

Whatever is stored is taken as it may be found: old, interrupted, half written. What cannot be used
is told on the page, and the rest is shown.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.models.likelihoods import LIKELIHOODS
from vaelab.report.formatting import finite, slugs, source_in_words, without_paths
from vaelab.runs import DataCard, Run, data_card_from, open_run, read_json

STUDY_FILE = "study.json"

# Fields of a stored number; those that may be missing are then unknown.
_FIELDS = (
    "unit",
    "direction",
    "standard_error",
    "floor",
    "baseline",
    "count",
    "seed",
    "split",
    "classifier",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRun:
    """A run as it is shown.

    Attributes:
        slug: its name in paths, [a-z0-9-]+.
        run: its folder.
        metrics: by name, each with all the fields of a stored number; finite values only.
        undefined: names of numbers that were stored without a finite value.
        details: what was stored beside the numbers.
        records: a line per epoch.
        trouble: what went wrong with it, a line each.
    """

    slug: str
    run: Run
    metrics: dict[str, dict[str, Any]]
    undefined: tuple[str, ...]
    details: dict[str, Any]
    records: list[dict[str, Any]]
    trouble: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name; any characters."""
        return self.run.name

    @property
    def config(self) -> Config:
        """What it was trained with."""
        return self.run.config

    @property
    def page(self) -> str:
        """Its page, relative to the site's root."""
        return f"runs/{self.slug}.html"

    @property
    def is_vae(self) -> bool:
        """Whether it has a posterior and a prior."""
        return self.config.model.kind == "vae"

    @property
    def beta(self) -> float | None:
        """The final weight of the KL; None without one."""
        objective = self.config.objective
        return objective.beta if objective.kind == "elbo" else None

    @property
    def unit(self) -> str:
        """Of the reconstruction."""
        return LIKELIHOODS[self.config.model.likelihood].unit

    def value(self, metric: str) -> float | None:
        """A number of it, or None."""
        result = self.metrics.get(metric)
        return None if result is None else float(result["value"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """A run that is not there, or not whole.

    Attributes:
        name: of the run.
        status: `failed` or `left out`.
        step: that failed; empty where none did.
        reason: one line.
        page: its page, where something of it can be shown.
        config: what it was to be trained with; None if unknown.
    """

    name: str
    status: str
    step: str
    reason: str
    page: str = ""
    config: Config | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """All that a site is made from.

    Attributes:
        folder: it lies in.
        name: of the study, or of the folder.
        command: that makes all of it anew; empty if unknown.
        version: of vaelab that ran it; empty if unknown.
        cards: the data sets, the first being the study's.
        runs: those of which something can be shown.
        lost: runs that failed or were left out.
        comparisons: figures of several runs by file name, with the names of the runs they show.
        summary: numbers of the data; empty if there are none.
    """

    folder: Path
    name: str
    command: str
    version: str
    cards: list[DataCard]
    runs: list[StoredRun]
    lost: list[Lost]
    comparisons: dict[str, list[str]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def evaluated(self) -> list[StoredRun]:
        """The runs with numbers."""
        return [run for run in self.runs if run.metrics]


def read_folder(folder: Path) -> Stored:
    """What `folder` holds.

    Raises:
        InputError: if it is no folder, or nothing in it can be shown.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; name a study's, or one of run folders")
    study = read_json(folder / STUDY_FILE) if (folder / STUDY_FILE).exists() else {}
    entries = _entries(folder, study)
    runs: list[StoredRun] = []
    lost: list[Lost] = []
    for entry, slug in zip(entries, slugs([entry["name"] for entry in entries]), strict=True):
        try:
            run = _read_run(open_run(folder / entry["folder"]), slug)
        except InputError as error:
            lost.append(_lost(entry, str(error)))
            continue
        is_shown = bool(run.records or run.metrics)
        if is_shown:
            runs.append(run)
        if entry["status"] in ("failed", "left out"):
            page = run.page if is_shown else ""
            lost.append(replace(_lost(entry, ""), page=page, config=run.config))
        elif not is_shown:
            reason = "; ".join(["not an epoch of its training was finished", *run.trouble])
            lost.append(_lost(entry | {"status": "left out"}, reason))
    if not runs:
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in lost)
        raise InputError(
            f"{folder} holds no run to show; train one into it with `vaelab train`, or run "
            f"`vaelab study`{f' ({reasons})' if reasons else ''}"
        )
    return Stored(
        folder=folder,
        name=str(study.get("name") or folder.resolve().name),
        command=without_paths(str(study.get("command") or "")),
        version=str(study.get("vaelab_version") or ""),
        cards=_cards(study, runs),
        runs=runs,
        lost=lost,
        comparisons=_comparisons(folder, study),
        summary=_summary(folder),
    )


def _entries(folder: Path, study: Mapping[str, Any]) -> list[dict[str, str]]:
    """The runs that the study names; without a study, the run folders by name."""
    listed = study.get("runs")
    if not isinstance(listed, list):
        names = sorted(path.parent.name for path in folder.glob("*/config.json"))
        listed = [{"name": name} for name in names if not name.startswith(".")]
    return [
        {
            "name": str(entry.get("name") or entry.get("folder")),
            "folder": str(entry.get("folder") or entry.get("name")),
            **{key: str(entry.get(key) or "") for key in ("status", "step", "error")},
        }
        for entry in listed
        if isinstance(entry, dict)
    ]


def _lost(entry: Mapping[str, str], reason: str) -> Lost:
    return Lost(
        name=entry["name"],
        status="left out" if entry["status"] == "left out" else "failed",
        step=entry["step"],
        reason=without_paths(" ".join((entry["error"] or reason).split())),
    )


def _read_run(run: Run, slug: str) -> StoredRun:
    """What is stored of a run; what cannot be read is its trouble."""
    trouble = []
    evaluation: dict[str, Any] = {}
    records: list[dict[str, Any]] = []
    try:
        evaluation = run.read_evaluation()
    except InputError as error:
        trouble.append(without_paths(str(error)))
    try:
        records = [record for record in run.read_metrics() if isinstance(record.get("epoch"), int)]
    except InputError as error:
        trouble.append(without_paths(str(error)))
    stored = evaluation.get("metrics", {})
    if not isinstance(stored, dict) or not all(isinstance(each, dict) for each in stored.values()):
        trouble.append(f"{run.name}/evaluation.json holds no numbers; run `vaelab evaluate` again")
        stored = {}
    metrics = complete(stored)
    details = evaluation.get("details")
    return StoredRun(
        slug=slug,
        run=run,
        metrics=metrics,
        undefined=tuple(name for name in stored if name not in metrics),
        details=details if isinstance(details, dict) else {},
        records=records,
        trouble=tuple(trouble),
    )


def complete(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Stored numbers with every field that they should have; those without a value left out."""
    whole = {}
    for name, result in metrics.items():
        value = finite(result.get("value"))
        if value is None:
            continue
        known = {key: result.get(key) for key in _FIELDS}
        numbers = {key: finite(known[key]) for key in ("standard_error", "floor", "baseline")}
        whole[name] = {**known, **numbers, "value": value, "unit": str(known["unit"] or "")}
    return whole


def _cards(study: Mapping[str, Any], runs: list[StoredRun]) -> list[DataCard]:
    """Each data set once."""
    cards = [run.run.data for run in runs]
    # A folder of runs has none; another version's may be another.
    with contextlib.suppress(KeyError, TypeError):
        cards.insert(0, data_card_from(study["data_card"]))
    unique: dict[tuple[str, str, str], DataCard] = {}
    for card in cards:
        unique.setdefault((card.name, card.train_fingerprint, card.test_fingerprint), card)
    return list(unique.values())


def _comparisons(folder: Path, study: Mapping[str, Any]) -> dict[str, list[str]]:
    """Those that are drawn; without a study it is not known of which runs."""
    named = study.get("comparisons")
    known = named if isinstance(named, dict) else {}
    drawn = sorted(path.stem for path in (folder / "figures").glob("*.png"))
    return {stem: [str(name) for name in known.get(stem, [])] for stem in drawn}


def _summary(folder: Path) -> dict[str, Any]:
    try:
        summary = read_json(folder / "data" / "summary.json")
    except InputError:
        return {}
    return {**summary, "source": source_in_words(str(summary.get("source", "")))}
