"""Configurations to and from JSON, and changed field by field as on the command line."""

import ast
import dataclasses
import functools
import inspect
import itertools
import math
import textwrap
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from vaelab.config import SCHEMA_VERSION, ClassifierConfig, Config, check
from vaelab.documents import require_bounded, require_printable
from vaelab.errors import InputError, unknown_name
from vaelab.parts import PartConfig, family

AnyConfig = Config | ClassifierConfig
C = TypeVar("C", bound=Config | ClassifierConfig)
T = TypeVar("T")


def to_dict(config: AnyConfig) -> dict[str, Any]:
    """Plain values for JSON, with the schema version."""
    return {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(config)}


def from_dict(values: Mapping[str, Any], kind: type[C]) -> C:
    """The inverse of `to_dict`, for a configuration of that kind.

    Raises:
        InputError: on another schema version, an unknown field or a value of the wrong type.
    """
    version = values.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"configuration of schema version {version!r}, this vaelab reads {SCHEMA_VERSION}"
        )
    fields = {name: value for name, value in values.items() if name != "schema_version"}
    config: C = _read(kind, fields, "")
    check(config)
    return config


def read_as(kind: type[T], values: Any, where: str) -> T:
    """A dataclass from plain values, such as JSON.

    Raises:
        InputError: on a field that is missing, unknown or of another type, naming it.
    """
    read: T = _read_dataclass(kind, values, where)
    return read


def with_settings(config: C, settings: Mapping[str, str]) -> C:
    """`config` with fields replaced, named and written as on the command line.

    `{"training.epochs": "3", "model.network.widths": "512,256", "model.prior": "mixture"}`: a
    dotted name reaches inside, a list is separated by commas, `none` clears an optional field,
    and naming a `kind` takes that alternative with its own defaults.

    Raises:
        InputError: on an unknown field or a value of the wrong type, naming the nearest field.
    """
    # Alternatives first, so that settings inside them find their fields whatever the order.
    chosen = {name.removesuffix(".kind"): text for name, text in settings.items()}
    for name in sorted(chosen, key=lambda name: (name.count("."), name)):
        config = _with_setting(config, name, chosen[name])
    check(config)
    return config


def _with_setting(config: C, name: str, text: str) -> C:
    values = dataclasses.asdict(config)
    *parents, last = name.split(".")
    inner = values
    for depth, parent in enumerate(parents):
        inner = _descend(inner, parent, ".".join(parents[:depth]))
    _require_field(inner, last, ".".join(parents))
    if not isinstance(inner[last], dict):
        inner[last] = text
    elif "kind" not in inner[last]:
        raise InputError(f"{name} is a group: set one of its fields, {', '.join(inner[last])}")
    elif inner[last]["kind"] != text:
        inner[last] = {"kind": text}
    changed: C = _read(type(config), values, "")
    return changed


def field_help() -> list[tuple[str, str]]:
    """The dotted name of every field, alternatives included, and its docstring."""
    return _help_of(Config, "")


def help_of(config: AnyConfig) -> dict[str, str]:
    """The help of every field of a configuration, by its dotted name as in `describe_fields`."""
    return _help_within(config, "")


def _help_within(group: Any, prefix: str) -> dict[str, str]:
    kind: Any = type(group)
    texts = {f"{prefix}{name}": text for name, text in _field_docstrings(kind).items()}
    for name, hint in _hints(kind).items():
        value = getattr(group, name)
        if dataclasses.is_dataclass(value):
            texts[f"{prefix}{name}.kind"] = " | ".join(_alternatives(hint))
            texts |= _help_within(value, f"{prefix}{name}.")
    return texts


def _help_of(kind: Any, prefix: str) -> list[tuple[str, str]]:
    texts = dict[str, str]()
    docstrings = _field_docstrings(kind)
    for name, hint in _hints(kind).items():
        members = _alternatives(hint)
        if len(members) > 1:
            texts[prefix + name] = " | ".join(members)
        elif name in docstrings:
            texts[prefix + name] = docstrings[name]
        for member in members.values():
            # Alternatives share some fields; each is listed once.
            for inner, text in _help_of(member, f"{prefix}{name}."):
                texts.setdefault(inner, text)
    return list(texts.items())


