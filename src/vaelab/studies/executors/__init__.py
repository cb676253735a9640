"""Where the runs of a study are carried out; `EXECUTORS` is the table of them."""

import dataclasses
from typing import Any

from vaelab.errors import InputError, entry
from vaelab.studies.executors.executor import Executor
from vaelab.studies.executors.local import LocalExecutor
from vaelab.studies.executors.processes import ProcessExecutor
from vaelab.studies.executors.ray_cluster import RayExecutor

# The fields of each are the options that it takes.
EXECUTORS: dict[str, type[LocalExecutor | ProcessExecutor | RayExecutor]] = {
    "local": LocalExecutor,
    "processes": ProcessExecutor,
    "ray": RayExecutor,
}


def executor_named(name: str, **options: float | None) -> Executor:
    """The executor of that name.

    Args:
        name: in the table.
        options: those that were given; None stands for one that was not.

    Raises:
        InputError: if there is none of that name, naming the nearest, or it has no such option.
    """
    kind: Any = entry("executor", name, EXECUTORS)
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in _options(kind):
            takers = [other for other, each in EXECUTORS.items() if option in _options(each)]
            raise InputError(f"--{option} is for --executor {' or '.join(takers)}, not for {name}")
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
