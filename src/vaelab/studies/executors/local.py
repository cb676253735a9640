"""In this process, one run after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from vaelab.studies.executors.executor import TellOf
from vaelab.studies.jobs import Work, carry_out


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalExecutor:
    """This process."""

    def carry_out(self, works: Sequence[Work], tell: TellOf) -> None:
        """Do all of it, in order."""
        for work in works:
            carry_out(work.steps, work.job.failures, partial(tell, work.job.run))
