"""Reading what people send: strict, and with every problem at once.

msgspec decodes in one pass and stops at the first fault. That is the fast way; when it fails,
`kernel.reading` walks the document once more, field by field, and collects everything that is
wrong. Here is added what no database keeps.
"""

import json
import math
import re
from typing import TypeVar

import msgspec

from entrepot.kernel.reading import MOST_ERRORS, faults_of
from entrepot.kernel.refusals import FieldError, Invalid, Unparsable

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_json(body: bytes, kind: type[T]) -> T:
    """The JSON document as `kind`.

    Raises Unparsable (400) when it is no JSON, Invalid (422) naming every wrong field. NaN,
    Infinity and numbers past all bounds, which many writers of JSON let through, are wrong
    fields.
    """
    try:
        return _decoded(body, kind)
    except RecursionError as error:
        raise Unparsable("the body is nested too deep", reason="nested too deep") from error


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        value = msgspec.json.decode(body, type=kind)
    except _BROKEN:  # a ValidationError is one of them
        return _all_errors(_parse(body), kind)
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
        return found + [
            e
            for k, v in raw.items()
            for e in unstorable_texts(v, f"{path}.{k}" if path else str(k))
        ]
    if isinstance(raw, list):
        return [e for i, v in enumerate(raw) for e in unstorable_texts(v, f"{path}[{i}]")]
    return []


def _parse(body: bytes) -> object:
    """A document that stopped early as the wrong type may still be no JSON further on."""
    try:
        return msgspec.json.decode(body)
    except _BROKEN as error:
        raw = _with_endless_numbers(body)
        if not endless_numbers(raw, ""):
            raise Unparsable("the body is not valid JSON", reason=str(error)[:200]) from error
        return raw


def _with_endless_numbers(body: bytes) -> object:
    """The document as Python reads it, NaN and all; None when there is no reading it."""
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        return None


def endless_numbers(raw: object, path: str) -> list[FieldError]:
    """Numbers that are none, or without end."""
    if isinstance(raw, float) and not math.isfinite(raw):
        return [FieldError(path, "not_finite", "must be a finite number")]
    if isinstance(raw, dict):
        inner = [(f"{path}.{k}" if path else str(k), v) for k, v in raw.items()]
    elif isinstance(raw, list):
        inner = [(f"{path}[{i}]", v) for i, v in enumerate(raw)]
    else:
        return []
    return [error for where, value in inner for error in endless_numbers(value, where)]


def _all_errors(raw: object, kind: type[T], *, strict: bool = True) -> T:
    endless = endless_numbers(raw, "")
    named = {error.path for error in endless}
    faults = [error for error in faults_of(raw, kind, strict=strict) if error.path not in named]
    errors = endless + faults + unstorable_texts(raw, "")
    _refuse(errors)
    raise AssertionError("unreachable: errors were found")


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        shown = errors[:MOST_ERRORS]
        places = ", ".join(error.path or "(document)" for error in shown[:5])
        raise Invalid(f"{len(errors)} things are wrong: {places}", errors=shown)
