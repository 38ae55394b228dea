"""Who is asking: the checks of a signed request, in the order of SAFETY 4.

size → signature headers → coarse rate of the peer → key → time → digest → signature → rate of
the key → (the route) parse the body → nonce, idempotency and work in one statement.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import InternalServerException
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from entrepot.access.flow import Stamp
from entrepot.access.signatures import Message, Proof
from entrepot.api.deps import MOST_BODY_BYTES, Caller
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import ApiKey
from entrepot.kernel.refusals import TooLarge, Unauthenticated
from entrepot.platform.buckets import Buckets

CALLER_GONE = 499
"""Counted for a caller who went away before the request was whole: nobody reads the answer."""

AnyGuard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


class CallerGone(Exception):
    """The caller went away before the request was whole: nobody's mistake, nothing was done."""


class Authenticator(Protocol):
    """Proves a request; `access` keeps it. Raises Unauthenticated and nothing else."""

    async def authenticate(self, message: Message) -> tuple[ApiKey, Proof]:
        """The principal and what is proven."""
        ...


class Guard:
    """The door of the signed API, for Litestar's routes and for the thin ones before it."""

    def __init__(self, authenticator: Authenticator, *, peers: Buckets, keys: Buckets) -> None:
        self._authenticator = authenticator
        self._peers = peers
        self._keys = keys

    async def admit(self, scope: Scope, read_body: Callable[[], Awaitable[bytes]]) -> Caller:
        """The proven caller of a request, or a refusal."""
        refuse_large(scope)
        client = scope.get("client")
        peer = client[0] if client else "-"
        self._peers.charge(peer)
        body = await read_body()
        if len(body) > MOST_BODY_BYTES:
            raise TooLarge("the body is larger than is taken", most_bytes=MOST_BODY_BYTES)
        try:
            principal, proof = await self._authenticator.authenticate(message_of(scope, body))
        except Unauthenticated:
            self._peers.fine(peer)
            raise
        self._keys.charge(principal.key_id)
        stamp = Stamp(
            request_id=request_id(scope),
            nonce=proof.nonce,
            key=proof.idempotency_key,
            fingerprint=proof.fingerprint,
        )
        return Caller(principal, stamp)

    def for_routes(self) -> AnyGuard:
        """Litestar's guard: runs before the body is parsed.

        A function, because Litestar copies what it is given and a copy has buckets of its own.
        """

        async def signed(
            connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler
        ) -> None:
            assert isinstance(connection, Request)
            state = connection.scope["state"]

            async def read() -> bytes:
                try:
                    return await connection.body()
                except InternalServerException as error:  # Litestar's only word for it
                    raise CallerGone from error

            state["caller"] = await self.admit(connection.scope, read)
            state["body"] = await read()

        return signed


def refuse_large(scope: Scope) -> None:
    """Refuse by the announced length, before a byte is read."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > MOST_BODY_BYTES:
            raise TooLarge("the body is larger than is taken", most_bytes=MOST_BODY_BYTES)


def message_of(scope: Scope, body: bytes) -> Message:
    """The request as it came over the wire."""
    headers = scope["headers"]
    authority = next((value for name, value in headers if name == b"host"), b"")
    return Message(
        method=str(scope.get("method", "")),
        path=scope["raw_path"].split(b"?", 1)[0],
        query=scope["query_string"],
        authority=authority.decode("latin-1"),
        headers=list(headers),
        body=body,
    )


def request_id(scope: Scope) -> str:
    """The request's id for audit, logs and answers: ours, made once."""
    state = scope["state"]
    if "request_id" not in state:
        state["request_id"] = new_token(12)
    return str(state["request_id"])


def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """The caller that the guard has proven."""
    caller = request.scope["state"]["caller"]
    assert isinstance(caller, Caller)
    return caller
