"""A study's steps, and the ledger that remembers what each was made from.

A step is done when what it makes is there and was made from the same inputs. Whatever is not done
is done again, and with it what depends on it, because its inputs are then others.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaelab.errors import InputError
from vaelab.files import write_json
from vaelab.runs import read_json

# Told the share of the step that is done, between 0 and 1.
Advance = Callable[[float], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that a study makes.

    Attributes:
        kind: of step, such as train or evaluate; what it is called, with the run.
        run: that it belongs to; empty for what belongs to the whole study.
        ledger: the file in which it is noted, beside what it makes.
        inputs: what it is made from, as JSON; asked when its turn comes.
        is_there: whether what it makes exists.
        work: makes it.
        size: what its time grows with, in units of its own kind.
    """

    kind: str
    run: str
    ledger: Path
    inputs: Callable[[], Any]
    is_there: Callable[[], bool]
    work: Callable[[Advance], object]
    size: float = 1.0

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{self.run}: {self.kind}" if self.run else self.kind

    def is_done(self) -> bool:
        """Whether it is there, made from the inputs as they are now."""
        if not self.is_there():
            return False
        noted = _read(self.ledger).get(self.kind)
        return isinstance(noted, dict) and noted.get("inputs") == fingerprint(self.inputs())

    def do(self, advance: Advance) -> float:
        """Make it, note that, and return the seconds that it took."""
        start = time.perf_counter()
        self.work(advance)
        seconds = time.perf_counter() - start
        note = {"inputs": fingerprint(self.inputs()), "seconds": round(seconds, 3)}
        write_json(self.ledger, {**_read(self.ledger), self.kind: note})
        return seconds


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON value."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(ledger: Path) -> dict[str, Any]:
    """What is noted; a ledger that cannot be read notes nothing, and its steps are done again."""
    try:
        return read_json(ledger)
    except InputError:
        return {}
