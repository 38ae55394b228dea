"""The OpenAPI document as it is served: Litestar's, completed with what it cannot know.

Added here: closed request objects, the problem answers every operation may give, the signature
as a security scheme and the Idempotency-Key of writes.
"""

from typing import Any

import msgspec
from litestar import Litestar

_PROBLEMS = {
    "400": "The body is not valid JSON",
    "401": "Not signed, or not by a live key",
    "403": "The key does not allow this",
    "404": "Not there, or not yours",
    "409": "The state of things does not allow it now",
    "413": "More bytes than are taken",
    "415": "Not application/json",
    "422": "Readable, but wrong: `errors` names every fault",
    "429": "Slower: see Retry-After",
    "503": "A part is away: see Retry-After",
}
_READS = ("400", "401", "403", "404", "413", "422", "429", "503")
_SCHEMES = {
    "signature": {
        "type": "http",
        "scheme": "Signature",
        "description": 'HTTP Message Signatures (RFC 9421), tag="entrepot-v1".',
    },
    "compat": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Entrepot-Signature",
        "description": "HMAC-SHA256 over sorted pairs, for devices: see the guide to signing.",
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path", "code", "message"],
                "properties": {k: {"type": "string"} for k in ("path", "code", "message")},
            },
        },
        "facts": {"type": "object"},
        "trace_id": {"type": "string"},
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key with the same request gives the same answer for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def document(app: Litestar) -> bytes:
    """The whole document as JSON."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    components = schema.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                _complete(path, method, operation, components["schemas"])
    return msgspec.json.encode(schema)


def _complete(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    writes = method not in ("get", "head")
    signed = path.startswith("/api/")
    for status in _PROBLEMS if writes else _READS:
        operation["responses"][status] = {
            "description": _PROBLEMS[status],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
    if signed:
        operation["security"] = [{"signature": []}, {"compat": []}]
    if signed and writes:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        body = operation.get("requestBody", {}).get("content", {})
        for content in body.values():
            _close(content.get("schema", {}), schemas)


def _close(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Say of every object a request is made of that it takes no other fields."""
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    if name:
        target = schemas.get(name, {})
        if "additionalProperties" in target:
            return
        if target.get("type") == "object" or "properties" in target:
            target["additionalProperties"] = False
        schema = target
    for part in schema.get("properties", {}).values():
        _close(part, schemas)
    for word in ("oneOf", "anyOf", "allOf"):
        for part in schema.get(word, []):
            _close(part, schemas)
    if isinstance(schema.get("items"), dict):
        _close(schema["items"], schemas)
