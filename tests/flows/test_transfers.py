"""Transfers between nodes: what is under way is somewhere, and who may move it."""

import asyncio

import msgspec
import pytest

from entrepot.flows.cancel_transfer import cancel_transfer
from entrepot.flows.get_transfer import get_transfer
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_transfers import list_transfers
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.replace_node_group import replace_node_group
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.send_transfer import send_transfer
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.nodes.channel_types import GroupDocument
from entrepot.stock.transfers.types import Arrived, Loaded
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.transferring import closed, code_of, drafted, places_of, received, sent

pytestmark = pytest.mark.usefixtures("whole")


async def test_what_is_under_way_is_in_a_place_of_its_own(stock: Stock) -> None:
    sku = await stock.stocked(10)
    one, two = await drafted(stock, (sku, 4)), await drafted(stock, (sku, 3))
    assert (one.state, one.from_, one.to_, one.lines[0].qty) == ("draft", "N1", "N2", 4)
    assert await places_of(stock, sku) == {"N1/R good": 10}
    assert (await sent(stock, one.id)).state == "sent"
    await sent(stock, two.id)
    assert await places_of(stock, sku) == {
        "N1/R good": 3, f"{one.code} good": 4, f"{two.code} good": 3,
    }  # fmt: skip
    await received(stock, two.id)
    assert (await get_transfer(stock.db, stock.staff, transfer_id=one.id)).goods[0].received == 0
    guard = await stock.guard(sku, "N2")
    assert (guard.on_hand, guard.inbound) == (3, 4)
    assert (await received(stock, one.id)).state == "received"
    assert await places_of(stock, sku) == {"N1/R good": 3, "N2/R good": 7}


async def test_parts_arrive_and_the_rest_is_lost(stock: Stock) -> None:
    sku = await stock.stocked(10)
    await stock.levels(sku, "N2", inbound=5)
    one = await drafted(stock, (sku, 6), (sku, 2))
    assert [line.qty for line in one.lines] == [8]
    await sent(stock, one.id)
    assert (await stock.guard(sku, "N2")).inbound == 13
    await stock.levels(sku, "N2", inbound=1)
    assert (await stock.guard(sku, "N2")).inbound == 9, "what was told by hand and what comes"
    part = await received(stock, one.id, {"sku": sku, "qty": 3, "bin": "A-1"})
    assert (part.state, part.lines[0].received) == ("sent", 3)
    await received(stock, one.id, {"sku": sku, "qty": 2, "status": "damaged"})
    assert (await stock.guard(sku, "N2")).inbound == 4
    assert await code_of(received(stock, one.id, {"sku": sku, "qty": 4})) == "more_than_sent"
    short = await closed(stock, one.id)
    line = short.lines[0]
    assert (short.state, short.short_reason) == ("short", "lost")
    assert (line.sent, line.received, line.lost) == (8, 5, 3)
    assert (await stock.guard(sku, "N2")).inbound == 1
    assert await places_of(stock, sku) == {
        "N1/R good": 2, "N2/A-1 good": 3, "N2/R damaged": 2,
    }  # fmt: skip
    for call in (closed(stock, one.id), received(stock, one.id), sent(stock, one.id)):
        assert await code_of(call) == "wrong_state"


async def test_less_may_be_loaded_than_was_asked_for_but_not_more(stock: Stock) -> None:
    sku, other = await stock.stocked(5), await stock.stocked(5)
    one = await drafted(stock, (sku, 4))
    assert await code_of(sent(stock, one.id, {"sku": sku, "qty": 5})) == "more_than_asked"
    assert await code_of(sent(stock, one.id, {"sku": other})) == "not_asked_for"
    empty = {"sku": sku, "qty": 2, "bin": "A-2"}
    assert await code_of(sent(stock, one.id, empty)) == "not_there"
    done = await sent(stock, one.id, {"sku": sku, "qty": 1}, {"sku": sku, "qty": 2})
    assert (done.lines[0].qty, done.lines[0].sent) == (4, 3)
    assert (await received(stock, one.id)).state == "received"


