# ruff: noqa: E501 - one line a tampering
"""R24: the audit trail is sealed in batches, and what was done to a sealed row is found."""

import asyncio

import asyncpg
import pytest

from entrepot.kernel.principals import Job
from entrepot.platform import audit
from tests.postgres_fixture import InstalledServer

KEY = b"k" * 32


class Trail:
    """A tenant with five sealed rows in two seals."""

    def __init__(self, server: InstalledServer, tenant: object, job: Job) -> None:
        self.server = server
        self.tenant = tenant
        self.job = job

    async def write(self, count: int) -> None:
        for number in range(count):
            async with self.server.database.begin(self.job) as tx:
                await audit.put_audit(
                    tx, verb="test", subject="thing", subject_id=None, facts={"number": number}
                )

    async def seal(self) -> audit.Seal | None:
        async with self.server.database.begin(self.job) as tx:
            seal = await audit.seal_batch(tx, key=KEY)
        if seal is not None:
            async with self.server.database.control(self.job) as control:
                await audit.keep_head(control, tenant=self.job.tenant, seal=seal)
        return seal

    async def faults(self) -> list[str]:
        async with self.server.database.control(self.job) as control:
            head = await audit.find_kept_head(control, tenant=self.job.tenant)
        async with self.server.database.read(self.job) as tx:
            return (await audit.check_chain(tx, key=KEY, head=head)).faults

    async def tamper(self, sql: str) -> None:
        """As the owner of the tables, past the product and its triggers."""
        connection = await self.server.owner(self.tenant)  # type: ignore[arg-type]
        await connection.execute(sql)
        await connection.close()


@pytest.fixture
async def trail(server: InstalledServer) -> Trail:
    tenant = await server.tenant()
    trail = Trail(server, tenant, Job(tenant=tenant.tenant, on_behalf_of="test"))
    await trail.write(3)
    assert await trail.seal()
    await trail.write(2)
    assert await trail.seal()
    return trail


async def test_an_untouched_chain_is_whole_and_waiting_rows_are_no_fault(trail: Trail) -> None:
    assert await trail.faults() == []
    await trail.write(1)
    assert await trail.faults() == []
    assert (await trail.seal()) is not None
    assert (await trail.seal()) is None
    assert await trail.faults() == []


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("update platform.audit set actor = 'x' where audit_id = (select min(audit_id::text)::uuid from platform.audit)", "changed"),
        ("update platform.audit set facts = '{}'", "changed"),
        ("delete from platform.audit_sealed where seal_number = 1 and place = 2", "changed"),
        ("delete from platform.audit_sealed where seal_number = 2; delete from platform.audit_seal where seal_number = 2", "cut"),
        ("delete from platform.audit_sealed where seal_number = 1; delete from platform.audit_seal where seal_number = 1", "missing"),
        ("update platform.audit_seal set signature = 'x' where seal_number = 1", "not signed"),
        ("update platform.audit_seal set hash = 'x' where seal_number = 1", "changed"),
        ("insert into platform.audit select gen_random_uuid(), at, actor, credential, on_behalf_of, request_id, verb, subject, subject_id, facts from platform.audit limit 1", "inserted"),
    ],
)  # fmt: skip
async def test_what_was_done_to_sealed_rows_is_found(trail: Trail, sql: str, words: str) -> None:
    await trail.tamper(sql)
    assert any(words in fault for fault in await trail.faults()), await trail.faults()


async def test_a_row_gone_before_its_seal_is_told_and_holds_up_nothing(trail: Trail) -> None:
    await trail.write(3)
    gone = "(select audit_id from platform.audit order by audit_id desc limit 1)"
    await trail.tamper(
        "with x as (delete from platform.audit_unsealed returning at, audit_ids) insert into"
        " platform.audit_unsealed select min(x.at), array_agg(w.id) from x, unnest(x.audit_ids)"
        f" as w (id); delete from platform.audit where audit_id = {gone}"
    )
    sealed = await trail.seal()
    assert sealed is not None
    await trail.write(2)
    assert (await trail.seal()) is not None and (await trail.seal()) is None
    assert await trail.faults() == []
    connection = await trail.server.owner(trail.tenant)  # type: ignore[arg-type]
    assert await connection.fetchval("select count(*) from platform.violation_audit_unsealed") == 1
    assert await connection.fetchval("select count(*) from platform.audit_sealed") == 5 + 2 + 2
    await connection.close()


async def test_two_sealers_at_once_seal_each_row_once(trail: Trail) -> None:
    await trail.write(4)
    found = await asyncio.gather(*(trail.seal() for _ in range(4)), return_exceptions=True)
    made = [one for one in found if isinstance(one, audit.Seal)]
    assert made and all(isinstance(one, audit.Seal | asyncpg.PostgresError | None) for one in found)
    while await trail.seal():
        pass
    assert await trail.faults() == []
    connection = await trail.server.owner(trail.tenant)  # type: ignore[arg-type]
    assert await connection.fetchval("select count(*) from platform.audit_sealed") == 5 + 4
    await connection.close()


async def test_the_products_own_login_cannot_touch_what_was_written(
    server: InstalledServer, trail: Trail
) -> None:
    login = await server.login(trail.tenant)  # type: ignore[arg-type]
    connection = await asyncpg.connect(
        host=login.host, port=login.port, database=login.database, user=login.user,
        password=login.password,
    )  # fmt: skip
    ledgers = {
        "platform.audit": "verb", "platform.audit_seal": "hash", "platform.audit_sealed": "place",
        "platform.outbox": "name", "platform.feed": "feed_position",
        "parcels.parcel_event": "verb",
    }  # fmt: skip
    for table, column in ledgers.items():
        for sql in (f"delete from {table}", f"update {table} set {column} = {column}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(sql)
    await connection.close()
