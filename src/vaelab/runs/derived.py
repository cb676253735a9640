"""Derived runs: a run that starts from the weights of another run and trains one part of it."""

import os
from pathlib import Path

from vaelab.config import ParentConfig
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.runs.run import Run, open_run
from vaelab.runs.tensors import load_weights, read_tensors


def parent_of(run: Run, out: Path, *, trains: str) -> ParentConfig:
    """The reference to `run` in the settings of a run in `out`.

    The path is relative to `out`, so that both folders can be moved together.

    Raises:
        InputError: if `run` has no weights yet.
    """
    path = os.path.relpath(run.path.absolute(), out.absolute())
    return ParentConfig(
        run=Path(path).as_posix(), weights_fingerprint=run.weights_fingerprint(), trains=trains
    )


def derived_model(run: Run) -> LatentVariableModel:
    """The model of a derived run before training, with all but the trained part frozen.

    Once the run has a checkpoint, the parent is not needed: the weights are in the checkpoint.

    Raises:
        InputError: if the parent is missing or has other weights than the run was derived from.
    """
    parent = run.config.parent
    assert parent is not None
    model = run.build_model()
    trained = model.get_submodule(parent.trains)
    model.requires_grad_(requires_grad=False)
    trained.requires_grad_(requires_grad=True)
    if run.load_checkpoint_values() is not None:
        return model
    source = open_run(Path(os.path.normpath(run.path / parent.run)))
    if source.weights_fingerprint() != parent.weights_fingerprint:
        raise InputError(
            f"{source.path} has other weights than {run.path} was derived from "
            f"(SHA-256 {source.weights_fingerprint()[:12]}, expected "
            f"{parent.weights_fingerprint[:12]}); derive the run again into another --out"
        )
    prefix = f"{parent.trains}."
    kept = {
        name: value
        for name, value in read_tensors(source.weights).items()
        if not name.startswith(prefix)
    }
    initial = {name: value for name, value in model.state_dict().items() if name.startswith(prefix)}
    load_weights(model, kept | initial, source.weights)
    return model
