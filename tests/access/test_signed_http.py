"""R8 over HTTP: every mutation answers 401, writes nothing, burns no nonce; replays are refused.

The requests go to the whole ASGI app as raw scopes, since no client library would send most of
them; once through the thin way of scans, once through the ordinary route.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest

from entrepot.access.signatures import Message
from entrepot.access.types import KeyAlgorithm, KeyMaterial, NewApiKey
from entrepot.flows.create_api_key import create_api_key
from entrepot.flows.revoke_api_key import revoke_api_key
from entrepot.kernel.ids import TenantId
from entrepot.platform.database import Database
from entrepot.platform.pools import Pools
from entrepot.tenancy import provisioning
from tests.access.house import House, open_house, stamp
from tests.access.signed_requests import (
    KEY_ID,
    NONCE,
    NOW_S,
    SECRET,
    Signed,
    compat,
    strict,
)
from tests.access.test_compat_mutations import COMPAT_MUTATIONS
from tests.access.test_signature_mutations import MUTATIONS
from tests.api import harness
from tests.postgres_fixture import InstalledServer

NOT_ON_THE_WIRE = {
    # They change the key or the clock that the verifier is handed, not the request.
    "other secret", "no live key", "key of another algorithm", "an ed25519 key",
    "expired", "just expired", "from the future", "a day old", "too old",
    # No HTTP server hands these on.
    "method empty", "method not ASCII",
}  # fmt: skip


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    document: Any


class Door(NamedTuple):
    """The app, its tenant, and how much that tenant has written down."""

    house: House
    app: Any

    async def written(self) -> object:
        return await self.house.sql(
            "select (select count(*) from platform.request_nonce)"
            " || ' ' || (select count(*) from platform.idempotency)"
            " || ' ' || (select count(*) from platform.outbox)"
            " || ' ' || (select count(*) from platform.audit)"
            " || ' ' || (select count(*) from parcels.parcel)"
        )

    async def ask(self, message: Message) -> Answer:
        """Send a raw request."""
        host, *others = [v for n, v in message.headers if n.lower() == b"host"]
        headers = [(n.lower(), v) for n, v in message.headers if n.lower() != b"host"]
        del host
        hosts = [(b"host", v) for v in (message.authority.encode(), *others)]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": message.method, "scheme": "http", "path": message.path.decode("latin-1"),
            "raw_path": message.path, "query_string": message.query, "root_path": "",
            "headers": [*hosts, *headers], "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080), "state": {},
        }  # fmt: skip
        events: list[dict[str, Any]] = []
        bodies = [{"type": "http.request", "body": message.body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return bodies.pop(0) if bodies else {"type": "http.disconnect"}

        async def send(event: dict[str, Any]) -> None:
            events.append(event)

        await self.app(scope, receive, send)
        start = next(e for e in events if e["type"] == "http.response.start")
        body = b"".join(e.get("body", b"") for e in events if e["type"] == "http.response.body")
        answered = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        document = json.loads(body) if "json" in answered.get("content-type", "") else None
        return Answer(start["status"], answered, document)


@pytest.fixture(scope="module")
async def known_house(server: InstalledServer) -> AsyncIterator[House]:
    """A tenant of the public id that the key of the test requests names."""
    patch = pytest.MonkeyPatch()
    patch.setattr(provisioning, "new_tenant_id", lambda: TenantId(KEY_ID[3:15]))
    house = await open_house(server)
    material = KeyMaterial(KEY_ID, KeyAlgorithm.HMAC_SHA256, secret=SECRET.decode())
    new = NewApiKey("test", ["parcels:receive"])
    await create_api_key(
        house.db, house.owner, stamp(), new=new, material=material, sealing=house.sealing
    )
    patch.setattr(harness, "system_clock", lambda: datetime.fromtimestamp(NOW_S, UTC))
    patch.setattr(harness, "AUTHORITY", "api.example.com")
    yield house
    patch.undo()


@pytest.fixture(scope="module", params=["thin", "route"])
def door(request: pytest.FixtureRequest, known_house: House) -> Door:
    app = harness.api_app(known_house.server, thin=request.param == "thin")
    return Door(known_house, app)


async def refused(door: Door, message: Message, name: str) -> None:
    answer = await door.ask(message)
    # A path or method that leads nowhere, or elsewhere, may be told so before anything is read.
    allowed = (401, 404, 405) if name.startswith(("path", "method", "asterisk")) else (401,)
    assert answer.status in allowed, (name, answer)
    assert answer.document["status"] == answer.status
    if answer.status == 401:
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.headers["date"]
        assert SECRET.decode() not in json.dumps(answer.document)


async def test_every_mutation_answers_401_and_writes_nothing(door: Door) -> None:
    before = await door.written()
    sent = 0
    for original, mutations in ((strict(), MUTATIONS), (compat(), COMPAT_MUTATIONS)):
        for name, mutate in mutations.items():
            if name not in NOT_ON_THE_WIRE:
                await refused(door, mutate(original).message, name)
                sent += 1
    assert sent >= 100
    assert await door.written() == before


async def test_the_nonce_is_burnt_by_work_and_only_then(door: Door) -> None:
    """After all the mutations, which carried this nonce, the request itself is still good."""
    await forget(door)
    for original in (strict(), compat()):
        first = await door.ask(original.message)
        assert first.status == 200, first
        after = await door.written()
        again = await door.ask(original.message)
        assert (again.status, again.document["code"]) == (401, "nonce_replayed")
        assert await door.written() == after
        await forget(door)


async def forget(door: Door) -> None:
    """So that the other door, or scheme, may use the same nonces once more."""
    for table in ("request_nonce", "idempotency"):
        await door.house.sql(f"delete from platform.{table} where credential = $1", f"key:{KEY_ID}")


async def test_a_replay_is_refused_by_every_process(door: Door) -> None:
    """Another process has other pools and another cache: only the database is shared."""
    original = strict()
    assert (await door.ask(original.message)).status == 200
    pools = Pools(door.house.server.directory, budget=4)
    patch = pytest.MonkeyPatch()
    patch.setattr(door.house.server, "database", Database(pools, door.house.db.clock))
    try:
        other = Door(door.house, harness.api_app(door.house.server))
        answer = await other.ask(original.message)
    finally:
        patch.undo()
        await pools.close()
        await forget(door)
    assert (answer.status, answer.document["code"]) == (401, "nonce_replayed")


async def test_a_lost_answer_is_asked_for_again_by_a_new_signature(door: Door) -> None:
    first = await door.ask(strict(nonce="1" * 32).message)
    again = await door.ask(strict(nonce="2" * 32).message)
    assert (first.status, again.status) == (200, 200)
    assert again.document == first.document
    assert first.document["parcel"]["tracking_number"] == "SF0000000000142"
    await forget(door)


async def test_a_compat_write_without_key_is_told_so(door: Door) -> None:
    from entrepot.access.signing import sign_compat
    from tests.access.signed_requests import BODY, message

    headers = sign_compat(
        "POST", "api.example.com", "/api/v1/scans?dry=1", BODY,
        key_id=KEY_ID, secret=SECRET, now_s=NOW_S, nonce="3" * 32,
    )  # fmt: skip
    answer = await door.ask(message(headers))
    assert (answer.status, answer.document["code"]) == (422, "idempotency_key_missing")


async def test_a_revoked_keys_write_is_refused_by_the_database(known_house: House) -> None:
    """Even while the process still holds the key in its cache."""
    door = Door(known_house, harness.api_app(known_house.server))
    assert (await door.ask(strict(nonce="4" * 32).message)).status == 200
    await revoke_api_key(known_house.db, known_house.owner, stamp(), key_id=KEY_ID)
    try:
        before = await door.written()
        answer = await door.ask(strict(nonce="5" * 32, idempotency_key="other").message)
        assert answer.status == 401
        assert await door.written() == before
    finally:
        await known_house.sql(
            "update access.api_key set state = 'active' where key_id = $1", KEY_ID
        )
        await forget(door)


def test_the_signed_requests_are_what_the_mutations_expect() -> None:
    assert isinstance(strict(), Signed)
    assert dict(strict().message.headers)[b"signature-input"].count(NONCE.encode()) == 1
