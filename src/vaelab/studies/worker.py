"""A process that carries out jobs: `python -m vaelab.studies.worker`.

It reads a job a line on standard input and writes what happens, an event a line, on standard
output; both are JSON. At the end of its input it leaves: at once where it has nothing to do, else
as on SIGTERM, with the state of a training kept. So no worker outlives whoever started it.
"""

import contextlib
import io
import os
import signal
import sys
import threading
import time
from queue import SimpleQueue
from types import FrameType

from vaelab.errors import Interruption
from vaelab.studies.images import Images
from vaelab.studies.jobs import Event, Job, carry_out_job

# A step tells its share with every batch; more often than this nobody needs it.
SECONDS_BETWEEN_SHARES = 0.2


class Teller:
    """Writes events, and what is printed as events too.

    Args:
        pipe: the file descriptor to write to.
    """

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.next_share = 0.0

    def tell(self, event: Event) -> None:
        """Write a line; a share that follows too soon is left out."""
        if event.what == "advanced":
            now = time.monotonic()
            if now < self.next_share:
                return
            self.next_share = now + SECONDS_BETWEEN_SHARES
        # Whoever listened may be gone; the end of the input tells what to do then.
        with contextlib.suppress(BrokenPipeError):
            _write(self.pipe, f"{event.to_json()}\n".encode())


class Printed(io.TextIOBase):
    """Where what is printed goes, line by line."""

    def __init__(self, teller: Teller) -> None:
        self.teller = teller
        self.rest = ""

    def write(self, text: str) -> int:
        """Tell the lines that are whole."""
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            if line.strip():
                self.teller.tell(Event("said", text=line.strip()))
        return len(text)


class Inbox:
    """The jobs on standard input, which a thread of its own waits for."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[bytes | None] = SimpleQueue()
        self.is_working = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        # Not through sys.stdin, whose lock a process that leaves would wait for.
        with open(os.dup(0), "rb", buffering=0) as lines:  # noqa: PTH123
            for line in lines:
                self.jobs.put(line)
        self.jobs.put(None)
        if self.is_working:
            os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Carry out what comes."""
    # What else is written to standard output must not get between the events.
    pipe = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _leave)
    teller, inbox = Teller(pipe), Inbox()
    printed, images = Printed(teller), Images()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        while (line := inbox.jobs.get()) is not None:
            inbox.is_working = True
            carry_out_job(Job.from_json(line), images, teller.tell)
            inbox.is_working = False
            teller.tell(Event("ended"))


def _leave(number: int, _frame: FrameType | None) -> None:
    raise Interruption("asked to leave", 128 + number)


def _write(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]


if __name__ == "__main__":
    try:
        main()
    except Interruption as error:
        sys.exit(error.exit_code)
