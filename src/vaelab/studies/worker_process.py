"""A worker process, as seen by the process that starts it."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from types import TracebackType

from vaelab.studies.jobs import Event, Job
from vaelab.studies.steps import PREPARE

# A worker that is asked to stop finishes its batch and saves its state.
SECONDS_TO_STOP = 30.0
if sys.platform == "win32":
    _FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _FLAGS = 0

EventQueue = SimpleQueue[tuple["WorkerProcess", Event]]


class WorkerProcess:
    """A process that executes one job at a time. As a context manager it stops at the end.

    The last event of a job is `end`, or `lost` if the process died.

    Args:
        environment: variables in addition to those of this process.
        events: receives the events of its jobs, from a thread.

    Attributes:
        job: the current job; the receiver of the events sets it to None after the last one.
    """

    def __init__(self, environment: Mapping[str, str], events: EventQueue) -> None:
        self.job: Job | None = None
        self._events = events
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        # In a new session (Windows: process group), so that Ctrl-C reaches only this process, which
        # then stops the worker.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vaelab.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **environment},
            start_new_session=True,
            creationflags=_FLAGS,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stop_all([self])

    @property
    def is_alive(self) -> bool:
        """Whether it can execute another job."""
        return self._process.poll() is None

    def start_job(self, job: Job) -> None:
        """Send a job."""
        self.job = job
        with contextlib.suppress(OSError):  # it has died, which an event reports
            self._to.write(f"{job.to_json()}\n".encode())
            self._to.flush()

    def request_stop(self) -> None:
        """Ask it to save the state of its training and stop, by the end of its input."""
        # Not by SIGTERM, for which Windows kills the process.
        with contextlib.suppress(OSError):
            self._to.close()

    def wait(self, deadline: float) -> None:
        """Wait for its end; kill it at the deadline, a time of the monotonic clock."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Kill it if it is alive, and release its resources."""
        if self.is_alive:
            self._process.kill()
        self._reader.join()
        for file in (self._to, self._from, self._errors):
            with contextlib.suppress(OSError):
                file.close()

    def _read(self) -> None:
        step = PREPARE
        for line in self._from:
            event = Event.from_json(line)
            step = event.step or step
            self._events.put((self, event))
        self._events.put((self, Event("lost", step, text=self._describe_death())))

    def _describe_death(self) -> str:
        code = self._process.wait()
        names = {each.value: each.name for each in signal.Signals}
        killed = f"was killed by {names.get(-code, f'signal {-code}')}"
        how = killed if code < 0 else f"exited with {code}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = f" ({lines[-1].strip()})" if lines else ""
        return f"its worker {how}{reason}; the same command resumes it"


def stop_all(workers: Sequence[WorkerProcess]) -> None:
    """Stop all workers, and kill those that do not stop within `SECONDS_TO_STOP`."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    try:
        for worker in workers:
            worker.request_stop()
        for worker in workers:
            worker.wait(deadline)
    finally:
        for worker in workers:
            worker.close()
