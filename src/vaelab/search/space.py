"""What is searched: fields of a configuration, each with the values that it may take.

As written on the command line:

    training.learning_rate=1e-4..1e-2:log    any value between, as likely small as large
    model.latent_size=2..40                  any whole number between
    objective.beta=0.5,1,2,4                 one of these
    model.network.widths=400/512,256         one of these, which hold commas themselves
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
    """A field that takes any number between two, these included.

    Attributes:
        field: its dotted name.
        low: the least.
        high: the greatest; whole as the least is where the field takes whole numbers.
        log: whether the logarithm is what is drawn evenly at first.
    """

    field: str
    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return f"{self.field}={self.low!r}..{self.high!r}{':log' if self.log else ''}"

    @property
    def samples(self) -> tuple[str, ...]:
        """Values that stand for all of them when settings are checked."""
        return repr(self.low), repr(self.high)

    def suggest(self, trial: "BaseTrial") -> str:
        """The value of a trial, as settings are written."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return repr(trial.suggest_int(self.field, self.low, self.high, log=self.log))
        return repr(trial.suggest_float(self.field, self.low, self.high, log=self.log))


@dataclass(frozen=True, slots=True)
class Choices:
    """A field that takes one of several values, in no order.

    Attributes:
        field: its dotted name.
        samples: the values, as settings are written.
    """

    field: str
    samples: tuple[str, ...]

    def __str__(self) -> str:
        separator = "/" if any("," in value for value in self.samples) else ","
        return f"{self.field}={separator.join(self.samples)}"

    def suggest(self, trial: "BaseTrial") -> str:
        """The value of a trial, as settings are written."""
        return str(trial.suggest_categorical(self.field, self.samples))


Dimension = Range | Choices


def read_space(config: Config, texts: Sequence[str]) -> tuple[Dimension, ...]:
    """The fields to search over, from the way they are written on the command line.

    Args:
        config: that they are fields of.
        texts: one for each field.

    Raises:
        InputError: on what is no field, naming the nearest, and on values that it cannot take.
    """
    if not texts:
        raise InputError(f"a search needs fields to search over: --over {_FORMS}")
    space = tuple(_read(config, text) for text in texts)
    for dimension in space:
        others = [other for other in space if other is not dimension]
        if dimension.field in (other.field for other in others):
            raise InputError(f"--over names {dimension.field} twice")
        # What one value brings, such as the fields of a prior, another may need.
        for value in dimension.samples:
            with_settings(
                config,
                {other.field: other.samples[0] for other in others} | {dimension.field: value},
            )
    return space


def _read(config: Config, text: str) -> Dimension:
    field, equals, values = text.partition("=")
    field = field.removesuffix(".kind")
    if not (field and equals and values):
        raise InputError(f"--over takes {_FORMS}, found {text!r}")
    if field.split(".")[0] == "data":
        raise InputError(f"{field} is not searched: losses on other images cannot be compared")
    match = _RANGE.fullmatch(values)
    if match is None:
        return _choices(field, values)
    low, high = (_number(config, field, match[end]) for end in ("low", "high"))
    if not low < high:
        raise InputError(f"--over {field}: {low!r} is not below {high!r}")
    if match["log"] and low <= 0:
        raise InputError(f"--over {field}: :log needs values above 0, found {low!r}")
    return Range(field, low, high, log=match["log"] is not None)


def _choices(field: str, text: str) -> Choices:
    values = tuple(text.split("/" if "/" in text else ","))
    if len(set(values)) < 2 or len(set(values)) < len(values):
        raise InputError(f"--over {field} needs several values, each once, found {text!r}")
    return Choices(field, values)


def _number(config: Config, field: str, text: str) -> float:
    """The end of a range, as the field takes it."""
    value: Any = reduce(getattr, field.split("."), with_settings(config, {field: text}))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{field} takes no range: name its values, such as {field}=A,B")
    return value
