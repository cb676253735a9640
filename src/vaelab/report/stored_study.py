"""The stored results of a study, or of a folder of runs.

Results may be old, interrupted or damaged: what cannot be read is reported on the page, and the
rest is shown.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.evaluation.stored_samples import holds_samples, open_samples
from vaelab.folders import require_inside
from vaelab.names import displayed
from vaelab.report.formatting import (
    unique_slugs,
    without_location,
    without_paths,
)
from vaelab.report.stored_results import StoredResults, StoredRun, StoredSampleSet, read_metrics
from vaelab.runs import (
    DataCard,
    Run,
    data_card_from,
    open_run,
    read_json,
    values_fingerprint,
)

STUDY_FILE = "study.json"

# The status of runs without complete results.
LEFT_OUT = "left out"
FAILED = ("failed", LEFT_OUT)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedRun:
    """A run that failed or was left out.

    Attributes:
        name: of the run.
        status: `failed` or `left out`.
        step: that failed; empty if unknown.
        reason: one line.
        page: its page, if some of its results can be shown.
        config: its configuration; None if unknown.
    """

    name: str
    status: str
    step: str
    reason: str
    page: str = ""
    config: Config | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredStudy:
    """The stored results that a site shows.

    Attributes:
        folder: of the study or of the runs.
        name: of the study, or of the folder.
        command: that reproduces the study; empty if unknown.
        remark: what a reader has to know of how the study was run; empty without one.
        version: of vaelab that ran the study; empty if unknown.
        cards: the data sets; that of the study comes first.
        runs: those with results.
        samples: evaluations of samples that were generated elsewhere.
        failed: runs that failed or were left out.
        comparisons: names of the runs in each figure of several runs, by file name.
        summary: statistics of the data; empty if they were not computed.
        problems: what cannot be read, one line each.
    """

    folder: Path
    name: str
    command: str
    remark: str
    version: str
    cards: list[DataCard]
    runs: list[StoredRun]
    samples: list[StoredSampleSet]
    failed: list[FailedRun]
    comparisons: dict[str, list[str]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def evaluated(self) -> list[StoredRun]:
        """The runs with metrics."""
        return [run for run in self.runs if run.metrics]

    @property
    def results(self) -> list[StoredResults]:
        """The runs and samples with metrics."""
        return [*self.evaluated, *self.samples]

    def without(self, broken: Mapping[str, str]) -> "StoredStudy":
        """The study with some runs listed as failed, with the reasons by slug."""
        failed = [
            FailedRun(name=run.name, status="failed", step="", reason=broken[run.slug])
            for run in self.runs
            if run.slug in broken
        ]
        names = {each.name for each in failed}
        return replace(
            self,
            runs=[run for run in self.runs if run.slug not in broken],
            failed=[*(each for each in self.failed if each.name not in names), *failed],
        )


def read_folder(folder: Path) -> StoredStudy:
    """The stored results in `folder`.

    Raises:
        InputError: if it is not a folder, or holds no results.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder of a study or of runs")
    study, problems = _study(folder / STUDY_FILE)
    entries = _entries(folder, study)
    runs: list[StoredRun] = []
    failed: list[FailedRun] = []
    slugs = unique_slugs([entry.name for entry in entries])
    for entry, slug in zip(entries, slugs, strict=True):
        try:
            require_inside(folder / entry.folder, folder)
            run = _read_run(open_run(folder / entry.folder), slug, entry.notes)
        except InputError as error:
            failed.append(entry.failed(str(error)))
            continue
        has_results = bool(run.records or run.metrics)
        if has_results:
            runs.append(run)
        if entry.status in FAILED:
            page = run.page if has_results else ""
            failed.append(replace(entry.failed(""), page=page, config=run.config))
        elif not has_results:
            reason = "; ".join(["no epoch of its training is complete", *run.problems])
            failed.append(replace(entry.failed(reason), status=LEFT_OUT))
    if not runs:
        reasons = "; ".join(f"{each.name}: {each.reason}" for each in failed)
        raise InputError(
            f"{folder} holds no results to show; train a run into it with `vaelab train`, or run "
            f"`vaelab study`{f' ({reasons})' if reasons else ''}"
        )
    samples, unread_samples = _samples(folder)
    summary, unread_summary = _summary(folder)
    return StoredStudy(
        folder=folder,
        name=displayed(str(study.get("name") or folder.resolve().name)),
        command=without_paths(str(study.get("command") or "")),
        remark=str(study.get("remark") or ""),
        version=str(study.get("vaelab_version") or ""),
        cards=_cards(study, [*(run.run.data for run in runs), *(s.folder.data for s in samples)]),
        runs=runs,
        samples=samples,
        failed=failed,
        comparisons=_comparisons(folder, study),
        summary=summary,
        problems=(*problems, *unread_samples, *unread_summary),
    )


