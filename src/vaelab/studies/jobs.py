"""The steps of one run as a job: executed in this process, or sent to another one as JSON."""

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from vaelab import plugins, settings
from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.runs import DataCard, data_card_from
from vaelab.studies.dataset_cache import DatasetCache
from vaelab.studies.step import IncompleteStepError, Step
from vaelab.studies.steps import PREPARE, REQUIRED, build_steps
from vaelab.studies.study import Outputs
from vaelab.training import Hardware

EventType = Literal[
    "started", "progress", "up to date", "finished", "incomplete", "failed", "lost", "output", "end"
]


@dataclass(frozen=True, slots=True)
class Event:
    """What happens while a job is executed.

    Attributes:
        type: of a step: started, made progress, was up to date, finished, made part of its output,
            or failed; of the job: its worker process was lost, printed a line, or came to the end.
        step: kind of the step.
        amount: the finished fraction of the step, or its duration in seconds.
        text: why the step failed, or the printed line.
    """

    type: EventType
    step: str = ""
    amount: float = 0.0
    text: str = ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> "Event":
        """The inverse of `to_json`."""
        event = cls(**json.loads(line))
        assert event.type in get_args(EventType)
        return event


Emit = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Everything that a process needs to execute the steps of one run.

    Attributes:
        folder: of the study.
        run: name of the run, and of its folder in the study's.
        config: of the run.
        outputs: what is made of the run.
        hardware: to train on.
        data_dir: folder of Fashion-MNIST's files; searched first.
        data_card: of the study's data set, which every process must find.
        plugins: Python files that define parts of the run.
    """

    folder: Path
    run: str
    config: Config
    outputs: Outputs
    hardware: Hardware
    data_dir: Path | None
    data_card: DataCard
    plugins: tuple[Path, ...] = ()

    @property
    def failures(self) -> Path:
        """The folder for the tracebacks of failed steps."""
        return self.folder / "failures"

    def to_json(self) -> str:
        """One line; all paths are absolute."""
        values = {
            "folder": str(self.folder.absolute()),
            "run": self.run,
            "config": settings.to_dict(self.config),
            "outputs": asdict(self.outputs),
            "hardware": asdict(self.hardware),
            "data_dir": None if self.data_dir is None else str(self.data_dir.absolute()),
            "data_card": asdict(self.data_card),
            "plugins": [str(path.absolute()) for path in self.plugins],
        }
        return json.dumps(values)

    @classmethod
    def from_json(cls, line: str | bytes) -> "Job":
        """The inverse of `to_json`; also loads the plugins, which the settings may need.

        Raises:
            InputError: if a plugin cannot be loaded here.
        """
        values = json.loads(line)
        data_dir, files = values["data_dir"], tuple(map(Path, values["plugins"]))
        plugins.load_installed()
        plugins.load(files)
        return cls(
            folder=Path(values["folder"]),
            run=values["run"],
            config=settings.from_dict(values["config"], Config),
            outputs=settings.read_as(Outputs, values["outputs"], "outputs"),
            hardware=settings.read_as(Hardware, values["hardware"], "hardware"),
            data_dir=None if data_dir is None else Path(data_dir),
            data_card=data_card_from(values["data_card"]),
            plugins=files,
        )

    def build_steps(self, datasets: DatasetCache) -> list[Step]:
        """The steps of the run, in order.

        Raises:
            InputError: if the data set cannot be loaded or is another one, or the model cannot be
                built.
        """
        loaded = datasets.loaded_run(self.folder / self.run, self.config, self.data_dir)
        differing = self.data_card.differing_splits(loaded.run.data)
        if differing:
            raise InputError(
                f"the {' and '.join(differing)} images found here ({loaded.run.data.source}) are "
                f"not those of the study ({self.data_card.source})"
            )
        return build_steps(loaded, self.outputs, self.hardware)


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run's steps, and the job from which another process rebuilds them."""

    job: Job
    steps: Sequence[Step]


def execute_steps(steps: Sequence[Step], failures: Path, emit: Emit) -> None:
    """Execute the steps that are not up to date; a failure ends the job only if it is required.

    Args:
        steps: in order.
        failures: the folder for tracebacks.
        emit: called with every event; the last one is of type `end`.
    """
    for step in steps:
        try:
            if step.is_up_to_date():
                emit(Event("up to date", step.kind))
                continue
            emit(Event("started", step.kind))
            seconds = step.execute(partial(_emit_progress, emit, step.kind))
            emit(Event("finished", step.kind, seconds))
        except IncompleteStepError as error:
            lines = [
                f"{output}: {_describe(each, failures, f'{step.run}-{step.kind}-{output}')}"
                for output, each in error.errors.items()
            ]
            emit(Event("incomplete", step.kind, text="; ".join(lines)))
        except Exception as error:
            emit(failure_event(error, step.run, step.kind, failures))
            if step.kind in REQUIRED:
                break
    emit(Event("end"))


def execute_job(job: Job, datasets: DatasetCache, emit: Emit) -> None:
    """Execute the steps of a job that another process has sent."""
    try:
        steps = job.build_steps(datasets)
    except Exception as error:
        emit(failure_event(error, job.run, PREPARE, job.failures))
        emit(Event("end"))
        return
    execute_steps(steps, job.failures, emit)


def failure_event(error: Exception, run: str, step: str, failures: Path) -> Event:
    """The event for a failed step; its text is one line."""
    return Event("failed", step, text=_describe(error, failures, f"{run or 'study'}-{step}"))


def _describe(error: Exception, failures: Path, name: str) -> str:
    """One line; the traceback of anything but an `InputError` is written to `failures`."""
    line = " ".join(str(error).split())
    if isinstance(error, InputError):
        return line
    trace = failures / f"{name}.txt"
    write_text(trace, "".join(traceback.format_exception(error)))
    return f"{type(error).__name__}: {line} (see {failures.name}/{trace.name})"


def _emit_progress(emit: Emit, step: str, fraction: float) -> None:
    emit(Event("progress", step, fraction))
