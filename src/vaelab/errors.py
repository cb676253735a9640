"""What the user can put right is told in one line; the rest is a bug and keeps its traceback."""

import difflib
import sys
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class InputError(ValueError):
    """Unusable input: the message is one line that says what, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


class Interruption(KeyboardInterrupt):
    """Work was asked to stop, kept what it had and left.

    Attributes:
        exit_code: 128 and the signal's number, as a shell has it.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class LostProcessError(RuntimeError):
    """One of the processes that work process_group has ended, and the others cannot go on."""


def note(message: str) -> None:
    """Tell the user something that stops nothing, in a line on standard error."""
    print(f"vaelab: {message}", file=sys.stderr)  # noqa: T201


def unknown_name(what: str, name: str, known: Iterable[str]) -> InputError:
    """An `InputError` for a name that is not in a table, naming the nearest that is."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    advice = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known)}"
    return InputError(f"unknown {what} {name!r}; {advice}")


def entry(what: str, name: str, table: Mapping[str, T]) -> T:
    """What a table holds under `name`.

    Raises:
        InputError: if it holds nothing there, naming the nearest.
    """
    if name not in table:
        raise unknown_name(what, name, table)
    return table[name]
