"""Route a plain document and return the plan as a plain document."""

import json
from typing import Any

from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import route


def route_bytes(problem: dict[str, Any], **options: Any) -> bytes:
    """The plan's bytes."""
    return plan_bytes(route(decode_problem(json.dumps(problem).encode()), **options))


def route_document(problem: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The plan as plain values."""
    plan: dict[str, Any] = json.loads(route_bytes(problem, **options))
    return plan
