"""Work in processes of its own, each started afresh, that tells its results as JSON.

A library that was imported, memory that was kept or a setting that was changed for one contender
never reaches another. A module that is asked has, at its end,

    if children.is_asked():
        children.answer(work)
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

Facts = dict[str, Any]
Tell = Callable[[Facts], None]

_ASKED = "--job"
_LAST_WORDS = 1500


class ChildError(RuntimeError):
    """A process failed; the message holds the end of what it said."""

    @property
    def reason(self) -> str:
        """The last line alone, which names no files of this machine."""
        return str(self).splitlines()[-1]


def follow(module: str, job: Facts, *, threads: int | None = None) -> Iterator[Facts]:
    """What `module`, run for `job` in a new process, tells, as it tells it.

    Args:
        module: its full name.
        job: what it is asked for.
        threads: that its libraries may compute with; None: what they choose.

    Raises:
        ChildError: if it fails.
    """
    command = [sys.executable, "-m", module, _ASKED, json.dumps(job)]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=said, text=True, env=environment(threads)
        ) as child,
    ):
        assert child.stdout is not None
        try:
            yield from map(json.loads, child.stdout)
        except BaseException:
            child.kill()
            raise
        if child.wait():
            raise ChildError(f"{module} failed:\n{_last_words(said)}")


def ask(module: str, job: Facts, *, threads: int | None = None) -> Facts:
    """The last that `module` tells; see `follow`.

    Raises:
        ChildError: if it fails, or tells nothing.
    """
    answer: Facts | None = None
    for told in follow(module, job, threads=threads):
        answer = told
    if answer is None:
        raise ChildError(f"{module} told nothing")
    return answer


def is_asked() -> bool:
    """Whether this process is one that `follow` started."""
    return sys.argv[1:2] == [_ASKED]


def answer(work: Callable[[Facts, Tell], None]) -> None:
    """Do the work that this process was started for."""
    # Whatever libraries print goes where errors go, so that results stay alone.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def tell(facts: Facts) -> None:
        results.write(json.dumps(facts) + "\n")
        results.flush()

    work(json.loads(sys.argv[2]), tell)


def turns(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Every name once a round, in an order that moves on by one each round.

    What the machine does meanwhile falls on all alike, and none is always the first.
    """
    for round_index in range(rounds):
        for place in range(len(names)):
            yield round_index, names[(round_index + place) % len(names)]


def note(text: str) -> None:
    """Say how far it is, beside the results."""
    sys.stderr.write(f"{text}\n")


def environment(threads: int | None) -> dict[str, str]:
    """Of a process that finds these modules, wherever it was started, and computes with threads."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if threads is not None:
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return environment


def _last_words(said: IO[str]) -> str:
    said.seek(0)
    return said.read()[-_LAST_WORDS:].strip()
