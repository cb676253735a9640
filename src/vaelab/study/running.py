"""Carrying a study out: every step that is not done yet, each run apart from the others."""

import sys
import traceback
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import vaelab
from vaelab.comparison import render
from vaelab.config import Config, DataConfig
from vaelab.data import Dataset, DataUnavailableError, load_data
from vaelab.errors import InputError
from vaelab.files import write_json, write_text
from vaelab.loaded_run import LoadedRun
from vaelab.report import build_site
from vaelab.runs import DataCard, Run
from vaelab.study.formers import make_room
from vaelab.study.making import DATA, LAST, comparison_steps, data_step, run_steps
from vaelab.study.plans import Study
from vaelab.study.steps import Step
from vaelab.study.view import StudyView
from vaelab.training import Hardware

STUDY_FILE = "study.json"
SCHEMA_VERSION = 1

# Without these steps nothing else can be made of a run.
ESSENTIAL = ("prepare", "train", "evaluate")


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


@dataclass(slots=True)
class Fates:
    """What became of the runs, by name.

    Attributes:
        done: those of which everything was made.
        failed: the first step that failed, and why.
        left_out: why they were not begun.
        undrawn: the figures of several runs that could not be drawn, and why.
    """

    done: set[str] = field(default_factory=set)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    undrawn: dict[str, str] = field(default_factory=dict)

    def is_lost(self, name: str) -> bool:
        """Whether a run has no numbers; without a figure it can still stand beside others."""
        return name in self.failed and self.failed[name][0] in ESSENTIAL

    def lines(self) -> list[str]:
        """What failed, a line each."""
        return [
            *(f"{name}: {step} failed: {why}" for name, (step, why) in self.failed.items()),
            *(f"{figure} failed: {why}" for figure, why in self.undrawn.items()),
        ]


def run_study(
    study: Study, out: Path, *, data_dir: Path | None, hardware: Hardware, command: str
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

    Raises:
        InputError: if the data or the folder cannot be used, or no run came to its end.
    """
    dataset = _load(study.data, data_dir)
    if dataset is None:
        out = out.with_name(f"{out.name}-wardrobe")
        study = replace(study, data=replace(study.data, name="wardrobe"))
        dataset = load_data(study.data)
    card = DataCard.of(dataset)
    datasets = _Datasets(study.data, dataset, data_dir)
    fates = Fates()
    runs: dict[str, LoadedRun] = {}
    steps = [data_step(dataset, study.data, out)]
    for name, config in study.configs.items():
        try:
            loaded = datasets.run(out / name, _on(config, study.data))
            if config.model.conditional and loaded.data.train.labels is None:
                fates.left_out[name] = f"{loaded.run.data.name} has no labels, which it needs"
                continue
            make_room(loaded.run, out / "former")
            steps += run_steps(loaded, study, hardware)
            runs[name] = loaded
        except InputError as error:
            fates.failed[name] = ("prepare", str(error))
    steps += comparison_steps(study, runs, fates.is_lost, out)

    view = StudyView(study.name, steps)
    view.note(f"data: {dataset.name}, {dataset.source}")
    for line in [*fates.lines(), *(f"{n} is left out: {why}" for n, why in fates.left_out.items())]:
        view.note(line)
    try:
        with view.showing():
            for step in steps:
                _carry_out(step, view, fates, out)
    finally:
        # Also of what was interrupted a page can be made.
        _write_study(study, out, card, command, fates)
    measured = [loaded.run for name, loaded in runs.items() if not fates.is_lost(name)]
    if not measured:
        raise InputError(f"no run of the study came to its end: {'; '.join(fates.lines())}")
    table = render(measured, "table")
    return Outcome(table, build_site(out), tuple(fates.lines()))


def _carry_out(step: Step, view: StudyView, fates: Fates, out: Path) -> None:
    """Do a step unless it is done; what fails is told, and the study goes on without it."""
    if fates.is_lost(step.run):
        view.passed_over(step)
        return
    try:
        if step.is_done():
            view.kept(step)
        else:
            view.done(step, step.do(view.begin(step)))
    except Exception as error:
        if step.kind == DATA:
            raise
        reason = _reason(error, out / "failures" / f"{step.run or 'study'}-{step.kind}.txt")
        if step.run:
            fates.failed.setdefault(step.run, (step.kind, reason))
        else:
            fates.undrawn[step.kind] = reason
        view.failed(step, reason)
        return
    if step.kind == LAST and step.run not in fates.failed:
        fates.done.add(step.run)


def _reason(error: Exception, trace: Path) -> str:
    """One line; of a bug, or of the machine's fault, all of it goes into the file."""
    line = " ".join(str(error).split())
    if isinstance(error, InputError):
        return line
    write_text(trace, "".join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {line} (see {trace.parent.name}/{trace.name})"


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


class _Datasets:
    """The images of each run: those of the study, unless it asks for others or for fewer."""

    def __init__(self, config: DataConfig, dataset: Dataset, data_dir: Path | None) -> None:
        self.data_dir = data_dir
        self.loaded = {self._key(config): (dataset, DataCard.of(dataset))}

    def run(self, path: Path, config: Config) -> LoadedRun:
        """A run, there or to be, with its images."""
        dataset, card = self._entry(config.data)
        return LoadedRun(Run(path, config, card), dataset=dataset)

    def _entry(self, config: DataConfig) -> tuple[Dataset, DataCard]:
        key = self._key(config)
        if key not in self.loaded:
            dataset = load_data(config, self.data_dir)
            self.loaded[key] = dataset, DataCard.of(dataset)
        return self.loaded[key]

    @staticmethod
    def _key(config: DataConfig) -> tuple[Any, ...]:
        """What decides which images are loaded; all other fields say what is done with them."""
        return config.name, config.path, config.train_count, config.test_count


def _on(config: Config, data: DataConfig) -> Config:
    """The run on other data; what its preset asks of any data stays unless it is set."""
    chosen = {
        field.name: value
        for field in fields(DataConfig)
        if (value := getattr(data, field.name)) != field.default
    }
    return replace(config, data=replace(config.data, **chosen))


def _write_study(study: Study, out: Path, card: DataCard, command: str, fates: Fates) -> None:
    """What the report needs to know beside the run folders."""
    write_json(
        out / STUDY_FILE,
        {
            "schema_version": SCHEMA_VERSION,
            "name": study.name,
            "command": command,
            "vaelab_version": vaelab.__version__,
            "data_card": asdict(card),
            "runs": [_fate(name, fates) for name in study.configs],
            "comparisons": {
                figure: [name for name in names if not fates.is_lost(name)]
                for figure, names in study.comparisons.items()
                if figure not in fates.undrawn
            },
        },
    )


def _fate(name: str, fates: Fates) -> dict[str, Any]:
    common = {"name": name, "folder": name}
    if name in fates.failed:
        step, reason = fates.failed[name]
        return {**common, "status": "failed", "step": step, "error": reason}
    if name in fates.done:
        return {**common, "status": "done"}
    unfinished = "the study was interrupted before its end; the same command goes on"
    return {**common, "status": "left out", "error": fates.left_out.get(name, unfinished)}
