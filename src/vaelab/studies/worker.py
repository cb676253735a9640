"""A process that executes jobs: `python -m vaelab.studies.worker`.

It reads one job per line from standard input and writes one event per line to standard output, both
as JSON. It stops at the end of its input, so it never outlives the process that started it: an
idle worker ends at once, a busy one as after SIGTERM, with the state of its training saved.
"""

import contextlib
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from types import FrameType

from vaelab.errors import Interruption
from vaelab.studies.dataset_cache import DatasetCache
from vaelab.studies.jobs import Event, Job, execute_job

# Steps report progress after every batch; events of it are sent at most this often.
SECONDS_BETWEEN_REPORTS = 0.2


class EventWriter:
    """Writes events to a pipe.

    Args:
        pipe: file descriptor.
    """

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.next_report = 0.0

    def emit(self, event: Event) -> None:
        """Write one line; progress that follows too soon is not written."""
        if event.type == "progress":
            now = time.monotonic()
            if now < self.next_report:
                return
            self.next_report = now + SECONDS_BETWEEN_REPORTS
        # If the reader is gone, the end of the input stops this process.
        with contextlib.suppress(OSError):
            _write(self.pipe, f"{event.to_json()}\n".encode())


class OutputCapture(io.TextIOBase):
    """A text stream that sends every printed line as an event."""

    def __init__(self, writer: EventWriter) -> None:
        self.writer = writer
        self.unfinished_line = ""

    def write(self, text: str) -> int:
        """Send the complete lines."""
        *lines, self.unfinished_line = (self.unfinished_line + text).split("\n")
        for line in lines:
            if line.strip():
                self.writer.emit(Event("output", text=line.strip()))
        return len(text)


class JobQueue:
    """The jobs from a pipe, read by a thread.

    Args:
        pipe: file descriptor.
    """

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.jobs: SimpleQueue[bytes | None] = SimpleQueue()
        self.is_busy = False
        self.has_ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def __iter__(self) -> Iterator[bytes]:
        """Wait for jobs until the end of the input, after which no job begins."""
        while (line := self.jobs.get()) is not None:
            self.is_busy = True
            if self.has_ended:
                return
            yield line
            self.is_busy = False

    def _read(self) -> None:
        # Not sys.stdin: a process that exits would wait for its lock.
        with open(self.pipe, "rb", buffering=0) as lines:  # noqa: PTH123
            for line in lines:
                self.jobs.put(line)
        self.has_ended = True
        self.jobs.put(None)
        if self.is_busy:
            # Unlike os.kill, it calls the handler of the signal on Windows too.
            signal.raise_signal(signal.SIGTERM)


def main() -> None:
    """Execute jobs until the end of the input."""
    # Jobs and events have copies of the standard streams, so that nothing else reads and writes
    # there. On Windows a library that inspects its standard input would wait for the next job.
    jobs, events = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _stop)
    writer, queue = EventWriter(events), JobQueue(jobs)
    output, datasets = OutputCapture(writer), DatasetCache()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        for line in queue:
            execute_job(Job.from_json(line), datasets, writer.emit)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Interruption("asked to stop", 128 + number)


def _write(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]


if __name__ == "__main__":
    try:
        main()
    except Interruption as error:
        sys.exit(error.exit_code)
