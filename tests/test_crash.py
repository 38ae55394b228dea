"""kill -9 of app, worker and database during concurrent scans: nothing acknowledged is lost,
nothing is doubled, every unknown outcome is resolved by the same key (R1 in small)."""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import psutil
import pytest

from entrepot.access.signing import sign
from entrepot.kernel.ids import new_token
from entrepot.platform.secrets import read_key
from entrepot.platform.settings import Settings
from entrepot.tenancy.directory import Directory
from tests.installation import Installation, installed

pytestmark = pytest.mark.crash

SCANS = 500
CLIENTS = 8
KILLS = 6
HEALTHY_WITHIN_S = 15.0


class Dock:
    """Clients that scan until each scan has one certain answer."""

    def __init__(self, installation: Installation, seed: int) -> None:
        tenant = installation.tenant("qinggang")
        key = tenant["keys"][0]
        self.key_id, self.secret = key["key_id"], key["secret"].encode()
        self.authority = installation.known["authority"]
        self.base_url = installation.base_url
        self.answers: dict[str, Any] = {}
        self.tries: Counter[str] = Counter()
        self.unsure = 0
        self.rng = random.Random(seed)

    async def scan(self, client: httpx.AsyncClient, number: str) -> None:
        """One scan with one idempotency key, sent again until an answer came."""
        body = json.dumps(
            {"warehouse": "SZX1", "tracking_number": number, "weight_g": 500}
        ).encode()
        key = f"crash-{number}"
        until = time.monotonic() + 90
        while time.monotonic() < until:
            self.tries[number] += 1
            headers = sign(
                "POST", self.authority, "/api/v1/scans", body, key_id=self.key_id,
                secret=self.secret, now_s=int(time.time()), nonce=new_token(24),
                idempotency_key=key,
            )  # fmt: skip
            try:
                answer = await client.post(
                    f"{self.base_url}/api/v1/scans", content=body, headers=headers
                )
            except httpx.TransportError:
                self.unsure += 1
                await asyncio.sleep(self.rng.uniform(0.02, 0.2))
                continue
            if answer.status_code == 200:
                self.answers[number] = answer.json()
                return
            assert answer.status_code in (429, 503), answer.text
            await asyncio.sleep(self.rng.uniform(0.02, 0.2))
        raise AssertionError(f"{number} never got an answer")

    async def work(self, numbers: list[str]) -> None:
        """All scans, by several clients at once."""
        queue = list(numbers)

        async def one_client() -> None:
            async with httpx.AsyncClient(timeout=10) as client:
                while queue:
                    await self.scan(client, queue.pop())
                    await asyncio.sleep(self.rng.uniform(0, 0.05))

        await asyncio.gather(*[one_client() for _ in range(CLIENTS)])


async def kill_now_and_then(installation: Installation, rng: random.Random) -> list[str]:
    """kill -9 of the server, its serving process, the worker, the database, in random order."""
    victims = [("serve",), ("worker",), ("serve",), ("serve",), ("worker",), ("postgres",)]
    rng.shuffle(victims)
    killed = []
    for words in victims[:KILLS]:
        await asyncio.sleep(rng.uniform(0.3, 0.9))
        found = await asyncio.to_thread(installation.children, *words)
        if not found:
            continue
        victim = rng.choice(found) if words == ("serve",) else found[0]
        os.kill(victim.pid, signal.SIGKILL)
        killed.append(words[0])
        began = time.monotonic()
        while not await asyncio.to_thread(installation.ready):
            assert time.monotonic() - began < HEALTHY_WITHIN_S, f"not healthy after {words}"
            await asyncio.sleep(0.1)
    return killed


@pytest.fixture(scope="module")
def victim() -> Iterator[Installation]:
    """An installation to be killed; the tests below use it one after the other."""
    with installed() as running:
        yield running


async def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(victim: Installation) -> None:
    seed = int(os.environ.get("ENTREPOT_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    dock = Dock(victim, seed)
    numbers = [f"SF{9_000_000_000_000 + i}" for i in range(SCANS)]
    killed, _ = await asyncio.gather(
        kill_now_and_then(victim, random.Random(seed)), dock.work(numbers)
    )
    assert len(killed) >= 4, killed
    assert set(dock.answers) == set(numbers)
    connection = await database_of(victim)
    try:
        await check(connection, dock, numbers)
    finally:
        await connection.close()
    print(f"killed {killed}; {dock.unsure} unsure sends, {max(dock.tries.values())} tries at most")


async def database_of(installation: Installation) -> Any:
    """A connection of the forwarder's own login."""
    settings = Settings(home=installation.home, env="test")
    directory = Directory(settings, read_key(settings.key_file, env="test"))
    tenant = await directory.tenant_of_slug("qinggang")
    login = await directory.login(tenant, shopper=False)
    await directory.close()
    return await asyncpg.connect(
        host=login.host, port=login.port, database=login.database, user=login.user,
        password=login.password,
    )  # fmt: skip


async def check(connection: Any, dock: Dock, numbers: list[str]) -> None:
    """Every acknowledged scan is there once, with its event, and the event was carried."""
    rows = await connection.fetch(
        "select tracking_number, parcel_id from parcels.parcel where tracking_number = any($1)",
        numbers,
    )
    assert Counter(row["tracking_number"] for row in rows) == Counter(numbers)
    by_number = {row["tracking_number"]: str(row["parcel_id"]) for row in rows}
    for number, answer in dock.answers.items():
        assert answer["parcel"]["id"] == by_number[number]
        assert answer["next"]["step"] != "already_done", "a retry must give the first answer"
    ids = [row["parcel_id"] for row in rows]
    events = await connection.fetch(
        "select aggregate_id, count(*) as n from platform.outbox "
        "where name = 'parcel.received' and aggregate_id = any($1) group by aggregate_id",
        ids,
    )
    assert Counter({row["aggregate_id"]: row["n"] for row in events}) == Counter(ids)
    until = time.monotonic() + 45
    while await connection.fetchval("select count(*) from platform.outbox_pending"):
        assert time.monotonic() < until, "the outbox is not drained"
        await asyncio.sleep(0.2)
    fed = await connection.fetchval(
        "select count(*) from platform.feed f join platform.outbox o using (event_id) "
        "where o.name = 'parcel.received' and o.aggregate_id = any($1)",
        ids,
    )
    assert fed == len(numbers)
    for view in ("platform.violation_outbox_sequence", "platform.violation_unanswered_request"):
        assert await connection.fetch(f"select 1 from {view}") == [], view


def wait_until_gone(processes: list[psutil.Process]) -> None:
    """Wait for processes to end by themselves."""
    _, alive = psutil.wait_procs(processes, timeout=15)
    assert not alive, [p.cmdline() for p in alive]


def test_ctrl_c_stops_everything_and_starting_again_keeps_the_data(victim: Installation) -> None:
    before = victim.known
    processes = victim.children()
    assert victim.stop() == 0
    wait_until_gone(processes)
    victim.start()
    assert victim.known == before


def test_killing_the_launcher_leaves_nothing_behind(victim: Installation) -> None:
    processes = victim.children()
    assert victim.process is not None
    victim.process.kill()
    victim.process.wait(5)
    wait_until_gone(processes)
    victim.start()
    assert victim.stop() == 0
