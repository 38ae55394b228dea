"""R19: the database goes away: 503 with Retry-After everywhere, and recovery by itself."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest

from entrepot.app.asgi import build
from entrepot.app.wiring import open_house
from entrepot.tenancy.entrances import StartupRefused, connect
from tests.api.harness import AUTHORITY, ApiKeyInHand, key_for
from tests.app.house import own_server
from tests.postgres_fixture import InstalledServer, turned_off

RECOVERED_WITHIN_S = 15.0


class Running(NamedTuple):
    """The whole app in process over a server that may be stopped."""

    own: InstalledServer
    key: ApiKeyInHand
    slug: str
    client: httpx.AsyncClient


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Running]:
    async with own_server() as own:
        tenant = await own.tenant()
        async with open_house(own.settings) as house:
            _, app = build(house)
            key = await key_for(own, app, tenant.tenant)
            await key.post("/nodes", {"code": "SZX1", "zone": "Asia/Shanghai"})
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url=f"http://{AUTHORITY}",
            )
            yield Running(own, key, tenant.slug, client)


def scan(number: int) -> dict[str, Any]:
    return {"warehouse": "SZX1", "tracking_number": f"SF{number:013}"}


async def test_away_is_503_and_back_is_back(running: Running) -> None:
    key, client = running.key, running.client
    page = f"/t/{running.slug}/log-in"
    assert (await client.get(page)).status_code == 200
    await key.post("/scans", scan(1))
    running.own.postgres.stop(at_once=True)
    body = json.dumps(scan(2)).encode()
    answers = [
        await key.send("POST", "/api/v1/scans", body, key="the-second-scan"),
        await key.ask("POST", "/customers", {"name": "Nobody"}),
        await key.ask("GET", "/parcels?tracking_number=SF0000000000001"),
        await client.get("/readyz"),
    ]
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "unavailable"
    assert (await client.get("/healthz")).status_code == 200
    await asyncio.sleep(5.1)  # what pages believe of a tenant is forgotten by then
    for method, address in (("GET", page), ("GET", f"/t/{running.slug}/portal")):
        shown = await client.request(method, address)
        assert shown.status_code == 503, shown.text
        assert int(shown.headers["retry-after"]) >= 1
        assert shown.headers["content-type"].startswith("text/html")
    running.own.postgres.start()
    began = time.monotonic()
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() - began < RECOVERED_WITHIN_S
        await asyncio.sleep(0.1)
    found = await key.send("POST", "/api/v1/scans", body, key="the-second-scan")
    print(f"recovered {time.monotonic() - began:.2f} s after the server answered")
    assert found.status_code == 200, found.text
    assert found.json()["next"]["step"] != "already_done"
    assert (await key.get("/parcels?tracking_number=SF0000000000001"))["items"]
    assert (await client.get(page)).status_code == 200


async def test_single_backends_that_are_killed_are_not_noticed_for_long(running: Running) -> None:
    """All sessions end at once: each request fails with 503 at worst, the next one works."""
    superuser = await connect(running.own.superuser)
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where pid <> pg_backend_pid() and backend_type = 'client backend'"
    )
    await superuser.close()
    for number in range(10, 20):
        answer = await running.key.ask("POST", "/scans", scan(number))
        if answer.status_code == 200:
            return
        assert answer.status_code == 503, answer.text
        assert answer.headers["retry-after"]
    pytest.fail("ten requests in a row found no connection")


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_a_server_that_may_lose_work_is_not_served_from(
    running: Running, setting: str
) -> None:
    async with turned_off(running.own.superuser, setting):
        with pytest.raises(StartupRefused, match=f"{setting} is off"):
            async with open_house(running.own.settings):
                pytest.fail("it serves")
    async with open_house(running.own.settings):
        pass
