"""Work in a warehouse holds what it decides about: somebody who has one row of it makes it wait,
or begin again, and at the statement that decides. Races show the same by luck, these always."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.approve_adjustment import approve_adjustment
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.close_period import close_period
from entrepot.flows.close_recall import close_recall
from entrepot.flows.correct_difference import correct_difference
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.list_differences import list_differences
from entrepot.flows.open_recall import open_recall
from entrepot.flows.pick_goods import pick_goods
from entrepot.flows.pick_short import pick_short
from entrepot.flows.reconcile import reconcile
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.send_transfer import send_transfer
from entrepot.flows.undo_put_away import undo_put_away
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict
from entrepot.nodes.channel_types import NewChannel
from entrepot.nodes.types import NewBins
from entrepot.platform.clock import system_clock
from entrepot.reconciliation.types import Closing, NewRun
from entrepot.stock.adjustment_types import AdjustmentSummary, Decision, NewAdjustment
from entrepot.stock.lots.recall_types import NewRecall, RecallOutcome, RecallSummary
from entrepot.stock.picking.types import MissedGoods, PickedGoods
from entrepot.stock.transfers.types import Loaded, NewTransfer, Transfer
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.arriving import announced, came_back, moved_back, received, stowed
from tests.stock.house import Stock, open_stock
from tests.stock.transferring import places_of
from tests.stock.waiting import ASN, GUARD, ORDER, POOL, TURN, gives_up, waits

pytestmark = pytest.mark.usefixtures("whole")


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    """WEB sells from N1, N2, N3; SHOP from N2, N1; FAR from N3. Goods are packed at N1."""
    house = await open_stock(server)
    pack = msgspec.convert({"bins": [{"code": "PACK-1", "class": "packed"}]}, NewBins)
    await create_bins(house.db, house.staff, stamp(), node="N1", new=pack)
    far = {"code": "FAR", "names": {"en": "Far"}, "pool": [{"node": "N3", "priority": 1}]}
    await create_channel(house.db, house.staff, stamp(), new=msgspec.convert(far, NewChannel))
    return house


def somebody(stock: Stock) -> Staff:
    return Staff(stock.tenant.tenant, new_id(system_clock()), PERMISSIONS)


async def sent_draft(stock: Stock, sku: str) -> Transfer:
    rows = [{"sku": sku, "qty": 1}]
    new = {"from": "N1", "to": "N2", "reference": "weekly", "lines": rows}
    return await create_transfer(
        stock.db, stock.staff, stamp(), new=msgspec.convert(new, NewTransfer)
    )


async def send(stock: Stock, one: Transfer) -> Transfer:
    return await send_transfer(stock.db, stock.staff, stamp(), transfer_id=one.id, loaded=Loaded())


async def pick(stock: Stock, reservation_id: UUID, sku: str, bin: str = "R") -> None:
    await pick_goods(
        stock.db, stock.staff, stamp(), reservation_id=reservation_id,
        goods=PickedGoods(node="N1", bin=bin, sku=sku, qty=1),
    )  # fmt: skip


async def miss(stock: Stock, reservation_id: UUID, sku: str) -> None:
    await pick_short(
        stock.db, stock.staff, stamp(), reservation_id=reservation_id,
        goods=MissedGoods("N1", "R", sku),
    )  # fmt: skip


async def scrap(stock: Stock, sku: str, qty: int, by: Staff) -> AdjustmentSummary:
    line = {"sku": sku, "qty": qty, "reason": "scrap"}
    new = msgspec.convert({"node": "N1", "cause": "broken", "lines": [line]}, NewAdjustment)
    return await ask_adjustment(stock.db, by, stamp(), new=new)


async def call_back(stock: Stock, sku: str) -> RecallSummary:
    lines = [{"sku": sku, "lot": "L"}]
    new = {"reference": "BVL-1", "cause": "safety", "lines": lines}
    return await open_recall(stock.db, stock.staff, stamp(), new=msgspec.convert(new, NewRecall))


async def release_recall(stock: Stock, recall: RecallSummary) -> RecallSummary:
    return await close_recall(
        stock.db, stock.staff, stamp(), recall_id=recall.id, how=RecallOutcome("released")
    )


def spoiled(stock: Stock, sku: str, bin: str = "R") -> Awaitable[Any]:
    """A unit in a bin turns out to be broken, whoever it is for."""
    at = {"node": "N1", "bin": bin}
    line = {"sku": sku, "qty": 1, "reason": "reclassify", "from": at}
    return stock.move({**line, "to": {**at, "status": "damaged"}})


async def in_n1_and_n3(stock: Stock) -> str:
    """Lot L in N1; in N3 a guarding row and no goods of that lot."""
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, "N1", lot="L")
    await stock.receive(sku, 1, "N3", lot="M")
    return sku


async def test_picking_holds_the_order_and_the_goods(stock: Stock) -> None:
    sku = await stock.stocked(4)
    made = await stock.reserve((sku, 3))
    await waits(stock, pick(stock, made.id, sku), ORDER, made.id, at="stock.reservation")
    await waits(stock, pick(stock, made.id, sku), GUARD, sku, "N1", at="hold_guards_v1")


async def test_a_short_pick_holds_every_node_that_might_take_over(stock: Stock) -> None:
    sku = await stock.stocked(2)
    await stock.receive(sku, 1, "N2")
    await spoiled_at_n2(stock, sku)
    made = await stock.reserve((sku, 1, "N1"))
    await waits(stock, miss(stock, made.id, sku), GUARD, sku, "N2", at="channel_node")


async def spoiled_at_n2(stock: Stock, sku: str) -> None:
    """N2 keeps its guarding row and has nothing to sell."""
    line = {"sku": sku, "qty": 1, "reason": "reclassify", "from": {"node": "N2"}}
    await stock.move({**line, "to": {"node": "N2", "status": "damaged"}})


async def test_promises_that_move_hold_the_pools_of_every_node(stock: Stock) -> None:
    sku = await stock.stocked(1)
    await stock.receive(sku, 1, "N3")
    made = await stock.reserve((sku, 1, "N1"))
    await waits(stock, miss(stock, made.id, sku), POOL, sku, "FAR", at="reallocate_v1")


async def test_a_pick_in_vain_does_not_wait_for_whoever_ends_the_order(stock: Stock) -> None:
    sku = await stock.stocked(5)
    made = await stock.reserve((sku, 1))
    await pick(stock, made.id, sku)
    await gives_up(stock, spoiled(stock, sku, "PACK-1"), ORDER, made.id)


async def test_undoing_a_put_away_takes_nothing_that_was_picked(stock: Stock) -> None:
    """Goods stowed where orders are packed, and picked there: the dock does not get them back."""
    sku = await stock.stocked(4)
    stow = await stowed(stock, sku, "PACK-1", qty=3)
    made = await stock.reserve((sku, 2))
    await pick(stock, made.id, sku, "PACK-1")
    for undo in (undo_put_away, reverse_movement):
        with pytest.raises(Conflict) as refused:
            await undo(stock.db, stock.staff, stamp(), movement_id=stow.movements[0])
        assert refused.value.code == "picked_for_somebody"
    await stock.release(made.id)
    await undo_put_away(stock.db, stock.staff, stamp(), movement_id=stow.movements[0])
    assert await places_of(stock, sku) == {"N1/R good": 4}


async def test_a_broken_promise_does_not_wait_for_whoever_ends_the_order(stock: Stock) -> None:
    sku = await stock.stocked(1)
    made = await stock.reserve((sku, 1))
    await gives_up(stock, spoiled(stock, sku), ORDER, made.id)


async def test_adjusting_holds_the_node_and_deciding_the_request(stock: Stock) -> None:
    sku, by = await stock.stocked(20), somebody(stock)
    node = "select from nodes.node as n where n.code = 'N1' for share"
    await waits(stock, scrap(stock, sku, 1, by), node, at="nodes.node")
    asked = await scrap(stock, sku, 6, by)
    approve = approve_adjustment(
        stock.db, somebody(stock), stamp(), adjustment_id=asked.id, said=Decision()
    )
    row = "select from stock.adjustment as a where a.adjustment_id = $1 for key share"
    await waits(stock, approve, row, asked.id, at="asked_by")


async def test_a_recall_holds_every_node_while_it_opens_and_ends(stock: Stock) -> None:
    sku = await in_n1_and_n3(stock)
    await waits(stock, call_back(stock, await in_n1_and_n3(stock)), f"{TURN} for key share",
                at="open_recall_v1")  # fmt: skip
    opened: list[RecallSummary] = []

    async def opening() -> None:
        opened.append(await call_back(stock, sku))

    await waits(stock, opening(), GUARD, sku, "N3", at="open_recall_v1")
    row = "select from stock.recall as r where r.recall_id = $1 for key share"
    other = await call_back(stock, await in_n1_and_n3(stock))
    await waits(stock, release_recall(stock, other), row, other.id, at="stock.recall as r")
    await waits(stock, release_recall(stock, opened[0]), GUARD, sku, "N3", at="close_recall_v1")


async def test_sending_holds_the_transfer_and_the_goods(stock: Stock) -> None:
    sku = await stock.stocked(5)
    one, two = await sent_draft(stock, sku), await sent_draft(stock, sku)
    row = "select from stock.transfer as x where x.transfer_id = $1 for key share"
    await waits(stock, send(stock, one), row, one.id, at="stock.transfer as x")
    await waits(stock, send(stock, two), GUARD, sku, "N1", at="hold_guards_v1")


async def test_receiving_holds_the_asn_and_what_is_awaited(stock: Stock) -> None:
    sku = await stock.stocked(1)
    asn = await announced(stock, (sku, 5))
    await waits(stock, received(stock, asn, (sku, 1)), ASN, asn.id, at="stock.asn as a")
    await waits(stock, announced(stock, (sku, 1)), GUARD, sku, "N1", at="expect_v1")
    done = await received(stock, asn, (sku, 1))
    back = moved_back(stock, done.lines[0].movements[0])
    await waits(stock, back, ASN, asn.id, at="reverse_v1")


async def test_returns_hold_what_may_come_back(stock: Stock) -> None:
    sku, reference = await stock.stocked(3), new_token(9)
    await stock.fulfil((await stock.reserve((sku, 3), reference=reference)).id)
    await came_back(stock, reference, {"code": sku, "qty": 1})
    again = came_back(stock, reference, {"code": sku, "qty": 1})
    row = "select from stock.return_guard as g where g.reference = $1 for key share"
    await waits(stock, again, row, reference, at="hold_returns_v1")


async def test_new_guarding_rows_wait_for_who_changes_pools(stock: Stock) -> None:
    row = f"{TURN} for no key update"
    await waits(stock, stock.receive(await stock.sku(), 1), row, at="post_")
    await waits(stock, announced(stock, (await stock.sku(), 1)), row, at="expect_v1")


async def test_levels_hold_every_row_that_they_count(stock: Stock) -> None:
    sku = await stock.stocked(3)
    await stock.receive(sku, 1, "N3")
    await waits(stock, stock.levels(sku, safety=1), GUARD, sku, "N3", at="set_levels_v1")
    await waits(stock, stock.levels(sku, safety=2), POOL, sku, "FAR", at="set_levels_v1")
    buffer = [{"sku": sku, "buffer": 1}]
    await waits(stock, stock.channel_levels("SHOP", buffer), POOL, sku, "SHOP",
                at="set_channel_levels_v1")  # fmt: skip
    rule = stock.channel_levels("FAR", uses_protected=True)
    await waits(stock, rule, GUARD, sku, "N3", at="count_pools_v1")
    await waits(stock, stock.receive(sku, 1), POOL, sku, "WEB", at="post_")


async def test_reserving_holds_what_it_replaces_the_goods_and_the_pools(stock: Stock) -> None:
    sku = await stock.stocked(9)
    made = await stock.reserve((sku, 1))
    larger = stock.reserve((sku, 2), reference=made.reference)
    await waits(stock, larger, ORDER, made.id, at="reserve_stock_batch_v2")
    for row, where in ((GUARD, "N1"), (POOL, "WEB")):
        call = stock.reserve((sku, 1))
        await waits(stock, call, row, sku, where, at="reserve_stock_batch_v2")


async def test_runs_closings_and_corrections_take_turns(stock: Stock) -> None:
    turn = "select from reconciliation.progress as p for {}"
    again = reconcile(stock.db, stock.staff, stamp(), new=NewRun("full"))
    await waits(stock, again, turn.format("key share"), at="late_mark")
    closing = Closing("2026-01", stock.db.clock())
    close = close_period(stock.db, stock.staff, stamp(), new=closing)
    await waits(stock, close, turn.format("share"), at="set mark = mark")
    sku = await stock.stocked(5)
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(
        "update stock.channel_available set pooled = pooled + 1 where sku_id = ("
        "select s.sku_id from catalog.sku as s where s.code = $1)", sku,
    )  # fmt: skip
    await owner.close()
    await reconcile(stock.db, stock.staff, stamp(), new=NewRun("full"))
    for one in await list_differences(stock.db, stock.staff, state="open", most=9):
        correct = correct_difference(stock.db, stock.staff, stamp(), difference_id=one.id)
        row = "select from reconciliation.difference as d where d.difference_id = $1 for key share"
        await waits(stock, correct, row, one.id, at="reconciliation.difference")
