"""The status of a study's runs, recorded from the events of their jobs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vaelab.studies.jobs import Event
from vaelab.studies.progress_display import ProgressDisplay
from vaelab.studies.step import ReportProgress, Step
from vaelab.studies.steps import REQUIRED


@dataclass(slots=True)
class StudyStatus:
    """The status of every run, by name.

    Attributes:
        finished: the runs with results.
        failed: the required step that failed, and why.
        left_out: why the study does not contain the run.
        notes: optional outputs that could not be made, and why.
        failed_comparisons: comparison figures that could not be drawn, and why.
    """

    finished: set[str] = field(default_factory=set)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    failed_comparisons: dict[str, str] = field(default_factory=dict)

    def failures(self) -> list[str]:
        """One line for each run that failed."""
        return [f"{name}: {step} failed: {why}" for name, (step, why) in self.failed.items()]

    def all_notes(self) -> list[str]:
        """One line for each optional output that could not be made."""
        return [
            *(f"{name}: {note}" for name, notes in self.notes.items() for note in notes),
            *(f"{name} failed: {why}" for name, why in self.failed_comparisons.items()),
        ]


class EventRecorder:
    """Displays the events of all jobs and records the status of the runs."""

    def __init__(self, status: StudyStatus, display: ProgressDisplay) -> None:
        self.status = status
        self.display = display
        self.steps = dict[tuple[str, str], Step]()
        self.reporters = dict[str, ReportProgress]()

    def expect(self, steps: Sequence[Step]) -> None:
        """Add steps that are going to be executed."""
        self.display.add(steps)
        self.steps |= {(step.run, step.kind): step for step in steps}

    def emit(self, run: str, event: Event) -> None:
        """Record an event of a run; the name of the run is empty for comparison figures."""
        match event.type:
            case "started":
                self.reporters[run] = self.display.start(self.steps[run, event.step])
            case "progress":
                self.reporters[run](event.amount)
            case "up to date":
                self.display.skip(self.steps[run, event.step])
            case "finished":
                self.display.finish(self.steps[run, event.step], event.amount)
            case "incomplete" | "failed" | "lost":
                self._record_failure(run, event)
            case "output":
                self.display.print(f"{run}: {event.text}")
            case "end":
                if run and run not in self.status.failed:
                    self.status.finished.add(run)

    def _record_failure(self, run: str, event: Event) -> None:
        step = self.steps.get((run, event.step))
        how = "incomplete" if event.type == "incomplete" else "failed"
        if step is None:
            self.display.print(f"{run}: {event.step} {how}: {event.text}")
        else:
            self.display.fail(step, f"{how}: {event.text}")
        if not run:
            self.status.failed_comparisons[event.step] = event.text
        elif event.type == "lost" or (event.type == "failed" and event.step in REQUIRED):
            self.status.failed[run] = (event.step, event.text)
            self.display.skip_run(run)
        else:
            self.status.notes.setdefault(run, []).append(f"{event.step} {how}: {event.text}")
