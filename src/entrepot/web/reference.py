"""The API reference, read from our own OpenAPI document: no foreign script, no foreign host."""

from typing import Any

import msgspec

_VERBS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 3
Schema = dict[str, Any]


class Row(msgspec.Struct, frozen=True):
    """One field or parameter. `depth` is how far it is nested."""

    name: str
    kind: str
    required: bool
    text: str
    depth: int = 0
    place: str = ""


class Answer(msgspec.Struct, frozen=True):
    """One possible answer of an operation."""

    status: str
    text: str
    rows: list[Row]


class Operation(msgspec.Struct, frozen=True):
    """One verb on one path."""

    anchor: str
    verb: str
    path: str
    title: str
    text: str
    parameters: list[Row]
    body: list[Row]
    answers: list[Answer]


def operations_of(document: Schema) -> list[Operation]:
    """Every operation of an OpenAPI 3.1 document, by path."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        _operation(path, verb, item[verb], schemas)
        for path, item in sorted(document.get("paths", {}).items())
        for verb in _VERBS
        if verb in item
    ]


def _operation(path: str, verb: str, said: Schema, schemas: Schema) -> Operation:
    body = _json_schema(said.get("requestBody", {}))
    title, _, text = said.get("description", "").strip().partition("\n")
    return Operation(
        anchor=f"{verb}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        verb=verb,
        path=path,
        title=title or said.get("summary", ""),
        text=text.strip(),
        parameters=[_parameter(one, schemas) for one in said.get("parameters", [])],
        body=_rows(body, schemas) if body else [],
        answers=[_answer(status, one, schemas) for status, one in said["responses"].items()],
    )


def _answer(status: str, said: Schema, schemas: Schema) -> Answer:
    schema = _json_schema(said)
    return Answer(status, said.get("description", ""), _rows(schema, schemas) if schema else [])


def _json_schema(holder: Schema) -> Schema | None:
    for kind, content in holder.get("content", {}).items():
        if "json" in kind:
            found: Schema = content.get("schema", {})
            return found
    return None


def _parameter(said: Schema, schemas: Schema) -> Row:
    schema = said.get("schema", {})
    return Row(
        name=said["name"],
        kind=_kind(schema, schemas),
        required=bool(said.get("required")),
        text=said.get("description") or _limits(schema),
        place=said.get("in", ""),
    )


def _resolve(schema: Schema, schemas: Schema) -> Schema:
    """The schema behind references and optional unions."""
    while True:
        if "$ref" in schema:
            schema = schemas.get(schema["$ref"].rsplit("/", 1)[-1], {})
            continue
        some = [one for one in schema.get("oneOf") or schema.get("anyOf") or []
                if one.get("type") != "null"]  # fmt: skip
        if len(some) == 1:
            schema = some[0]
            continue
        return schema


def _kind(schema: Schema, schemas: Schema) -> str:
    found = _resolve(schema, schemas)
    if "enum" in found:
        return " | ".join(str(one) for one in found["enum"])
    kind = found.get("format") or found.get("type") or "object"
    if isinstance(kind, list):
        kind = " | ".join(one for one in kind if one != "null")
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), schemas)}"
    return str(kind)


_LIMITS = (
    ("minimum", "≥"), ("maximum", "≤"), ("minLength", "length ≥"), ("maxLength", "length ≤"),
    ("maxItems", "items ≤"), ("pattern", "matches"),
)  # fmt: skip


def _limits(schema: Schema) -> str:
    return ", ".join(f"{words} {schema[name]}" for name, words in _LIMITS if name in schema)


def _rows(schema: Schema, schemas: Schema, depth: int = 0) -> list[Row]:
    found = _resolve(schema, schemas)
    if found.get("type") == "array":
        return _rows(found.get("items", {}), schemas, depth)
    required = set(found.get("required", []))
    rows: list[Row] = []
    for name, part in found.get("properties", {}).items():
        inner = _resolve(part, schemas)
        text = part.get("description") or inner.get("description") or _limits(inner)
        rows.append(Row(name, _kind(part, schemas), name in required, text, depth))
        nested = inner.get("items", {}) if inner.get("type") == "array" else inner
        if depth < _DEEPEST and "properties" in _resolve(nested, schemas):
            rows += _rows(nested, schemas, depth + 1)
    return rows
