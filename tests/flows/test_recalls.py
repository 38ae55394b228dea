"""Recalls and traces: every unit in every node, later arrivals, who received what, the end."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.close_recall import close_recall
from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.export_recipients import export_recipients
from entrepot.flows.find_goods_named import find_goods_named
from entrepot.flows.get_recall import get_recall
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.list_lots import list_lots
from entrepot.flows.list_recalls import list_recalls
from entrepot.flows.list_recipients import list_recipients
from entrepot.flows.open_recall import open_recall
from entrepot.flows.post_movements import post_movements
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.trace_goods import trace_goods
from entrepot.flows.trace_reference import trace_reference
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from entrepot.platform import faults
from entrepot.platform.clock import system_clock
from entrepot.platform.sheets import read_sheet
from entrepot.stock.lots.recall_types import NewRecall, RecallOutcome, RecallSummary
from entrepot.stock.lots.types import Trace
from entrepot.stock.types import NewMovements
from tests.flows.eyes import key_of
from tests.flows.trade import stamp
from tests.stock.house import Stock

SOON = date(2200, 1, 1)
RELEASED, SCRAPPED = RecallOutcome("released"), RecallOutcome("scrapped")


pytestmark = pytest.mark.usefixtures("whole")


def somebody(stock: Stock) -> Staff:
    return Staff(stock.tenant.tenant, new_id(system_clock()), PERMISSIONS)


async def called_back(
    stock: Stock, *lines: dict[str, object], by: Staff | None = None
) -> RecallSummary:
    new = msgspec.convert({"reference": "BVL-1", "cause": "safety", "lines": lines}, NewRecall)
    return await open_recall(stock.db, by or stock.staff, stamp(), new=new)


async def ended(stock: Stock, recall_id: UUID, how: RecallOutcome = RELEASED) -> RecallSummary:
    return await close_recall(stock.db, somebody(stock), stamp(), recall_id=recall_id, how=how)


async def statuses(stock: Stock, sku: str) -> dict[tuple[str, str, str], int]:
    """(node, lot, status) → units in bins."""
    owner = await stock.server.owner(stock.tenant)
    try:
        rows = await owner.fetch(
            "select n.code, b.lot, b.status, sum(b.on_hand)::bigint from stock.balance as b"
            " join catalog.sku as s on s.sku_id = b.sku_id"
            " join nodes.node as n on n.node_id = b.node_id"
            " where s.code = $1 and b.on_hand > 0 group by 1, 2, 3",
            sku,
        )
    finally:
        await owner.close()
    return {(row[0], row[1], row[2]): row[3] for row in rows}


async def trace(stock: Stock, sku: str, lot: str, by: Staff | None = None) -> Trace:
    return await trace_goods(
        stock.db, by or stock.staff, sku=sku, lot=lot, serial=None, before=None, most=50
    )


async def test_every_good_unit_of_a_lot_in_every_node_is_kept_back(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, "N1", lot="L1")
    await stock.receive(sku, 4, "N2", lot="L1")
    await stock.receive(sku, 2, "N2", lot="L1", owner="somebody")
    await stock.receive(sku, 3, "N1", lot="L2")
    held = await stock.reserve((sku, 6))
    made = await called_back(stock, {"sku": sku, "lot": "L1"})
    assert (made.state, made.units) == ("open", 11)
    assert await statuses(stock, sku) == {
        ("N1", "L1", "quarantine"): 5, ("N2", "L1", "quarantine"): 6, ("N1", "L2", "good"): 3,
    }  # fmt: skip
    lines = (await get_reservation(stock.db, stock.staff, reservation_id=held.id)).lines
    assert sum(line.qty for line in lines) == 3
    assert sum(line.backordered for line in lines) == 3
    assert await stock.available(sku) == [0]
    shown = await get_recall(stock.db, stock.staff, recall_id=made.id)
    assert sum(row.on_hand for row in shown.lies) == 11
    with pytest.raises(Conflict) as again:
        await called_back(stock, {"sku": sku, "lot": "L1"})
    assert again.value.code == "recalled_already"
    await ended(stock, made.id)
    lines = (await get_reservation(stock.db, stock.staff, reservation_id=held.id)).lines
    assert sum(line.backordered for line in lines) == 0
    assert await statuses(stock, sku) == {
        ("N1", "L1", "good"): 5, ("N2", "L1", "good"): 6, ("N1", "L2", "good"): 3,
    }  # fmt: skip


async def test_what_arrives_of_a_recalled_lot_goes_into_quarantine(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 6, "N1", lot="L")
    await stock.move({"sku": sku, "qty": 2, "reason": "transfer_out", "lot": "L",
                      "from": {"node": "N1"}})  # fmt: skip
    await stock.move({"sku": sku, "qty": 1, "reason": "sale", "lot": "L", "from": {"node": "N1"}})
    made = await called_back(stock, {"sku": sku, "lot": "L"}, {"sku": sku, "lot": "NEVER-SEEN"})
    assert made.units == 3
    await stock.move({"sku": sku, "qty": 2, "reason": "transfer_in", "lot": "L",
                      "to": {"node": "N2"}})  # fmt: skip
    sold = await stock.move({"sku": sku, "qty": 1, "reason": "return", "lot": "L",
                             "to": {"node": "N3"}})  # fmt: skip
    await stock.receive(sku, 4, "N3", lot="NEVER-SEEN")
    assert {key[2] for key in await statuses(stock, sku)} == {"quarantine"}
    good, kept = {"node": "N1"}, {"node": "N1", "status": "quarantine"}
    line = {"sku": sku, "qty": 1, "reason": "reclassify", "lot": "L", "from": kept, "to": good}
    with pytest.raises(Conflict) as refused:
        await stock.move(line)
    assert refused.value.code == "lot_recalled"
    await reverse_movement(stock.db, stock.staff, stamp(), movement_id=sold.movements[0])
    await ended(stock, made.id)
    assert {key[2] for key in await statuses(stock, sku)} == {"good"}
    await stock.receive(sku, 1, "N3", lot="L")
    assert (await statuses(stock, sku))["N3", "L", "good"] == 1


async def test_days_of_expiry_call_back_lots_that_come_later(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    days = [SOON + timedelta(days=n) for n in range(5)]
    for n, day in enumerate(days):
        await stock.receive(sku, 1, "N1", lot=f"L{n}", expires_on=day.isoformat())
    stretch = {"expires_from": days[1].isoformat(), "expires_until": days[2].isoformat()}
    made = await called_back(stock, {"sku": sku, **stretch})
    assert made.units == 2
    with pytest.raises(Conflict):
        await called_back(stock, {"sku": sku, "lot": "L2"})
    with pytest.raises(Conflict):
        await called_back(stock, {"sku": sku, "expires_until": days[1].isoformat()})
    await stock.receive(sku, 1, "N2", lot="NEW", expires_on=days[2].isoformat())
    await stock.receive(sku, 1, "N2", lot="FRESH", expires_on=days[4].isoformat())
    found = await statuses(stock, sku)
    assert {key[1] for key in found if key[2] == "quarantine"} == {"L1", "L2", "NEW"}
    rows = await list_lots(stock.db, stock.staff, sku=sku, expires_until=days[1], lying=True)
    assert [(row.lot, row.good, row.kept_back, row.recall_id) for row in rows] == [
        ("L0", 1, 0, None), ("L1", 0, 1, made.id),
    ]  # fmt: skip
    await ended(stock, made.id, SCRAPPED)
    assert {key[1] for key in await statuses(stock, sku)} == {"L0", "L3", "L4", "FRESH"}


async def test_what_was_in_quarantine_before_stays_there(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    numbered = await stock.sku(lot_tracked=True, serial_tracked=True)
    await stock.receive(sku, 5, "N1", lot="L")
    for serial in ("A", "B"):
        await stock.receive(numbered, 1, "N1", lot="L", serial=serial)
    kept = {"node": "N1", "status": "quarantine"}
    for line in ({"sku": sku, "qty": 2}, {"sku": numbered, "qty": 1, "serial": "A"}):
        await stock.move({**line, "reason": "reclassify", "lot": "L", "from": {"node": "N1"},
                          "to": kept})  # fmt: skip
    made = await called_back(stock, {"sku": sku, "lot": "L"}, {"sku": numbered, "lot": "L"})
    assert made.units == 4
    shelf = {"node": "N1", "bin": "A-1", "status": "quarantine"}
    await stock.move({"sku": sku, "qty": 4, "reason": "move", "lot": "L", "from": kept,
                      "to": shelf})  # fmt: skip
    await ended(stock, made.id)
    assert await statuses(stock, sku) == {("N1", "L", "quarantine"): 2, ("N1", "L", "good"): 3}
    lies = (await trace_goods(
        stock.db, stock.staff, sku=numbered, lot=None, serial="A", before=None, most=5
    )).lies  # fmt: skip
    assert [row.status for row in lies] == ["quarantine"]


async def test_lots_that_expired_meanwhile_are_not_released_as_good(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    tomorrow = (system_clock() + timedelta(days=1)).date()
    await stock.receive(sku, 3, "N1", lot="L", expires_on=tomorrow.isoformat())
    made = await called_back(stock, {"sku": sku, "lot": "L"})
    stock.at[0] = 60
    await expire_lots(stock.db, stock.job, stamp())
    await ended(stock, made.id)
    assert await statuses(stock, sku) == {("N1", "L", "expired"): 3}


async def test_above_the_limit_somebody_else_closes(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    by = somebody(stock)
    await stock.receive(sku, 6, "N1", lot="L")
    made = await called_back(stock, {"sku": sku, "lot": "L"}, by=by)
    for eyes in (by, await key_of(stock.server, stock.db, by)):
        with pytest.raises(Forbidden) as refused:
            await close_recall(stock.db, eyes, stamp(), recall_id=made.id, how=RELEASED)
        assert refused.value.code == "other_eyes_needed"
    key, other = stamp(), somebody(stock)
    for _ in range(2):
        done = await close_recall(stock.db, other, key, recall_id=made.id, how=SCRAPPED)
        assert (done.state, done.closed_by) == ("scrapped", other.actor)
    with pytest.raises(Conflict) as over:
        await ended(stock, made.id)
    assert over.value.code == "wrong_state"
    assert await statuses(stock, sku) == {}


async def test_recalled_at_once_with_orders_picks_and_arrivals(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 20, "N1", lot="L")
    await stock.receive(sku, 4, "N1", lot="M")
    held = [await stock.reserve((sku, 1)) for _ in range(8)]
    calls = [
        *(stock.fulfil(one.id) for one in held[:4]),
        called_back(stock, {"sku": sku, "lot": "L"}),
        *(stock.receive(sku, 2, node, lot="L") for node in ("N1", "N2", "N3")),
        *(stock.reserve((sku, 1)) for _ in range(6)),
        called_back(stock, {"sku": sku, "lot": "L"}),
        *(stock.release(one.id) for one in held[4:6]),
    ]
    told = await asyncio.gather(*calls, return_exceptions=True)
    bugs = [one for one in told if isinstance(one, BaseException) and not isinstance(one, Refusal)]
    assert bugs == []
    made = [one for one in told if isinstance(one, RecallSummary)]
    assert len(made) == 1
    assert {key[2] for key in await statuses(stock, sku) if key[1] == "L"} == {"quarantine"}
    await ended(stock, made[0].id)


async def test_a_crash_leaves_all_or_nothing(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, "N1", lot="L")
    key = stamp()
    new = msgspec.convert(
        {"reference": "R", "cause": "quality", "lines": [{"sku": sku, "lot": "L"}]}, NewRecall
    )
    for place in ("open_recall.before_commit", "open_recall.after_commit"):
        faults.arm(
            stock.server.settings, {place: faults.Fault(raises=True)}, host="127.0.0.1",
            database_prefix="t_test_",
        )  # fmt: skip
        with pytest.raises(faults.InjectedFault):
            await open_recall(stock.db, stock.staff, key, new=new)
    faults._armed.clear()
    made = await open_recall(stock.db, stock.staff, key, new=new)
    assert (made.units, await statuses(stock, sku)) == (3, {("N1", "L", "quarantine"): 3})


async def test_only_who_sees_every_warehouse_recalls(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 2, "N1", lot="L")
    await stock.receive(sku, 2, "N2", lot="L")
    local = stock.staff_of("N2")
    with pytest.raises(Forbidden) as refused:
        await called_back(stock, {"sku": sku, "lot": "L"}, by=local)
    assert refused.value.code == "every_warehouse_needed"
    made = await called_back(stock, {"sku": sku, "lot": "L"})
    shown = await get_recall(stock.db, local, recall_id=made.id)
    assert {row.node for row in shown.lies} == {"N2"}
    with pytest.raises(Forbidden):
        await close_recall(stock.db, local, stamp(), recall_id=made.id, how=RELEASED)
    with pytest.raises(NotFound):
        await get_recall(stock.db, stock.staff, recall_id=new_id(system_clock()))
    with pytest.raises(NotFound):
        await ended(stock, new_id(system_clock()))
    with pytest.raises(NotFound):
        await called_back(stock, {"sku": "NO-SUCH", "lot": "L"})
    assert made.id in {
        row.id for row in await list_recalls(stock.db, local, state="open", before=None, most=99)
    }


async def test_who_received_how_much(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 9, "N1", lot="L")
    await stock.receive(sku, 5, "N2", lot="L")
    for reference, qty, node in (("=ORDER-1", 4, "N1"), ("ORDER-2", 3, "N2")):
        held = await stock.reserve((sku, qty, node), reference=reference)
        await stock.fulfil(held.id)
    made = await called_back(stock, {"sku": sku, "lot": "L"})
    back = {"sku": sku, "qty": 1, "reason": "return", "lot": "L", "to": {"node": "N2"}}
    document = msgspec.convert({"reference": "ORDER-2", "lines": [back]}, NewMovements)
    await post_movements(stock.db, stock.staff, stamp(), document=document)
    rows = await list_recipients(stock.db, stock.staff, recall_id=made.id, after=0, most=50)
    assert [(row.reference, row.node, row.sent, row.returned) for row in rows] == [
        ("=ORDER-1", "N1", 4, 0), ("ORDER-2", "N2", 3, 1),
    ]  # fmt: skip
    pages = [
        await list_recipients(stock.db, stock.staff, recall_id=made.id, after=n, most=1)
        for n in (0, 1)
    ]
    assert [*pages[0], *pages[1]] == rows
    assert (await get_recall(stock.db, stock.staff, recall_id=made.id)).left_units == 6
    local = await list_recipients(
        stock.db, stock.staff_of("N2"), recall_id=made.id, after=0, most=9
    )
    assert {row.node for row in local} == {"N2"}
    for form in ("csv", "xlsx"):
        made_file = await export_recipients(stock.db, stock.staff, recall_id=made.id, form=form)
        sheet = read_sheet(made_file, most_rows=9)
        assert [row.cells["sent"] for row in sheet.rows] == ["4", "3"]
        assert sheet.rows[0].cells["reference"] == "=ORDER-1"
    assert b"'=ORDER-1" in await export_recipients(
        stock.db, stock.staff, recall_id=made.id, form="csv"
    )


async def test_a_lot_is_traced_both_ways(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, "N1", lot="TRACED")
    await stock.receive(sku, 4, "N2", lot="TRACED")
    await stock.receive(sku, 4, "N3", lot="OTHER")
    held = await stock.reserve((sku, 2, "N1"), reference="SO-77")
    await stock.fulfil(held.id)
    found = await trace(stock, sku, "TRACED")
    assert [(row.place, row.reference, row.node, row.qty) for row in found.came] == [
        ("supplier", "test", "N1", 5), ("supplier", "test", "N2", 4),
    ]  # fmt: skip
    assert [(row.place, row.status, row.on_hand) for row in found.lies] == [
        ("N1/R", "good", 3), ("N2/R", "good", 4),
    ]  # fmt: skip
    assert [(row.place, row.reference, row.qty) for row in found.left] == [("customer", "SO-77", 2)]
    came, gone = sum(row.qty for row in found.came), sum(row.qty for row in found.left)
    assert came - gone == sum(row.on_hand for row in found.lies)
    (back,) = await trace_reference(stock.db, stock.staff, reference="SO-77", before=None, most=9)
    assert (back.sku, back.lot, back.qty, back.came) == (sku, "TRACED", 2, False)
    assert [(one.place, one.reference) for one in back.sources] == [("supplier", "test")] * 2
    local = await trace(stock, sku, "TRACED", stock.staff_of("N2"))
    assert (len(local.came), local.left, [row.node for row in local.lies]) == (1, [], ["N2"])
    with pytest.raises(NotFound):
        await trace(stock, sku, "TRACED", stock.staff_of("N3"))
    with pytest.raises(NotFound):
        await trace(stock, sku, "NO-SUCH")
    with pytest.raises(Invalid):
        await trace_goods(
            stock.db, stock.staff, sku=sku, lot=None, serial=None, before=None, most=5
        )
    names = await find_goods_named(stock.db, stock.staff, name="TRACED")
    assert [(row.sku, row.is_serial) for row in names] == [(sku, False)]


async def test_pages_of_what_left(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, "N1", lot="P")
    for n in range(5):
        held = await stock.reserve((sku, 1), reference=f"{sku}-{n}")
        await stock.fulfil(held.id)
    seen: list[str] = []
    before = None
    while True:
        found = await trace_goods(
            stock.db, stock.staff, sku=sku, lot="P", serial=None, before=before, most=2
        )
        seen += [row.reference for row in found.left]
        before = found.next
        if before is None:
            break
    assert sorted(seen) == [f"{sku}-{n}" for n in range(5)]


async def test_a_serial_is_traced_both_ways(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    for serial in ("S-1", "S-2"):
        await stock.receive(sku, 1, "N1", serial=serial)
    held = await stock.reserve((sku, 1), reference="SERIAL-ORDER")
    await stock.fulfil(held.id)
    (line,) = await trace_reference(
        stock.db, stock.staff, reference="SERIAL-ORDER", before=None, most=9
    )
    gone = line.serial
    assert gone is not None
    assert [one.reference for one in line.sources] == ["test"]
    found = await trace_goods(
        stock.db, stock.staff, sku=sku, lot=None, serial=gone, before=None, most=5
    )
    assert ([row.reference for row in found.left], found.lies) == (["SERIAL-ORDER"], [])
    assert len(found.came) == 1
    names = await find_goods_named(stock.db, stock.staff, name="S-1")
    assert (sku, True) in {(row.sku, row.is_serial) for row in names}
