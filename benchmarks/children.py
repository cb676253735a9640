"""Child processes that do one job each and report results as JSON lines.

Imported libraries, allocated memory and changed settings of one contender cannot affect another.
A module that runs in a child process ends with

    if children.is_child():
        children.run(work)
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
Report = Callable[[Facts], None]

_JOB = "--job"
_LONGEST_MESSAGE = 1500


class ChildError(RuntimeError):
    """A child process failed; the message has the end of its standard error."""

    @property
    def reason(self) -> str:
        """The last line, which names no files of this machine."""
        return str(self).splitlines()[-1]


def follow(module: str, job: Facts, *, threads: int | None = None) -> Iterator[Facts]:
    """Run `module` for `job` in a new process and yield its reports as they come.

    Args:
        module: its full name.
        job: the job, as JSON values.
        threads: threads of its libraries; None: their default.

    Raises:
        ChildError: if the process fails.
    """
    command = [sys.executable, "-m", module, _JOB, json.dumps(job)]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment(threads)
        ) as child,
    ):
        assert child.stdout is not None
        try:
            yield from map(json.loads, child.stdout)
        except BaseException:
            child.kill()
            raise
        if child.wait():
            raise ChildError(f"{module} failed:\n{_end_of(errors)}")


def ask(module: str, job: Facts, *, threads: int | None = None) -> Facts:
    """The last report of `module`; see `follow`.

    Raises:
        ChildError: if the process fails, or reports nothing.
    """
    answer: Facts | None = None
    for report in follow(module, job, threads=threads):
        answer = report
    if answer is None:
        raise ChildError(f"{module} reported nothing")
    return answer


def is_child() -> bool:
    """Whether `follow` started this process."""
    return sys.argv[1:2] == [_JOB]


def run(work: Callable[[Facts, Report], None]) -> None:
    """Do the job of this child process."""
    # Output of libraries goes to standard error, so that standard output has the reports only.
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def report(facts: Facts) -> None:
        results.write(json.dumps(facts) + "\n")
        results.flush()

    work(json.loads(sys.argv[2]), report)


def turns(names: Sequence[str], rounds: int) -> Iterator[tuple[int, str]]:
    """Yield every name once per round; the order rotates by one each round.

    So other load on the machine affects all names alike, and none is always the first.
    """
    for round_index in range(rounds):
        for index in range(len(names)):
            yield round_index, names[(round_index + index) % len(names)]


def note(text: str) -> None:
    """Print progress to standard error."""
    sys.stderr.write(f"{text}\n")


def environment(threads: int | None) -> dict[str, str]:
    """The environment of a child process: the path of these modules, and the number of threads."""
    root = str(Path(__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    if threads is not None:
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return environment


def _end_of(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read()[-_LONGEST_MESSAGE:].strip()
