"""Refusals as RFC 9457 problem documents. The only place that knows how an error looks.

{"type": "/problems/<code>", "title", "status", "detail", "code",
 "errors"?: [{"path","code","message"}], "facts"?: {...}, "trace_id"?}
"""

from datetime import UTC, datetime
from email.utils import format_datetime

import msgspec

from entrepot.kernel.refusals import Fact, FieldError, Refusal

CONTENT_TYPE = "application/problem+json"

_TITLES = {
    400: "Unparsable", 401: "Unauthenticated", 403: "Forbidden", 404: "Not found",
    405: "Method not allowed", 409: "Conflict", 413: "Too large",
    415: "Unsupported media type", 422: "Invalid", 429: "Too many requests",
    500: "Our mistake", 503: "Unavailable",
}  # fmt: skip


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The document. `code` is stable, `detail` is for people, `errors` lists every fault."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
    facts: dict[str, Fact] = {}
    trace_id: str = ""


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    facts: dict[str, Fact] | None = None,
    trace_id: str = "",
) -> Problem:
    """A problem document; `type` is a relative reference into our own documentation."""
    return Problem(
        type=f"/problems/{code}",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        code=code,
        errors=errors or [],
        facts=facts or {},
        trace_id=trace_id,
    )


def from_refusal(refusal: Refusal, *, trace_id: str = "") -> tuple[Problem, dict[str, str]]:
    """The document and headers of a refusal (Retry-After; Date on 401, SAFETY 4)."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = str(refusal.retry_after_s)
    if refusal.status == 401:
        headers["date"] = format_datetime(datetime.now(UTC), usegmt=True)
        headers["www-authenticate"] = 'Signature realm="entrepot", tag="entrepot-v1"'
    document = problem(
        refusal.status,
        refusal.code,
        refusal.message,
        errors=refusal.errors,
        facts=refusal.facts,
        trace_id=trace_id,
    )
    return document, headers


def encode(document: Problem) -> bytes:
    """The document's bytes."""
    return msgspec.json.encode(document)
