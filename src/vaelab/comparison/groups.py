"""Groups of comparable runs: the same data, the same unit, the same conditions of evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vaelab.evaluation.stored_samples import StoredSamples, holds_samples, open_samples
from vaelab.runs import Run, open_run

# What has an evaluation that can be compared.
Evaluated = Run | StoredSamples

# The fields of a stored number that must agree, and how they are named.
CONDITIONS = {
    "features": "feature extractor",
    "count": "number of images",
    "split": "split",
    "unit": "unit",
}


@dataclass(slots=True)
class Group:
    """Runs and samples that can be compared.

    Attributes:
        basis: the data and the unit that they have in common, by name.
        conditions: of each number, the values of `CONDITIONS`.
        runs: the runs and samples.
        reason: the difference from the first group; empty for the first.
    """

    basis: dict[str, Any]
    conditions: dict[str, tuple[Any, ...]]
    runs: list[Evaluated] = field(default_factory=list)
    reason: str = ""


def open_evaluated(path: Path) -> Evaluated:
    """The run or the evaluated samples in a folder.

    Raises:
        InputError: if there are none.
    """
    return open_samples(path) if holds_samples(path) else open_run(path)


def comparable(runs: Sequence[Evaluated], columns: Sequence[str] = ()) -> list[Group]:
    """Runs and samples in groups whose numbers can be compared.

    What one of them does not have, such as a number or the unit of a likelihood, cannot differ.

    Args:
        runs: runs and samples.
        columns: names of numbers whose conditions must agree; none: those shown by default.
    """
    groups: list[Group] = []
    for run in runs:
        basis, conditions = _basis(run), _conditions(run, columns)
        for group in groups:
            if not _differences(group, basis, conditions):
                group.basis |= basis
                group.conditions |= conditions
                group.runs.append(run)
                break
        else:
            reason = " and ".join(_differences(groups[0], basis, conditions)) if groups else ""
            groups.append(Group(basis, conditions, [run], reason))
    return groups


def _basis(run: Evaluated) -> dict[str, Any]:
    images = {
        "test images": run.data.test_fingerprint,
        "training images": run.data.train_fingerprint,
    }
    if isinstance(run, StoredSamples):
        return images
    data = run.config.data
    return {
        **images,
        "validation split": (data.validation_images, data.validation_fraction, data.split_seed),
        "binarization": data.binarize,
        "unit of the likelihood": run.capabilities.unit,
    }


def _conditions(run: Evaluated, columns: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    metrics = run.read_evaluation().get("metrics", {})
    names = columns or [name for name in metrics if metrics[name].get("is_headline")]
    return {
        name: tuple(metrics[name].get(condition) for condition in CONDITIONS)
        for name in names
        if name in metrics
    }


def _differences(
    group: Group, basis: dict[str, Any], conditions: dict[str, tuple[Any, ...]]
) -> list[str]:
    """What keeps a run out of a group."""
    found = [
        f"different {name}"
        for name, value in basis.items()
        if name in group.basis and group.basis[name] != value
    ]
    for name, values in conditions.items():
        if name in group.conditions and group.conditions[name] != values:
            pairs = zip(CONDITIONS.values(), values, group.conditions[name], strict=True)
            differing = [condition for condition, mine, theirs in pairs if mine != theirs]
            found.append(f"{name} by a different {' and '.join(differing)}")
    return found
