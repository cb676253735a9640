"""Carrying a study out: every step that is not done yet, each run apart from the others."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import vaelab
from vaelab.comparison import render
from vaelab.config import Config, DataConfig
from vaelab.data import Dataset, DataUnavailableError, load_data
from vaelab.errors import InputError
from vaelab.files import write_json
from vaelab.loaded_run import LoadedRun
from vaelab.locks import held
from vaelab.report import build_site
from vaelab.runs import DataCard
from vaelab.studies.archive import archive_other_run
from vaelab.studies.executors import Executor, LocalExecutor
from vaelab.studies.images import Images
from vaelab.studies.jobs import Job, Work, carry_out
from vaelab.studies.plans import Study
from vaelab.studies.run_status import EventRecorder, RunStatus
from vaelab.studies.step import Step
from vaelab.studies.steps import PREPARE, comparison_steps, data_step, run_steps
from vaelab.studies.view import StudyView
from vaelab.training import Hardware

STUDY_FILE = "study.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a study leaves.

    Attributes:
        table: the comparison of all runs that were evaluated.
        page: the site's first page.
        failures: a line for each step that failed.
    """

    table: str
    page: Path
    failures: tuple[str, ...]


def run_study(
    study: Study,
    out: Path,
    *,
    data_dir: Path | None,
    hardware: Hardware,
    command: str,
    executor: Executor | None = None,
) -> Outcome:
    """Run what of `study` is not done yet in the folder `out`, and write its site.

    Fashion-MNIST that cannot be had is replaced by wardrobe, and that is said; its results go
    into a folder of their own, beside the one that Fashion-MNIST's will have.

    Args:
        study: what to run.
        out: its folder.
        data_dir: where the images lie, before all other places.
        hardware: what to train on.
        command: that runs the study again, for its page.
        executor: where its runs are carried out; by default here, one after the other.

    Raises:
        InputError: if the data, the folder or the executor cannot be used, or no run finished.
        Interruption: by Ctrl-C or SIGTERM, with the state kept.
    """
    dataset = _load(study.data, data_dir)
    if dataset is None:
        out = out.with_name(f"{out.name}-wardrobe")
        study = replace(study, data=replace(study.data, name="wardrobe"))
        dataset, data_dir = load_data(study.data), None
    images = Images()
    images.keep(study.data, data_dir, dataset)
    with held(out):
        statuses = RunStatus()
        prepared = _prepare(study, out, images, data_dir, hardware, statuses)
        # Also of what was interrupted a page can be made.
        try:
            _carry_out(study, out, dataset, prepared, executor or LocalExecutor(), statuses)
        finally:
            _write_study(study, out, DataCard.of(dataset), command, statuses)
        measured = [
            loaded.run for name, (loaded, _) in prepared.items() if not statuses.is_lost(name)
        ]
        if not measured:
            raise InputError(f"no run of the study came to its end: {'; '.join(statuses.lines())}")
        return Outcome(render(measured, "table"), build_site(out), tuple(statuses.lines()))


# Runs by name, and what is to be made of them.
_Prepared = dict[str, tuple[LoadedRun, Work]]


def _prepare(
    study: Study,
    out: Path,
    images: Images,
    data_dir: Path | None,
    hardware: Hardware,
    statuses: RunStatus,
) -> _Prepared:
    """All runs that can be begun, their folders made free."""
    prepared: _Prepared = {}
    for name, config in study.configs.items():
        try:
            loaded = images.run(out / name, _on(config, study.data), data_dir)
            if config.model.conditional and loaded.data.train.labels is None:
                statuses.left_out[name] = f"{loaded.run.data.name} has no labels, which it needs"
                continue
            archive_other_run(loaded.run, out / "former")
            job = Job(
                folder=out,
                run=name,
                config=loaded.config,
                wanted=study.outputs_of(name),
                hardware=hardware,
                data_dir=data_dir,
                card=loaded.run.data,
            )
            prepared[name] = loaded, Work(job, run_steps(loaded, job.wanted, hardware))
        except InputError as error:
            statuses.failed[name] = (PREPARE, str(error))
    return prepared


def _carry_out(
    study: Study,
    out: Path,
    dataset: Dataset,
    prepared: _Prepared,
    executor: Executor,
    statuses: RunStatus,
) -> None:
    """Numbers of the data, then the runs, then what is made of several."""
    data = data_step(dataset, study.data, out)
    works = [work for _, work in prepared.values()]
    loaded = {name: run for name, (run, _) in prepared.items()}
    comparisons = comparison_steps(study, loaded, statuses.is_lost, out)
    steps = [data, *(step for work in works for step in work.steps), *comparisons]
    view = StudyView(study.name, steps)
    view.note(f"data: {dataset.name}, {dataset.source}")
    for line in [
        *statuses.lines(),
        *(f"{n} is left out: {why}" for n, why in statuses.left_out.items()),
    ]:
        view.note(line)
    chronicle = EventRecorder(statuses, view, steps)
    with view.showing():
        # Without the data nothing can be made, so here a failure is everyone's.
        if data.is_done():
            view.kept(data)
        else:
            view.done(data, data.do(view.begin(data)))
        left = [work for work in works if not _is_done(work.steps)]
        LocalExecutor().carry_out([work for work in works if work not in left], chronicle.tell)
        if left:
            executor.carry_out(left, chronicle.tell)
        carry_out(comparisons, out / "failures", partial(chronicle.tell, ""))


def _is_done(steps: Sequence[Step]) -> bool:
    with contextlib.suppress(Exception):  # told when its turn comes
        return all(step.is_done() for step in steps)
    return False


def _load(data: DataConfig, data_dir: Path | None) -> Dataset | None:
    """The data set, or None where Fashion-MNIST cannot be had."""
    try:
        return load_data(data, data_dir)
    except DataUnavailableError:
        print(  # noqa: T201
            "Fashion-MNIST is neither on disk nor to be downloaded: going on with the built-in "
            "wardrobe set, and every artefact says so",
            file=sys.stderr,
        )
        return None


def _on(config: Config, data: DataConfig) -> Config:
    """The run on other data; what its preset asks of any data stays unless it is set."""
    chosen = {
        field.name: value
        for field in fields(DataConfig)
        if (value := getattr(data, field.name)) != field.default
    }
    return replace(config, data=replace(config.data, **chosen))


def _write_study(
    study: Study, out: Path, card: DataCard, command: str, statuses: RunStatus
) -> None:
    """What the report needs to know beside the run folders."""
    write_json(
        out / STUDY_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "name": study.name,
            "command": command,
            "vaelab_version": vaelab.__version__,
            "data_card": asdict(card),
            "runs": [_fate(name, statuses) for name in study.configs],
            "comparisons": {
                figure: [name for name in names if not statuses.is_lost(name)]
                for figure, names in study.comparisons.items()
                if figure not in statuses.undrawn
            },
        },
    )


def _fate(name: str, statuses: RunStatus) -> dict[str, Any]:
    common = {"name": name, "folder": name}
    if name in statuses.failed:
        step, reason = statuses.failed[name]
        return {**common, "status": "failed", "step": step, "error": reason}
    if name in statuses.done:
        return {**common, "status": "done"}
    unfinished = "the study was interrupted before its end; the same command goes on"
    return {**common, "status": "left out", "error": statuses.left_out.get(name, unfinished)}
