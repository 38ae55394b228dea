"""Reading what people send: strict, and with every problem at once.

msgspec decodes in one pass and stops at the first fault. That is the fast way; when it fails,
the document is walked once more, field by field, to collect everything that is wrong.
"""

import re
import types
import typing
from typing import TypeVar

import msgspec
from msgspec import inspect as kinds

from entrepot.kernel.refusals import FieldError, Invalid, Unparsable

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_MOST_ERRORS = 1000
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_WHERE = re.compile(r" - at `\$?(?P<path>[^`]*)`$")


def decode_json(body: bytes, kind: type[T]) -> T:
    """The JSON document as `kind`.

    Raises Unparsable (400) when it is no JSON, Invalid (422) naming every wrong field.
    """
    try:
        value = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return _all_errors(_parse(body), kind)
    except _BROKEN as error:
        raise _unparsable(error) from error
    if b"\\u0000" in body or b"\\ud" in body.lower():
        _refuse(unstorable_texts(_parse(body), ""))
    return value


def convert(raw: object, kind: type[T], *, strict: bool = True) -> T:
    """Plain values (a form, a row of a table) as `kind`; Invalid names every wrong field."""
    try:
        value = msgspec.convert(raw, kind, strict=strict)
    except msgspec.ValidationError:
        return _all_errors(raw, kind, strict=strict)
    _refuse(unstorable_texts(raw, ""))
    return value


def unstorable_texts(raw: object, path: str) -> list[FieldError]:
    """Texts with NUL or half characters, which no database keeps."""
    if isinstance(raw, str):
        if _UNSTORABLE.search(raw):
            return [FieldError(path, "unstorable_text", "holds a character that cannot be kept")]
        return []
    if isinstance(raw, dict):
        found = [
            FieldError(path, "unstorable_text", "a field name cannot be kept")
            for key in raw
            if isinstance(key, str) and _UNSTORABLE.search(key)
        ]
        return found + [e for k, v in raw.items() for e in unstorable_texts(v, _join(path, str(k)))]
    if isinstance(raw, list):
        return [e for i, v in enumerate(raw) for e in unstorable_texts(v, f"{path}[{i}]")]
    return []


def _parse(body: bytes) -> object:
    """A document that stopped early as the wrong type may still be no JSON further on."""
    try:
        return msgspec.json.decode(body)
    except _BROKEN as error:
        raise _unparsable(error) from error


def _unparsable(error: Exception) -> Unparsable:
    return Unparsable("the body is not valid JSON", reason=str(error)[:200])


def _all_errors(raw: object, kind: type[T], *, strict: bool = True) -> T:
    errors = errors_of(raw, kind, strict=strict) + unstorable_texts(raw, "")
    if not errors:  # rules that span fields are reported by the whole document
        try:
            return msgspec.convert(raw, kind, strict=strict)
        except msgspec.ValidationError as error:
            errors = [_from_message(error, "")]
    _refuse(errors)
    raise AssertionError("unreachable: errors were found")


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        shown = errors[:_MOST_ERRORS]
        places = ", ".join(error.path or "(document)" for error in shown[:5])
        raise Invalid(f"{len(errors)} things are wrong: {places}", errors=shown)


def errors_of(
    raw: object, kind: object, path: str = "", *, strict: bool = True
) -> list[FieldError]:
    """Every fault of `raw` as `kind`, each with its place (`items[2].quantity`)."""
    struct = _struct_of(kind)
    if struct is not None and isinstance(raw, dict):
        return _struct_errors(raw, struct, path, strict=strict)
    item = _item_of(kind)
    if item is not None and isinstance(raw, list):
        inner = [
            e for i, v in enumerate(raw) for e in errors_of(v, item, f"{path}[{i}]", strict=strict)
        ]
        if inner:
            return inner
    try:
        msgspec.convert(raw, kind, strict=strict)
    except msgspec.ValidationError as error:
        return [_from_message(error, path)]
    return []


def _struct_errors(
    raw: dict[object, object], struct: type[msgspec.Struct], path: str, *, strict: bool
) -> list[FieldError]:
    info = kinds.type_info(struct)
    assert isinstance(info, kinds.StructType)
    hints = typing.get_type_hints(struct, include_extras=True)
    known = {field.encode_name: field for field in info.fields}
    errors = [
        FieldError(_join(path, str(name)), "unknown_field", "is not a field here")
        for name in raw
        if name not in known and info.forbid_unknown_fields
    ]
    for name, field in known.items():
        place = _join(path, name)
        if name in raw:
            errors += errors_of(raw[name], hints[field.name], place, strict=strict)
        elif field.required:
            errors.append(FieldError(place, "missing", "is required"))
    return errors


def _struct_of(kind: object) -> type[msgspec.Struct] | None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    for part in _parts(kind):
        found = _struct_of(part)
        if found is not None:
            return found
    return None


def _item_of(kind: object) -> object | None:
    if typing.get_origin(kind) is list:
        return typing.get_args(kind)[0]  # type: ignore[no-any-return]
    for part in _parts(kind):
        found = _item_of(part)
        if found is not None:
            return found
    return None


def _parts(kind: object) -> tuple[object, ...]:
    """Members of a union, or what is annotated; nothing for other types."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return (typing.get_args(kind)[0],)
    if origin is typing.Union or origin is types.UnionType:
        return typing.get_args(kind)
    return ()


def _from_message(error: msgspec.ValidationError, path: str) -> FieldError:
    text = str(error)
    where = _WHERE.search(text)
    place = path
    if where:
        text = text[: where.start()]
        place = _join(path, where["path"].lstrip("."))
    code = "wrong_type" if text.startswith("Expected") and ", got" in text else "wrong_value"
    return FieldError(place, code, text[:300])


def _join(path: str, name: str) -> str:
    if not path or not name or name.startswith("["):
        return path + name
    return f"{path}.{name}"
