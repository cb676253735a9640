"""How often a run's state is kept within an epoch; at the end of each it always is."""

import time
from dataclasses import dataclass

from vaelab.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointSchedule:
    """How much may be lost when a process is killed; no part of a run's configuration.

    Attributes:
        steps: at most so many; None: any number.
        seconds: at most about so many; None: any time.
    """

    steps: int | None = None
    seconds: float | None = 300.0

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("seconds", self.seconds)):
            if value is not None and not value > 0:
                raise InputError(f"checkpoint-{name} must be above 0, found {value}")

    def is_due(self, steps_since: int, seconds_since: float) -> bool:
        """Whether the state is to be kept now."""
        return (self.steps is not None and steps_since >= self.steps) or (
            self.seconds is not None and seconds_since >= self.seconds
        )


class Timer:
    """Steps and seconds since the state was last kept, by a clock that never jumps."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The state has just been kept."""
        self.steps, self._start = 0, time.monotonic()

    @property
    def seconds(self) -> float:
        """Since then."""
        return time.monotonic() - self._start
