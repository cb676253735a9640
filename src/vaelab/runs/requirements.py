"""What a folder and images must be before a run is trained or used."""

from dataclasses import replace
from pathlib import Path

from vaelab import settings
from vaelab.errors import InputError
from vaelab.runs.data_card import DataCard
from vaelab.runs.run import Run, open_run


def require_free(wanted: Run) -> None:
    """Refuse a folder that holds anything else than this run, begun or finished.

    Raises:
        InputError: naming what differs, or that other files are there.
    """
    path = wanted.path
    if not (path / "config.json").exists():
        if path.exists() and (not path.is_dir() or any(_visible(path))):
            raise InputError(f"{path} exists and is not a run folder; choose another --out")
        return
    existing = open_run(path)
    if existing.load_checkpoint_values() is None:
        if existing.records_file.exists():  # written after the first checkpoint
            raise InputError(
                f"{path} holds a run without its checkpoint, so that its training cannot be "
                "resumed; choose another --out or delete that folder"
            )
        return  # nothing is lost by starting again
    other_splits = existing.data.differing_splits(wanted.data)
    config = existing.config
    if not other_splits:  # the same images may have been moved
        config = replace(config, data=replace(config.data, path=wanted.config.data.path))
    there, here = config.training.stages, wanted.config.training.stages
    differing = settings.differences(config, wanted.config)
    if not other_splits and there[: len(here)] == here[: len(there)]:
        same_stages = replace(
            config.training,
            epochs=wanted.config.training.epochs,
            continued_from_epochs=wanted.config.training.continued_from_epochs,
        )
        if replace(config, training=same_stages) == wanted.config:
            if len(there) <= len(here):
                return  # the wanted run is this one, continued or not
            raise InputError(
                f"{path} was continued to {there[-1]} epochs: `vaelab train {path}` resumes it; "
                f"for a run of {here[-1]} epochs choose another --out"
            )
    differing += [
        f"{split} images: of {existing.data.name} / of {wanted.data.name}" for split in other_splits
    ]
    raise InputError(
        f"{path} holds a run with other settings (there / wanted): "
        f"{'; '.join(differing)}; choose another --out or delete that folder"
    )


def require_same_images(run: Run, found: DataCard) -> None:
    """Refuse other images than those that a run was trained on.

    Raises:
        InputError: naming the split that differs.
    """
    differing = run.data.differing_splits(found)
    if differing:
        raise InputError(
            f"{run.path} was trained on other {differing[0]} images of {run.data.name} "
            f"({run.data.source}) than those found now ({found.source}); "
            "name the right ones with --data-dir"
        )


def _visible(folder: Path) -> list[Path]:
    """Without hidden files, such as those that a killed process left incomplete."""
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
