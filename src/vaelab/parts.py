"""Exchangeable parts. A family of parts is a table: `kind` -> its settings and what builds it.

A table imports no torch: it names what builds a part as "module:attribute", which is imported when
the first part is built. So the command line can read and explain any configuration at once.
"""

import dataclasses
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from vaelab.errors import entry

MOST_LAYERS = 1000
"""Of a stack whose depth is a setting; its layers are built one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Base of a group of settings."""

    def requirements(self) -> dict[str, bool]:
        """Conditions on the values of the fields, each with whether it is met.

        A condition starts with the name of a field, as in "components must be at least 1".
        """
        return {}

    def requirements_of_data(self, data: Any) -> dict[str, bool]:
        """Conditions on the settings of the images, as `requirements`; they name a field fully."""
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class PartConfig(Settings):
    """Base of the settings of a part.

    Attributes:
        kind: the key of the part in the table of its family.
    """

    TABLE: ClassVar[str]

    kind: str


@dataclass(frozen=True, slots=True)
class Part:
    """One alternative of a family.

    Attributes:
        config: the class of its settings.
        target: the function or class that builds it, or "module:attribute". It takes the settings
            first; the other arguments depend on the family.
    """

    config: type[PartConfig]
    target: str | Callable[..., Any]

    @property
    def builder(self) -> Callable[..., Any]:
        """What builds the part."""
        return resolve(self.target) if isinstance(self.target, str) else self.target


def family(base: type[PartConfig]) -> dict[str, Part]:
    """The table of the family whose settings derive from `base`."""
    table: dict[str, Part] = resolve(base.TABLE)
    return table


def build(config: PartConfig, *arguments: Any) -> Any:
    """The part that `config` describes.

    Raises:
        InputError: if the family has no part of that kind.
    """
    table = family(type(config))
    return entry(_title(config), config.kind, table).builder(config, *arguments)


def resolve(target: str) -> Any:
    """The object that "module:attribute" names."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _title(config: PartConfig) -> str:
    """The name of the family, for messages."""
    return type(config).TABLE.rpartition(":")[2].removesuffix("S").lower().replace("_", " ")


def keyword_arguments(config: PartConfig) -> dict[str, Any]:
    """The fields of settings without `kind`, for a builder that takes them as arguments."""
    names = (each.name for each in dataclasses.fields(config))
    return {name: getattr(config, name) for name in names if name != "kind"}
