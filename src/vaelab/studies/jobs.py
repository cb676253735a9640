"""A run's steps as a job: carried out here, or rebuilt from a line of JSON by another process."""

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from vaelab import settings
from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.files import write_text
from vaelab.runs import DataCard, data_card_from
from vaelab.studies.images import Images
from vaelab.studies.plans import Outputs
from vaelab.studies.step import Step
from vaelab.studies.steps import ESSENTIAL, PREPARE, run_steps
from vaelab.training import Hardware

Happening = Literal["begun", "advanced", "kept", "done", "failed", "lost", "said", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """What is told while the steps of a run are carried out.

    Attributes:
        what: happened to a step, or that the run's process was lost in it, said something to the
            user, or ended the run, well or badly.
        kind: of the step.
        amount: the share of the step that is done, between 0 and 1, or the seconds that it took.
        text: why it failed, or what was said.
    """

    what: Happening
    kind: str = ""
    amount: float = 0.0
    text: str = ""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> "Event":
        """The inverse of `to_json`."""
        event = cls(**json.loads(line))
        assert event.what in get_args(Happening)
        return event


Tell = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """All that any process needs to make of one run what a study wants.

    Attributes:
        folder: the study's.
        run: its name, which is its folder's in the study's.
        config: of the run.
        wanted: what is made of it.
        hardware: to train on.
        data_dir: where the images lie, before all other places.
        card: of the images that the study is on.
    """

    folder: Path
    run: str
    config: Config
    wanted: Outputs
    hardware: Hardware
    data_dir: Path | None
    card: DataCard

    @property
    def failures(self) -> Path:
        """The folder for the traces of what failed."""
        return self.folder / "failures"

    def to_json(self) -> str:
        """One line; places are absolute, wherever it is read."""
        values = {
            "folder": str(self.folder.absolute()),
            "run": self.run,
            "config": settings.to_dict(self.config),
            "wanted": asdict(self.wanted),
            "hardware": asdict(self.hardware),
            "data_dir": None if self.data_dir is None else str(self.data_dir.absolute()),
            "card": asdict(self.card),
        }
        return json.dumps(values)

    @classmethod
    def from_json(cls, line: str | bytes) -> "Job":
        """The inverse of `to_json`."""
        values = json.loads(line)
        wanted, data_dir = values["wanted"], values["data_dir"]
        return cls(
            folder=Path(values["folder"]),
            run=values["run"],
            config=settings.from_dict(values["config"], Config),
            wanted=Outputs(
                metrics=tuple(wanted["metrics"]),
                sample_count=wanted["sample_count"],
                figures=wanted["figures"],
                left_out_figures=tuple(wanted["left_out_figures"]),
                tsne=wanted["tsne"],
            ),
            hardware=Hardware(**values["hardware"]),
            data_dir=None if data_dir is None else Path(data_dir),
            card=data_card_from(values["card"]),
        )

    def steps(self, images: Images) -> list[Step]:
        """What is to be done.

        Raises:
            InputError: if the images cannot be had or are others, or the model cannot be built.
        """
        loaded = images.run(self.folder / self.run, self.config, self.data_dir)
        differing = self.card.differing_splits(loaded.run.data)
        if differing:
            raise InputError(
                f"the {' and '.join(differing)} images found here ({loaded.run.data.source}) are "
                f"not those of the study ({self.card.source})"
            )
        return run_steps(loaded, self.wanted, self.hardware)


@dataclass(frozen=True, slots=True)
class Work:
    """A run's steps, and the job that they are rebuilt from elsewhere."""

    job: Job
    steps: Sequence[Step]


def carry_out(steps: Sequence[Step], failures: Path, tell: Tell) -> None:
    """Do each step unless it is done, and tell; what failed stops only what cannot be without it.

    Args:
        steps: in order.
        failures: the folder for the traces of bugs.
        tell: is told.
    """
    for step in steps:
        try:
            if step.is_done():
                tell(Event("kept", step.kind))
                continue
            tell(Event("begun", step.kind))
            seconds = step.do(partial(_tell_share, tell, step.kind))
            tell(Event("done", step.kind, seconds))
        except Exception as error:
            tell(failure(error, step.run, step.kind, failures))
            if step.kind in ESSENTIAL:
                return


def carry_out_job(job: Job, images: Images, tell: Tell) -> None:
    """Do the steps of a job that came from another process."""
    try:
        steps = job.steps(images)
    except Exception as error:
        tell(failure(error, job.run, PREPARE, job.failures))
        return
    carry_out(steps, job.failures, tell)


def failure(error: Exception, run: str, kind: str, failures: Path) -> Event:
    """One line; of a bug, or of the machine's fault, all of it goes into a file of `failures`."""
    line = " ".join(str(error).split())
    if not isinstance(error, InputError):
        trace = failures / f"{run or 'study'}-{kind}.txt"
        write_text(trace, "".join(traceback.format_exception(error)))
        line = f"{type(error).__name__}: {line} (see {failures.name}/{trace.name})"
    return Event("failed", kind, text=line)


def _tell_share(tell: Tell, kind: str, share: float) -> None:
    tell(Event("advanced", kind, share))