@functools.cache
def _field_docstrings(kind: Any) -> dict[str, str]:
    """The string literal below each field of a dataclass, and of those that it derives from."""
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except OSError:
        return {}  # made at run time, from a user's function
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, text in itertools.pairwise(definition.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = str(text.value.value)
    return found


def differences(mine: AnyConfig, other: AnyConfig) -> list[str]:
    """The dotted names of the fields in which two configurations differ, with both values."""
    left, right = _flat(dataclasses.asdict(mine)), _flat(dataclasses.asdict(other))
    return [
        f"{name}: {left.get(name)} / {right.get(name)}"
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ]


def describe_fields(config: AnyConfig) -> list[tuple[str, str]]:
    """The dotted name and value of every field, as `--set` takes them."""
    return [(name, _as_text(value)) for name, value in _flat(dataclasses.asdict(config)).items()]


def _as_text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= (
            _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
        )
    return flat


def _require_field(values: Mapping[str, Any], name: str, where: str) -> None:
    if name not in values:
        raise unknown_name(f"field of {where or 'the configuration'}", name, values)


def _descend(values: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    _require_field(values, name, where)
    inner = values[name]
    if not isinstance(inner, dict):
        raise InputError(f"{where + '.' if where else ''}{name} has no fields inside it")
    return inner


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """The types of the fields of a dataclass."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _alternatives(annotation: Any) -> dict[str, Any]:
    """The dataclasses that a field may hold, by kind; by name where there is no choice."""
    if isinstance(annotation, type) and issubclass(annotation, PartConfig):
        return {kind: part.config for kind, part in family(annotation).items()}
    members = typing.get_args(annotation) or (annotation,)
    classes = [member for member in members if dataclasses.is_dataclass(member)]
    return {
        str(each.__dataclass_fields__["kind"].default) if len(classes) > 1 else "": each
        for each in classes
    }


def _read(annotation: Any, value: Any, where: str) -> Any:
    """`value`, from JSON or as text from the command line, as the type `annotation`."""
    if isinstance(annotation, type) and issubclass(annotation, PartConfig):
        return _read_part(annotation, value, where)
    if dataclasses.is_dataclass(annotation):
        return _read_dataclass(annotation, value, where)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _read_union(annotation, value, where)
    if typing.get_origin(annotation) is Literal:
        (only,) = typing.get_args(annotation)
        if value != only:
            raise unknown_name(where, str(value), [only])
        return only
    if typing.get_origin(annotation) is tuple:
        kind = typing.get_args(annotation)[0]
        items = value.split(",") if isinstance(value, str) else value
        if items == [""]:
            items = []
        # A list of numbers sizes something; one of names may be empty.
        if not isinstance(items, list | tuple) or (kind is int and not items):
            raise _ill_typed(where, "integers separated by commas", value)
        return tuple(_read(kind, item, where) for item in items)
    return _read_scalar(annotation, value, where)


def _read_dataclass(annotation: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _ill_typed(where, "a group of fields", value)
    hints = _hints(annotation)
    for name in value:
        _require_field(hints, name, where)
    for field in dataclasses.fields(annotation):
        has_default = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if field.name not in value and not has_default:
            raise InputError(f"{where}.{field.name} is missing".lstrip("."))
    inner = f"{where}." if where else ""
    return annotation(**{name: _read(hints[name], value[name], inner + name) for name in value})


def _read_union(annotation: Any, value: Any, where: str) -> Any:
    members = typing.get_args(annotation)
    if type(None) in members:
        if value is None or value == "none":
            return None
        (member,) = (member for member in members if member is not type(None))
        return _read(member, value, where)
    return _read_part(annotation, value, where)


def _read_part(annotation: Any, value: Any, where: str) -> Any:
    """One of several alternatives, which `kind` names."""
    if isinstance(value, str):
        value = {"kind": value}
    if not isinstance(value, Mapping):
        raise _ill_typed(where, "a group of fields", value)
    by_kind, kind = _alternatives(annotation), value.get("kind")
    if not isinstance(kind, str) or kind not in by_kind:
        raise unknown_name(where, str(kind), by_kind)
    return _read_dataclass(by_kind[kind], value, where)


_TRUTH = {"true": True, "false": False}


def _read_scalar(kind: type, value: Any, where: str) -> Any:
    """A bool, int, float or str; from JSON by its type, from text by its form."""
    if kind is bool and isinstance(value, str):
        value = _TRUTH.get(value.lower(), value)
    elif kind in (int, float) and isinstance(value, str):
        try:
            value = kind(value)
        except ValueError:
            raise _ill_typed(where, kind.__name__, value) from None
    if isinstance(value, int):
        require_bounded(where, value)
        value = float(value) if kind is float and type(value) is int else value
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if type(value) is not kind or not is_finite:
        raise _ill_typed(where, kind.__name__, value)
    if isinstance(value, str):
        require_printable(where, value)
    return value


def _ill_typed(where: str, expected: str, found: Any) -> InputError:
    return InputError(f"{where} takes {expected}, found {found!r:.80}")
