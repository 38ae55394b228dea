"""Counts from the sheet to the ledger: blind, counted again, movements netted out."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from entrepot.counts.types import (
    CountSummary,
    FilledSheet,
    NewCount,
    NewCountPlan,
)
from entrepot.flows.approve_count import approve_count
from entrepot.flows.begin_count import begin_count
from entrepot.flows.fill_in_count import fill_in_count
from entrepot.flows.get_count import get_count
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.list_counts import list_counts
from entrepot.flows.open_count import open_count
from entrepot.flows.plan_counts import plan_counts
from entrepot.flows.put_away_parcel import put_away_parcel
from entrepot.flows.reject_count import reject_count
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.parcels.types import PutAway
from entrepot.platform.clock import system_clock
from tests.flows.counting import (
    BIN,
    OTHER,
    count,
    into,
    move,
    on_hand,
    opened,
    out_of,
    seen,
    sku,
    somebody,
)
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(autouse=True)
async def no_violation(trade: Trade):  # type: ignore[no-untyped-def]
    yield
    assert await trade.violations() == {}


async def test_a_count_that_agrees_with_the_book_is_closed_at_once(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 5))
    count_id = await opened(trade, code)
    done = await count(trade, count_id, somebody(trade), {"sku": code, "counted": 5})
    assert (done.status, await on_hand(trade, code)) == ("approved", 5)
    assert (await seen(trade, count_id)).units_off == 0


async def test_a_difference_is_counted_again_then_decided_by_somebody(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 5))
    count_id = await opened(trade, code)
    one, two = somebody(trade), somebody(trade)
    again = await count(trade, count_id, one, {"sku": code, "counted": 3})
    assert (again.status, again.round, again.asked) == ("recount", 2, False)
    with pytest.raises(Conflict):
        await approve_count(trade.db, trade.staff, stamp(), count_id=count_id)
    waits = await count(trade, count_id, two, {"sku": code, "counted": 3})
    assert (waits.status, waits.asked, await on_hand(trade, code)) == ("recount", True, 5)
    with pytest.raises(Conflict):
        await count(trade, count_id, two, {"sku": code, "counted": 5})
    done = await approve_count(trade.db, one, stamp(), count_id=count_id)
    assert (done.status, await on_hand(trade, code)) == ("approved", 3)
    shown = await seen(trade, count_id)
    assert shown.counters == [one.actor, two.actor]
    assert [(x.book, x.counted, x.difference) for x in shown.lines] == [(5, 3, -2)]
    for verb in (approve_count, reject_count, begin_count):
        with pytest.raises(Conflict) as refused:
            await verb(trade.db, trade.staff, stamp(), count_id=count_id)
        assert refused.value.code == "wrong_state"


async def test_the_count_is_blind(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 4))
    count_id = await opened(trade, code)
    counter = somebody(trade, "counts:approve")
    await begin_count(trade.db, counter, stamp(), count_id=count_id)
    assert b'"book":4' not in msgspec.json.encode(await seen(trade, count_id, counter))
    await count(trade, count_id, counter, {"sku": code, "counted": 1})
    shown = await seen(trade, count_id, counter)
    assert [(x.counted, x.book, x.difference, x.moved) for x in shown.lines] == [
        (1, None, None, None)
    ]
    assert shown.units_off is None
    await reject_count(trade.db, trade.staff, stamp(), count_id=count_id)


async def test_what_moves_during_and_after_the_count_is_netted_out(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 10))
    count_id = await opened(trade, code)
    one, two = somebody(trade), somebody(trade)
    await begin_count(trade.db, one, stamp(), count_id=count_id)
    await move(trade, out_of(code, 6))
    done = await count(trade, count_id, one, {"sku": code, "counted": 10})
    assert (done.status, await on_hand(trade, code)) == ("approved", 4)
    count_id = await opened(trade, code)
    await count(trade, count_id, one, {"sku": code, "counted": 3})
    await count(trade, count_id, two, {"sku": code, "counted": 3})
    await move(trade, into(code, 20))
    await approve_count(trade.db, trade.staff, stamp(), count_id=count_id)
    assert await on_hand(trade, code) == 23


async def test_everything_in_a_bin_and_what_nobody_expected_there(trade: Trade) -> None:
    here, gone, stray = await sku(trade), await sku(trade), await sku(trade)
    bin_ = "A-01-02-2"
    await move(trade, into(here, 2, bin_), into(gone, 1, bin_))
    count_id = await opened(trade, bin_=bin_)
    goods = [
        {"sku": here, "counted": 1}, {"sku": here, "counted": 1},
        {"sku": stray, "counted": 1, "status": "damaged"},
    ]  # fmt: skip
    for by in (somebody(trade), somebody(trade)):
        await count(trade, count_id, by, *goods)
    await approve_count(trade.db, trade.staff, stamp(), count_id=count_id)
    assert [await on_hand(trade, code) for code in (here, gone, stray)] == [2, 0, 1]


async def test_goods_are_counted_by_the_code_they_bear(trade: Trade) -> None:
    """A GTIN is scanned with the digits that are printed, whatever it is kept as."""
    code = await sku(trade, gtins=["4006381333931"], packs=[
        {"unit": "box", "base_quantity": "8", "gtins": ["10012345678902"]},
    ])  # fmt: skip
    await move(trade, into(code, 3))
    sheet = await opened(trade, code)
    with pytest.raises(Invalid):
        await count(trade, sheet, trade.staff, {"sku": "10012345678902", "counted": 1})
    scans = [{"sku": one, "counted": 1} for one in ("4006381333931", "04006381333931", code)]
    assert (await count(trade, sheet, trade.staff, *scans)).status == "approved"


async def test_serials_are_counted_one_by_one(trade: Trade) -> None:
    code, bin_ = await sku(trade, serial_tracked=True), "A-01-02-2"
    await move(trade, *(into(code, 1, bin_, serial=s) for s in ("S1", "S2")))
    count_id = await opened(trade, code, bin_)
    with pytest.raises(Invalid) as refused:
        await count(trade, count_id, somebody(trade), {"sku": code, "counted": 2})
    assert [e.code for e in refused.value.errors] == ["serial_missing"]
    found = [{"sku": code, "counted": 1, "serial": s} for s in ("S2", "S3")]
    for by in (somebody(trade), somebody(trade)):
        await count(trade, count_id, by, *found)
    await approve_count(trade.db, trade.staff, stamp(), count_id=count_id)
    shown = await seen(trade, count_id)
    assert {(x.serial, x.difference) for x in shown.lines} == {("S1", -1), ("S2", 0), ("S3", 1)}
    assert await on_hand(trade, code) == 2


async def test_one_live_sheet_for_the_same_things(trade: Trade) -> None:
    one, two = await sku(trade), await sku(trade)
    first = await opened(trade, one, OTHER)
    await opened(trade, two, OTHER)
    for code in (one, None):
        with pytest.raises(Conflict) as refused:
            await opened(trade, code, OTHER)
        assert refused.value.code == "count_open"
    await reject_count(trade.db, trade.staff, stamp(), count_id=first)
    tries = await asyncio.gather(
        *(opened(trade, one, OTHER) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(t, UUID) for t in tries) == 1
    assert sum(isinstance(t, Conflict) for t in tries) == 5


async def test_two_hands_on_one_sheet_post_it_once(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 5))
    count_id = await opened(trade, code)
    for by in (somebody(trade), somebody(trade)):
        await count(trade, count_id, by, {"sku": code, "counted": 4})
    tries = await asyncio.gather(
        *(approve_count(trade.db, somebody(trade), stamp(), count_id=count_id) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(t, CountSummary) for t in tries) == 1
    assert all(isinstance(t, CountSummary | Conflict) for t in tries)
    assert await on_hand(trade, code) == 4


async def test_the_same_request_again_changes_nothing(trade: Trade) -> None:
    code = await sku(trade)
    await move(trade, into(code, 5))
    count_id = await opened(trade, code)
    sheet, same = FilledSheet(), stamp()
    by = somebody(trade)
    first = await fill_in_count(trade.db, by, same, count_id=count_id, sheet=sheet)
    again = await fill_in_count(trade.db, by, same, count_id=count_id, sheet=sheet)
    assert first == again
    assert again.round == 2


async def test_another_warehouse_sees_and_touches_nothing(trade: Trade) -> None:
    code = await sku(trade)
    count_id = await opened(trade, code)
    stranger = trade.staff_of("YIW1")
    assert await list_counts(trade.db, stranger) == []
    with pytest.raises(NotFound):
        await get_count(trade.db, stranger, count_id=count_id)
    for act in (begin_count, approve_count, reject_count):
        with pytest.raises(NotFound):
            await act(trade.db, stranger, stamp(), count_id=count_id)
    with pytest.raises(NotFound):
        await fill_in_count(trade.db, stranger, stamp(), count_id=count_id, sheet=FilledSheet())
    new = NewCount("stock", "SZX1", BIN)
    with pytest.raises(NotFound):
        await open_count(trade.db, stranger, stamp(), new=new)
    with pytest.raises(NotFound):
        await plan_counts(trade.db, stranger, stamp(), plan=NewCountPlan("stock", "SZX1", "abc"))


async def test_every_wrong_line_is_named_at_once(trade: Trade) -> None:
    code, other = await sku(trade), await sku(trade)
    count_id = await opened(trade, code)
    goods = [{"sku": "NO-SUCH", "counted": 1}, {"sku": other, "counted": 1},
             {"sku": code, "counted": 1, "serial": "X"}]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await count(trade, count_id, somebody(trade), *goods)
    assert [(e.path, e.code) for e in refused.value.errors] == [
        ("goods[0].sku", "unknown_sku"), ("goods[1].sku", "not_counted_here"),
        ("goods[2].sku", "serial_not_kept"),
    ]  # fmt: skip
    assert (await seen(trade, count_id)).lines == []


async def test_parcels_are_missing_and_found_again(trade: Trade) -> None:
    here, missing, stray = number(), number(), number()
    ids = {}
    for raw, bin_ in ((here, BIN), (missing, BIN), (stray, OTHER)):
        scan = await trade.scan(raw)
        ids[raw] = scan.parcel.id
        owner = await trade.server.owner(trade.tenant)
        try:
            await owner.execute("update nodes.node set steps_off = '{inspect}'")
        finally:
            await owner.close()
        await put_away_parcel(
            trade.db, trade.staff, stamp(), parcel_id=scan.parcel.id, put=PutAway(bin_)
        )
    new = NewCount("parcels", "SZX1", BIN)
    for expected, numbers in (("exception", [here, stray]), ("stored", [here, missing, stray])):
        opened_ = await open_count(trade.db, trade.staff, stamp(), new=new)
        for by in (somebody(trade), somebody(trade)):
            sheet = FilledSheet(tracking_numbers=numbers)
            await fill_in_count(trade.db, by, stamp(), count_id=opened_.id, sheet=sheet)
        await approve_count(trade.db, trade.staff, stamp(), count_id=opened_.id)
        parcel = await get_parcel(trade.db, trade.staff, parcel_id=ids[missing])
        assert parcel.status == expected
    moved = await get_parcel(trade.db, trade.staff, parcel_id=ids[stray])
    place = moved.last_event.place
    assert place is not None
    assert (moved.status, place.bin) == ("stored", BIN)
    opened_ = await open_count(trade.db, trade.staff, stamp(), new=new)
    sheet = FilledSheet(tracking_numbers=[number()], parcels=[new_id(system_clock())])
    with pytest.raises(Invalid) as refused:
        await fill_in_count(trade.db, trade.staff, stamp(), count_id=opened_.id, sheet=sheet)
    assert {e.path for e in refused.value.errors} == {"tracking_numbers[0]", "parcels[0]"}


async def test_rules_open_what_is_due(server: InstalledServer) -> None:
    trade = await open_trade(server)
    busy, idle, sold = await sku(trade), await sku(trade), await sku(trade)
    await move(trade, into(busy, 100), into(idle, 5, OTHER), into(sold, 1, "A-01-02-2"))
    await move(trade, out_of(busy, 60), out_of(sold, 1, "A-01-02-2"))
    plan = NewCountPlan("stock", "SZX1", "value")
    opened_ = (await plan_counts(trade.db, trade.staff, stamp(), plan=plan)).opened
    assert [one.sku for one in opened_] == [busy]
    plan = NewCountPlan("stock", "SZX1", "abc")
    opened_ = (await plan_counts(trade.db, trade.staff, stamp(), plan=plan)).opened
    assert [one.sku for one in opened_] == [idle]
    plan = NewCountPlan("stock", "SZX1", "zero")
    opened_ = (await plan_counts(trade.db, trade.staff, stamp(), plan=plan)).opened
    assert [(one.bin, one.sku) for one in opened_] == [("A-01-02-2", None)]
    done = await count(trade, opened_[0].id, somebody(trade))
    assert done.status == "approved"
    again = (await plan_counts(trade.db, trade.staff, stamp(), plan=plan)).opened
    assert again == []


async def test_the_status_of_a_count_follows_the_table(trade: Trade) -> None:
    """The copy in SQL allows what state_edges.tsv allows."""
    from entrepot.counts.rules import MACHINE

    owner = await trade.server.owner(trade.tenant)
    try:
        rows = await owner.fetch(
            "select a, b from unnest($1::text[]) as a cross join unnest($1::text[]) as b"
            " where counts.status_may_change_v1(a, b)",
            sorted(MACHINE.states),
        )
    finally:
        await owner.close()
    assert {(row["a"], row["b"]) for row in rows} == {
        (edge.source, edge.target) for edge in MACHINE.edges
    }


async def test_a_sheet_finds_no_units_of_a_kit(trade: Trade) -> None:
    """Its parts are counted; what lay there before it became a kit may be less, never more."""
    part, was = await sku(trade), await sku(trade)
    kit = await sku(trade, parts=[{"sku": part, "quantity": 2}])
    await move(trade, into(part, 4), into(was, 3))
    with pytest.raises(Invalid) as refused:
        await opened(trade, kit)
    assert [(error.path, error.code) for error in refused.value.errors] == [("sku", "is_kit")]
    count_id = await opened(trade, was)
    owner = await trade.server.owner(trade.tenant)
    await owner.execute(
        "insert into catalog.kit_part (kit_sku_id, component_sku_id, quantity)"
        " select k.sku_id, p.sku_id, 1 from catalog.sku as k, catalog.sku as p"
        " where k.code = $1 and p.code = $2", was, part,
    )  # fmt: skip
    await owner.close()
    two, four = {"sku": was, "counted": 2}, {"sku": was, "counted": 4}
    for wrong in ((four,), (two, two)):
        with pytest.raises(Invalid) as refused:
            await count(trade, count_id, trade.staff, *wrong)
        assert [error.code for error in refused.value.errors] == ["is_kit"]
    for by in (trade.staff, somebody(trade)):
        done = await count(trade, count_id, by, two)
    await approve_count(trade.db, somebody(trade), stamp(), count_id=done.id)
    assert (await on_hand(trade, was), await on_hand(trade, part)) == (2, 4)


async def test_what_became_a_kit_is_not_found_by_an_old_sheet(trade: Trade) -> None:
    """The decision is refused with words; rejecting the sheet ends it."""
    part, was = await sku(trade), await sku(trade)
    await move(trade, into(was, 3))
    count_id = await opened(trade, was)
    for by in (trade.staff, somebody(trade)):
        await count(trade, count_id, by, {"sku": was, "counted": 5})
    owner = await trade.server.owner(trade.tenant)
    await owner.execute(
        "insert into catalog.kit_part (kit_sku_id, component_sku_id, quantity)"
        " select k.sku_id, p.sku_id, 1 from catalog.sku as k, catalog.sku as p"
        " where k.code = $1 and p.code = $2", was, part,
    )  # fmt: skip
    await owner.close()
    with pytest.raises(Invalid) as refused:
        await approve_count(trade.db, somebody(trade), stamp(), count_id=count_id)
    assert [error.code for error in refused.value.errors] == ["is_kit"]
    assert await on_hand(trade, was) == 3
    done = await reject_count(trade.db, somebody(trade), stamp(), count_id=count_id)
    assert done.status == "rejected"
