"""Python programs and commands of vaelab in separate processes, as a user starts them.

The processes are forked from one that has imported torch, since this import takes most of the time
of a small command. Tests that depend on how Python itself starts use `subprocess`.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# Not matplotlib and what imports it: it reads its settings when it is imported.
_PRELOADED = [
    "lightning_fabric",
    "PIL.Image",
    "safetensors.torch",
    "torch._dynamo",
    "torch",
    "tyro",
    "vaelab.cli",
    "vaelab.evaluation",
    "vaelab.training",
]
_CONTEXT = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    _CONTEXT.set_forkserver_preload(_PRELOADED)


class Started:
    """A process that runs `python ARGUMENTS`.

    Args:
        arguments: of Python: a file, or -m and a module, and what these are given.
        cwd: the folder that it runs in; None: the present one.
        environment: its environment; None: the present one.
    """

    def __init__(
        self,
        *arguments: object,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.arguments = list(map(str, arguments))
        self._folder = tempfile.TemporaryDirectory()
        self._files = tuple(Path(self._folder.name, name) for name in ("output", "errors"))
        self._process = _CONTEXT.Process(
            target=_run,
            args=(
                self.arguments,
                cwd or Path.cwd(),
                dict(os.environ if environment is None else environment),
                self._files,
            ),
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, minus the number of the signal that ended it, or None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self) -> subprocess.CompletedProcess[str]:
        """What it said, at its end."""
        self._process.join()
        assert self._process.exitcode is not None
        output, errors = (file.read_text(encoding="utf-8") for file in self._files)
        self._folder.cleanup()
        return subprocess.CompletedProcess(self.arguments, self._process.exitcode, output, errors)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self._folder.cleanup()


def run_python(
    *arguments: object, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` to its end; see `Started`."""
    return Started(*arguments, cwd=cwd, environment=environment).wait()


def run_vaelab(
    *arguments: object, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `vaelab ARGUMENTS` to its end; see `Started`."""
    return run_python("-m", "vaelab", *arguments, cwd=cwd, environment=environment)


def _run(
    arguments: list[str], cwd: Path, environment: dict[str, str], files: tuple[Path, ...]
) -> None:
    for path, stream in zip(files, (sys.stdout, sys.stderr), strict=True):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    is_module = arguments[0] == "-m"
    sys.argv = arguments[is_module:]
    sys.path[0] = str(cwd)
    try:
        if is_module:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()
