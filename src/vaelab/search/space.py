"""The search space: fields of a configuration, each with its possible values.

On the command line:

    training.learning_rate=1e-4..1e-2:log    a number in a range, sampled on a log scale
    model.latent_size=2..40                  an integer in a range
    objective.beta=0.5,1,2,4                 one of these values
    model.network.widths=400/512,256         one of these values, which contain commas
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from vaelab.config import Config
from vaelab.errors import InputError
from vaelab.settings import with_settings

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

_RANGE = re.compile(r"(?P<low>.+?)\.\.(?P<high>.+?)(?P<log>:log)?")
_FORMS = "FIELD=LOW..HIGH, FIELD=LOW..HIGH:log or FIELD=A,B,C"


@dataclass(frozen=True, slots=True)
class Range:
    """A field that takes any number in a closed range.

    Attributes:
        field: its dotted name.
        low: the minimum.
        high: the maximum; both are integers if the field takes integers.
        log: whether values are sampled on a log scale.
    """

    field: str
    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.field}={self.low!r}..{self.high!r}{':log' if self.log else ''}"

    @property
    def examples(self) -> tuple[str, ...]:
        """The values for which the configuration is checked."""
        return repr(self.low), repr(self.high)

    def suggest(self, trial: "BaseTrial") -> str:
        """The value of a trial, as a setting."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return repr(trial.suggest_int(self.field, self.low, self.high, log=self.log))
        return repr(trial.suggest_float(self.field, self.low, self.high, log=self.log))


@dataclass(frozen=True, slots=True)
class Choices:
    """A field that takes one of several values, without an order.

    Attributes:
        field: its dotted name.
        examples: the values, as settings; the configuration is checked for each of them.
    """

    field: str
    examples: tuple[str, ...]

    def __str__(self) -> str:
        separator = "/" if any("," in value for value in self.examples) else ","
        return f"{self.field}={separator.join(self.examples)}"

    def suggest(self, trial: "BaseTrial") -> str:
        """The value of a trial, as a setting."""
        return str(trial.suggest_categorical(self.field, self.examples))


SearchDimension = Range | Choices


def read_space(config: Config, texts: Sequence[str]) -> tuple[SearchDimension, ...]:
    """Read a search space in the form of the command line.

    Args:
        config: the configuration to search over.
        texts: one for each field.

    Raises:
        InputError: on an unknown field, or values that it cannot take.
    """
    if not texts:
        raise InputError(f"a search needs a search space: --space {_FORMS}")
    space = tuple(_read(config, text) for text in texts)
    for dimension in space:
        others = [other for other in space if other is not dimension]
        if dimension.field in (other.field for other in others):
            raise InputError(f"--space names {dimension.field} twice")
        # A field of the space may exist only for a value of another, such as a kind of prior.
        for value in dimension.examples:
            with_settings(
                config,
                {other.field: other.examples[0] for other in others} | {dimension.field: value},
            )
    return space


def _read(config: Config, text: str) -> SearchDimension:
    field, equals, values = text.partition("=")
    field = field.removesuffix(".kind")
    if not (field and equals and values):
        raise InputError(f"--space takes {_FORMS}, found {text!r}")
    if field.split(".")[0] == "data":
        raise InputError(
            f"{field} cannot be searched over: losses on different images are not comparable"
        )
    match = _RANGE.fullmatch(values)
    if match is None:
        return _choices(field, values)
    low, high = (_number(config, field, match[end]) for end in ("low", "high"))
    if not low < high:
        raise InputError(f"--space {field}: {low!r} is not less than {high!r}")
    if match["log"] and low <= 0:
        raise InputError(f"--space {field}: :log needs positive values, found {low!r}")
    return Range(field, low, high, log=match["log"] is not None)


def _choices(field: str, text: str) -> Choices:
    values = tuple(text.split("/" if "/" in text else ","))
    if len(set(values)) < 2 or len(set(values)) < len(values):
        raise InputError(f"--space {field} needs at least two different values, found {text!r}")
    return Choices(field, values)


def _number(config: Config, field: str, text: str) -> float:
    """A limit of a range, as a number of the field's type."""
    value: Any = reduce(getattr, field.split("."), with_settings(config, {field: text}))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{field} takes no range; list its values, such as {field}=A,B")
    return value
