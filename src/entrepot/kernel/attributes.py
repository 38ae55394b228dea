"""Typed extra attributes: what a tenant defines about SKUs or nodes, and values checked by it.

A definition names a type and, for choices, the allowed values. Values are what rules read:
texts, whole numbers, booleans and lists of texts. A decimal is kept as its exact text (`-18.5`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from entrepot.kernel.refusals import FieldError

AttributeType = Literal["text", "integer", "decimal", "boolean", "choice", "choices"]
AttributeName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$(?!\n)")]
AttributeValue = str | int | bool | list[str]
AttributeValues = dict[AttributeName, AttributeValue]
_Choice = Annotated[str, Meta(max_length=60, pattern=r"^[^|\s]([^|\n]*[^|\s])?$(?!\n)")]
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?\Z")
_LONGEST_TEXT = 200


class NewAttribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A definition to be. `allowed` is for choice and choices; `names` are by language."""

    name: AttributeName
    type: AttributeType
    allowed: Annotated[list[_Choice], Meta(max_length=200)] = []
    names: dict[str, Annotated[str, Meta(min_length=1, max_length=120)]] = {}


class Attribute(msgspec.Struct, frozen=True):
    """A definition as it is shown."""

    name: str
    type: str
    allowed: list[str]
    names: dict[str, str]


def definition_faults(new: NewAttribute) -> list[FieldError]:
    """What is wrong with a definition."""
    chooses = new.type in ("choice", "choices")
    if chooses and not new.allowed:
        return [FieldError("allowed", "missing", "name the values that may be chosen")]
    if not chooses and new.allowed:
        return [FieldError("allowed", "not_for_this_type", "only choices have allowed values")]
    if len(set(new.allowed)) < len(new.allowed):
        return [FieldError("allowed", "double", "a value stands here twice")]
    return []


def value_faults(
    values: Mapping[str, AttributeValue], definitions: Iterable[Attribute], *, path: str
) -> list[FieldError]:
    """Everything wrong with `values`; `path` is where they stand, such as `attributes`."""
    known = {one.name: one for one in definitions}
    found: list[FieldError] = []
    for name, value in values.items():
        definition = known.get(name)
        at = f"{path}.{name}"
        if definition is None:
            found.append(FieldError(at, "unknown_attribute", "no such attribute is defined"))
        elif (wrong := _fault(value, definition)) is not None:
            found.append(FieldError(at, "bad_value", wrong))
    return found


def _fault(value: AttributeValue, definition: Attribute) -> str | None:
    fits = False
    match definition.type:
        case "text":
            fits = isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST_TEXT
        case "integer":
            fits = type(value) is int and abs(value) <= 10**12
        case "decimal":
            fits = isinstance(value, str) and _DECIMAL.match(value) is not None
        case "boolean":
            fits = isinstance(value, bool)
        case "choice":
            fits = isinstance(value, str) and value in definition.allowed
        case "choices":
            fits = isinstance(value, list) and _all_once(value, definition.allowed)
    if fits:
        return None
    of = f" of {', '.join(definition.allowed[:10])}" if definition.allowed else ""
    return f"must be a {definition.type}{of}"


def _all_once(values: list[str], allowed: list[str]) -> bool:
    return set(values) <= set(allowed) and len(set(values)) == len(values)


def tidy(values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """Values as a cell of a sheet can hold them: texts trimmed, no choice at all is no value."""
    trimmed = {n: v.strip() if isinstance(v, str) else v for n, v in sorted(values.items())}
    return {name: value for name, value in trimmed.items() if value != []}


def read_text(text: str, definition: Attribute) -> AttributeValue:
    """The value that a cell of a sheet means; what fits no type stays text and is refused later."""
    match definition.type:
        case "boolean" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "integer" if re.fullmatch(r"-?[0-9]{1,13}", text):
            return int(text)
        case "choices":
            return [part.strip() for part in text.split("|") if part.strip()]
    return text


def write_text(value: AttributeValue) -> str | int:
    """The cell of a value; `read_text` gives it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "|".join(value) if isinstance(value, list) else value


def demands(values: Mapping[str, AttributeValue]) -> list[str]:
    """The names of the boolean attributes that are true: what the thing needs, or offers."""
    return sorted(name for name, value in values.items() if value is True)
