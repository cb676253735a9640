"""What became of the runs of a study, from what is told of their steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vaelab.studies.jobs import Event
from vaelab.studies.step import Advance, Step
from vaelab.studies.steps import ESSENTIAL, LAST
from vaelab.studies.view import StudyView


@dataclass(slots=True)
class RunStatus:
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


class EventRecorder:
    """Takes what is told of all steps, shows it, and keeps what became of the runs."""

    def __init__(self, statuses: RunStatus, view: StudyView, steps: Sequence[Step]) -> None:
        self.statuses = statuses
        self.view = view
        self.steps: Mapping[tuple[str, str], Step] = {(step.run, step.kind): step for step in steps}
        self.advances = dict[str, Advance]()

    def tell(self, run: str, event: Event) -> None:
        """Something happened to a run, or to what belongs to no run, whose name is empty."""
        match event.what:
            case "begun":
                self.advances[run] = self.view.begin(self.steps[run, event.kind])
            case "advanced":
                self.advances[run](event.amount)
            case "kept":
                self.view.kept(self.steps[run, event.kind])
                self._is_made(run, event.kind)
            case "done":
                self.view.done(self.steps[run, event.kind], event.amount)
                self._is_made(run, event.kind)
            case "failed" | "lost":
                self._fail(run, event)
            case "said":
                self.view.note(f"{run}: {event.text}")

    def _is_made(self, run: str, kind: str) -> None:
        if kind == LAST and run not in self.statuses.failed:
            self.statuses.done.add(run)

    def _fail(self, run: str, event: Event) -> None:
        if run:
            self.statuses.failed.setdefault(run, (event.kind, event.text))
        else:
            self.statuses.undrawn[event.kind] = event.text
        step = self.steps.get((run, event.kind))
        if step is None:
            self.view.note(f"{run}: {event.kind} failed: {event.text}")
        else:
            self.view.failed(step, event.text)
        if event.what == "lost" or event.kind in ESSENTIAL:
            self.view.pass_over(run)
