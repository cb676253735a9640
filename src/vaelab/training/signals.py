"""Signals to stop: training checkpoints before it leaves."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

from vaelab.errors import Interruption

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform == "win32":  # sent by Ctrl-Break and when the console is closed
    STOP_SIGNALS.append(signal.SIGBREAK)


class StopSignals:
    """In this context Ctrl-C and SIGTERM are recorded instead of ending the process.

    A second signal ends the process at once. Only the main thread of a process receives signals.
    """

    def __init__(self) -> None:
        self.caught: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for each in STOP_SIGNALS:
                # Signals ignored from the start, as in background jobs, stay ignored.
                if signal.getsignal(each) is not signal.SIG_IGN:
                    self._before[each] = signal.signal(each, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_listening()

    def interruption(self, where: str) -> Interruption:
        """The exception to leave with."""
        # The signal may have reached another process only.
        caught = self.caught or signal.SIGTERM
        return Interruption(
            f"stopped by {caught.name} {where}; the same command resumes from there", 128 + caught
        )

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.caught = signal.Signals(number)
        self._stop_listening()

    def _stop_listening(self) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before = {}
