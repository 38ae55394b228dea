"""What the database itself holds fast: a ledger nobody changes, quantities never below zero."""

import asyncpg
import pytest

from entrepot.flows.list_movements import list_movements
from entrepot.kernel.refusals import Conflict
from entrepot.tenancy.entrances import connect
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

KEPT = {
    "stock.movement": "quantity = quantity + 1",
    "stock.document": "lines = lines + 1",
    "platform.outbox": "body = '{}'",
    "platform.audit": "verb = ''",
}
"""Tables whose rows stay as they were written, with what somebody would like to change."""
NEGATIVE = {
    "on hand": "update stock.sku_node set on_hand = -1",
    "promised more than there is": "update stock.sku_node set reserved = on_hand - blocked + 1",
    "blocked more than there is": "update stock.sku_node set blocked = on_hand - reserved + 1",
    "in a bin": "update stock.balance set on_hand = -1",
    "promised to an order": "update stock.reservation_line set quantity = -1",
    "taken of a quota": "update stock.channel_available set quota_used = -1",
    "pooled": "update stock.channel_available set pooled = -1",
}


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


async def sold(stock: Stock) -> str:
    """A SKU of which five came, two are promised and one was sold."""
    sku = await stock.stocked(5)
    await stock.reserve((sku, 2))
    await stock.fulfil((await stock.reserve((sku, 1), reference=f"{sku}-sold")).id)
    return sku


@pytest.mark.parametrize("shopper", [False, True])
async def test_no_login_of_the_application_changes_the_ledger(stock: Stock, shopper: bool) -> None:
    """F-E01: neither an order's nor an office's connection rewrites or erases what happened."""
    await sold(stock)
    connection = await connect(await stock.server.login(stock.tenant, shopper=shopper))
    try:
        for table, change in KEPT.items():
            for statement in (f"update {table} set {change}", f"delete from {table}",
                              f"truncate {table}"):  # fmt: skip
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    finally:
        await connection.close()


async def test_every_row_of_the_ledger_has_its_cause(stock: Stock) -> None:
    """F-E01: reason, document and whoever did it; a balance is the sum of its movements."""
    sku = await sold(stock)
    rows = await list_movements(stock.db, stock.staff, sku=sku, reference=None, before=None,
                                most=50)  # fmt: skip
    assert [(row.reason, row.qty, row.reference) for row in rows] == [
        ("sale", 1, f"{sku}-sold"), ("receipt", 5, "test"),
    ]  # fmt: skip
    assert {row.actor for row in rows} == {stock.staff.actor}
    assert await stock.violations() == {}
    owner = await stock.server.owner(stock.tenant)
    try:
        async with owner.transaction():
            await owner.execute(
                "update stock.balance as b set on_hand = b.on_hand + 1 from catalog.sku as s"
                " where s.sku_id = b.sku_id and s.code = $1", sku,
            )  # fmt: skip
            odd = await owner.fetch("select sku_id from stock.violation_balance")
            raise _Undone(len(odd))
    except _Undone as undone:
        assert undone.found == 1
    finally:
        await owner.close()


class _Undone(Exception):
    """Rolls a transaction back, and tells what was found in it."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


@pytest.mark.parametrize("what", NEGATIVE)
async def test_the_database_refuses_what_would_be_below_zero(stock: Stock, what: str) -> None:
    """F-E05: whatever the program does, and even for who owns the tables."""
    await sold(stock)
    owner = await stock.server.owner(stock.tenant)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(NEGATIVE[what])
    finally:
        await owner.close()


async def test_below_zero_is_promised_only_where_a_policy_allows(stock: Stock) -> None:
    """F-E05: beyond what lies there only against what is to come, and then it is a backorder."""
    sku = await stock.stocked(2)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 3))
    await stock.levels(sku, backorder_extra=1)
    made = await stock.reserve((sku, 3))
    assert [(line.qty, line.backordered) for line in made.lines] == [(2, 1)]
    guard = await stock.guard(sku)
    assert (guard.available, guard.backordered) == (0, 1)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 1))


async def test_what_may_be_sold_is_told_with_all_that_it_is_made_of(stock: Stock) -> None:
    """F-E04: on hand - reserved - blocked (quarantine among it) - safety, node by node, and what
    is to come where that may be sold ahead."""
    sku = await stock.stocked(20)
    end = {"node": "N1"}
    aside = {"sku": sku, "reason": "reclassify", "from": end}
    await stock.move({**aside, "qty": 4, "to": {**end, "status": "quarantine"}})
    await stock.move({**aside, "qty": 1, "to": {**end, "status": "damaged"}})
    await stock.reserve((sku, 3))
    await stock.levels(sku, safety=2, inbound=6, sells_inbound=True)
    await stock.receive(sku, 7, "N2")
    one, two = await stock.guard(sku), await stock.guard(sku, "N2")
    assert (one.on_hand, one.reserved, one.quarantine, one.blocked, one.safety, one.inbound) == (
        20, 3, 4, 5, 2, 6,
    )  # fmt: skip
    assert one.available == one.on_hand - one.reserved - one.blocked == 12
    assert await stock.available(sku) == [one.available - one.safety + two.available] == [17]
    ahead = await stock.reserve((sku, 19))
    assert sum(line.qty for line in ahead.lines) == 17, "what lies there"
    assert sum(line.backordered for line in ahead.lines) == 2, "what is to come"
