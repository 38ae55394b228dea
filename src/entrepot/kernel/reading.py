"""Strict reading of JSON documents: every error at once, each with its place.

msgspec stops at the first error, which is right for a request and wrong for a file that
somebody has to mend. `read` therefore converts once, and only when that fails walks the document
field by field. Numbers with a fraction or an exponent, NaN, and objects that name a key twice are
refused: amounts, grams and millimetres are whole numbers, and the second of two equal keys would
silently win.
"""

import json
import types
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid, Unparsable

T = TypeVar("T")

MOST_ERRORS = 1000
"""A hopeless document is cut off here, so that the answer stays readable."""


class _Repeated(dict[str, Any]):
    """An object in which some keys stood more than once; `keys_twice` names them."""

    keys_twice: list[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = _Repeated(plain)
    names = [name for name, _ in pairs]
    marked.keys_twice = sorted({name for name in names if names.count(name) > 1})
    return marked


def parse(raw: bytes | str) -> Any:
    """The JSON document as Python values, or Unparsable. Fractions stay text (and fail later)."""
    try:
        return json.loads(
            raw, object_pairs_hook=_object, parse_float=_fraction, parse_constant=_fraction
        )
    except (ValueError, RecursionError) as error:
        raise Unparsable(f"not a JSON document: {error}") from error


def _fraction(text: str) -> str:
    return f"number with a fraction: {text}"


def read(raw: bytes | str, kind: type[T]) -> T:
    """The document as a value of `kind`. Raises Unparsable, or Invalid with all errors."""
    return convert(parse(raw), kind)


def convert(document: object, kind: type[T]) -> T:
    """A parsed document as a value of `kind`. Raises Invalid with every error and its place."""
    errors = _repeated_keys(document, "")
    if not errors:
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError:
            errors = faults_of(document, kind)
    raise Invalid("the document has errors", errors=errors[:MOST_ERRORS])


def faults_of(document: object, kind: Any, *, strict: bool = True) -> list[FieldError]:
    """Every fault of a parsed document as `kind`, with its place (`items[2].quantity`).

    Not `strict`: texts that stand for numbers are numbers, as in forms.
    """
    errors: list[FieldError] = []
    _walk(document, kind, "", errors, strict)
    return errors


def _repeated_keys(value: object, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    if isinstance(value, dict):
        if isinstance(value, _Repeated):
            found += [
                FieldError(_at(path, key), "duplicate_key", "this key stands more than once")
                for key in value.keys_twice
            ]
        for key, item in value.items():
            found += _repeated_keys(item, _at(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _repeated_keys(item, f"{path}[{index}]")
    return found


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _walk(value: Any, annotation: Any, path: str, errors: list[FieldError], strict: bool) -> None:
    """Add every error inside `value`; parts that convert are not looked into."""
    try:
        msgspec.convert(value, annotation, strict=strict)
        return
    except msgspec.ValidationError as error:
        message = str(error)
    before = len(errors)
    _drill(value, annotation, path, errors, strict)
    if len(errors) == before:
        errors.append(_error(path, message))


def _drill(value: Any, annotation: Any, path: str, errors: list[FieldError], strict: bool) -> None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        _drill(value, arguments[0], path, errors, strict)
    elif origin in (Union, types.UnionType):
        member = _member(value, arguments)
        if member is not None:
            _drill(value, member, path, errors, strict)
    elif isinstance(value, list) and origin in (list, tuple, set, frozenset):
        fixed = origin is tuple and arguments[-1] is not Ellipsis
        for index, item in enumerate(value):
            kind = arguments[min(index, len(arguments) - 1)] if fixed else arguments[0]
            _walk(item, kind, f"{path}[{index}]", errors, strict)
    elif isinstance(value, dict) and origin is dict:
        for key, item in value.items():
            _walk(key, arguments[0], _at(path, str(key)), errors, strict)
            _walk(item, arguments[1], _at(path, str(key)), errors, strict)
    elif isinstance(value, dict) and _is_struct(annotation):
        _drill_struct(value, annotation, path, errors, strict)


def _is_struct(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _member(value: Any, members: tuple[Any, ...]) -> Any:
    """The member of a union that the value means to be: by its tag, else the only fit."""
    members = tuple(get_args(m)[0] if get_origin(m) is Annotated else m for m in members)
    if isinstance(value, dict):
        structs = [member for member in members if _is_struct(member)]
        for member in structs:
            config = member.__struct_config__
            if config.tag_field and value.get(config.tag_field) == config.tag:
                return member
        untagged = [member for member in structs if not member.__struct_config__.tag_field]
        others = [member for member in members if get_origin(member) is dict]
        return next(iter(untagged + others), None)
    if isinstance(value, list):
        return next((m for m in members if get_origin(m) in (list, tuple, set, frozenset)), None)
    return None


def _drill_struct(
    value: dict[str, Any],
    kind: type[msgspec.Struct],
    path: str,
    errors: list[FieldError],
    strict: bool,
) -> None:
    hints = get_type_hints(kind, include_extras=True)
    config = kind.__struct_config__
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in fields.items():
        if name in value:
            _walk(value[name], hints[field.name], _at(path, name), errors, strict)
        elif field.required:
            errors.append(FieldError(_at(path, name), "missing", "this field is required"))
    if config.forbid_unknown_fields:
        known = set(fields) | ({config.tag_field} if config.tag_field else set())
        for name in sorted(set(value) - known):
            errors.append(FieldError(_at(path, name), "unknown_field", "no such field"))


def _error(path: str, message: str) -> FieldError:
    text, _, place = message.partition(" - at `$")
    if place:
        path = (path + place.rstrip("`")).lstrip(".")
    if text.startswith("Invalid"):
        code = "bad_value"
    elif "got" in text and "of length" not in text:
        code = "wrong_type"
    else:
        code = "out_of_range"
    return FieldError(path, code, text)