async def test_what_is_promised_stays(stock: Stock) -> None:
    sku = await stock.stocked(5)
    made = await stock.reserve((sku, 3))
    one = await drafted(stock, (sku, 3))
    assert await code_of(sent(stock, one.id)) == "promised_to_others"
    await stock.release(made.id)
    assert (await sent(stock, one.id)).state == "sent"


async def test_who_waits_at_the_destination_comes_first(stock: Stock) -> None:
    sku = await stock.stocked(5)
    await stock.levels(sku, "N2", sells_inbound=True)
    one = await drafted(stock, (sku, 4))
    with pytest.raises(Conflict):
        await stock.reserve((sku, 2, "N2"))
    await sent(stock, one.id)
    made = await stock.reserve((sku, 2, "N2"))
    assert made.lines[0].backordered == 2
    await received(stock, one.id, {"sku": sku, "qty": 1})
    assert (await stock.guard(sku, "N2")).reserved == 1
    await received(stock, one.id)
    guard = await stock.guard(sku, "N2")
    assert (guard.reserved, guard.backordered, guard.available) == (2, 0, 2)


async def test_each_end_does_its_own_part(stock: Stock) -> None:
    sku = await stock.stocked(5)
    here, there, elsewhere = (stock.staff_of(n) for n in ("N1", "N2", "N3"))
    one = await drafted(stock, (sku, 2), by=there)
    assert await code_of(drafted(stock, (sku, 2), by=elsewhere)) == "unknown_node"
    assert await code_of(sent(stock, one.id, by=there)) == "unknown_transfer"
    await sent(stock, one.id, by=here)
    assert await code_of(received(stock, one.id, by=here)) == "unknown_transfer"
    assert await code_of(closed(stock, one.id, by=here)) == "unknown_transfer"
    for call in (
        sent(stock, one.id, by=elsewhere), received(stock, one.id, by=elsewhere),
        cancel_transfer(stock.db, elsewhere, stamp(), transfer_id=one.id),
        get_transfer(stock.db, elsewhere, transfer_id=one.id),
    ):  # fmt: skip
        assert await code_of(call) == "unknown_transfer"
    await received(stock, one.id, {"sku": sku}, by=there)
    for by, sees in ((here, True), (there, True), (elsewhere, False)):
        listed = await list_transfers(stock.db, by, most=50)
        assert (one.id in {row.id for row in listed}) == sees
    assert (await closed(stock, one.id, by=there)).state == "short"


async def test_a_draft_can_be_called_off_and_nothing_else(stock: Stock) -> None:
    sku = await stock.stocked(5)
    one, two = await drafted(stock, (sku, 2)), await drafted(stock, (sku, 2))
    off = await cancel_transfer(stock.db, stock.staff_of("N2"), stamp(), transfer_id=one.id)
    assert off.state == "cancelled"
    assert await code_of(sent(stock, one.id)) == "wrong_state"
    await sent(stock, two.id)
    late = cancel_transfer(stock.db, stock.staff, stamp(), transfer_id=two.id)
    assert await code_of(late) == "wrong_state"
    await received(stock, two.id)


