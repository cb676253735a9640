"""What the user can put right is told in one line; the rest is a bug and keeps its traceback."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class InputError(ValueError):
    """Unusable input: the message is one line that says what, where, and what to do.

    The command line prints it without a traceback and exits with code 2.
    """


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
