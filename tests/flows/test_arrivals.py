"""Goods that come in: announced, received, closed, cancelled, moved back; what is inbound."""

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.change_receiving_rule import change_receiving_rule
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.import_asn import import_asn
from entrepot.flows.list_asns import list_asns
from entrepot.flows.list_movements import list_movements
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.stock.arrivals.types import AsnFile, ReceivingRule
from tests.flows.trade import stamp
from tests.stock.arriving import (
    SOON,
    announced,
    cancelled,
    closed,
    inbound,
    looked_at,
    moved_back,
    received,
)
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


def without(stock: Stock, *permissions: str) -> Staff:
    return msgspec.structs.replace(stock.staff, permissions=PERMISSIONS - set(permissions))


async def test_what_is_announced_is_inbound_until_it_comes(stock: Stock) -> None:
    tea, cup = await stock.sku(), await stock.sku()
    asn = await announced(stock, (tea, 5), (cup, 3), (tea, 2))
    assert (asn.state, asn.expected, asn.open) == ("announced", 10, 10)
    assert (await inbound(stock, tea), await inbound(stock, cup)) == (7, 3)
    done = await received(stock, asn, (tea, 6))
    assert done.reference == asn.reference
    assert done.lines[0].asn_lines == [1, 3]
    assert done.asn is not None
    assert (done.asn.state, done.asn.received, done.asn.open) == ("receiving", 6, 4)
    assert (await inbound(stock, tea), (await stock.guard(tea)).on_hand) == (1, 6)
    moves = await list_movements(
        stock.db, stock.staff, sku=tea, reference=asn.reference, before=None, most=9
    )
    assert [(m.reason, m.qty) for m in moves] == [("receipt", 6)]
    await received(stock, asn, (tea, 1), (cup, 3))
    shut = await closed(stock, asn)
    assert (shut.state, shut.missing, shut.close_reason) == ("received", 0, "")
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (tea, 1))
    assert refused.value.code == "wrong_state"


async def test_what_is_missing_needs_a_reason_and_is_inbound_no_longer(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, inbound=4)
    asn = await announced(stock, (sku, 5))
    assert await inbound(stock, sku) == 9
    await received(stock, asn, (sku, 3))
    with pytest.raises(Invalid) as refused:
        await closed(stock, asn)
    assert refused.value.errors[0].code == "reason_missing"
    shut = await closed(stock, asn, "lost_on_the_way")
    assert (shut.missing, shut.close_reason, shut.open) == (2, "lost_on_the_way", 0)
    assert await inbound(stock, sku) == 4, "what was told by hand stays"
    await stock.levels(sku, inbound=1)
    assert await inbound(stock, sku) == 1


async def test_levels_told_by_hand_stand_beside_what_is_announced(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    await stock.levels(sku, inbound=10)
    assert await inbound(stock, sku) == 15
    await stock.levels(sku, safety=1)
    await cancelled(stock, asn)
    assert await inbound(stock, sku) == 10
    for step in (cancelled(stock, asn), received(stock, asn, (sku, 1)), closed(stock, asn)):
        with pytest.raises(Conflict) as refused:
            await step
        assert refused.value.code == "wrong_state"
    again = await announced(stock, (sku, 1), reference=asn.reference)
    assert again.id != asn.id, "a cancelled one leaves its reference"
    await received(stock, again, (sku, 1))
    with pytest.raises(Conflict):
        await cancelled(stock, again)


async def test_backorders_wait_for_what_is_announced(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, sells_inbound=True)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 2))
    asn = await announced(stock, (sku, 5))
    made = await stock.reserve((sku, 4))
    assert [(x.qty, x.backordered) for x in made.lines] == [(0, 4)]
    await received(stock, asn, {"code": sku, "qty": 1, "status": "damaged"}, (sku, 3))
    seen = await get_reservation(stock.db, stock.staff, reservation_id=made.id)
    assert [(x.qty, x.backordered) for x in seen.lines] == [(3, 1)]
    assert (await stock.guard(sku)).inbound == 1
    await closed(stock, asn, "not_sent")
    assert (await looked_at(stock, asn)).uncovered == 1, "promised ahead, and nothing comes"


async def test_too_many_needs_somebody_who_may(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 100), over_permille=20, over_units=1)
    await received(stock, asn, (sku, 102))
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 1))
    assert (refused.value.code, refused.value.facts["left"]) == ("over_expected", 0)
    hand = without(stock, "stock:approve", "arrivals:create")
    with pytest.raises(Forbidden):
        await received(stock, asn, (sku, 1), by=hand, accept=True)
    done = await received(stock, asn, (sku, 5), accept=True)
    assert done.asn is not None
    assert (done.asn.received, done.asn.over, done.asn.open) == (107, 7, 0)
    assert await inbound(stock, sku) == 0


