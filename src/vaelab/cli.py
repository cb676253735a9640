"""The command line: what is asked for, and how it ends."""

import contextlib
import functools
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import tyro
from tyro.conf import FlagCreatePairsOff, OmitSubcommandPrefixes

from vaelab.commands import COMMANDS, describe_presets, train
from vaelab.errors import InputError, Interruption, LostProcessError, note

LOST_PROCESS, UNUSABLE_INPUT, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141
_TRAIN_HELP = train.__doc__


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Exits with 0, 1 where another process of it was lost, 2 on unusable input, and with 128 and the
    signal's number when interrupted: 130 by Ctrl-C, 143 by SIGTERM in training.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["train"]:
        train.__doc__ = f"{_TRAIN_HELP}\n\n{describe_presets()}"
    try:
        _run(arguments)
    except InputError as error:
        _fail(UNUSABLE_INPUT, str(error))
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; nothing is left to tell it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(UNUSABLE_INPUT, f"{where}{error.strerror or error}")
    except LostProcessError as error:
        _fail(LOST_PROCESS, str(error))
    except Interruption as error:
        _fail(error.exit_code, str(error))
    except KeyboardInterrupt:
        _fail(INTERRUPTED, "interrupted; the same command goes on with what is left")


def _run(arguments: Sequence[str]) -> None:
    # tyro frames what is wrong with the arguments; one line is easier to read and to grep.
    messages = io.StringIO()
    try:
        with contextlib.redirect_stderr(messages):
            command = _parse(arguments)
    except SystemExit as stop:
        if stop.code:
            text = re.sub(r"\x1b\[[0-9;]*m|[─-╿]", " ", messages.getvalue())
            _fail(UNUSABLE_INPUT, " ".join(text.split()))
        raise
    command()


def _parse(arguments: Sequence[str]) -> Callable[[], None]:
    """The call that the arguments ask for, not yet made."""

    def later(function: Callable[..., None]) -> Callable[..., Callable[[], None]]:
        @functools.wraps(function)
        def remember(*values: Any, **named: Any) -> Callable[[], None]:
            return functools.partial(function, *values, **named)

        return remember

    command: Callable[[], None] = tyro.extras.subcommand_cli_from_dict(
        {name: later(function) for name, function in COMMANDS.items()},
        prog="vaelab",
        description="The laboratory for variational autoencoders on Fashion-MNIST.",
        args=list(arguments),
        config=(OmitSubcommandPrefixes, FlagCreatePairsOff),
    )
    return command


def _fail(code: int, message: str) -> NoReturn:
    note(" ".join(message.split()))
    sys.exit(code)
