"""The scan's own way in: past Litestar, straight to the one statement.

The documented `POST /api/v1/scans` of `routes.py` is the reference; a test sends the same
requests both ways and compares the answers.
"""

from typing import Any

import msgspec
import structlog
from litestar.types import ASGIApp, Receive, Send

from entrepot.api.deps import MOST_BODY_BYTES
from entrepot.api.guard import CALLER_GONE, CallerGone, Guard, request_id
from entrepot.api.problems import CONTENT_TYPE, encode, from_refusal, problem
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.kernel.refusals import Refusal, UnsupportedMedia
from entrepot.parcels.types import NewScan
from entrepot.platform.database import Database
from entrepot.platform.documents import decode_json
from entrepot.platform.pools import away

log = structlog.get_logger()

SCANS = "/api/v1/scans"


def thin_scans(app: ASGIApp, guard: Guard, database: Database) -> ASGIApp:
    """`app` with the scan's path taken out and served here."""

    async def outer(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != SCANS or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        scope["path_template"] = SCANS
        try:
            body = await _scan(scope, receive, guard, database)
        except CallerGone:
            await _respond(send, CALLER_GONE, b"text/plain", b"", {})
        except Exception as error:  # noqa: BLE001 - every failure becomes a problem document
            await _refuse(scope, send, error)
        else:
            await _respond(send, 200, b"application/json", body, {})

    return outer


async def _scan(scope: Any, receive: Receive, guard: Guard, database: Database) -> bytes:
    body: bytes | None = None

    async def read() -> bytes:
        nonlocal body
        body = await _read(receive)
        return body

    caller = await guard.admit(scope, read)
    _refuse_other_media(scope)
    scan = decode_json(body or b"", NewScan)
    answer = await receive_parcel(database, caller.principal, caller.stamp, scan=scan)
    return msgspec.json.encode(answer)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while sum(map(len, parts)) <= MOST_BODY_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            raise CallerGone
        parts.append(message["body"])
        if not message.get("more_body"):
            break
    return b"".join(parts)


def _refuse_other_media(scope: Any) -> None:
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value.split(b";")[0].strip().lower()
            if kind == b"application/json":
                return
            raise UnsupportedMedia("send application/json", content_type=kind.decode("latin-1"))
    raise UnsupportedMedia("send application/json", content_type="")


async def _refuse(scope: Any, send: Send, error: Exception) -> None:
    trace_id = request_id(scope)
    refusal = error if isinstance(error, Refusal) else away(error)
    if refusal is None:
        log.exception("api.bug", path=scope["path"], trace_id=trace_id)
        document = problem(
            500, "our_mistake", "this is a bug; quote the trace id", trace_id=trace_id
        )
        headers: dict[str, str] = {}
    else:
        document, headers = from_refusal(refusal, trace_id=trace_id)
    await _respond(send, document.status, CONTENT_TYPE.encode(), encode(document), headers)


async def _respond(
    send: Send, status: int, kind: bytes, body: bytes, headers: dict[str, str]
) -> None:
    fields = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    fields += [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": False})
