"""A fake carrier on loopback with scripted faults, to build and test adapters against.

    async with FakeCarrier([Reply(b'{"offers": []}')]) as carrier:
        ...  # an adapter whose base URL is carrier.url; carrier.heard has what it sent

It speaks HTTP/1.1 one request a connection and knows no carrier's protocol: replies are recorded
bytes. `answer_rates` speaks docs/carriers.md's small protocol with prices by weight, for demos:
`python -m entrepot.carriers.emulator` serves it (token `demo`) until Ctrl-C.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import Literal, Self

import msgspec

Fault = Literal[
    "silent", "slow_drip", "closed_at_once", "closed_halfway", "huge_body", "announced_huge",
    "html", "redirected", "not_json", "wrong_json", "empty", "endless_head", "not_http",
    "server_error", "compressed",
]  # fmt: skip
FAULTS: tuple[Fault, ...] = Fault.__args__  # type: ignore[attr-defined]

_MOST_REQUEST_BYTES = 1_000_000


class Reply(msgspec.Struct, frozen=True):
    """A recorded answer. `path` is a part of the target that it is for (empty: any); `fault`
    spoils it."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    path: str = ""
    fault: Fault | None = None


class HeardRequest(msgspec.Struct, frozen=True):
    """What the adapter sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answerer = Callable[[HeardRequest], Reply]


class FakeCarrier:
    """Serves replies on a free port of 127.0.0.1 while its block lasts."""

    def __init__(self, replies: Sequence[Reply] | Answerer) -> None:
        self._replies = replies
        self.heard: list[HeardRequest] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            request = await _read_request(reader)
            self.heard.append(request)
            await _say(writer, self._reply_to(request))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # The adapter hung up, or the block ended: both are part of the script.
            pass
        finally:
            writer.close()
            self._talks.discard(task)

    def _reply_to(self, request: HeardRequest) -> Reply:
        if callable(self._replies):
            return self._replies(request)
        fitting = (reply for reply in self._replies if reply.path in request.target)
        return next(fitting, Reply(b'{"error": "nothing is scripted for this"}', 404))


async def _read_request(reader: asyncio.StreamReader) -> HeardRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    length = min(int(headers.get("content-length", "0")), _MOST_REQUEST_BYTES)
    return HeardRequest(method, target, headers, await reader.readexactly(length))


def _head(reply: Reply, length: int, *more: str) -> bytes:
    lines = (
        f"HTTP/1.1 {reply.status} Said", f"Content-Type: {reply.content_type}",
        f"Content-Length: {length}", "Connection: close", *more, "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


async def _say(writer: asyncio.StreamWriter, reply: Reply) -> None:
    """The reply, spoilt by its fault."""
    if reply.fault == "silent":
        await asyncio.sleep(3600)
    elif reply.fault == "slow_drip":
        writer.write(_head(reply, len(reply.body) + 10_000))
        for byte in reply.body + b" " * 10_000:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.05)
    else:
        writer.write(_spoilt(reply))
        await writer.drain()


def _spoilt(reply: Reply) -> bytes:
    page = b"<!doctype html><title>Maintenance</title><h1>Back soon</h1>"
    whole = _head(reply, len(reply.body)) + reply.body
    elsewhere = msgspec.structs.replace(reply, status=302)
    broken = msgspec.structs.replace(reply, status=503)
    html = msgspec.structs.replace(reply, content_type="text/html")
    bodies: dict[str | None, bytes] = {
        None: whole,
        "closed_at_once": b"",
        "closed_halfway": _head(reply, len(reply.body)) + reply.body[: len(reply.body) // 2],
        "huge_body": _head(reply, 30_000_000) + b" " * 3_000_000,
        "announced_huge": _head(reply, 10**12),
        "html": _head(html, len(page)) + page,
        "redirected": _head(elsewhere, 0, "Location: http://169.254.169.254/latest/meta-data/"),
        "not_json": _head(reply, 9) + b'{"offers"',
        "wrong_json": _head(reply, 14) + b'[17, {"a": 1}]',
        "empty": _head(reply, 0),
        "endless_head": b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 200_000,
        "not_http": b"220 mail.example ESMTP\r\n",
        "server_error": _head(broken, len(page)) + page,
        "compressed": _head(reply, 4, "Content-Encoding: gzip") + b"\x1f\x8b\x08\x00",
    }
    return bodies[reply.fault]


def answer_rates(request: HeardRequest) -> Reply:
    """A carrier of the small protocol: two services, 30.00 a started kilogram and 18.00."""
    if request.headers.get("authorization") != "Bearer demo":
        return Reply(b"{}", 401)
    asked = msgspec.json.decode(request.body)
    kilograms = sum(-(-piece["g"] // 1000) for piece in asked["pieces"])
    if kilograms > 100:
        refused = {"refused": {"code": "too_heavy", "message": "at most 100 kg"}}
        return Reply(msgspec.json.encode(refused), 422)
    offers = [
        {
            "service": code, "total_minor": minor * kilograms, "currency": "CNY", "days": days,
            "lines": [{"code": "freight", "minor": minor * kilograms}],
        }
        for code, minor, days in (("EXPRESS", 3000, [2, 4]), ("ECONOMY", 1800, [6, 9]))
    ]  # fmt: skip
    return Reply(msgspec.json.encode({"offers": offers}))


async def _serve() -> None:
    async with FakeCarrier(answer_rates) as carrier:
        sys.stdout.write(f"a carrier of the small protocol, token demo: {carrier.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
