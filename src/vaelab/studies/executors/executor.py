"""What a place is."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from vaelab.studies.jobs import Event, Work

# Told what happened to the run of that name.
TellOf = Callable[[str, Event], None]


@runtime_checkable
class Executor(Protocol):
    """Carries out the steps of runs: those of a run in order, runs beside each other or not."""

    def carry_out(self, works: Sequence[Work], tell: TellOf) -> None:
        """Do all of it.

        What fails in a run is told and stops no other; `tell` is called by this thread alone.

        Args:
            works: at least one run's steps.
            tell: is told what happens.

        Raises:
            InputError: if the place cannot be used.
            Interruption: by Ctrl-C or SIGTERM, when all processes have kept their state and left.
        """
        ...
