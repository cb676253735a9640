"""The progress of a study on standard error: running steps, next steps and the time left."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vaelab.studies.step import ReportProgress, Step

NEXT_COUNT = 3

# Seconds per unit of a step's size on a laptop, until a step of that kind has finished.
DEFAULT_SECONDS = {"train": 2e-11, "evaluate": 40.0, "figures": 10.0, "explorer": 6.0}
OTHER_SECONDS = 4.0


class TimeEstimator:
    """Expected durations of steps, estimated from finished steps of the same kind."""

    def __init__(self) -> None:
        self.seconds = dict[str, float]()
        self.sizes = dict[str, float]()

    def add(self, step: Step, seconds: float, fraction: float = 1.0) -> None:
        """Add a measured duration, of a fraction of a step."""
        self.seconds[step.kind] = self.seconds.get(step.kind, 0.0) + seconds
        self.sizes[step.kind] = self.sizes.get(step.kind, 0.0) + fraction * step.size

    def expected(self, step: Step) -> float:
        """The expected duration of the whole step, in seconds."""
        size = self.sizes.get(step.kind, 0.0)
        if size == 0.0:
            return DEFAULT_SECONDS.get(step.kind, OTHER_SECONDS) * step.size
        return self.seconds[step.kind] / size * step.size


@dataclass(slots=True)
class RunningStep:
    """A step that is being executed.

    Attributes:
        step: the step.
        start: when it began, on the monotonic clock, in seconds.
        fraction: that is finished, between 0 and 1.
        fraction_at_start: that was finished before, when an interrupted training is resumed.
    """

    step: Step
    start: float
    fraction: float = 0.0
    fraction_at_start: float = 0.0

    def report_progress(self, fraction: float) -> None:
        """Set the finished fraction."""
        if self.fraction == 0.0:
            self.fraction_at_start = fraction
        self.fraction = fraction

    def seconds_left(self, estimator: TimeEstimator) -> float:
        """Estimated from its own speed or, before it is known, from other steps."""
        elapsed, fraction = time.monotonic() - self.start, self.fraction - self.fraction_at_start
        if fraction > 0:
            return elapsed / fraction * (1 - self.fraction)
        return max(0.0, estimator.expected(self.step) - elapsed)


class ProgressDisplay:
    """A live display on a terminal; otherwise one line for each finished step."""

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.name = name
        self.waiting = list[Step]()
        self.count = 0
        self.running = dict[str, RunningStep]()
        self.most_at_once = 1
        self.estimator = TimeEstimator()
        self.console = console or Console(stderr=True)
        self.start_time = time.monotonic()
        self.live = Live(
            console=self.console,
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
            auto_refresh=self.console.is_terminal,
        )

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show the live display inside the context."""
        if not self.console.is_terminal:
            yield
            return
        with self.live:
            yield

    def add(self, steps: Sequence[Step]) -> None:
        """Add steps that wait to be executed."""
        self.waiting += steps
        self.count += len(steps)

    def start(self, step: Step) -> ReportProgress:
        """Mark a step as running; call the returned function with the finished fraction."""
        self.waiting.remove(step)
        running = self.running[step.name] = RunningStep(step, time.monotonic())
        self.most_at_once = max(self.most_at_once, len(self.running))
        return running.report_progress

    def skip(self, step: Step) -> None:
        """Remove a step that does not have to run."""
        self.waiting.remove(step)

    def skip_run(self, run: str) -> None:
        """Remove the remaining steps of a run."""
        for step in [step for step in self.waiting if step.run == run]:
            self.skip(step)

    def finish(self, step: Step, seconds: float) -> None:
        """Report a finished step."""
        fraction = 1.0 - self.running.pop(step.name).fraction_at_start
        self.estimator.add(step, seconds, fraction)
        self._print_line(f"{step.name}, {seconds:.1f} s")

    def fail(self, step: Step, message: str) -> None:
        """Report a step that failed, running or not yet started."""
        if step in self.waiting:
            self.waiting.remove(step)
        self.running.pop(step.name, None)
        self._print_line(f"{step.name} {message}")

    def print(self, text: str) -> None:
        """Print a message."""
        self.console.print(Text(text), soft_wrap=True)

    def _print_line(self, text: str) -> None:
        left = f" (about {_clock(self.seconds_left())} left)" if self.waiting else ""
        self.print(f"{self._done_count()}/{self.count} {text}{left}")

    def _done_count(self) -> int:
        return self.count - len(self.waiting) - len(self.running)

    def seconds_left(self) -> float:
        """An estimate, assuming that as many runs continue in parallel as did so far."""
        seconds = defaultdict[str, float](float)
        for step in self.waiting:
            seconds[step.run] += self.estimator.expected(step)
        for each in list(self.running.values()):
            seconds[each.step.run] += each.seconds_left(self.estimator)
        sequential = seconds.pop("", 0.0)
        longest = max(seconds.values(), default=0.0)
        return sequential + max(longest, sum(seconds.values()) / self.most_at_once)

    def _render(self) -> Group:
        elapsed = _clock(time.monotonic() - self.start_time)
        head = Text.assemble(
            ("Study ", "bold"),
            (self.name, "bold"),
            f"  {self._done_count()} of {self.count} steps, {elapsed} elapsed, about "
            f"{_clock(self.seconds_left())} left",
        )
        lines = Table.grid(padding=(0, 1))
        for each in list(self.running.values()):
            bar = ProgressBar(
                total=1.0, completed=each.fraction, width=30, pulse=each.fraction == 0.0
            )
            lines.add_row("now", Text(each.step.name, "bold"), bar)
        for step in self.waiting[:NEXT_COUNT]:
            lines.add_row("next", Text(step.name, "dim"), "")
        return Group(head, lines)


def _clock(seconds: float) -> str:
    """Minutes and seconds, and hours if there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
