"""How often a run is checkpointed within an epoch; at the end of each epoch it always is."""

import time
from dataclasses import dataclass

from vaelab.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointSchedule:
    """The most work that is lost when a process is killed; not part of the settings of a run.

    Attributes:
        steps: between checkpoints; None: no limit.
        seconds: between checkpoints, approximately; None: no limit.
    """

    steps: int | None = None
    seconds: float | None = 300.0

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("seconds", self.seconds)):
            if value is not None and not value > 0:
                raise InputError(f"checkpoint-{name} must be above 0, found {value}")

    def is_due(self, steps_since: int, seconds_since: float) -> bool:
        """Whether to checkpoint now."""
        return (self.steps is not None and steps_since >= self.steps) or (
            self.seconds is not None and seconds_since >= self.seconds
        )


class Timer:
    """Steps and seconds since the last checkpoint, by a monotonic clock."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Start again after a checkpoint."""
        self.steps, self._start = 0, time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the last checkpoint."""
        return time.monotonic() - self._start
