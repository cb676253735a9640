"""What runs, what is next, and how long it will take, on standard error."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from vaelab.study.steps import Advance, Step

NEXT_COUNT = 3

# Seconds per unit of a step's size, until a step of that kind was seen: a laptop's.
FIRST_GUESSES = {"train": 2e-11, "evaluate": 40.0, "figures": 10.0, "explorer": 6.0}
OTHER_GUESS = 4.0


class Forecast:
    """Expected seconds of steps, learned from those of the same kind that went before."""

    def __init__(self) -> None:
        self.seconds = dict[str, float]()
        self.sizes = dict[str, float]()

    def learn(self, step: Step, seconds: float, share: float = 1.0) -> None:
        """`share` of a step took so long."""
        self.seconds[step.kind] = self.seconds.get(step.kind, 0.0) + seconds
        self.sizes[step.kind] = self.sizes.get(step.kind, 0.0) + share * step.size

    def expected(self, step: Step) -> float:
        """Seconds that the whole step will take."""
        size = self.sizes.get(step.kind, 0.0)
        if size == 0.0:
            return FIRST_GUESSES.get(step.kind, OTHER_GUESS) * step.size
        return self.seconds[step.kind] / size * step.size


class StudyView:
    """One view of all steps: live on a terminal, else a line for each step that was done."""

    def __init__(self, name: str, steps: Sequence[Step], console: Console | None = None) -> None:
        self.name = name
        self.waiting = list(steps)
        self.count = len(steps)
        self.forecast = Forecast()
        self.console = console or Console(stderr=True)
        self.began = time.monotonic()
        self.step: Step | None = None
        self.step_began, self.share, self.share_at_start = self.began, 0.0, 0.0
        self.live = Live(
            console=self.console,
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
            auto_refresh=self.console.is_terminal,
        )

    @contextmanager
    def showing(self) -> Iterator[None]:
        """While a study runs."""
        if not self.console.is_terminal:
            yield
            return
        with self.live:
            yield

    def begin(self, step: Step) -> Advance:
        """A step begins; what it returns is to be told the share that is done."""
        self.waiting.remove(step)
        self.step, self.share, self.share_at_start = step, 0.0, 0.0
        self.step_began = time.monotonic()
        return self._advance

    def _advance(self, share: float) -> None:
        if self.share == 0.0:
            # An interrupted training goes on in the middle; only what is done now tells the speed.
            self.share_at_start = share
        self.share = share

    def kept(self, step: Step) -> None:
        """A step was done before."""
        self.waiting.remove(step)

    def passed_over(self, step: Step) -> None:
        """A step whose run failed before it."""
        self.waiting.remove(step)

    def done(self, step: Step, seconds: float) -> None:
        """A step ended."""
        self.forecast.learn(step, seconds, 1.0 - self.share_at_start)
        self.step = None
        self._say(f"{step.name}, {seconds:.1f} s")

    def failed(self, step: Step, reason: str) -> None:
        """A step failed."""
        self.step = None
        self._say(f"{step.name} failed: {reason}")

    def note(self, text: str) -> None:
        """Something that the user should know."""
        self.console.print(Text(text), soft_wrap=True)

    def _say(self, text: str) -> None:
        done = self.count - len(self.waiting)
        left = f" (about {_clock(self.seconds_left())} left)" if self.waiting else ""
        self.console.print(Text(f"{done}/{self.count} {text}{left}"), soft_wrap=True)

    def seconds_left(self) -> float:
        """An estimate for all steps to come, and what is left of this one."""
        left = sum(self.forecast.expected(step) for step in self.waiting)
        if self.step is None:
            return left
        gone, share = time.monotonic() - self.step_began, self.share - self.share_at_start
        if share > 0:
            return left + gone / share * (1 - self.share)
        return left + max(0.0, self.forecast.expected(self.step) - gone)

    def _render(self) -> Group:
        done = self.count - len(self.waiting) - (self.step is not None)
        gone = _clock(time.monotonic() - self.began)
        head = Text.assemble(
            ("Study ", "bold"),
            (self.name, "bold"),
            f"  {done} of {self.count} steps, {gone} gone, about "
            f"{_clock(self.seconds_left())} left",
        )
        lines = Table.grid(padding=(0, 1))
        if self.step is not None:
            bar = ProgressBar(total=1.0, completed=self.share, width=30, pulse=self.share == 0.0)
            lines.add_row("now", Text(self.step.name, "bold"), bar)
        for step in self.waiting[:NEXT_COUNT]:
            lines.add_row("next", Text(step.name, "dim"), "")
        return Group(head, lines)


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
