"""Doubts of stock: each of these was a suspicion before it was a test."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest

from entrepot.catalog.types import Part, SkuDocument
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_node import create_node
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.expire_reservations import expire_reservations
from entrepot.flows.get_channel import get_channel
from entrepot.flows.list_availability import list_availability
from entrepot.flows.list_availability_changes import list_availability_changes
from entrepot.flows.replace_channel import replace_channel
from entrepot.flows.replace_sku import replace_sku
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.nodes.channel_types import ChannelDocument, PoolNode
from entrepot.nodes.types import NewBins, NewNode
from entrepot.platform.database import ReadTx
from entrepot.stock import operations, queries
from entrepot.stock.types import NewMovement, Posted
from tests.flows.trade import later, stamp
from tests.stock.house import Stock

PAST = "2020-01-31"
SOON = 0.2
"""Seconds that a call is given to run into a lock."""


pytestmark = pytest.mark.usefixtures("whole")


async def lapse(stock: Stock) -> int:
    return (await expire_lots(stock.db, stock.job, stamp())).ended


def receipt(sku: str, node: str, qty: int = 1, **fields: object) -> NewMovement:
    line = {"sku": sku, "qty": qty, "reason": "receipt", "to": {"node": node}, **fields}
    return msgspec.convert(line, NewMovement)


async def back(stock: Stock, movement: UUID) -> UUID:
    made = await reverse_movement(stock.db, stock.staff, stamp(), movement_id=movement)
    return made.id


async def test_an_expired_lot_can_be_thrown_away(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L", expires_on=PAST)
    assert await lapse(stock) == 1
    await stock.post({
        "sku": sku, "qty": 3, "reason": "scrap", "lot": "L",
        "from": {"node": "N1", "status": "expired"},
    })  # fmt: skip
    assert (await stock.guard(sku)).on_hand == 0


async def test_lots_of_goods_with_serials_expire(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, serial_tracked=True)
    for serial in ("A", "B"):
        await stock.receive(sku, 1, lot="L", serial=serial, expires_on=PAST)
    assert await lapse(stock) == 1
    assert await stock.available(sku) == [0]


async def test_the_end_of_a_lot_is_not_moved_back(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L", expires_on=PAST)
    assert await lapse(stock) == 1
    moved = await stock.server.owner(stock.tenant)
    try:
        expired = await moved.fetchval(
            "select m.movement_id from stock.movement as m join catalog.sku as s using (sku_id)"
            " where s.code = $1 and m.reason = 'expire'", sku,
        )  # fmt: skip
    finally:
        await moved.close()
    with pytest.raises(Conflict) as refused:
        await back(stock, expired)
    assert refused.value.code == "lot_expired"


async def test_goods_that_come_while_their_lot_expires(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L", expires_on=PAST)
    async with stock.db.begin(stock.job) as tx:
        assert await operations.expire_lots(tx) == 1
        coming = asyncio.create_task(stock.receive(sku, 2, lot="L"))
        await asyncio.sleep(SOON)
    with pytest.raises(Conflict) as refused:
        await coming
    assert refused.value.code == "lot_expired"


async def test_the_buffer_holds_for_lines_that_name_nodes(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 5, "N1")
    await stock.receive(sku, 5, "N2")
    await stock.channel_levels("WEB", [{"sku": sku, "buffer": 5}])
    with pytest.raises(Conflict):
        await stock.reserve((sku, 5, "N1"), (sku, 5, "N2"))
    assert await stock.available(sku) == [5]


async def test_the_buffer_holds_for_a_named_node_behind_another_order(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 5, "N1")
    await stock.receive(sku, 5, "N2")
    await stock.channel_levels("WEB", [{"sku": sku, "buffer": 5}])
    made = await asyncio.gather(
        *(stock.reserve((sku, 1, node)) for node in ("N1", "N2") * 5), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in made) == 5


async def test_a_replaced_order_does_not_use_up_its_quota(stock: Stock) -> None:
    sku = await stock.stocked(9)
    await stock.channel_levels("WEB", [{"sku": sku, "quota": 5}])
    for qty in (4, 5, 2):
        made = await stock.reserve((sku, qty), reference=f"quota {sku}")
    assert await stock.available(sku) == [3]
    with pytest.raises(Conflict):
        await stock.reserve((sku, 6), reference=f"quota {sku}")
    await stock.release(made.id)
    assert await stock.available(sku) == [5]


async def test_staff_of_one_warehouse_replace_no_order_of_another(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 3, "N1")
    await stock.receive(sku, 3, "N2")
    theirs = await stock.reserve((sku, 2, "N2"), reference=f"theirs {sku}")
    with pytest.raises((Conflict, NotFound)):
        await stock.reserve((sku, 1, "N1"), reference=theirs.reference, by=stock.staff_of("N1"))
    assert (await stock.guard(sku, "N2")).reserved == 2


async def test_staff_of_one_warehouse_do_not_see_what_an_order_holds_elsewhere(
    stock: Stock,
) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 3, "N2")
    theirs = await stock.reserve((sku, 2, "N2"))
    seen = await list_availability(
        stock.db, stock.staff_of("N1"), channel="WEB", skus=[sku], reference=theirs.reference
    )
    assert [row.available for row in seen] == [0]


async def test_the_feed_hears_of_what_a_replaced_order_gives_back(stock: Stock) -> None:
    before, after = await stock.stocked(2), await stock.stocked(2)
    old = await stock.reserve((before, 2))
    await stock.reserve((after, 1), reference=old.reference)
    owner = await stock.server.owner(stock.tenant)
    try:
        told = await owner.fetchval(
            "select o.body -> 'lines' -> 0 ->> 'sku' from platform.outbox as o"
            " where o.name = 'reservation.released' and o.aggregate_id = $1", old.id,
        )  # fmt: skip
    finally:
        await owner.close()
    assert told == before


async def test_a_cart_that_is_paid_at_its_last_moment_does_not_lapse(stock: Stock) -> None:
    sku = await stock.stocked(2)
    cart = await stock.reserve((sku, 1), hours=1)
    stock.at[0] = 2
    owner = await stock.server.owner(stock.tenant)
    try:
        async with owner.transaction():
            await owner.execute(
                "update stock.reservation set strength = 'hard', expires_at = null,"
                " sequence = sequence where reservation_id = $1", cart.id,
            )  # fmt: skip
            lapsing = asyncio.create_task(expire_reservations(stock.db, stock.job, stamp()))
            await asyncio.sleep(SOON)
        assert (await lapsing).ended == 0
    finally:
        await owner.close()
    assert await stock.available(sku) == [1]


async def test_a_serial_that_comes_in_two_nodes_at_once(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    await stock.receive(sku, 1, "N1", serial="B")
    await stock.receive(sku, 1, "N2", serial="C")
    async with stock.db.begin(stock.staff) as tx:
        await operations.post(tx, reference="first", movements=[receipt(sku, "N1", serial="A")])
        second = asyncio.create_task(stock.receive(sku, 1, "N2", serial="A"))
        await asyncio.sleep(SOON)
    with pytest.raises(Conflict) as refused:
        await second
    assert refused.value.code == "serial_elsewhere"
    assert (await stock.guard(sku, "N1")).on_hand == 2


async def test_a_serial_keeps_its_lot(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, serial_tracked=True)
    await stock.receive(sku, 1, lot="L", serial="A")
    await stock.receive(sku, 1, lot="M", serial="B")
    with pytest.raises(Conflict) as refused:
        await stock.post({
            "sku": sku, "qty": 1, "reason": "scrap", "lot": "M", "serial": "A",
            "from": {"node": "N1"},
        })  # fmt: skip
    assert refused.value.code == "serial_elsewhere"


async def test_two_who_move_one_movement_back(stock: Stock) -> None:
    sku = await stock.sku()
    made: Posted = await stock.receive(sku, 4)
    async with stock.db.begin(stock.staff) as tx:
        await operations.reverse(tx, movement_id=made.movements[0])
        second = asyncio.create_task(back(stock, made.movements[0]))
        await asyncio.sleep(SOON)
    with pytest.raises(Conflict) as refused:
        await second
    assert refused.value.code in ("already_reversed", "not_there")


async def test_two_who_move_one_arrival_back_while_there_is_more(stock: Stock) -> None:
    sku = await stock.stocked(9)
    made: Posted = await stock.receive(sku, 4)
    async with stock.db.begin(stock.staff) as tx:
        await operations.reverse(tx, movement_id=made.movements[0])
        second = asyncio.create_task(back(stock, made.movements[0]))
        await asyncio.sleep(SOON)
    with pytest.raises(Conflict) as refused:
        await second
    assert refused.value.code == "already_reversed"
    assert await stock.available(sku) == [9]


async def test_a_pool_that_grows_while_the_first_goods_come(stock: Stock) -> None:
    sku = await stock.sku()
    shop = await get_channel(stock.db, stock.staff, code="SHOP")
    pool = [{"node": one.node, "priority": one.priority} for one in shop.pool]
    wider = msgspec.convert(
        {"names": shop.names, "pool": [*pool, {"node": "N3", "priority": 9}]}, ChannelDocument
    )
    async with stock.db.begin(stock.staff) as tx:
        await operations.post(tx, reference="first", movements=[receipt(sku, "N3", 7)])
        growing = asyncio.create_task(
            replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=wider)
        )
        await asyncio.sleep(SOON)
    await growing
    assert await stock.available(sku, channel="SHOP") == [7]


async def test_a_kit_in_a_kit_in_a_kit_holds_what_it_is_made_of(stock: Stock) -> None:
    sku = await stock.stocked(3)
    kit = sku
    for _ in range(10):
        kit = await stock.sku((kit, 1))
    assert await stock.available(kit) == [3]
    made = await stock.reserve((kit, 2))
    assert [(line.sku, line.qty) for line in made.lines] == [(sku, 2)]


async def test_goods_that_come_go_to_those_who_wait(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, backorder_extra=3)
    waiting = await stock.reserve((sku, 3))
    await stock.receive(sku, 4)
    assert await stock.available(sku) == [1]
    assert (await stock.fulfil(waiting.id)).state == "fulfilled"


async def test_a_lot_ends_with_its_day_where_the_day_ends_first(stock: Stock) -> None:
    node = NewNode(code="KI", zone="Pacific/Kiritimati")
    await create_node(stock.db, stock.staff, stamp(), new=node)
    shelf = msgspec.convert({"bins": [{"code": "A-1"}]}, NewBins)
    await create_bins(stock.db, stock.staff, stamp(), node="KI", new=shelf)
    sku = await stock.sku(lot_tracked=True)
    now = later(0)
    await stock.receive(sku, 3, "KI", lot="L", expires_on=str(now.date()))
    midnight = now.replace(hour=10, minute=0)  # ten in UTC is midnight over there
    stock.at[0] = (midnight - now) / timedelta(hours=1) - 0.5
    assert await lapse(stock) == 0
    stock.at[0] += 1
    assert await lapse(stock) == 1


async def test_the_feed_hears_of_levels(stock: Stock) -> None:
    at_node, in_channel = await stock.stocked(5), await stock.stocked(5)
    owner = await stock.server.owner(stock.tenant)
    try:
        drain = "select max(feed_position) from platform.drain_outbox_v1(100000)"
        cursor = await owner.fetchval(drain)
        await stock.levels(at_node, safety=2)
        await stock.channel_levels("WEB", [{"sku": in_channel, "buffer": 1}])
        await owner.fetchval(drain)
    finally:
        await owner.close()
    told = await list_availability_changes(stock.db, stock.staff, channel="WEB", after=cursor)
    assert [(row.sku, row.available) for row in told.items] == [(at_node, 3), (in_channel, 4)]


async def test_the_feed_hears_of_kits_and_of_what_changes_everything(stock: Stock) -> None:
    """A kit changes with its parts, however deep they lie in it; with a pool or a rule of the
    channel everything may have."""
    part, other = await stock.stocked(5), await stock.stocked(9)
    inner = await stock.sku((part, 2))
    outer = await stock.sku((inner, 1), (other, 3))
    owner = await stock.server.owner(stock.tenant)
    drain = "select max(feed_position) from platform.drain_outbox_v1(100000)"

    async def changes(channel: str, after: int) -> tuple[dict[str, int], bool]:
        told = await list_availability_changes(stock.db, stock.staff, channel=channel, after=after)
        return {row.sku: row.available for row in told.items}, told.everything

    try:
        cursor = await owner.fetchval(drain)
        await stock.receive(part, 2)
        cursor_of_rule = await owner.fetchval(drain)
        assert await changes("WEB", cursor) == ({part: 7, inner: 3, outer: 3}, False)
        await stock.channel_levels("WEB", uses_protected=False)
        cursor_of_pool = await owner.fetchval(drain)
        assert await changes("WEB", cursor_of_rule) == ({}, True)
        assert await changes("SHOP", cursor_of_rule) == ({}, False)
        pool = [PoolNode("N2", 1), PoolNode("N1", 2)]
        document = ChannelDocument(names={"en": "Shop"}, pool=pool)
        await replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=document)
        cursor = await owner.fetchval(drain)
        assert await changes("SHOP", cursor_of_pool) == ({}, True)
        assert await changes("WEB", cursor_of_pool) == ({}, False)
        wider = SkuDocument(names={"en": inner}, parts=[Part(part, 3)])
        await replace_sku(stock.db, stock.staff, stamp(), code=inner, document=wider)
        await owner.fetchval(drain)
        assert await changes("WEB", cursor) == ({inner: 2, outer: 2}, False)
    finally:
        await owner.close()


async def test_a_cursor_beyond_the_end_reads_everything_again(stock: Stock) -> None:
    """After a restore the feed is shorter than its readers remember: they waited for it to grow
    past them, and heard nothing of what changed until then."""
    await stock.stocked(1)
    owner = await stock.server.owner(stock.tenant)
    try:
        last = await owner.fetchval("select max(feed_position) from platform.drain_outbox_v1(1000)")
    finally:
        await owner.close()

    async def changes(after: int) -> tuple[int, bool]:
        told = await list_availability_changes(stock.db, stock.staff, channel="WEB", after=after)
        return told.next, told.everything

    assert await changes(last + 7) == (last, True)
    assert await changes(last) == (last, False)


class Between:
    """A block in which something happens after its first row was read."""

    def __init__(self, tx: ReadTx, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self.tx, self.meanwhile = tx, meanwhile

    def __getattr__(self, name: str) -> object:
        return getattr(self.tx, name)

    async def one(self, *args: Any, **wanted: Any) -> object:
        read = await self.tx.one(*args, **wanted)
        await self.meanwhile()
        return read


async def test_no_change_is_told_twice(stock: Stock) -> None:
    """What is drained while a page is read belongs to the next one."""
    owner = await stock.server.owner(stock.tenant)
    drain = "select max(feed_position) from platform.drain_outbox_v1(100000)"

    async def more() -> None:
        await stock.receive(later_sku, 1)
        await owner.fetchval(drain)

    try:
        first, later_sku = await stock.sku(), await stock.sku()
        cursor = await owner.fetchval(drain)
        await stock.receive(first, 1)
        await owner.fetchval(drain)
        async with stock.db.read(stock.staff) as tx:
            between = cast(ReadTx, Between(tx, more))
            page = await queries.list_changes(between, channel="WEB", after=cursor)
            rest = await queries.list_changes(tx, channel="WEB", after=page.next)
    finally:
        await owner.close()
    assert [[row.sku for row in one.items] for one in (page, rest)] == [[first], [later_sku]]
