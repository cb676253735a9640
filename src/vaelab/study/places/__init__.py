"""Where the runs of a study are carried out; `PLACES` is the table of them."""

import dataclasses
from typing import Any

from vaelab.errors import InputError, entry
from vaelab.study.places.here import Here
from vaelab.study.places.on_ray import OnRay
from vaelab.study.places.place import Place
from vaelab.study.places.workers import Workers

# The fields of each are the options that it takes.
PLACES: dict[str, type[Here | Workers | OnRay]] = {
    "here": Here,
    "workers": Workers,
    "ray": OnRay,
}


def place_named(name: str, **options: float | None) -> Place:
    """The place of that name.

    Args:
        name: in the table.
        options: those that were given; None stands for one that was not.

    Raises:
        InputError: if there is none of that name, naming the nearest, or it has no such option.
    """
    kind: Any = entry("place", name, PLACES)
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in _options(kind):
            takers = [other for other, each in PLACES.items() if option in _options(each)]
            raise InputError(f"--{option} is for --on {' or '.join(takers)}, not for {name}")
    place: Place = kind(**given)
    return place


def _options(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


__all__ = ["PLACES", "Here", "OnRay", "Place", "Workers", "place_named"]
