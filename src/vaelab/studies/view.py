"""What runs, what is next, and how long it will take, on standard error."""

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

from vaelab.studies.step import Advance, Step

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


@dataclass(slots=True)
class UnderWay:
    """A step that is being carried out.

    Attributes:
        step: which.
        began: when, on the clock that only goes on, in seconds.
        share: that is done, between 0 and 1.
        share_at_start: that was done before.
    """

    step: Step
    began: float
    share: float = 0.0
    share_at_start: float = 0.0

    def advance(self, share: float) -> None:
        """So much of it is done."""
        if self.share == 0.0:
            # An interrupted training goes on in the middle; only what is done now tells the speed.
            self.share_at_start = share
        self.share = share

    def seconds_left(self, forecast: Forecast) -> float:
        """By its own speed, and before that is known by that of others."""
        gone, share = time.monotonic() - self.began, self.share - self.share_at_start
        if share > 0:
            return gone / share * (1 - self.share)
        return max(0.0, forecast.expected(self.step) - gone)


class StudyView:
    """One view of all steps: live on a terminal, else a line for each step that was done."""

    def __init__(self, name: str, steps: Sequence[Step], console: Console | None = None) -> None:
        self.name = name
        self.waiting = list(steps)
        self.count = len(steps)
        self.under_way = dict[str, UnderWay]()
        self.most_at_once = 1
        self.forecast = Forecast()
        self.console = console or Console(stderr=True)
        self.began = time.monotonic()
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
        begun = self.under_way[step.name] = UnderWay(step, time.monotonic())
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        return begun.advance

    def kept(self, step: Step) -> None:
        """A step was done before."""
        self.waiting.remove(step)

    def passed_over(self, step: Step) -> None:
        """A step whose run failed before it."""
        self.waiting.remove(step)

    def pass_over(self, run: str) -> None:
        """Nothing more is made of a run."""
        for step in [step for step in self.waiting if step.run == run]:
            self.passed_over(step)

    def done(self, step: Step, seconds: float) -> None:
        """A step ended."""
        self.forecast.learn(step, seconds, 1.0 - self.under_way.pop(step.name).share_at_start)
        self._say(f"{step.name}, {seconds:.1f} s")

    def failed(self, step: Step, reason: str) -> None:
        """A step failed, under way or before it began."""
        if step in self.waiting:
            self.waiting.remove(step)
        self.under_way.pop(step.name, None)
        self._say(f"{step.name} failed: {reason}")

    def note(self, text: str) -> None:
        """Something that the user should know."""
        self.console.print(Text(text), soft_wrap=True)

    def _say(self, text: str) -> None:
        left = f" (about {_clock(self.seconds_left())} left)" if self.waiting else ""
        self.console.print(Text(f"{self._done_count()}/{self.count} {text}{left}"), soft_wrap=True)

    def _done_count(self) -> int:
        return self.count - len(self.waiting) - len(self.under_way)

    def seconds_left(self) -> float:
        """An estimate: runs go beside each other, as many as did so far, and the rest alone."""
        seconds = defaultdict[str, float](float)
        for step in self.waiting:
            seconds[step.run] += self.forecast.expected(step)
        for each in list(self.under_way.values()):
            seconds[each.step.run] += each.seconds_left(self.forecast)
        alone = seconds.pop("", 0.0)
        longest = max(seconds.values(), default=0.0)
        return alone + max(longest, sum(seconds.values()) / self.most_at_once)

    def _render(self) -> Group:
        gone = _clock(time.monotonic() - self.began)
        head = Text.assemble(
            ("Study ", "bold"),
            (self.name, "bold"),
            f"  {self._done_count()} of {self.count} steps, {gone} gone, about "
            f"{_clock(self.seconds_left())} left",
        )
        lines = Table.grid(padding=(0, 1))
        for each in list(self.under_way.values()):
            bar = ProgressBar(total=1.0, completed=each.share, width=30, pulse=each.share == 0.0)
            lines.add_row("now", Text(each.step.name, "bold"), bar)
        for step in self.waiting[:NEXT_COUNT]:
            lines.add_row("next", Text(step.name, "dim"), "")
        return Group(head, lines)


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