async def test_what_was_not_announced_is_named_and_nothing_is_lost(stock: Stock) -> None:
    sku, other = await stock.sku(), await stock.sku()
    asn = await announced(stock, (sku, 2))
    for line, code in (((other, 1), "not_expected"), (("NOT-HERE", 1), "unknown_code")):
        with pytest.raises((Conflict, NotFound)) as refused:
            await received(stock, asn, (sku, 1), line)
        assert refused.value.code == code
        assert refused.value.errors[0].path == "lines[1].code"
    assert (await looked_at(stock, asn)).received == 0, "all lines or none"
    await received(stock, asn, (sku, 1), (other, 1), (other, 2), accept=True)
    seen = await looked_at(stock, asn)
    assert [(x.sku, x.expected, x.received) for x in seen.items] == [(sku, 2, 1), (other, 0, 3)]
    await closed(stock, asn, "not_sent")


async def test_a_receipt_that_is_moved_back_is_awaited_again(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    done = await received(stock, asn, (sku, 4))
    movement = done.lines[0].movements[0]
    back = await moved_back(stock, movement)
    seen = await looked_at(stock, asn)
    assert (seen.state, seen.received, seen.open) == ("receiving", 0, 5)
    assert seen.receipts[0].reversed
    assert await inbound(stock, sku) == 5
    with pytest.raises(Conflict) as refused:
        await moved_back(stock, back)
    assert refused.value.code == "receive_again"
    with pytest.raises(Conflict):
        await moved_back(stock, movement)
    await received(stock, asn, (sku, 5))


async def test_moved_back_after_closing_it_is_missing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    done = await received(stock, asn, (sku, 4))
    await closed(stock, asn, "not_sent")
    await moved_back(stock, done.lines[0].movements[0])
    seen = await looked_at(stock, asn)
    assert (seen.state, seen.received, seen.missing, seen.open) == ("received", 0, 5, 0)
    assert await inbound(stock, sku) == 0


async def test_blind_receiving_tells_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5), blind=True)
    hand = without(stock, "stock:approve", "arrivals:create")
    seen = await looked_at(stock, asn, hand)
    assert (seen.expected, seen.open, seen.over) == (None, None, None)
    assert [(x.expected, x.open, x.unit_qty) for x in seen.items] == [(None, None, None)]
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 6), by=hand)
    assert (refused.value.code, refused.value.facts["left"]) == ("over_expected", None)
    listed = await list_asns(stock.db, hand, reference=asn.reference)
    assert [x.expected for x in listed] == [None]
    assert (await looked_at(stock, asn)).expected == 5
    done = await received(stock, asn, (sku, 5), by=hand)
    assert done.asn is not None
    assert (done.asn.received, done.asn.expected) == (5, None)


async def test_a_node_has_a_rule_of_its_own(stock: Stock) -> None:
    sku = await stock.sku()
    rule = ReceivingRule(over_permille=0, over_units=2)
    await change_receiving_rule(stock.db, stock.staff, stamp(), node="N1", rule=rule)
    asn = await announced(stock, (sku, 3))
    assert (asn.over_units, asn.blind) == (2, False)
    await received(stock, asn, (sku, 5))
    plain = ReceivingRule()
    await change_receiving_rule(stock.db, stock.staff, stamp(), node="N1", rule=plain)
    with pytest.raises(NotFound):
        await change_receiving_rule(stock.db, stock.staff_of("N2"), stamp(), node="N1", rule=plain)


async def test_a_file_is_an_asn_and_every_bad_row_is_named(stock: Stock) -> None:
    sku = await stock.sku(packs=[{"unit": "box", "base_quantity": "6"}])

    def file(csv: str) -> AsnFile:
        return AsnFile(reference=f"F-{sku}", node="N1", expected_at=SOON, csv=csv)

    bad = file(f"code,qty,expires_on\n{sku},2,2999-01-01\n\n{sku},many,\n{sku},1,soon\n")
    with pytest.raises(Invalid) as refused:
        await import_asn(stock.db, stock.staff, stamp(), file=bad)
    assert {e.path for e in refused.value.errors} == {"rows[4].qty", "rows[5].expires_on"}
    with pytest.raises(Invalid):
        await import_asn(stock.db, stock.staff, stamp(), file=file("code,price\nX,1\n"))
    nobody = file(f"code,qty\n\n{sku},1\nNOBODY-S,1\n")
    with pytest.raises(NotFound) as unknown:
        await import_asn(stock.db, stock.staff, stamp(), file=nobody)
    assert [error.path for error in unknown.value.errors] == ["rows[4].code"]
    good = file(f"code,qty,unit,lot\n{sku},2,box,\n{sku},5,,L7\n")
    made = await import_asn(stock.db, stock.staff, stamp(), file=good)
    assert [(x.expected, x.lot) for x in made.items] == [(12, ""), (5, "L7")]


async def test_of_other_warehouses_there_is_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    stranger = stock.staff_of("N2")
    with pytest.raises(NotFound):
        await looked_at(stock, asn, stranger)
    with pytest.raises(NotFound):
        await received(stock, asn, (sku, 1), by=stranger)
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 1), node="N2")
    assert refused.value.code == "other_node"
    assert await list_asns(stock.db, stranger, reference=asn.reference) == []
