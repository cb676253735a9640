"""Runs a study: executes the steps that are not up to date and builds the report."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
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
from vaelab.folders import require_no_link
from vaelab.loaded_run import LoadedRun
from vaelab.locks import lock_folder
from vaelab.models.build import build_model
from vaelab.models.image_shape import ImageShape
from vaelab.randomness import generator
from vaelab.report import STUDY_FILE, build_site
from vaelab.runs import DataCard, Run, open_run
from vaelab.studies.archive import archive_other_run
from vaelab.studies.dataset_cache import DatasetCache
from vaelab.studies.executors import Executor, LocalExecutor
from vaelab.studies.jobs import Event, Job, PlannedRun, execute_steps
from vaelab.studies.pace import FILE as PACE_FILE
from vaelab.studies.pace import at_pace
from vaelab.studies.progress_display import ProgressDisplay
from vaelab.studies.status import EventRecorder, StudyStatus
from vaelab.studies.step import Step
from vaelab.studies.steps import PREPARE, build_steps, comparison_steps, data_step
from vaelab.studies.study import FOLDERS, Study
from vaelab.training import Hardware
from vaelab.training.derived import derived_config

SCHEMA_VERSION = 1
SHORTENED = (
    "This machine needs more time than the study allows, so every run was trained for {share:.1%} "
    "of the planned epochs, rounded down, and for at least one."
)
MEASURED_ONCE = (
    "The share was measured when the study began: if other programs were running then, delete "
    "{file} and repeat the command."
)


@dataclass(frozen=True, slots=True)
class StudyResult:
    """The result of a study.

    Attributes:
        table: comparison of all runs that were evaluated.
        page: first page of the report.
        failures: one line for each run that failed.
        notes: one line for each optional output, such as a figure, that could not be made.
    """

    table: str
    page: Path
    failures: tuple[str, ...]
    notes: tuple[str, ...]


def run_study(
    study: Study,
    out: Path,
    *,
    data_dir: Path | None,
    hardware: Hardware,
    command: str,
    executor: Executor | None = None,
) -> StudyResult:
    """Execute the steps of a study that are not up to date, and build its report.

    If Fashion-MNIST is not found and cannot be downloaded, the study uses the built-in wardrobe
    set, says so, and writes to a folder whose name ends in -wardrobe.

    Args:
        study: the plan.
        out: folder of the study.
        data_dir: folder of Fashion-MNIST's files; searched first.
        hardware: to train on.
        command: the command that repeats the study, shown in the report.
        executor: executes the runs; by default one after the other in this process.

    Raises:
        InputError: if the data, the folder or the executor cannot be used, or all runs failed.
        Interruption: by Ctrl-C or SIGTERM, after the state was saved.
    """
    dataset = _load(study.data, data_dir)
    if dataset is None:
        out = out.with_name(f"{out.name}-wardrobe")
        study = replace(study, data=replace(study.data, name="wardrobe"))
        dataset, data_dir = load_data(study.data), None
    with lock_folder(out):
        _require_own(out, study)
        study, factor = at_pace(study, out, dataset, hardware)
        remark = "" if factor == 1 else SHORTENED.format(share=factor)
        if remark:
            print(f"{remark} {MEASURED_ONCE.format(file=out / PACE_FILE)}", file=sys.stderr)  # noqa: T201
        status = StudyStatus()
        card = DataCard.of(dataset)
        if not (out / STUDY_FILE).exists():  # from now on the folder is this study's
            _write_study(study, out, card, command, remark, status)
        # The report of an interrupted study is built from the file that is written in any case.
        try:
            _StudyRunner(
                study, out, dataset, data_dir, hardware, executor or LocalExecutor(), status
            ).execute()
        finally:
            _write_study(study, out, card, command, remark, status)
        if not status.finished:
            raise InputError(f"all runs of the study failed: {'; '.join(status.failures())}")
        finished = [open_run(out / name) for name in study.run_names if name in status.finished]
        return StudyResult(
            table=_table(finished),
            page=build_site(out),
            failures=tuple(status.failures()),
            notes=tuple(status.all_notes()),
        )


def _require_own(out: Path, study: Study) -> None:
    """Refuse folders that are not the study's, and links, through which nothing is written.

    Raises:
        InputError: naming the first one.
    """
    for name in (*FOLDERS, *study.run_names):
        require_no_link(out / name)
    if (out / STUDY_FILE).exists():
        return
    for name in FOLDERS:
        # The report replaces only what it made itself.
        if name != "site" and (out / name).exists():
            raise InputError(
                f"{out / name} exists, and no study was begun in {out}: choose another --out, or "
                "rename that folder"
            )


class _StudyRunner:
    """Executes a study: the step of the data set, the runs, then the comparison figures."""

    def __init__(
        self,
        study: Study,
        out: Path,
        dataset: Dataset,
        data_dir: Path | None,
        hardware: Hardware,
        executor: Executor,
        status: StudyStatus,
    ) -> None:
        self.study = study
        self.out = out
        self.dataset = dataset
        self.data_dir = data_dir
        self.hardware = hardware
        self.executor = executor
        self.status = status
        self.loaded = dict[str, LoadedRun]()
        self.display = ProgressDisplay(study.name)
        self.recorder = EventRecorder(status, self.display)
        self.datasets = DatasetCache()
        self.datasets.add(study.data, data_dir, dataset)

    def execute(self) -> None:
        """Execute all steps that are not up to date."""
        self.display.print(f"data: {self.dataset.name}, {self.dataset.source}")
        for line in self.dataset.notes:
            self.display.print(f"data: {line}")
        data = data_step(self.dataset, self.study.data, self.out)
        comparisons = comparison_steps(
            self.study, self.loaded, self.status.finished.__contains__, self.out
        )
        runs = self._plan(
            {name: _with_data(each, self.study.data) for name, each in self.study.configs.items()}
        )
        self.recorder.expect([data, *(step for run in runs for step in run.steps), *comparisons])
        with self.display.showing():
            # A failure here ends the study, since nothing works without the data.
            if data.is_up_to_date():
                self.display.skip(data)
            else:
                self.display.finish(data, data.execute(self.display.start(data)))
            self._execute_runs(runs)
            for generation in _generations(self.study):
                runs = self._plan(self._derived_configs(generation))
                self.recorder.expect([step for run in runs for step in run.steps])
                self._execute_runs(runs)
            execute_steps(comparisons, self.out / "failures", partial(self.recorder.emit, ""))

    def _plan(self, configs: Mapping[str, Config]) -> list[PlannedRun]:
        """The runs that can start; other runs are moved out of their folders."""
        planned = []
        for name, config in configs.items():
            try:
                loaded = self.datasets.loaded_run(self.out / name, config, self.data_dir)
                if loaded.data.train.labels is None and _is_conditional(loaded.run):
                    self._leave_out(name, f"it needs labels, and {loaded.run.data.name} has none")
                    continue
                archive_other_run(loaded.run, self.out / "archive")
                job = Job(
                    folder=self.out,
                    run=name,
                    config=config,
                    outputs=self.study.outputs_of(name),
                    hardware=self.hardware,
                    data_dir=self.data_dir,
                    data_card=loaded.run.data,
                    plugins=self.study.plugins,
                )
                steps = build_steps(loaded, job.outputs, self.hardware)
            except InputError as error:
                self.recorder.emit(name, Event("failed", PREPARE, text=str(error)))
                continue
            self.loaded[name] = loaded
            planned.append(PlannedRun(job, steps))
        return planned

    def _derived_configs(self, names: Sequence[str]) -> dict[str, Config]:
        """The configurations of derived runs whose parents have weights now."""
        configs = {}
        for name in names:
            derived = self.study.derived[name]
            if derived.parent not in self.status.finished:
                self._leave_out(name, f"the run {derived.parent}, its parent, has no results")
                continue
            try:
                configs[name] = derived_config(
                    self.loaded[derived.parent].run, derived.prior, self.out / name, derived.changes
                )
            except InputError as error:
                self.recorder.emit(name, Event("failed", PREPARE, text=str(error)))
        return configs

    def _execute_runs(self, runs: Sequence[PlannedRun]) -> None:
        """Execute runs; those that are up to date need no executor."""
        remaining = [run for run in runs if not _is_up_to_date(run.steps)]
        LocalExecutor().execute([run for run in runs if run not in remaining], self.recorder.emit)
        if remaining:
            self.executor.execute(remaining, self.recorder.emit)

    def _leave_out(self, name: str, reason: str) -> None:
        self.status.left_out[name] = reason
        self.display.print(f"{name} is left out: {reason}")


def _generations(study: Study) -> list[list[str]]:
    """The derived runs, grouped so that the parents of a group are in earlier groups."""
    depths = dict.fromkeys(study.configs, 0)
    for name, derived in study.derived.items():
        depths[name] = depths[derived.parent] + 1
    last = max(depths.values(), default=0)
    return [[name for name in study.derived if depths[name] == n] for n in range(1, last + 1)]


def _is_conditional(run: Run) -> bool:
    """Whether the model of a run needs labels; such a model cannot be built without classes."""
    shape = ImageShape(*run.data.shape)
    model = build_model(run.config.model, shape, 2, generator(run.config.seed, "weights"))
    return model.is_conditional


def _is_up_to_date(steps: Sequence[Step]) -> bool:
    with contextlib.suppress(Exception):  # the executor reports it
        return all(step.is_up_to_date() for step in steps)
    return False


def _table(runs: Sequence[Run]) -> str:
    evaluated = [run for run in runs if run.read_evaluation()]
    return render(evaluated, "table", group_seeds=True) if evaluated else ""


def _load(data: DataConfig, data_dir: Path | None) -> Dataset | None:
    """The data set, or None if Fashion-MNIST is unavailable."""
    try:
        return load_data(data, data_dir)
    except DataUnavailableError:
        print(  # noqa: T201
            "Fashion-MNIST was not found and the download failed; using the built-in wardrobe "
            "images instead, and all outputs are labeled accordingly",
            file=sys.stderr,
        )
        return None


def _with_data(config: Config, data: DataConfig) -> Config:
    """The configuration on the study's data set; the study's default values change nothing."""
    chosen = {
        field.name: value
        for field in fields(DataConfig)
        if (value := getattr(data, field.name)) != field.default
    }
    return replace(config, data=replace(config.data, **chosen))


def _write_study(
    study: Study, out: Path, card: DataCard, command: str, remark: str, status: StudyStatus
) -> None:
    """Write what the report needs in addition to the run folders."""
    write_json(
        out / STUDY_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "name": study.name,
            "command": command,
            "remark": remark,
            "vaelab_version": vaelab.__version__,
            "data_card": asdict(card),
            "runs": [_run_status(name, status) for name in study.run_names],
            "comparisons": {
                figure: [name for name in names if name in status.finished]
                for figure, names in study.comparisons.items()
                if figure not in status.failed_comparisons
            },
        },
    )


def _run_status(name: str, status: StudyStatus) -> dict[str, Any]:
    common = {"name": name, "folder": name, "notes": status.notes.get(name, [])}
    if name in status.failed:
        step, reason = status.failed[name]
        return {**common, "status": "failed", "step": step, "error": reason}
    if name in status.finished:
        return {**common, "status": "finished"}
    interrupted = "the study was interrupted; the same command resumes it"
    return {**common, "status": "left out", "error": status.left_out.get(name, interrupted)}
