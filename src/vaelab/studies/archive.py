"""Room for a run whose settings changed: the former one is put aside, and comes back if wanted."""

from pathlib import Path

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.runs import Run, open_run
from vaelab.settings import from_dict, to_dict
from vaelab.studies.step import fingerprint


def archive_other_run(wanted: Run, archive: Path) -> None:
    """Leave in the run's folder nothing, or the wanted run as far as it has come.

    Args:
        wanted: the run that its folder is to hold.
        archive: the folder for runs with other settings or on other images.

    Raises:
        InputError: if something else than a run lies in its folder.
    """
    if (wanted.path / "config.json").exists():
        there = open_run(wanted.path)
        if identity(there) == identity(wanted):
            return
        aside = _aside(there, wanted.name, archive)
        if aside.exists():
            raise InputError(
                f"{wanted.path} and {aside} are the same run, and neither is wanted now; delete one"
            )
        aside.parent.mkdir(parents=True, exist_ok=True)
        wanted.path.replace(aside)
    before = _aside(wanted, wanted.name, archive)
    if before.exists():
        before.replace(wanted.path)


def identity(run: Run) -> str:
    """What makes it this run and no other: its settings, and the images."""
    # As it is read back from its file, where a whole number has become a float if it must.
    config = to_dict(from_dict(to_dict(run.config), Config))
    return fingerprint([config, run.data.train_fingerprint, run.data.test_fingerprint])


def _aside(run: Run, name: str, archive: Path) -> Path:
    return archive / f"{name}-{identity(run)[:12]}"