async def test_nodes_that_may_not(stock: Stock) -> None:
    sku = await stock.stocked(5)
    one = await drafted(stock, (sku, 2), to="N3")
    assert await code_of(drafted(stock, (sku, 1), to="N1")) == "invalid"
    assert await code_of(drafted(stock, (sku, 1), to="N9")) == "unknown_node"
    owner = await stock.server.owner(stock.tenant)
    try:
        await owner.execute("update nodes.node set quantities_master = 'wms' where code = 'N3'")
        assert await code_of(drafted(stock, (sku, 1), to="N3")) == "master_is_outside"
        assert await code_of(sent(stock, one.id)) == "master_is_outside"
    finally:
        await owner.execute(
            "update nodes.node set quantities_master = 'entrepot' where code = 'N3'"
        )
        await owner.close()
    for code, nodes in (("HERE", ["N1"]), ("THERE", ["N3"])):
        group = msgspec.convert(
            {"names": {"en": code}, "nodes": nodes, "isolated": code == "THERE"}, GroupDocument
        )
        await replace_node_group(stock.db, stock.staff, stamp(), code=code, document=group)
    assert await code_of(sent(stock, one.id)) == "groups_isolated"
    assert await code_of(drafted(stock, (sku, 1), to="N3")) == "groups_isolated"
    freed = msgspec.convert({"names": {"en": "THERE"}, "nodes": ["N3"]}, GroupDocument)
    await replace_node_group(stock.db, stock.staff, stamp(), code="THERE", document=freed)
    assert (await sent(stock, one.id)).state == "sent"


async def test_a_movement_of_a_transfer_is_not_moved_back_alone(stock: Stock) -> None:
    sku = await stock.stocked(5)
    one = await drafted(stock, (sku, 2))
    await sent(stock, one.id)
    moves = await list_movements(
        stock.db, stock.staff, sku=sku, reference=one.code, before=None, most=5
    )
    assert [m.to_ for m in moves] == [one.code]
    back = reverse_movement(stock.db, stock.staff, stamp(), movement_id=moves[0].id)
    assert await code_of(back) == "part_of_a_transfer"
    foreign = reverse_movement(stock.db, stock.staff_of("N2"), stamp(), movement_id=moves[0].id)
    assert await code_of(foreign) == "unknown_movement"


async def test_the_same_request_again_sends_once(stock: Stock) -> None:
    sku = await stock.stocked(5)
    one = await drafted(stock, (sku, 2))
    again = stamp()
    loaded = Loaded()
    calls = [
        send_transfer(stock.db, stock.staff, again, transfer_id=one.id, loaded=loaded)
        for _ in range(3)
    ]
    answers = await asyncio.gather(*calls)
    assert len({msgspec.json.encode(a) for a in answers}) == 1
    parts = stamp()
    for _ in range(2):
        await receive_transfer(
            stock.db, stock.staff, parts, transfer_id=one.id,
            arrived=msgspec.convert({"goods": [{"sku": sku, "qty": 1}]}, Arrived),
        )  # fmt: skip
    shown = await get_transfer(stock.db, stock.staff, transfer_id=one.id)
    assert (shown.state, shown.lines[0].received) == ("sent", 1)


async def test_what_is_late_is_told(stock: Stock) -> None:
    sku = await stock.stocked(5)
    soon = {"expected_at": later(5).isoformat()}
    one, two = await drafted(stock, (sku, 1), **soon), await drafted(stock, (sku, 1))
    await sent(stock, one.id)
    await sent(stock, two.id)
    assert not (await get_transfer(stock.db, stock.staff, transfer_id=one.id)).overdue
    stock.at[0] = 6.0
    late = await list_transfers(stock.db, stock.staff, overdue=True, most=50)
    assert [row.id for row in late] == [one.id]
    assert (await get_transfer(stock.db, stock.staff, transfer_id=one.id)).overdue
    await received(stock, one.id)
    assert await list_transfers(stock.db, stock.staff, overdue=True, most=50) == []
    pages = await list_transfers(stock.db, stock.staff, most=1)
    rest = await list_transfers(stock.db, stock.staff, before=pages[0].id, most=1)
    assert pages[0].id > rest[0].id


async def test_refusals_name_what_is_wrong(stock: Stock) -> None:
    sku = await stock.stocked(1)
    with pytest.raises(NotFound) as missing:
        await drafted(stock, ("NO-SUCH-SKU", 1))
    assert missing.value.code == "unknown_sku"
    with pytest.raises(Invalid) as same:
        await drafted(stock, (sku, 1), to="N1")
    assert same.value.errors[0].code == "same_node"
