"""The archive of a study: runs whose settings have changed, kept so that they can come back."""

from pathlib import Path

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.files import rename
from vaelab.folders import require_no_link
from vaelab.runs import Run, open_run
from vaelab.settings import from_dict, to_dict
from vaelab.studies.step import fingerprint


def archive_other_run(run: Run, archive: Path) -> None:
    """Move any other run out of the run's folder, and an archived copy of the run into it.

    Args:
        run: the run that the folder is for.
        archive: the folder for runs with other settings or on other images.

    Raises:
        InputError: if the folder holds something that is not a run.
    """
    if (run.path / "config.json").exists():
        current = open_run(run.path)
        if identity(current) == identity(run):
            return
        target = _archived_path(current, run.name, archive)
        if target.exists():
            raise InputError(
                f"{run.path} and {target} hold the same run with settings that the study no longer "
                "has; delete one of them"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        rename(run.path, target)
    archived = _archived_path(run, run.name, archive)
    require_no_link(archived)
    if archived.exists():
        rename(archived, run.path)


def identity(run: Run) -> str:
    """Fingerprint of what defines a run: its settings and its images."""
    # In the form in which it is read from the file, where an integer may have become a float.
    config = to_dict(from_dict(to_dict(run.config), Config))
    return fingerprint([config, run.data.train_fingerprint, run.data.test_fingerprint])


def _archived_path(run: Run, name: str, archive: Path) -> Path:
    return archive / f"{name}-{identity(run)[:12]}"
