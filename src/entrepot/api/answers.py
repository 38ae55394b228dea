"""Exceptions become problem documents here, whatever raised them."""

import http
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    SerializationException,
    ValidationException,
)
from litestar.params import QueryParameter
from litestar.types import Empty

from entrepot.api.guard import CALLER_GONE, CallerGone, request_id
from entrepot.api.problems import CONTENT_TYPE, Problem, encode, from_refusal, problem
from entrepot.kernel.refusals import FieldError, Invalid, NotFound, Refusal, UnsupportedMedia
from entrepot.platform.documents import decode_json
from entrepot.platform.pools import away

log = structlog.get_logger()

AnyRequest = Request[Any, Any, Any]
UNREADABLE = (RecursionError, UnicodeDecodeError)
"""What the decoder raises for nesting without end and for bytes that are no UTF-8; Litestar
passes it on as it is."""


def answer(request: AnyRequest, error: Exception) -> Response[bytes]:
    """The answer to an exception: refusals as they are, all else a bug with a trace id."""
    if isinstance(error, CallerGone):
        return Response(b"", status_code=CALLER_GONE)
    refusal = error if isinstance(error, Refusal) else away(error)
    if refusal is None and isinstance(error, UNREADABLE):
        refusal = _body_refusal(request)
    if refusal is None and isinstance(error, NotFoundException):
        refusal = NotFound("there is nothing at this address", code="no_such_route")
    if refusal is not None:
        document, headers = from_refusal(refusal, trace_id=request_id(request.scope))
        return respond(document, headers)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return _from_litestar(request, error)
    log.exception("api.bug", path=request.url.path, trace_id=request_id(request.scope))
    trace_id = request_id(request.scope)
    return respond(
        problem(500, "our_mistake", "this is a bug; quote the trace id", trace_id=trace_id)
    )


def check_body(request: AnyRequest) -> None:
    """Before a request: JSON is announced as JSON, and a number is no text.

    Litestar converts bodies as it converts queries: "1e2" would be a hundred units, the text null
    no value, "false" a flag.
    """
    refuse_other_media(request)
    refusal = _body_refusal(request)
    if refusal is not None:
        raise refusal


def refuse_other_media(request: AnyRequest) -> None:
    """JSON is announced as JSON."""
    if request.method in ("POST", "PUT", "PATCH"):
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if not kind and getattr(request.route_handler, "parsed_data_field", None) is None:
            return  # an operation without body: SAFETY 4 leaves the content type out
        if kind != "application/json":
            raise UnsupportedMedia("send application/json", content_type=kind[:60])


def respond(document: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A problem document as a response."""
    return Response(
        encode(document),
        status_code=document.status,
        media_type=CONTENT_TYPE,
        headers=headers or {},
    )


def _from_litestar(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    trace_id = request_id(request.scope)
    if isinstance(error, MethodNotAllowedException):
        document = problem(405, "method_not_allowed", error.detail, trace_id=trace_id)
        return respond(document, dict(error.headers or {}))
    if isinstance(error, ValidationException | SerializationException):
        refusal = _body_refusal(request) or _invalid(request, error)
        document, headers = from_refusal(refusal, trace_id=trace_id)
        return respond(document, headers)
    broken = _body_refusal(request) if error.status_code == 400 else None
    if broken is not None:
        return respond(*from_refusal(broken, trace_id=trace_id))
    code = http.HTTPStatus(error.status_code).name.lower()
    return respond(problem(error.status_code, code, error.detail, trace_id=trace_id))


def _body_refusal(request: AnyRequest) -> Refusal | None:
    """Every fault of the body."""
    body = request.scope["state"].get("body")
    field = getattr(request.route_handler, "parsed_data_field", None)
    if not body or field is None:
        return None
    try:
        decode_json(body, field.annotation)
    except Refusal as refusal:
        return refusal
    return None


def _invalid(request: AnyRequest, error: HTTPException) -> Invalid:
    """Faults that Litestar found in path or query, by the names of the address; of what is
    missing there it names the first only, and in its own words."""
    names, needed = _query_names(request)
    extra = error.extra if isinstance(error.extra, list) else []
    errors = [
        FieldError(names.get(key, key), "bad_value", str(e.get("message", "")))
        for e in msgspec.to_builtins(extra)
        if isinstance(e, dict)
        for key in [str(e.get("key", ""))]
    ]
    errors += [
        FieldError(name, "missing", "this parameter is required")
        for name in needed
        if name not in request.query_params
    ]
    return Invalid("the request cannot be read", errors=errors)


def _query_names(request: AnyRequest) -> tuple[dict[str, str], list[str]]:
    """The query's parameters: their names in the address by ours, and those that are needed."""
    fields = request.route_handler.parsed_fn_signature.parameters
    found = {
        field: (said.name or field, given.default)
        for field, given in fields.items()
        if isinstance(said := given.kwarg_definition, QueryParameter)
    }
    needed = [name for name, default in found.values() if default is Empty]
    return {field: name for field, (name, _) in found.items()}, needed
