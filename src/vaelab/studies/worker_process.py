"""A worker process, as whoever started it sees it."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from vaelab.studies.jobs import Event, Job
from vaelab.studies.steps import PREPARE

# A worker that is asked to leave finishes a batch and keeps its state.
SECONDS_TO_LEAVE = 30.0

_CHUNK_BYTES = 1 << 16


class Child:
    """A worker process, which takes one job after the other; as a context, it ends with it.

    Args:
        environment: variables that it has beside those of this process.

    Attributes:
        job: that it works on; None when it has come to its end, well or badly.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.job: Job | None = None
        self._kind = PREPARE
        self._rest = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        # Of a session of its own: Ctrl-C is for this process, which then asks the worker to leave.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vaelab.studies.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end([self])

    @property
    def is_alive(self) -> bool:
        """Whether it can take another job."""
        return self._process.poll() is None

    def fileno(self) -> int:
        """To wait on, with others, until there are news."""
        return self._from.fileno()

    def give(self, job: Job) -> None:
        """Have it begin a job."""
        self.job, self._kind = job, PREPARE
        with contextlib.suppress(BrokenPipeError):  # it is gone, and its news say so
            self._to.write(f"{job.to_json()}\n".encode())
            self._to.flush()

    def has_news(self, seconds: float) -> bool:
        """Whether there are news, or will be within so many seconds."""
        return bool(select.select([self], [], [], seconds)[0])

    def news(self) -> list[Event]:
        """What it told since it was last asked; waits for something.

        The last of a job's events is `ended`, or `lost` where the process ended before it.
        """
        chunk = os.read(self.fileno(), _CHUNK_BYTES)
        if not chunk:
            self.job = None
            return [Event("lost", self._kind, text=self._last_words())]
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        events = [Event.from_json(line) for line in lines]
        for event in events:
            self._kind = event.kind or self._kind
            if event.what == "ended":
                self.job = None
        return events

    def ask_to_leave(self) -> None:
        """With the state of a training kept."""
        if self.job is not None:
            self._process.terminate()
            return
        with contextlib.suppress(BrokenPipeError):
            self._to.close()

    def await_end(self, deadline: float) -> None:
        """Wait until it has left, and from the deadline, on the monotonic clock, end it."""
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it at once if it is still there, and let go of it."""
        if self.is_alive:
            self._process.kill()
        for file in (self._to, self._from, self._errors):
            with contextlib.suppress(BrokenPipeError):
                file.close()
        self._process.wait()

    def _last_words(self) -> str:
        code = self._process.wait()
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"left with code {code}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        words = f" ({lines[-1].strip()})" if lines else ""
        return f"its worker {how}{words}; the same command goes on with it"


def end(children: Sequence[Child]) -> None:
    """Have all leave and wait for them, half a minute at most."""
    deadline = time.monotonic() + SECONDS_TO_LEAVE
    try:
        for child in children:
            child.ask_to_leave()
        for child in children:
            child.await_end(deadline)
    finally:
        for child in children:
            child.close()
