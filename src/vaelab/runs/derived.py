"""Runs that start from the weights of another run.

A derived run trains one part of the model and keeps the rest. Any other run may take the weights of
a run with the same model as its initial weights.
"""

import contextlib
import os
from pathlib import Path

from vaelab import settings
from vaelab.config import InitialWeightsConfig, ParentConfig
from vaelab.errors import InputError
from vaelab.models.contract import LatentVariableModel
from vaelab.pretrained_runs import located
from vaelab.runs.run import Run, open_run
from vaelab.runs.tensors import load_weights
from vaelab.runs.weights import Weights


def parent_of(run: Run, out: Path, *, trains: str) -> ParentConfig:
    """The reference to `run` in the settings of a run in `out`.

    The path is relative to `out` where one leads there, so that both can be moved together.

    Raises:
        InputError: if `run` has no weights yet.
    """
    return ParentConfig(
        run=_relative(run.path, out), weights_fingerprint=run.weights_fingerprint(), trains=trains
    )


def initial_weights_of(source: Path, out: Path) -> InitialWeightsConfig:
    """The reference to the weights of the run in `source`, for the settings of a run in `out`.

    A run in `out` that has a checkpoint keeps the reference that it was begun with, because its
    source may have been moved or trained further since.

    Raises:
        InputError: if `source` is not a run with weights.
    """
    source = located(source)
    path, begun = _relative(source, out), _begun_with(out)
    if begun is not None and begun.run == path:
        return begun
    fingerprint = open_run(source).weights_fingerprint()
    if begun is not None and begun.weights_fingerprint == fingerprint:
        return begun
    return InitialWeightsConfig(run=path, weights_fingerprint=fingerprint)


def _begun_with(out: Path) -> InitialWeightsConfig | None:
    if not (out / "config.json").exists():
        return None
    run = open_run(out)
    return None if run.load_checkpoint_values() is None else run.config.initial_weights


def load_initial_weights(model: LatentVariableModel, run: Run) -> None:
    """Put the weights that the settings of the run name, if any, into its model.

    Once the run has a checkpoint, their source is not needed: the weights are in the checkpoint.

    Raises:
        InputError: if the source is missing, or has another model or other weights than named.
    """
    named = run.config.initial_weights
    if named is None or run.load_checkpoint_values() is not None:
        return
    source = _source(run, named)
    weights = source.read_weights()
    if weights.fingerprint != named.weights_fingerprint:
        raise InputError(
            f"{source.path} has other weights than {run.path} was to start from "
            f"({_both(weights, named)}); repeat the command with --from {source.path} to start "
            "from these"
        )
    _require_same_model(source, run)
    load_weights(model, weights.tensors, source.weights)


def _require_same_model(source: Run, run: Run) -> None:
    """Refuse weights of another model.

    Raises:
        InputError: naming what differs.
    """
    differing = [
        each
        for each in settings.differences(source.config, run.config)
        if each.startswith("model.")
    ]
    if source.data.shape != run.data.shape:
        differing.append(f"shape of the images: {source.data.shape} / {run.data.shape}")
    counts = [len(each.data.class_names) for each in (source, run)]
    if source.capabilities.is_conditional and counts[0] != counts[1]:
        differing.append(f"classes: {counts[0]} / {counts[1]}")
    if differing:
        raise InputError(
            f"{source.path} has another model than {run.path} (there / here): "
            f"{'; '.join(differing)}; name a run with the same model, or change the settings of "
            "this one with --set"
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
    source = _source(run, parent)
    weights = source.read_weights()
    if weights.fingerprint != parent.weights_fingerprint:
        raise InputError(
            f"{source.path} has other weights than {run.path} was derived from "
            f"({_both(weights, parent)}); derive the run again into another --out"
        )
    prefix = f"{parent.trains}."
    kept = {name: value for name, value in weights.tensors.items() if not name.startswith(prefix)}
    initial = {name: value for name, value in model.state_dict().items() if name.startswith(prefix)}
    load_weights(model, kept | initial, source.weights)
    return model


Reference = ParentConfig | InitialWeightsConfig


def _relative(path: Path, out: Path) -> str:
    relative: str | Path = path.absolute()
    with contextlib.suppress(ValueError):  # on Windows the two may be on different drives
        relative = os.path.relpath(path.absolute(), out.absolute())
    return Path(relative).as_posix()


def _source(run: Run, reference: Reference) -> Run:
    """The run that a reference in the settings of `run` names.

    Raises:
        InputError: if it is missing.
    """
    return open_run(Path(os.path.normpath(run.path / reference.run)))


def _both(found: Weights, reference: Reference) -> str:
    """The fingerprints of the weights found and expected."""
    return f"SHA-256 {found.fingerprint[:12]}, expected {reference.weights_fingerprint[:12]}"
