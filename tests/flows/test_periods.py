"""Periods: closing freezes balances, nothing that comes later is lost, nobody is held up."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.close_period import close_period
from entrepot.flows.list_late_entries import list_late_entries
from entrepot.flows.list_period_balances import list_period_balances
from entrepot.flows.list_periods import list_periods
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.reconcile import reconcile
from entrepot.flows.reopen_period import reopen_period
from entrepot.jobs.drain import drain
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.platform import faults
from entrepot.platform.database import Database
from entrepot.reconciliation.types import Closing, LateEntry, NewRun, Period, PeriodLine
from entrepot.stock import operations
from entrepot.stock.feeds.types import NewFeedEvents
from entrepot.stock.types import End, NewMovement
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock

BEGAN = later(0)


def at(hours: float) -> datetime:
    """An instant, the same whenever it is asked."""
    return BEGAN + timedelta(hours=hours)


@pytest.fixture
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


async def close(
    stock: Stock, code: str, hours: float, *, by: Staff | None = None, stamped: Stamp | None = None
) -> Period:
    new = Closing(code, at(hours))
    return await close_period(stock.db, by or stock.staff, stamped or stamp(), new=new)


async def reopen(stock: Stock, code: str) -> Period:
    return await reopen_period(stock.db, stock.staff, stamp(), code=code)


async def lines(stock: Stock, code: str, by: Staff | None = None) -> list[PeriodLine]:
    return await list_period_balances(
        stock.db, by or stock.staff, code=code, node=None, sku=None, after="", most=1000
    )


async def late(stock: Stock, code: str, by: Staff | None = None) -> list[LateEntry]:
    return await list_late_entries(stock.db, by or stock.staff, code=code, after="", most=1000)


async def drained(stock: Stock) -> None:
    while await drain(stock.db, tenant=stock.tenant.tenant, consumers=[]):
        pass


def books(rows: list[PeriodLine], sku: str) -> tuple[int, int, int, int]:
    mine = [row for row in rows if row.sku == sku]
    return (
        sum(r.opening for r in mine), sum(r.moved_in for r in mine),
        sum(r.moved_out for r in mine), sum(r.closing for r in mine),
    )  # fmt: skip


async def test_opening_and_movements_are_the_closing(stock: Stock) -> None:
    sku = await stock.stocked(10)
    stock.at[0] = 10
    october = await close(stock, "2026-10", 5)
    assert (october.from_at, october.rows, october.unexplained, october.closing) == (None, 1, 0, 10)
    await stock.receive(sku, 7, "N2")
    await stock.fulfil((await stock.reserve((sku, 4, "N1"))).id)
    await drained(stock)
    stock.at[0] = 20
    await stock.receive(sku, 100)
    november = await close(stock, "2026-11", 15)
    assert (november.opening, november.moved_in, november.moved_out) == (10, 7, 4)
    assert (november.closing, november.unexplained, november.from_at) == (13, 0, at(5))
    assert books(await lines(stock, "2026-11"), sku) == (10, 7, 4, 13)
    assert [row.node for row in await lines(stock, "2026-11", stock.staff_of("N2"))] == ["N2"]
    narrow = await list_periods(stock.db, stock.staff_of("N2"), before=None, most=9)
    assert [(p.code, p.closing) for p in narrow] == [("2026-11", 7), ("2026-10", 0)]
    run = await reconcile(stock.db, stock.staff, stamp(), new=NewRun("full"))
    assert run.violations == 0


async def test_what_is_posted_at_the_very_end_belongs_to_the_next(stock: Stock) -> None:
    sku = await stock.stocked(2)
    edge = msgspec.structs.replace(stock, db=Database(stock.server.pools, lambda: at(5)))
    await edge.receive(sku, 5)
    stock.at[0] = 10
    periods = [await close(stock, "P1", 5), await close(stock, "P2", 6)]
    assert [p.unexplained for p in periods] == [0, 0]
    assert books(await lines(stock, "P1"), sku) == (0, 2, 0, 2)
    assert books(await lines(stock, "P2"), sku) == (2, 5, 0, 7)
    assert await late(stock, "P1") == []


async def test_twice_at_once_and_after_a_crash(stock: Stock) -> None:
    await stock.stocked(3)
    stock.at[0] = 10
    faults.arm(
        stock.server.settings, {"close_period.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1", database_prefix="t_test_",
    )  # fmt: skip
    with pytest.raises(faults.InjectedFault):
        await close(stock, "P1", 5)
    faults._armed.clear()
    assert await list_periods(stock.db, stock.staff, before=None, most=9) == []
    stamped = stamp()
    first = await close(stock, "P1", 5, stamped=stamped)
    assert await close(stock, "P1", 5, stamped=stamped) == first
    with pytest.raises(Conflict) as told:
        await close(stock, "P1", 6)
    assert told.value.code == "period_closed"
    with pytest.raises(Conflict) as told:
        await close(stock, "P0", 4)
    assert told.value.code == "before_the_last"
    at_once = await asyncio.gather(
        *(close(stock, f"Q{n}", 8) for n in range(4)), return_exceptions=True
    )
    assert [type(one) for one in at_once].count(Period) == 1
    assert {one.code for one in at_once if isinstance(one, Conflict)} == {"before_the_last"}
    with pytest.raises(Invalid):
        await close(stock, "P9", 11)


async def test_what_was_being_written_at_the_closing_is_booked_in_the_next(stock: Stock) -> None:
    """A document dated into a period that commits after its closing: a pointer, no loss."""
    sku = await stock.stocked(10)
    stock.at[0] = 4
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        async with stock.db.begin(stock.staff) as tx:
            move = NewMovement(sku, 5, "receipt", to=End("N2"))
            await operations.post(tx, reference="slow", movements=[move])
            began.set()
            await go_on.wait()

    writing = asyncio.create_task(slowly())
    await began.wait()
    stock.at[0] = 10
    first = await asyncio.wait_for(close(stock, "P1", 5), 5)
    assert first.closing == 10, "it neither waited nor saw what was not committed"
    go_on.set()
    await writing
    await drained(stock)
    await reconcile(stock.db, stock.staff, stamp(), new=NewRun())
    assert [(e.sku, e.node, e.delta) for e in await late(stock, "P1")] == [(sku, "N2", 5)]
    second = await close(stock, "P2", 9)
    assert (second.opening, second.moved_in, second.closing, second.unexplained) == (10, 5, 15, 0)
    assert [row.late for row in await lines(stock, "P2")] == [0, 5]
    assert (await list_periods(stock.db, stock.staff, before=None, most=9))[1].late == 1
    await reopen(stock, "P2")
    await reopen(stock, "P1")
    again = await close(stock, "P1", 5)
    assert (again.closing, again.late) == (15, 0), "closed anew it is in its own period"
    assert await late(stock, "P1") == []


async def test_what_a_feed_tells_of_a_closed_period_is_booked_now_and_points_there(
    stock: Stock,
) -> None:
    sku = await stock.stocked(10)
    stock.at[0] = 10
    await close(stock, "P1", 5)
    event = {"sequence": 1, "sku": sku, "delta": 3, "at": at(2)}
    new = msgspec.convert({"feed": "erp", "node": "N1", "events": [event]}, NewFeedEvents)
    told = await post_stock_events(stock.db, stock.staff, stamp(), new=new)
    await drained(stock)
    for _ in range(2):
        await reconcile(stock.db, stock.staff, stamp(), new=NewRun())
    (entry,) = await late(stock, "P1")
    assert (entry.sku, entry.node, entry.delta, entry.dated_at) == (sku, "N1", 3, at(2))
    assert (entry.document_id, entry.booked_at > at(10)) == (told.document_id, True)
    assert await late(stock, "P1", stock.staff_of("N2")) == []
    stock.at[0] = 20
    second = await close(stock, "P2", 15)
    assert (second.moved_in, second.closing, second.unexplained) == (3, 13, 0)


async def test_a_period_closed_late_points_to_what_was_booked_meanwhile(stock: Stock) -> None:
    sku = await stock.stocked(10)
    stock.at[0] = 10
    event = {"sequence": 1, "sku": sku, "delta": -1, "at": at(2)}
    new = msgspec.convert({"feed": "erp", "node": "N1", "events": [event]}, NewFeedEvents)
    await post_stock_events(stock.db, stock.staff, stamp(), new=new)
    first = await close(stock, "P1", 5)
    assert (first.closing, first.late) == (10, 1)


async def test_only_the_last_period_is_opened_again(stock: Stock) -> None:
    sku = await stock.stocked(10)
    stock.at[0] = 10
    await close(stock, "P1", 5)
    await stock.receive(sku, 2)
    stock.at[0] = 20
    await close(stock, "P2", 15)
    with pytest.raises(Conflict) as told:
        await reopen(stock, "P1")
    assert told.value.code == "not_the_last"
    assert (await reopen(stock, "P2")).state == "reopened"
    with pytest.raises(Conflict) as told:
        await reopen(stock, "P2")
    assert told.value.code == "period_open"
    with pytest.raises(NotFound):
        await reopen(stock, "P7")
    again = await close(stock, "P2", 12)
    assert (again.state, again.closing, again.unexplained) == ("closed", 12, 0)
    owner = await stock.server.owner(stock.tenant)
    audited = await owner.fetch("select verb from platform.audit where verb like '%_period'")
    closings = await owner.fetchval("select count(*) from reconciliation.closing")
    await owner.close()
    assert sorted(row["verb"] for row in audited) == ["close_period"] * 3 + ["reopen_period"]
    assert closings == 3, "what was frozen first is kept"
    await reopen(stock, "P2")
    await close(stock, "P3", 12)
    first = await list_periods(stock.db, stock.staff, before=None, most=1)
    rest = await list_periods(stock.db, stock.staff, before=first[0].code, most=9)
    assert [p.code for p in first + rest] == ["P2", "P3", "P1"], "two that end alike are two"


async def test_who_may_close(stock: Stock) -> None:
    stock.at[0] = 10
    sees = Staff(stock.tenant.tenant, new_id(at(0)), frozenset({"reconciliation:read"}))
    with pytest.raises(Forbidden):
        await close(stock, "P1", 5, by=sees)
    with pytest.raises(NotFound):
        await lines(stock, "P1", sees)


async def test_frozen_numbers_that_were_changed_are_found(stock: Stock) -> None:
    sku = await stock.stocked(10)
    stock.at[0] = 10
    await close(stock, "P1", 5)
    owner = await stock.server.owner(stock.tenant)
    await owner.execute("update reconciliation.period_balance set closing = 11, moved_in = 11")
    await stock.receive(sku, 1)
    stock.at[0] = 20
    second = await close(stock, "P2", 15)
    assert (second.unexplained, second.opening) == (1, 11)
    await owner.execute(
        "update reconciliation.period_balance set closing = 10, moved_in = 10 where opening = 0"
    )
    await owner.close()
    run = await reconcile(stock.db, stock.staff, stamp(), new=NewRun("full"))
    wrong = {v.view: v.rows for v in run.views if v.rows}
    assert wrong == {"reconciliation.violation_period_opening": 1}
