"""The command line: one module per command; this one parses the arguments and sets exit codes."""

import contextlib
import functools
import io
import itertools
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import tyro
from tyro.conf import FlagCreatePairsOff, OmitSubcommandPrefixes

import vaelab
from vaelab.cache import cache_folder
from vaelab.cli.compare import compare
from vaelab.cli.compress import compress, decompress
from vaelab.cli.data import data
from vaelab.cli.doctor import doctor
from vaelab.cli.encode import encode, reconstruct
from vaelab.cli.evaluate import describe_metrics, evaluate
from vaelab.cli.export import export
from vaelab.cli.figures import describe_comparisons, describe_figures, figures
from vaelab.cli.fit_prior import fit_prior
from vaelab.cli.options import load_plugins
from vaelab.cli.output import print_text
from vaelab.cli.pretrained import demo, pretrained
from vaelab.cli.report import open_site, report
from vaelab.cli.sample import sample
from vaelab.cli.search import search
from vaelab.cli.streams import OutputError, prepare_streams, writing_output
from vaelab.cli.study import describe_studies, study
from vaelab.cli.train import describe_presets, train
from vaelab.documents import require_bounded
from vaelab.errors import InputError, Interruption, LostProcessError, failure_reason, note
from vaelab.memory import is_out_of_memory

LOST_PROCESS, INVALID_INPUT, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

DESCRIPTION = """Train, evaluate and visualize variational autoencoders on Fashion-MNIST.

vaelab COMMAND --help describes a command; vaelab --version prints the version."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        function: its parameters are the options, its docstring is the help text.
        list_names: lists the names that it accepts, for its help text. Called only then, since
            it may import torch.
    """

    function: Callable[..., None]
    list_names: Callable[[], str] | None = None


COMMANDS: dict[str, Command] = {
    "data": Command(data),
    "train": Command(train, describe_presets),
    "fit-prior": Command(fit_prior),
    "evaluate": Command(evaluate, describe_metrics),
    "sample": Command(sample),
    "encode": Command(encode),
    "reconstruct": Command(reconstruct),
    "compress": Command(compress),
    "decompress": Command(decompress),
    "figures": Command(figures, describe_figures),
    "compare": Command(compare, describe_comparisons),
    "study": Command(study, describe_studies),
    "search": Command(search),
    "report": Command(report),
    "export": Command(export),
    "open": Command(open_site),
    "pretrained": Command(pretrained),
    "demo": Command(demo),
    "doctor": Command(doctor),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Exit codes: 0; 1 if another process of the command was lost or runs of a study failed; 2 on
    invalid input; 128 plus the number of the signal if interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    prepare_streams()
    try:
        _run(arguments)
    except InputError as error:
        _fail(INVALID_INPUT, str(error))
    except OutputError as error:
        if error.is_closed:
            sys.exit(BROKEN_PIPE)
        _fail(INVALID_INPUT, str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(INVALID_INPUT, f"{where}{error.strerror or error}")
    except LostProcessError as error:
        _fail(LOST_PROCESS, str(error))
    except RecursionError:
        _fail(INVALID_INPUT, "a file that this command reads is nested too deeply; replace it")
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        reason = failure_reason(error).partition(". ")[0]
        _fail(INVALID_INPUT, f"there is not enough memory for this command: {reason}")
    except Interruption as error:
        _fail(error.exit_code, str(error))
    except KeyboardInterrupt:
        _fail(INTERRUPTED, "interrupted; the same command resumes the work")


def _run(arguments: Sequence[str]) -> None:
    if list(arguments) == ["--version"]:
        print_text(f"vaelab {vaelab.__version__}")
        return
    # tyro prints a frame around its error messages; they are turned into one line.
    messages = io.StringIO()
    try:
        with writing_output(), contextlib.redirect_stderr(messages):
            command = _parse(arguments)
    except SystemExit as stop:
        if stop.code:
            text = re.sub(r"\x1b\[[0-9;]*m|[─-╿]", " ", messages.getvalue())
            _fail(INVALID_INPUT, " ".join(text.split()))
        raise
    cache_folder()  # before libraries that have caches are imported
    command()


def _parse(arguments: Sequence[str]) -> Callable[[], None]:
    """The function call that the arguments ask for."""
    help_of = arguments[0] if {"-h", "--help"} & set(arguments) else None
    command: Callable[[], None] = tyro.extras.subcommand_cli_from_dict(
        {
            name: _deferred(command, arguments if name == help_of else ())
            for name, command in COMMANDS.items()
        },
        prog="vaelab",
        description=DESCRIPTION,
        args=list(arguments),
        config=(OmitSubcommandPrefixes, FlagCreatePairsOff),
    )
    return command


def _deferred(command: Command, help_arguments: Sequence[str]) -> Callable[..., Any]:
    """A function that returns the call instead of making it.

    Args:
        command: whose function is called.
        help_arguments: the arguments, if they ask for the help text of this command.
    """

    @functools.wraps(command.function)
    def defer(*values: Any, **named: Any) -> Callable[[], None]:
        for name, value in named.items():
            if isinstance(value, int):
                require_bounded(f"--{name.replace('_', '-')}", value)
        return functools.partial(command.function, *values, **named)

    if help_arguments and command.list_names is not None:
        load_plugins(_plugins_among(help_arguments))
        defer.__doc__ = f"{command.function.__doc__}\n\n{command.list_names()}"
    return defer


def _plugins_among(arguments: Sequence[str]) -> list[Path]:
    """The files named by --plugin, so that the help text lists what they add."""
    pairs = itertools.pairwise(arguments)
    return [Path(value) for option, value in pairs if option == "--plugin"]


def _fail(code: int, message: str) -> NoReturn:
    note(" ".join(message.split()))
    sys.exit(code)
