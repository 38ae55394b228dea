"""Whatever makes goods free, they go to those who wait for them longest, before anybody else."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.expire_reservations import expire_reservations
from entrepot.flows.fill_backorders import fill_backorders
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.jobs.lapses import end_lapsed
from entrepot.kernel.refusals import Conflict
from entrepot.stock import operations, queries
from entrepot.stock.feeds.types import NewFeedEvents
from entrepot.stock.types import NewMovement, Reservation
from tests.flows.trade import later, stamp
from tests.stock.house import Stock

GOOD = {"node": "N1"}
HELD = {"node": "N1", "status": "hold"}


pytestmark = pytest.mark.usefixtures("whole")


async def all_held(stock: Stock, qty: int = 2, hours: float | None = None) -> Reservation:
    """So many units of a new SKU, all promised, and two more may be waited for."""
    sku = await stock.stocked(qty)
    await stock.levels(sku, backorder_extra=2)
    return await stock.reserve((sku, qty), hours=hours)


async def waiting_for(stock: Stock, holder: Reservation) -> Reservation:
    made = await stock.reserve((holder.lines[0].sku, 2))
    assert [(line.qty, line.backordered) for line in made.lines] == [(0, 2)]
    return made


async def state_of(stock: Stock, reservation_id: UUID) -> list[tuple[int, int]]:
    found = await get_reservation(stock.db, stock.staff, reservation_id=reservation_id)
    return [(line.qty, line.backordered) for line in found.lines]


async def test_what_is_released_goes_to_who_waits(stock: Stock) -> None:
    holder = await all_held(stock)
    waiting = await waiting_for(stock, holder)
    await stock.release(holder.id)
    assert await state_of(stock, waiting.id) == [(2, 0)]
    assert (await stock.fulfil(waiting.id)).state == "fulfilled"


async def test_what_lapses_goes_to_who_waits(stock: Stock) -> None:
    holder = await all_held(stock, hours=1)
    waiting = await waiting_for(stock, holder)
    stock.at[0] = 2.0
    await expire_reservations(stock.db, stock.job, stamp())
    assert await state_of(stock, waiting.id) == [(2, 0)]


async def test_what_a_smaller_order_gives_back_goes_to_who_waits(stock: Stock) -> None:
    holder = await all_held(stock)
    waiting = await waiting_for(stock, holder)
    smaller = await stock.reserve((holder.lines[0].sku, 1), reference=holder.reference)
    assert await state_of(stock, smaller.id) == [(1, 0)]
    assert await state_of(stock, waiting.id) == [(1, 1)]


async def test_a_lower_safety_goes_to_who_waits(stock: Stock) -> None:
    sku = await stock.stocked(2)
    await stock.levels(sku, safety=2, backorder_extra=2)
    waiting = await stock.reserve((sku, 2))
    await stock.levels(sku, safety=0)
    assert await state_of(stock, waiting.id) == [(2, 0)]


async def test_what_is_good_again_or_found_by_a_count_goes_to_who_waits(stock: Stock) -> None:
    holder = await all_held(stock)
    waiting = await waiting_for(stock, holder)
    sku = holder.lines[0].sku
    await stock.move({"sku": sku, "qty": 1, "reason": "receipt", "to": HELD})
    assert await state_of(stock, waiting.id) == [(0, 2)]
    await stock.move({"sku": sku, "qty": 1, "reason": "reclassify", "from": HELD, "to": GOOD})
    assert await state_of(stock, waiting.id) == [(1, 1)]
    async with stock.db.begin(stock.staff) as tx:
        line = {"sku": sku, "qty": 1, "reason": "count_more", "to": GOOD}
        counted = msgspec.convert([line], list[NewMovement])
        await operations.post(tx, reference="count", movements=counted)
    assert await state_of(stock, waiting.id) == [(2, 0)]


async def test_what_a_source_tells_goes_to_who_waits(stock: Stock) -> None:
    holder = await all_held(stock)
    waiting = await waiting_for(stock, holder)
    event = {"sequence": 1, "sku": holder.lines[0].sku, "delta": 2, "at": later(-1)}
    told = {"feed": "backorders", "node": "N1", "events": [event]}
    new = msgspec.convert(told, NewFeedEvents)
    await post_stock_events(stock.db, stock.staff, stamp(), new=new)
    assert await state_of(stock, waiting.id) == [(2, 0)]


async def test_a_loss_that_is_moved_back_goes_to_who_waits(stock: Stock) -> None:
    sku = await stock.stocked(2)
    holder = await stock.reserve((sku, 2))
    lost = await stock.post({"sku": sku, "qty": 2, "reason": "loss", "from": GOOD})
    assert await state_of(stock, holder.id) == [(0, 2)]
    back = lost.movements[0]
    await reverse_movement(stock.db, stock.staff, stamp(), movement_id=back)
    assert await state_of(stock, holder.id) == [(2, 0)]


async def test_who_was_passed_over_in_somebodys_hands_is_found_by_the_sweep(
    stock: Stock,
) -> None:
    holder = await all_held(stock)
    waiting = await waiting_for(stock, holder)
    async with stock.db.begin(stock.staff) as tx:
        await operations.take_reservation(tx, reservation_id=waiting.id)
        await stock.release(holder.id)
    assert await state_of(stock, waiting.id) == [(0, 2)]
    async with stock.db.read(stock.job) as reader:
        assert await queries.anything_lapsed(reader)
    assert await end_lapsed(stock.db, tenant=stock.tenant.tenant) is False
    assert await state_of(stock, waiting.id) == [(2, 0)]
    assert (await fill_backorders(stock.db, stock.job, Stamp())).ended == 0
    async with stock.db.read(stock.job) as reader:
        assert not await queries.anything_lapsed(reader)


async def test_who_comes_later_takes_nothing_of_what_others_wait_for(stock: Stock) -> None:
    holder = await all_held(stock, qty=6)
    waiting = await waiting_for(stock, holder)
    sku = holder.lines[0].sku
    calls = [stock.release(holder.id), *(stock.reserve((sku, 1)) for _ in range(8))]
    made = await asyncio.gather(*calls, return_exceptions=True)
    assert await state_of(stock, waiting.id) == [(2, 0)]
    held = [line.qty for one in made[1:] if isinstance(one, Reservation) for line in one.lines]
    assert sum(held) <= 4
    assert {type(one) for one in made[1:]} <= {Reservation, Conflict}


async def test_who_waits_for_lasting_goods_is_not_given_others(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    await stock.levels(sku, "N1", inbound=5, sells_inbound=True)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        made = await stock.reserve((sku, 3, "N1"), channel="SHOP")
        second = await stock.reserve((sku, 1, "N1"))
        await stock.receive(sku, 3, lot="OLD", expires_on=str(today + timedelta(10)))
        guard = await stock.guard(sku)
        assert (guard.reserved, guard.backordered) == (1, 3), "the next in line has it"
        async with stock.db.read(stock.job) as reader:
            assert not await queries.anything_lapsed(reader), "nothing for the sweep to do"
        await stock.fulfil(second.id)
        await stock.receive(sku, 3, lot="NEW", expires_on=str(today + timedelta(90)))
        assert (await stock.guard(sku)).backordered == 0
        await stock.fulfil(made.id)
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)
