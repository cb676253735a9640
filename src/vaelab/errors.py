"""Errors that users can fix have a one-line message; all others are bugs and show a traceback."""

import contextlib
import difflib
import sys
from collections.abc import Iterable, Mapping
from typing import TypeVar

from vaelab.names import displayed

T = TypeVar("T")


class InputError(ValueError):
    """Invalid input. The message is one line: what is wrong, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class UnknownNameError(InputError):
    """A name that is not in a table."""


class Interruption(KeyboardInterrupt):
    """A signal has stopped the work, and its state was saved.

    Attributes:
        exit_code: 128 plus the number of the signal, as in a shell.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class LostProcessError(RuntimeError):
    """A process of the process group has ended, so the others cannot continue."""


def note(message: str) -> None:
    """Print a message to the user, in one line, on standard error, if it is open."""
    with contextlib.suppress(OSError):
        print(f"vaelab: {displayed(message)}", file=sys.stderr)  # noqa: T201


def failure_reason(error: Exception) -> str:
    """Why something was left out, in one line: the message of an `InputError`, or what failed."""
    message = " ".join(str(error).split())
    if isinstance(error, InputError):
        return message
    return f"it failed with {type(error).__name__}" + (f": {message}" if message else "")


def unknown_name(what: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not in a table; it suggests the closest match."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known)}"
    return UnknownNameError(f"unknown {what} {name!r}; {advice}")


def entry(what: str, name: str, table: Mapping[str, T]) -> T:
    """The entry of a table.

    Raises:
        InputError: if there is no such entry; the message suggests the closest match.
    """
    if name not in table:
        raise unknown_name(what, name, table)
    return table[name]
