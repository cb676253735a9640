"""Where the runs of a study are executed; `EXECUTORS` is the table."""

import dataclasses
from typing import Any

from vaelab.errors import InputError, entry
from vaelab.studies.executors.executor import Executor
from vaelab.studies.executors.local import LocalExecutor
from vaelab.studies.executors.processes import ProcessExecutor
from vaelab.studies.executors.ray_cluster import RayExecutor

# The fields of an executor are its options on the command line.
EXECUTORS: dict[str, type[LocalExecutor | ProcessExecutor | RayExecutor]] = {
    "local": LocalExecutor,
    "processes": ProcessExecutor,
    "ray": RayExecutor,
}


def executor_named(name: str, **options: float | None) -> Executor:
    """The executor of that name.

    Args:
        name: a key of `EXECUTORS`.
        options: its options; None for an option that was not given.

    Raises:
        InputError: if there is no such executor, or it has no such option.
    """
    kind: Any = entry("executor", name, EXECUTORS)
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in _options(kind):
            others = [other for other, each in EXECUTORS.items() if option in _options(each)]
            raise InputError(
                f"--{option} is an option of --executor {' or '.join(others)}, not of {name}"
            )
    executor: Executor = kind(**given)
    return executor


def _options(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


__all__ = [
    "EXECUTORS",
    "Executor",
    "LocalExecutor",
    "ProcessExecutor",
    "RayExecutor",
    "executor_named",
]
