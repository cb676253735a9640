"""The interface of executors."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from vaelab.studies.jobs import Event, PlannedRun

# Called with the name of a run and what happened to it.
EmitForRun = Callable[[str, Event], None]


@runtime_checkable
class Executor(Protocol):
    """Executes the steps of runs; those of one run in order, several runs possibly in parallel."""

    def execute(self, runs: Sequence[PlannedRun], emit: EmitForRun) -> None:
        """Execute all runs; a run that fails does not stop the others.

        Args:
            runs: at least one.
            emit: called with every event, only from the calling thread.

        Raises:
            InputError: if the executor cannot be used.
            Interruption: by Ctrl-C or SIGTERM, after all processes saved their state and ended.
        """
        ...
