"""Runs one after the other in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from vaelab.studies.executors.executor import EmitForRun
from vaelab.studies.jobs import PlannedRun, execute_steps


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalExecutor:
    """Executes runs in this process."""

    def execute(self, runs: Sequence[PlannedRun], emit: EmitForRun) -> None:
        """Execute all runs in order."""
        for run in runs:
            execute_steps(run.steps, run.job.failures, partial(emit, run.job.run))