def _study(file: Path) -> tuple[dict[str, Any], list[str]]:
    """What a study wrote about itself, and why it cannot be read."""
    if not file.exists():
        return {}, []
    try:
        require_inside(file, file.parent)
        return read_json(file), []
    except InputError as error:
        return {}, [_one_line(f"{error}: all runs in the folder are shown")]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """A run as study.json lists it."""

    name: str
    folder: str
    status: str
    step: str
    error: str
    notes: tuple[str, ...]

    def failed(self, reason: str) -> FailedRun:
        """The run as one that failed or was left out; `reason` is used if no error is listed."""
        return FailedRun(
            name=self.name,
            status=LEFT_OUT if self.status == LEFT_OUT else "failed",
            step=self.step,
            reason=_one_line(self.error or reason),
        )


def _entries(folder: Path, study: Mapping[str, Any]) -> list[_Entry]:
    """The runs that the study names, and runs derived from them; without a study, all runs."""
    names = sorted(path.parent.name for path in folder.glob("*/config.json"))
    found = [
        {"name": displayed(name), "folder": name} for name in names if not name.startswith(".")
    ]
    listed = study.get("runs")
    if isinstance(listed, list):
        known = {str(values.get("folder")) for values in listed if isinstance(values, dict)}
        found = [
            *listed,
            *(
                values
                for values in found
                if values["folder"] not in known and _is_derived(folder / values["folder"])
            ),
        ]
    return [
        _Entry(
            name=str(values.get("name") or values.get("folder")),
            folder=str(values.get("folder") or values.get("name")),
            status=str(values.get("status") or ""),
            step=str(values.get("step") or ""),
            error=str(values.get("error") or ""),
            notes=tuple(map(_one_line, map(str, _list(values.get("notes"))))),
        )
        for values in found
        if isinstance(values, dict)
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_derived(path: Path) -> bool:
    try:
        return open_run(path).config.parent is not None
    except InputError:
        return False


def _one_line(text: str) -> str:
    return without_paths(" ".join(text.split()))


def _read_run(run: Run, slug: str, notes: tuple[str, ...]) -> StoredRun:
    problems = list(notes)
    evaluation: dict[str, Any] = {}
    records: list[dict[str, Any]] = []
    try:
        evaluation = run.read_evaluation()
    except InputError as error:
        problems.append(without_paths(str(error)))
    else:
        problems += [without_paths(reason)] if (reason := run.stale_evaluation()) else []
    try:
        records = run.read_metrics()
    except InputError as error:
        problems.append(without_paths(str(error)))
    weights: tuple[str, ...] = ()
    try:
        weights = (run.weights_fingerprint(),)
    except InputError as error:
        problems.append(without_paths(str(error)))
    metrics, not_finite = read_metrics(evaluation)
    if evaluation and not metrics and not not_finite:
        problems.append(f"{run.name}/evaluation.json holds no metrics; run `vaelab evaluate` again")
    return StoredRun(
        slug=slug,
        run=run,
        capabilities=run.capabilities,
        metrics=metrics,
        not_finite=not_finite,
        details=evaluation.get("details", {}),
        left_out=evaluation.get("left_out", {}),
        records=records,
        weights=weights,
        values_fingerprint=values_fingerprint(evaluation),
        problems=tuple(problems),
    )


def _samples(folder: Path) -> tuple[list[StoredSampleSet], list[str]]:
    """The evaluated samples in a folder, and why others cannot be read."""
    found, problems = [], []
    for path in sorted(folder.iterdir()):
        try:
            if not holds_samples(path):
                continue
            require_inside(path, folder)
            samples = open_samples(path)
            evaluation = samples.read_evaluation()
            metrics, not_finite = read_metrics(evaluation)
            if reason := samples.stale_evaluation():
                problems.append(_one_line(reason))
        except (InputError, OSError) as error:
            problems.append(_one_line(str(error)))
            continue
        found.append(
            StoredSampleSet(
                folder=samples,
                metrics=metrics,
                not_finite=not_finite,
                values_fingerprint=values_fingerprint(evaluation),
            )
        )
    return [each for each in found if each.metrics], problems


def _cards(study: Mapping[str, Any], cards: list[DataCard]) -> list[DataCard]:
    """Each data set once."""
    # A folder of runs has no card, and another version may store another form of it.
    with contextlib.suppress(KeyError, InputError):
        cards = [data_card_from(study["data_card"]), *cards]
    unique: dict[tuple[str, str, str], DataCard] = {}
    for card in cards:
        unique.setdefault((card.name, card.train_fingerprint, card.test_fingerprint), card)
    return list(unique.values())


def _comparisons(folder: Path, study: Mapping[str, Any]) -> dict[str, list[str]]:
    """The figures of several runs; without a study, their runs are unknown."""
    stored = study.get("comparisons")
    known = stored if isinstance(stored, dict) else {}
    drawn = sorted(path.stem for path in (folder / "figures").glob("*.png"))
    return {stem: [str(name) for name in _list(known.get(stem))] for stem in drawn}


def _summary(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The statistics of the data, and why they cannot be read."""
    file = folder / "data" / "summary.json"
    if not file.exists():
        return {}, []
    try:
        require_inside(file, folder)
        summary = read_json(file)
    except InputError as error:
        return {}, [_one_line(str(error))]
    return {**summary, "source": without_location(str(summary.get("source", "")))}, []
