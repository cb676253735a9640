"""Room for a run whose settings changed: the former one is put aside, and comes back if wanted."""

from pathlib import Path

from vaelab.runs import Run, open_run
from vaelab.settings import to_dict
from vaelab.study.steps import fingerprint


def make_room(wanted: Run, formers: Path) -> None:
    """Leave in the run's folder nothing, or the wanted run as far as it has come.

    Args:
        wanted: the run that its folder is to hold.
        formers: the folder for runs with other settings or on other images.

    Raises:
        InputError: if something else than a run lies in its folder.
    """
    if (wanted.path / "config.json").exists():
        there = open_run(wanted.path)
        if identity(there) == identity(wanted):
            return
        aside = _aside(there, wanted.name, formers)
        aside.parent.mkdir(parents=True, exist_ok=True)
        wanted.path.replace(aside)
    before = _aside(wanted, wanted.name, formers)
    if before.exists():
        before.replace(wanted.path)


def identity(run: Run) -> str:
    """What makes it this run and no other: its settings, and the images."""
    return fingerprint([to_dict(run.config), run.data.train_fingerprint, run.data.test_fingerprint])


def _aside(run: Run, name: str, formers: Path) -> Path:
    return formers / f"{name}-{identity(run)[:12]}"
