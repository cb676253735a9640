"""A step of a study, and the file that records the inputs of every finished step.

A step is up to date when its output exists and was made from the current inputs. A step that is
not up to date runs again. Steps that depend on it then have other inputs, so they run again too.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaelab.errors import InputError
from vaelab.files import write_json
from vaelab.runs import read_json

# Called with the finished fraction of a step, between 0 and 1.
ReportProgress = Callable[[float], None]


class IncompleteStepError(Exception):
    """A step made some of its outputs; the others failed.

    Attributes:
        errors: by the name of the output.
    """

    def __init__(self, errors: Mapping[str, Exception]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in errors.items()))
        self.errors = errors


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A unit of work in a study.

    Attributes:
        kind: of step, such as train or evaluate.
        run: name of the run that it belongs to; empty for a step of the whole study.
        record_file: JSON file, next to the output, that records the inputs.
        inputs: returns what the output depends on, as JSON values; called when the step is checked.
        output_exists: whether the output exists.
        action: makes the output.
        size: what the duration is proportional to, in a unit of the step's kind.
    """

    kind: str
    run: str
    record_file: Path
    inputs: Callable[[], Any]
    output_exists: Callable[[], bool]
    action: Callable[[ReportProgress], object]
    size: float = 1.0

    @property
    def name(self) -> str:
        """The name that is displayed."""
        return f"{self.run}: {self.kind}" if self.run else self.kind

    def is_up_to_date(self) -> bool:
        """Whether the output exists and was made from the current inputs."""
        if not self.output_exists():
            return False
        record = _read_records(self.record_file).get(self.kind)
        return isinstance(record, dict) and record.get("inputs") == fingerprint(self.inputs())

    def execute(self, report_progress: ReportProgress) -> float:
        """Make the output, record the inputs and return the duration in seconds.

        Raises:
            IncompleteStepError: if part of the output could not be made. Nothing is recorded, so
                the step runs again the next time.
        """
        # Before the work: what changes during it was not its input.
        inputs = fingerprint(self.inputs())
        start = time.perf_counter()
        self.action(report_progress)
        seconds = time.perf_counter() - start
        record = {"inputs": inputs, "seconds": round(seconds, 3)}
        write_json(self.record_file, {**_read_records(self.record_file), self.kind: record})
        return seconds


def fingerprint(value: Any) -> str:
    """SHA-256 of a JSON value."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_records(file: Path) -> dict[str, Any]:
    """The records by kind of step; none if the file cannot be read, so that all steps run again."""
    try:
        return read_json(file)
    except InputError:
        return {}
