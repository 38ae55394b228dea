"""The one way out: HTTP requests to servers of others, each to an address that was checked.

A name is resolved once, every address it has is judged, and the connection goes to a judged
address, never by name again: a resolver that changes its mind (DNS rebinding) gains nothing.
TLS is verified against the name. No redirect is followed, no compression is undone, no cookie or
proxy setting is read; the bytes and the seconds of the whole exchange are limited.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from typing import Literal

import h11
import msgspec

from entrepot.platform.outgoing_addresses import Address, BadUrl, Place, is_open, read_url

Trouble = Literal[
    "bad_url", "private_address", "not_resolved", "not_reached", "timed_out", "too_large",
    "redirected", "broken_answer",
]  # fmt: skip
Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

TIMEOUT_S = 10.0
MOST_BYTES = 1_000_000
_MOST_HEADER_BYTES = 32_768
_CHUNK = 65_536
_OURS = frozenset({
    "accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers that belong to the exchange itself: no caller sets them."""


class NotAnswered(Exception):
    """Nothing usable came back; `trouble` is stable, the message is for logs."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(f"{trouble}: {message}")
        self.trouble = trouble


class Answer(msgspec.Struct, frozen=True):
    """What came back. `headers` by lower-case name (the last of equal ones)."""

    status: int
    headers: dict[str, str]
    body: bytes


async def resolve_name(host: str, port: int) -> Sequence[Address]:
    """The addresses the machine's resolver has for a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(row[4][0])) for row in found]


@cache
def _verified() -> ssl.SSLContext:
    return ssl.create_default_context()


class Outgoing:
    """Sends requests. `loopback` (tests and demos only) also lets them go to this machine."""

    def __init__(
        self,
        *,
        loopback: bool = False,
        resolve: Resolve = resolve_name,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.loopback = loopback
        self._resolve = resolve
        self._tls = tls

    async def check(self, url: str) -> None:
        """Whether a URL may be registered. Raises NotAnswered (bad_url, private_address,
        not_resolved, timed_out). Sending checks again: names change."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._addresses(self._place(url))
        except TimeoutError as error:
            raise NotAnswered("timed_out", "the name was not resolved in time") from error

    async def fetch(
        self,
        url: str,
        *,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float = TIMEOUT_S,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """The answer to one request, of any status but a redirect. Raises NotAnswered.

        `timeout_s` spans all: resolving, connecting, sending, the last byte of the answer.
        """
        place = self._place(url)
        request = _request(place, method, headers or {}, body)
        try:
            async with asyncio.timeout(timeout_s):
                addresses = await self._addresses(place)
                reader, writer = await self._connect(place, addresses)
                try:
                    return await _exchange(reader, writer, request, body, most_bytes)
                finally:
                    # Not awaited: a peer that never closes must not hold us.
                    writer.close()
        except TimeoutError as error:
            raise NotAnswered("timed_out", f"nothing within {timeout_s:g} s") from error
        except h11.RemoteProtocolError as error:
            raise NotAnswered("broken_answer", str(error)) from error
        except OSError as error:
            raise NotAnswered("not_reached", type(error).__name__) from error

    def _place(self, url: str) -> Place:
        try:
            return read_url(url, loopback=self.loopback)
        except BadUrl as error:
            raise NotAnswered("bad_url", str(error)) from error

    async def _addresses(self, place: Place) -> Sequence[Address]:
        """Every address of the place. One that is not open closes them all."""
        if place.address is not None:
            found: Sequence[Address] = [place.address]
        else:
            try:
                found = await self._resolve(place.host, place.port)
            except (OSError, UnicodeError, ValueError) as error:
                raise NotAnswered("not_resolved", "the name has no address") from error
        if not found:
            raise NotAnswered("not_resolved", "the name has no address")
        if not all(is_open(address, loopback=self.loopback) for address in found):
            raise NotAnswered("private_address", "the name leads to an address that is not public")
        return found

    async def _connect(
        self, place: Place, addresses: Sequence[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first address that takes one."""
        context = None if place.scheme == "http" else self._tls or _verified()
        last: OSError | None = None
        for address in addresses[:4]:
            try:
                return await asyncio.open_connection(
                    str(address), place.port, ssl=context,
                    server_hostname=place.host if context else None,
                )  # fmt: skip
            except OSError as error:
                last = error
        raise last or OSError("no address")


def _request(place: Place, method: str, headers: Mapping[str, str], body: bytes) -> h11.Request:
    lines = [("Host", place.authority), ("Accept-Encoding", "identity"), ("Connection", "close")]
    if body or method not in ("GET", "DELETE"):
        lines.append(("Content-Length", str(len(body))))
    for name, value in headers.items():
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} is set here and nowhere else")
        lines.append((name, value))
    try:
        return h11.Request(method=method, target=place.target, headers=lines)
    except h11.LocalProtocolError as error:
        raise ValueError(f"not a sendable request: {error}") from error


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: h11.Request,
    body: bytes,
    most_bytes: int,
) -> Answer:
    wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADER_BYTES)
    # A server may answer before it has read all, and close: what it said still counts.
    with suppress(ConnectionError):
        writer.write(wire.send(request) or b"")
        writer.write((wire.send(h11.Data(data=body)) or b"") if body else b"")
        writer.write(wire.send(h11.EndOfMessage()) or b"")
        await writer.drain()
    status, headers, held = 0, dict[str, str](), bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {name.decode(): value.decode("latin-1") for name, value in event.headers}
            _judge(status, headers, most_bytes)
        elif isinstance(event, h11.Data):
            held += event.data
            if len(held) > most_bytes:
                raise NotAnswered("too_large", f"more than {most_bytes} bytes")
        elif isinstance(event, h11.EndOfMessage):
            return Answer(status, headers, bytes(held))
        elif not isinstance(event, h11.InformationalResponse):
            raise NotAnswered("broken_answer", "the connection ended before an answer")


def _judge(status: int, headers: Mapping[str, str], most_bytes: int) -> None:
    """What the head of an answer tells already."""
    if 300 <= status < 400:
        raise NotAnswered("redirected", f"status {status}: redirects are not followed")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise NotAnswered("broken_answer", "compressed, although that was not asked for")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most_bytes:
        raise NotAnswered("too_large", f"announces {length} bytes")
