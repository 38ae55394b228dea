"""The straight road of reservations under many hands: what is taken between look and lock."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Refusal
from entrepot.platform.database import Database
from entrepot.platform.pools import DRIVER_ERRORS
from entrepot.stock.types import NewReservation
from entrepot.tenancy.entrances import connect
from tests.flows.trade import stamp
from tests.stock.house import Stock, heard_deadlocks
from tests.stock.plenty import SKU_ID, counted, left_road, order, straight

pytestmark = pytest.mark.usefixtures("whole")


async def somebody_waits(watcher: asyncpg.Connection) -> None:
    """Return as soon as somebody in this database waits for a lock."""
    for _ in range(500):
        if await watcher.fetchval(
            "select count(*) from pg_locks where not granted and pid in"
            " (select pid from pg_stat_activity where datname = current_database())"
        ):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def _while_held(stock: Stock, sku: str, change: str, wanted: NewReservation) -> object:
    """Ask while somebody else changes the guarding row; his commit comes when we wait for it."""
    owner = await stock.server.owner(stock.tenant)
    watcher = await stock.server.owner(stock.tenant)
    asked: asyncio.Task[Any] | None = None
    try:
        block = owner.transaction()
        await block.start()
        await owner.execute(change, sku)
        asked = asyncio.create_task(reserve_stock(stock.db, stock.staff, stamp(), wanted))
        await somebody_waits(watcher)
        await block.commit()
        return (await asyncio.gather(asked, return_exceptions=True))[0]
    finally:
        await owner.close()
        await watcher.close()


@pytest.mark.parametrize("level", ["safety", "protected"])
async def test_what_was_taken_under_the_look_is_not_sold(stock: Stock, level: str) -> None:
    cup = await stock.stocked(9)
    before = await counted(stock)
    told = await _while_held(
        stock, cup, f"update stock.sku_node set {level} = 5 where sku_id = {SKU_ID}",
        order((cup, 5, "N1")),
    )  # fmt: skip
    assert isinstance(told, Refusal) and told.code == "insufficient_stock"
    reservations, lines, *_ = await counted(stock)
    assert [reservations, lines] == before[:2]
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(f"update stock.sku_node set {level} = 0 where sku_id = {SKU_ID}", cup)
    await owner.close()


async def test_a_rule_that_came_under_the_look_is_kept(stock: Stock) -> None:
    cup = await stock.stocked(9)
    told = await _while_held(
        stock, cup, f"update stock.channel_available set quota = 2 where sku_id = {SKU_ID}",
        order((cup, 5, "N1")),
    )  # fmt: skip
    assert isinstance(told, Refusal) and told.code == "insufficient_stock"
    assert (await stock.reserve((cup, 2, "N1"))).lines[0].qty == 2


@pytest.mark.parametrize("buyers", [2, 17, 64])
async def test_of_n_buyers_for_one_unit_less_one_goes_without(stock: Stock, buyers: int) -> None:
    cup = await stock.stocked(buyers - 1)
    lanes = [stock.db, Database(stock.db.pools, stock.db.clock)]

    async def buy(n: int) -> object:
        new = order((cup, 1, "N1"))
        return await reserve_stock(lanes[n % 2], stock.staff, stamp(), new)

    found: Counter[str] = Counter()
    for one in await asyncio.gather(*(buy(n) for n in range(buyers)), return_exceptions=True):
        if isinstance(one, BaseException) and not isinstance(one, Refusal):
            raise one
        found[one.code if isinstance(one, Refusal) else "done"] += 1
    assert found == {"done": buyers - 1, "insufficient_stock": 1}
    assert await stock.available(cup) == [0]


async def test_orders_of_many_lines_in_any_order_wait_for_each_other(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = heard_deadlocks(monkeypatch)
    skus = [await stock.stocked(400, node) for node in ("N1", "N2", "N3", "N1", "N2")]
    where = dict(zip(skus, ("N1", "N2", "N3", "N1", "N2"), strict=True))
    lanes = [Database(stock.db.pools, stock.db.clock) for _ in range(4)]

    async def buyer(n: int) -> None:
        turned = skus[n % 5 :] + skus[: n % 5]
        for lines in (turned, turned[::-1]):
            new = order(*((sku, 1, where[sku]) for sku in lines))
            await reserve_stock(lanes[n % 4], stock.staff, stamp(), new)

    await asyncio.gather(*(buyer(n) for n in range(32)))
    assert await stock.available(*skus) == [400 - 64] * 5
    assert heard == []


async def test_a_flight_that_falls_before_its_commit_leaves_nothing(stock: Stock) -> None:
    """Its connection is ended while it waits for the guarding row."""
    cup = await stock.stocked(9)
    before = await counted(stock)
    server = await connect(stock.server.superuser)

    async def end_who_waits() -> None:
        for _ in range(500):
            if await server.fetchval(
                "select bool_or(pg_terminate_backend(pid)) from pg_stat_activity"
                " where wait_event_type = 'Lock'"
            ):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nobody waits for the row")

    owner = await stock.server.owner(stock.tenant)
    block = owner.transaction()
    await block.start()
    await owner.execute(f"update stock.sku_node set safety = 1 where sku_id = {SKU_ID}", cup)
    flight = asyncio.create_task(straight(stock, order((cup, 1, "N1"))))
    await end_who_waits()
    with pytest.raises((Refusal, *DRIVER_ERRORS)):
        await flight
    await block.rollback()
    await owner.close()
    await server.close()
    assert await counted(stock) == before
    assert await stock.available(cup) == [9]


async def test_two_channels_together_never_take_more_than_there_is(stock: Stock) -> None:
    cup = await stock.stocked(9, "N2")
    each = [order((cup, 5, "N2"), channel=channel) for channel in ("WEB", "SHOP")]
    await left_road(stock, *each)
    made = await asyncio.gather(
        *(reserve_stock(stock.db, stock.staff, stamp(), one) for one in each),
        return_exceptions=True,
    )
    assert sum(1 for one in made if not isinstance(one, BaseException)) == 1
    assert await stock.available(cup) == [4]


async def test_a_key_or_nonce_seen_before_breaks_the_flight_for_nobody(stock: Stock) -> None:
    cup = await stock.stocked(50)
    seen, unlike = (Stamp("", new_token(12), new_token(12), b"body") for _ in range(2))
    new = order((cup, 1, "N1"))
    first = await reserve_stock(stock.db, stock.staff, seen, new)
    other = order((cup, 1, "N1"))
    before = await counted(stock)
    for used in (
        seen,
        msgspec.structs.replace(seen, nonce=unlike.nonce),
        msgspec.structs.replace(seen, key=unlike.key),
    ):
        anew = order((cup, 1, "N1"))
        assert await straight(stock, other, anew, stamps=[stamp(), used]) is None
    assert await counted(stock) == before
    sent_again = msgspec.structs.replace(seen, nonce=new_token(12))
    again, fresh = await asyncio.gather(
        reserve_stock(stock.db, stock.staff, sent_again, new),
        reserve_stock(stock.db, stock.staff, stamp(), other),
    )
    assert again == first and fresh.id != first.id
    assert await stock.available(cup) == [48]


@pytest.mark.parametrize("table", ["stock.sku_node", "stock.channel_available"])
async def test_rows_are_locked_in_the_order_of_all(stock: Stock, table: str) -> None:
    """Who waits for the first row holds none of the later ones, however the order names them."""
    codes = [await stock.stocked(9) for _ in range(5)]
    holder, other = [await stock.server.owner(stock.tenant) for _ in range(2)]
    rows = await holder.fetch(
        "select sku_id, code from catalog.sku where code = any($1) order by sku_id", codes
    )
    block = holder.transaction()
    await block.start()
    await holder.execute(f"select from {table} where sku_id = $1 for update", rows[0]["sku_id"])
    flight = asyncio.create_task(
        straight(stock, order(*((row["code"], 1, "N1") for row in rows[::-1])))
    )
    await somebody_waits(other)
    for row in rows[1:]:
        await other.execute(
            f"select from {table} where sku_id = $1 for update nowait", row["sku_id"]
        )
    await block.rollback()
    assert await flight is not None
    await holder.close()
    await other.close()
