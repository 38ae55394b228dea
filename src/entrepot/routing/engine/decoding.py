"""Strict reading of `routing-problem/1`: every mistake at once, each with its JSON path.

The fast path is one typed decode. Only when that refuses is the document walked field by field
to list all mistakes; the list is cut at `MAX_ERRORS`. Of a name that occurs twice in one JSON
object the last value counts (RFC 8259 leaves it open).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, BinaryIO

import msgspec
from msgspec import inspect as shapes

from entrepot.kernel.refusals import FieldError, Invalid, TooLarge, Unparsable
from entrepot.routing.engine.checking import contradictions
from entrepot.routing.engine.format import MAX_BYTES, Problem

MAX_ERRORS = 500
_DECODER = msgspec.json.Decoder(Problem)
_SHAPE = shapes.type_info(Problem)
_INSTANT = Annotated[datetime, msgspec.Meta(tz=True)]
_PLAIN: dict[type, type] = {
    shapes.BoolType: bool,
    shapes.StrType: str,
    shapes.IntType: int,
    shapes.FloatType: float,
}
_NAMES = {bool: "boolean", str: "text", int: "whole number", float: "number", dict: "object"}


def read_problem(stream: BinaryIO) -> Problem:
    """Read and check a problem; at most `MAX_BYTES` are ever held.

    Raises TooLarge, Unparsable (no JSON) or Invalid (`errors` lists every mistake).
    """
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise TooLarge("the problem is too large", limit_bytes=MAX_BYTES)
    return decode_problem(raw)


def decode_problem(raw: bytes) -> Problem:
    """The problem in `raw`, or Unparsable, or Invalid with every mistake and its path."""
    if not raw.strip():
        raise Unparsable("the input is empty", code="empty")
    try:
        problem = _DECODER.decode(raw)
    except msgspec.ValidationError:
        raise _invalid(_walk(_parse(raw), _SHAPE, "")) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unparsable(f"not JSON: {error}") from None
    mistakes = _invalid(contradictions(problem))
    if mistakes.errors:
        raise mistakes
    return problem


def _parse(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unparsable(f"not JSON: {error}") from None


def _invalid(errors: Iterator[FieldError]) -> Invalid:
    found: list[FieldError] = []
    for error in errors:
        if len(found) == MAX_ERRORS:
            found.append(FieldError("", "more_errors", f"only the first {MAX_ERRORS} are listed"))
            break
        found.append(error)
    return Invalid("the problem breaks the format", code="bad_problem", errors=found)


def _walk(value: Any, shape: shapes.Type, path: str) -> Iterator[FieldError]:
    """Every way in which `value` differs from `shape`, in document order."""
    if isinstance(shape, shapes.Metadata):
        yield from _walk(value, shape.type, path)
    elif isinstance(shape, shapes.UnionType):
        yield from _walk_union(value, shape, path)
    elif isinstance(shape, shapes.StructType):
        yield from _walk_struct(value, shape, path)
    elif isinstance(shape, shapes.ListType):
        yield from _walk_list(value, shape, path)
    elif isinstance(shape, shapes.DictType):
        yield from _walk_map(value, shape, path)
    else:
        yield from _leaf(value, shape, path)


def _walk_union(value: Any, shape: shapes.UnionType, path: str) -> Iterator[FieldError]:
    fitting = [member for member in shape.types if _kind_fits(value, member)]
    if fitting:
        yield from _walk(value, fitting[0], path)
    else:
        yield _wrong_type(path, " or ".join(_kind_name(member) for member in shape.types))


def _walk_struct(value: Any, shape: shapes.StructType, path: str) -> Iterator[FieldError]:
    if shape.array_like:
        yield from _walk_row(value, shape, path)
        return
    if not isinstance(value, dict):
        yield _wrong_type(path, "object")
        return
    fields = {field.encode_name: field for field in shape.fields}
    for name in value:
        if name not in fields:
            yield FieldError(_at(path, name), "unknown_field", "the format has no such field")
    for name, field in fields.items():
        if name in value:
            yield from _walk(value[name], field.type, _at(path, name))
        elif field.required:
            yield FieldError(_at(path, name), "missing", "this field is required")


def _walk_row(value: Any, shape: shapes.StructType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, list):
        yield _wrong_type(path, "list")
    elif len(value) != len(shape.fields):
        names = ", ".join(field.name for field in shape.fields)
        yield FieldError(path, "wrong_length", f"expected [{names}]")
    else:
        for i, (item, field) in enumerate(zip(value, shape.fields, strict=True)):
            yield from _walk(item, field.type, f"{path}[{i}]")


def _walk_list(value: Any, shape: shapes.ListType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, list):
        yield _wrong_type(path, "list")
        return
    low, high = shape.min_length or 0, shape.max_length
    if len(value) < low or (high is not None and len(value) > high):
        wanted = f"{low} to {high}" if high is not None else f"at least {low}"
        yield FieldError(path, "wrong_length", f"expected {wanted} entries, found {len(value)}")
        return
    for i, item in enumerate(value):
        yield from _walk(item, shape.item_type, f"{path}[{i}]")


def _walk_map(value: Any, shape: shapes.DictType, path: str) -> Iterator[FieldError]:
    if not isinstance(value, dict):
        yield _wrong_type(path, "object")
        return
    for name, item in value.items():
        yield from _walk(item, shape.value_type, _at(path, name))


def _leaf(value: Any, shape: shapes.Type, path: str) -> Iterator[FieldError]:
    if not _kind_fits(value, shape):
        yield _wrong_type(path, _kind_name(shape))
    elif isinstance(shape, shapes.LiteralType) and value not in shape.values:
        yield FieldError(path, "not_allowed", f"expected one of {list(shape.values)}")
    elif isinstance(shape, shapes.DateTimeType) and not _is_instant(value):
        yield FieldError(path, "not_an_instant", "expected an RFC 3339 instant with its offset")
    elif isinstance(shape, shapes.IntType | shapes.FloatType):
        yield from _limits(value, shape, path)
    elif isinstance(shape, shapes.StrType):
        yield from _text_limits(value, shape, path)


def _limits(
    value: float, shape: shapes.IntType | shapes.FloatType, path: str
) -> Iterator[FieldError]:
    if shape.ge is not None and value < shape.ge:
        yield FieldError(path, "too_small", f"expected at least {shape.ge}")
    if shape.le is not None and value > shape.le:
        yield FieldError(path, "too_large", f"expected at most {shape.le}")


def _text_limits(value: str, shape: shapes.StrType, path: str) -> Iterator[FieldError]:
    if not (shape.min_length or 0) <= len(value) <= (shape.max_length or len(value)):
        yield FieldError(
            path, "wrong_length", f"expected {shape.min_length} to {shape.max_length} characters"
        )
    elif shape.pattern is not None and not _matches(value, shape.pattern):
        yield FieldError(path, "wrong_pattern", f"expected {shape.pattern}")


def _matches(value: str, pattern: str) -> bool:
    return _converts(value, Annotated[str, msgspec.Meta(pattern=pattern)])


def _is_instant(value: Any) -> bool:
    return _converts(value, _INSTANT)


def _converts(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _kind_fits(value: Any, shape: shapes.Type) -> bool:
    if isinstance(shape, shapes.Metadata):
        return _kind_fits(value, shape.type)
    if isinstance(shape, shapes.NoneType):
        return value is None
    if isinstance(shape, shapes.StructType):
        return isinstance(value, list if shape.array_like else dict)
    if isinstance(shape, shapes.ListType):
        return isinstance(value, list)
    if isinstance(shape, shapes.FloatType):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(shape, shapes.LiteralType | shapes.DateTimeType):
        return isinstance(value, str)
    plain = _PLAIN.get(type(shape), dict)
    return type(value) is plain


def _kind_name(shape: shapes.Type) -> str:
    if isinstance(shape, shapes.NoneType):
        return "null"
    if isinstance(shape, shapes.ListType):
        return "list"
    if isinstance(shape, shapes.StructType):
        return "list" if shape.array_like else "object"
    if isinstance(shape, shapes.LiteralType | shapes.DateTimeType):
        return "text"
    return _NAMES[_PLAIN.get(type(shape), dict)]


def _wrong_type(path: str, wanted: str) -> FieldError:
    return FieldError(path, "wrong_type", f"expected {wanted}")


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
