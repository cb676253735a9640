"""The lines of metrics.jsonl."""

from collections.abc import Mapping
from typing import Any

from vaelab.training.validation import ValidationResult


def epoch_record(
    *,
    epoch: int,
    train: Mapping[str, float],
    result: ValidationResult,
    selection_loss: float,
    schedule: Mapping[str, float],
    image_count: int,
    seconds: float,
    steps: int,
    divergence_limit: float,
) -> dict[str, Any]:
    """The record of an epoch.

    Args:
        epoch: counted from 1.
        train: the epoch's mean of each scalar of the objective.
        result: of the validation after the epoch.
        selection_loss: the validation loss that the best epoch is chosen by.
        schedule: the quantities that change during training, at the last step.
        image_count: images trained on.
        seconds: of training, without the validation.
        steps: since the start of the training.
        divergence_limit: the validation reconstruction from which on the training has diverged.
    """
    return {
        "epoch": epoch,
        "steps": steps,
        "train": _with_negative_elbo(train),
        "validation": {**result.means, "reconstruction_floor": result.reconstruction_floor},
        "selection_loss": selection_loss,
        "has_diverged": result.means["reconstruction"] > divergence_limit,
        "active_units": result.active_units,
        "schedule": dict(schedule),
        "images_per_second": image_count / seconds,
        "seconds": seconds,
    }


def _with_negative_elbo(scalars: Mapping[str, float]) -> dict[str, float]:
    """The scalars with the negative ELBO, where there is a KL."""
    if "kl" not in scalars:
        return dict(scalars)
    return {**scalars, "negative_elbo": scalars["reconstruction"] + scalars["kl"]}
