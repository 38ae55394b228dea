"""The way out against servers that misbehave, and against a resolver that changes its mind."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from entrepot.platform.outgoing import NotAnswered, Outgoing

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OUT = Outgoing(loopback=True)


@asynccontextmanager
async def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on loopback that says whatever `talk` says; its URL."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def saying(raw: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return talk


async def trouble(raw: bytes, **limits: float) -> str:
    async with serving(saying(raw)) as url:
        with pytest.raises(NotAnswered) as error:
            await OUT.fetch(f"{url}/", **limits)  # type: ignore[arg-type]
    return error.value.trouble


async def test_what_is_sent_arrives_as_said() -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        heard.append(await reader.readexactly(7))
        writer.write(b"HTTP/1.1 202 Fine\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok")

    async with serving(talk) as url:
        answer = await OUT.fetch(
            f"{url}/a?b=c", method="POST", headers={"X-K": "v"}, body=b"payload"
        )
    assert (answer.status, answer.body, answer.headers["x-a"]) == (202, b"ok", "b")
    assert heard[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity\r\n" in heard[0]
    assert b"X-K: v\r\n" in heard[0]
    assert heard[1] == b"payload"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    visits: list[bytes] = []

    async def inside(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(await reader.readuntil(b"\r\n\r\n"))

    async with serving(inside) as secret:
        head = f"HTTP/1.1 {status} Go\r\nLocation: {secret}/\r\nContent-Length: 0\r\n\r\n"
        assert await trouble(head.encode()) == "redirected"
    assert visits == []


async def test_bodies_are_limited_announced_or_not() -> None:
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    assert await trouble(announced) == "too_large"
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000
    assert await trouble(endless, most_bytes=100_000) == "too_large"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4\r\nxxxx\r\n" * 5000
    assert await trouble(chunked, most_bytes=10_000) == "too_large"


async def test_bombs_and_endless_heads_are_broken_answers() -> None:
    packed = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"
    assert await trouble(packed) == "broken_answer"
    assert await trouble(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000) == "broken_answer"
    assert await trouble(b"<html>hello</html>\r\n\r\n") == "broken_answer"
    assert await trouble(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") == "broken_answer"
    assert await trouble(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") == "broken_answer"
    assert await trouble(b"") == "broken_answer"


async def test_a_slow_drip_ends_at_the_deadline() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(drip) as url:
        start = asyncio.get_running_loop().time()
        with pytest.raises(NotAnswered) as error:
            await OUT.fetch(f"{url}/", timeout_s=0.3)
        assert asyncio.get_running_loop().time() - start < 10, "all of it takes twenty"
    assert error.value.trouble == "timed_out"


async def test_nobody_there_is_not_reached() -> None:
    async with serving(saying(b"")) as url:
        pass
    with pytest.raises(NotAnswered) as error:
        await OUT.fetch(f"{url}/")
    assert error.value.trouble == "not_reached"


async def test_a_resolver_that_changes_its_mind_is_asked_once() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[object]:
        asked.append(host)
        return [ip_address("1.1.1.1" if len(asked) == 1 else "127.0.0.1")]

    reached: list[tuple[str, int]] = []

    class Watched(Outgoing):
        async def _connect(self, place, addresses):  # type: ignore[no-untyped-def]
            reached.extend((str(address), place.port) for address in addresses)
            raise OSError("not in a test")

    out = Watched(resolve=rebinding)  # type: ignore[arg-type]
    with pytest.raises(NotAnswered):
        await out.fetch("https://carrier.net/")
    assert (asked, reached) == (["carrier.net"], [("1.1.1.1", 443)])
    with pytest.raises(NotAnswered) as error:
        await out.fetch("https://carrier.net/")
    assert error.value.trouble == "private_address"


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a trusting client's TLS for a certificate of `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    chain = folder / "chain.pem"
    chain.write_bytes(
        key.private_bytes(*plain, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(chain)
    return serves, ssl.create_default_context(cafile=str(chain))


async def test_tls_is_verified_against_the_name_that_was_asked(tmp_path: Path) -> None:
    serves, trusts = certified("carrier.net", tmp_path)

    async def here(host: str, at: int) -> list[object]:
        return [ip_address("127.0.0.1")]

    async with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), serves) as url:
        port = url.rsplit(":", 1)[1]
        out = Outgoing(loopback=True, resolve=here, tls=trusts)  # type: ignore[arg-type]
        assert (await out.fetch(f"https://carrier.net:{port}/")).body == b"ok"
        stranger = Outgoing(loopback=True, resolve=here)  # type: ignore[arg-type]
        for way, name in ((out, "other.net"), (stranger, "carrier.net")):
            with pytest.raises(NotAnswered) as error:
                await way.fetch(f"https://{name}:{port}/", timeout_s=5)
            assert error.value.trouble == "not_reached"


@pytest.mark.parametrize(
    "headers", [{"Host": "inside"}, {"Content-Length": "1"}, {"X": "a\r\nHost: b"}, {"a b": "c"}]
)
async def test_no_caller_bends_the_request(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        await OUT.fetch("http://127.0.0.1:9999/", headers=headers)
