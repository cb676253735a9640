"""In this process, one run after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from vaelab.study.jobs import Work, carry_out
from vaelab.study.places.place import TellOf


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """This process."""

    def carry_out(self, works: Sequence[Work], tell: TellOf) -> None:
        """Do all of it, in order."""
        for work in works:
            carry_out(work.steps, work.job.failures, partial(tell, work.job.run))
