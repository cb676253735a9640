"""Being asked to stop: the signal is noted, and training leaves when it has kept its state."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from vaelab.errors import Interruption

ASKING = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Inside, Ctrl-C and SIGTERM are noted instead of ending the process.

    A second one ends it at once, as if nobody listened. Only a process's main thread can listen.
    """

    def __init__(self) -> None:
        self.caught: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for each in ASKING:
                # What was ignored from the start, as in a shell's background jobs, stays so.
                if signal.getsignal(each) is not signal.SIG_IGN:
                    self._before[each] = signal.signal(each, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listen_no_more()

    def interruption(self, where: str) -> Interruption:
        """What to leave with."""
        # Where only another process was asked, this one leaves as if it had been.
        caught = self.caught or signal.SIGTERM
        return Interruption(
            f"stopped by {caught.name} {where}; the same command goes on from there", 128 + caught
        )

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.caught = signal.Signals(number)
        self._listen_no_more()

    def _listen_no_more(self) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before = {}
