"""Others ask us: one `routing-problem/1` in, one `routing-plan/1` or problem document out."""

from typing import Any

import msgspec

from entrepot.kernel.refusals import Refusal
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import plan_bytes
from entrepot.routing.engine.routing import route

PLAN: str = "application/json"
FAULTS: str = "application/problem+json"


class Answered(msgspec.Struct, frozen=True):
    """An HTTP answer without the HTTP: 200 with a plan, else a problem document (RFC 9457)."""

    status: int
    content_type: str
    body: bytes


def answer(raw: bytes, *, budget: int = DEFAULT_BUDGET) -> Answered:
    """The plan for the problem in `raw`; a plan that is `infeasible` is an answer too (200)."""
    try:
        return Answered(200, PLAN, plan_bytes(route(decode_problem(raw), budget=budget)))
    except Refusal as refusal:
        return refused(refusal)


def refused(refusal: Refusal) -> Answered:
    """A refusal as a problem document with every mistake and its path."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": refusal.message,
        "status": refusal.status,
        "code": refusal.code,
    }
    if refusal.errors:
        document["errors"] = refusal.errors
    return Answered(refusal.status, FAULTS, msgspec.json.encode(document))
