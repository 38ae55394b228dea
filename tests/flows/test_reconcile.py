"""The reconciliation: every planted difference is named, corrected once, and a run that goes on
from the last one finds what a whole one finds."""

import asyncio
import random

import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.correct_difference import correct_difference
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.list_differences import list_differences
from entrepot.flows.list_reconciliations import list_reconciliations
from entrepot.flows.reconcile import reconcile
from entrepot.jobs.drain import drain
from entrepot.jobs.watching import reconcile_books
from entrepot.kernel.ids import new_id, new_token
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, NotFound
from entrepot.platform import faults
from entrepot.platform.clock import system_clock
from entrepot.reconciliation import operations
from entrepot.reconciliation.types import Difference, Mode, NewRun, Run
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def mended(stock: Stock):
    """Each test begins and ends with books that agree."""
    yield
    faults._armed.clear()
    for one in await found(stock, state="open"):
        if one.cause != "follows":
            await correct(stock, one)
    assert (await run(stock, "full")).found == 0


async def run(stock: Stock, mode: Mode = "incremental", stamped: Stamp | None = None) -> Run:
    return await reconcile(stock.db, stock.staff, stamped or stamp(), new=NewRun(mode))


async def found(stock: Stock, by: Staff | None = None, **wanted: str) -> list[Difference]:
    return await list_differences(stock.db, by or stock.staff, most=1000, **wanted)


async def open_ones(stock: Stock) -> dict[tuple[str, str, str], int]:
    return {
        (d.kind, d.sku, f"{d.place} {d.status}"): d.amount for d in await found(stock, state="open")
    }


async def correct(stock: Stock, one: Difference, by: Staff | None = None) -> Difference:
    return await correct_difference(stock.db, by or stock.staff, stamp(), difference_id=one.id)


async def falsify(stock: Stock, *statements: str) -> None:
    owner = await stock.server.owner(stock.tenant)
    for statement in statements:
        assert (await owner.execute(statement)) == "UPDATE 1", statement
    await owner.close()


def of(sku: str, node: str = "N1") -> str:
    return (
        f"sku_id = (select sku_id from catalog.sku where code = '{sku}')"
        f" and node_id = (select node_id from nodes.node where code = '{node}')"
    )


async def test_every_planted_difference_is_named_with_place_amount_and_cause(stock: Stock) -> None:
    lost, doubled, edited, promised, packs = [await stock.stocked(40) for _ in range(5)]
    await stock.receive(lost, 7)
    await stock.receive(doubled, 6)
    await stock.reserve((promised, 4))
    await falsify(
        stock,
        f"update stock.balance set on_hand = on_hand - 7 where {of(lost)}",
        f"update stock.balance set on_hand = on_hand + 6 where {of(doubled)}",
        f"update stock.balance set on_hand = on_hand + 5 where {of(edited)}",
        f"update stock.sku_node set reserved = reserved - 4 where {of(promised)}",
        f"update stock.sku_node set on_hand = on_hand - 3 where {of(packs)}",
    )
    assert (await run(stock)).fresh == len(await found(stock, state="open"))
    told = {(d.kind, d.sku): d for d in await found(stock, state="open")}
    assert {k: (d.place, d.amount, d.cause) for k, d in told.items() if d.kind != "channel"} == {
        ("balance", lost): ("N1/R", -7, "lost"),
        ("on_hand", lost): ("N1", 7, "follows"),
        ("balance", doubled): ("N1/R", 6, "doubled"),
        ("on_hand", doubled): ("N1", -6, "follows"),
        ("balance", edited): ("N1/R", 5, "manual_edit"),
        ("on_hand", edited): ("N1", -5, "follows"),
        ("reserved", promised): ("N1", -4, "lost"),
        ("on_hand", packs): ("N1", -3, "manual_edit"),
    }  # fmt: skip
    assert told["channel", packs].cause == "follows"
    assert told["balance", lost].suspect is not None
    assert ("channel", lost) not in told


async def test_a_number_off_by_a_pack_is_a_mistake_of_units(stock: Stock) -> None:
    sku = await stock.sku(packs=[{"unit": "case", "base_quantity": "6"}])
    await stock.receive(sku, 5)
    await falsify(stock, f"update stock.balance set on_hand = 30 where {of(sku)}")
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "balance"]
    assert (one.told, one.found, one.cause) == (5, 30, "unit_mistake")


async def test_a_correction_is_applied_once(stock: Stock) -> None:
    sku = await stock.stocked(10)
    await falsify(stock, f"update stock.balance set on_hand = 12 where {of(sku)}")
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "balance"]
    told = await asyncio.gather(*(correct(stock, one) for _ in range(4)), return_exceptions=True)
    assert [getattr(t, "state", None) for t in told].count("corrected") == 1
    assert [t.code for t in told if isinstance(t, Conflict)] == ["difference_closed"] * 3
    assert (await stock.guard(sku)).on_hand == 10
    again = await run(stock)
    assert (again.found, again.gone) == (0, 1), "the guarding row was right all the time"


async def test_what_follows_is_not_corrected_before_what_it_follows_from(stock: Stock) -> None:
    """A guarding row that is right must not be made to say what a falsified balance says."""
    sku = await stock.stocked(10)
    await falsify(stock, f"update stock.balance set on_hand = 12 where {of(sku)}")
    await run(stock)
    told = {d.kind: d for d in await found(stock, state="open")}
    assert (told["on_hand"].cause, told["on_hand"].correctable) == ("follows", False)
    with pytest.raises(Conflict) as refused:
        await correct(stock, told["on_hand"])
    assert refused.value.code == "follows_another"
    assert await stock.available(sku) == [10]


async def test_a_correction_takes_nothing_from_another_falsified_number(stock: Stock) -> None:
    """Promises of goods that are there by the ledger stay, whichever copy is corrected first."""
    sku = await stock.sku(lot_tracked=True)
    for lot in ("L1", "L2"):
        await stock.receive(sku, 5, lot=lot)
    held = await stock.reserve((sku, 10))
    await falsify(
        stock,
        f"update stock.balance set on_hand = 10 where lot = 'L1' and {of(sku)}",
        f"update stock.balance set on_hand = 0 where lot = 'L2' and {of(sku)}",
    )
    await run(stock)
    told = {d.lot: d for d in await found(stock, state="open") if d.kind == "balance"}
    for lot in ("L1", "L2"):
        await correct(stock, told[lot])
        (line,) = (await get_reservation(stock.db, stock.staff, reservation_id=held.id)).lines
        assert (line.qty, line.backordered) == (10, 0)
    await falsify(stock, f"update stock.sku_node set on_hand = 13 where {of(sku)}")
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "on_hand"]
    await falsify(stock, f"update stock.balance set on_hand = 1 where lot = 'L1' and {of(sku)}")
    await correct(stock, one)
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.reserved, guard.backordered) == (10, 10, 0)
    await run(stock)


async def test_a_run_that_cannot_keep_everything_calls_nothing_gone(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [await stock.stocked(10) for _ in range(3)]
    await falsify(
        stock, *(f"update stock.sku_node set on_hand = 13 where {of(sku)}" for sku in skus)
    )
    first = await run(stock)
    monkeypatch.setattr(operations, "MOST", 1)
    again = await run(stock)
    assert (again.found, again.more, again.fresh, again.gone) == (1, True, 0, 0)
    monkeypatch.undo()
    assert len(await found(stock, state="open")) == first.found >= 3


async def test_promises_that_a_correction_takes_the_goods_from_wait(stock: Stock) -> None:
    sku = await stock.stocked(5)
    await falsify(
        stock,
        f"update stock.balance set on_hand = 9 where {of(sku)}",
        f"update stock.sku_node set on_hand = 9 where {of(sku)}",
    )
    owner = await stock.server.owner(stock.tenant)
    await owner.fetchval(
        "select stock.count_pools_v1(null, array[s.sku_id]) from catalog.sku s where s.code = $1",
        sku,
    )
    await owner.close()
    await stock.reserve((sku, 8))
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "balance"]
    await correct(stock, one)
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.reserved, guard.backordered, guard.available) == (5, 5, 3, 0)


async def test_who_may_see_and_correct(stock: Stock) -> None:
    sku = await stock.stocked(10, "N2")
    await falsify(stock, f"update stock.balance set on_hand = 11 where {of(sku, 'N2')}")
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "balance"]
    elsewhere = stock.staff_of("N1")
    assert await found(stock, elsewhere, state="open") == []
    with pytest.raises(NotFound):
        await correct(stock, one, elsewhere)
    with pytest.raises(NotFound):
        await correct_difference(
            stock.db, stock.staff, stamp(), difference_id=new_id(system_clock())
        )
    nobody = Staff(stock.tenant.tenant, stock.staff.person_id, frozenset({"stock:read"}))
    with pytest.raises(Forbidden):
        await found(stock, nobody)
    assert [d.id for d in await found(stock, stock.staff_of("N2"), kind="balance")] == [one.id]


async def test_the_same_request_twice_and_runs_at_the_same_time(stock: Stock) -> None:
    sku, stamped = await stock.stocked(3), stamp()
    await falsify(stock, f"update stock.balance set on_hand = 4 where {of(sku)}")
    first = await run(stock, stamped=stamped)
    assert await run(stock, stamped=stamped) == first
    await falsify(stock, f"update stock.balance set on_hand = 5 where {of(sku)}")
    runs = await asyncio.gather(*(run(stock) for _ in range(4)))
    assert {one.found for one in runs} == {2}
    assert sum(one.fresh for one in runs) == 0
    assert len([d for d in await found(stock) if d.sku == sku and d.kind == "balance"]) == 1


async def test_after_a_crash_the_next_run_finds_the_same(stock: Stock) -> None:
    await run(stock, "full")
    sku = await stock.stocked(3)
    await falsify(stock, f"update stock.sku_node set on_hand = 9 where {of(sku)}")
    before = len(await list_reconciliations(stock.db, stock.staff, before=None, most=1000))
    faults.arm(
        stock.server.settings, {"reconcile.before_commit": faults.Fault(raises=True)},
        host="127.0.0.1", database_prefix="t_test_",
    )  # fmt: skip
    with pytest.raises(faults.InjectedFault):
        await run(stock)
    faults._armed.clear()
    assert len(await list_reconciliations(stock.db, stock.staff, before=None, most=1000)) == before
    after = await run(stock)
    assert (after.mode, after.documents, after.fresh) == ("incremental", 1, 3)


async def test_the_worker_compares_everything_once_a_day_and_else_what_is_new(
    server: InstalledServer,
) -> None:
    stock = await open_stock(server)
    sku = await stock.stocked(4)
    for hours in (0, 1, 23, 25):
        stock.at[0] = hours
        assert await reconcile_books(stock.db, tenant=stock.tenant.tenant) is False
    runs = await list_reconciliations(stock.db, stock.staff, before=None, most=9)
    assert [one.mode for one in runs] == ["full", "incremental", "incremental", "full"]
    assert [one.violations for one in runs] == [0] * 4
    assert (await stock.guard(sku)).on_hand == 4


async def test_what_the_views_say_the_run_says(stock: Stock) -> None:
    sku = await stock.stocked(8)
    await falsify(stock, f"update stock.balance set on_hand = 6 where {of(sku)}")
    by_views = {name: len(rows) for name, rows in (await stock.violations()).items()}
    for mode in ("full", "incremental"):
        told = {v.view: v.rows for v in (await run(stock, mode)).views}
        assert {name: rows for name, rows in told.items() if rows} == by_views
        assert {"stock.violation_balance", "stock.violation_serial"} <= set(told)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_going_on_from_the_last_run_finds_what_a_whole_run_finds(
    stock: Stock, seed: int
) -> None:
    """Random movements, promises and falsified rows, drained or not, runs in between: the open
    differences after an incremental run are those after a full one, place by place."""
    chance = random.Random(seed)
    skus = [await stock.stocked(60, node) for node in ("N1", "N2", "N3", "N1")]
    homes = dict(zip(skus, ("N1", "N2", "N3", "N1"), strict=True))
    for _ in range(5):
        for _ in range(chance.randrange(1, 6)):
            await _something(stock, chance, skus, homes)
        if chance.random() < 0.5:
            await drain(stock.db, tenant=stock.tenant.tenant, consumers=[])
        first = await run(stock)
        gone_on = await open_ones(stock)
        whole = await run(stock, "full")
        assert gone_on == await open_ones(stock)
        assert (first.found, whole.fresh, whole.gone) == (whole.found, 0, 0)
        assert {v.view: v.rows for v in first.views} == {v.view: v.rows for v in whole.views}


async def _something(
    stock: Stock, chance: random.Random, skus: list[str], homes: dict[str, str]
) -> None:
    sku = chance.choice(skus)
    node, amount = homes[sku], chance.randrange(1, 5)
    match chance.randrange(7):
        case 0 | 1:
            await stock.receive(sku, amount, node)
        case 2:
            await stock.move(
                {"sku": sku, "qty": 1, "reason": "move", "from": {"node": node},
                 "to": {"node": node, "bin": "A-1"}}
            )  # fmt: skip
        case 3:
            await stock.reserve((sku, 1, node), reference=new_token(9))
        case 4:
            await falsify(
                stock,
                f"update stock.balance set on_hand = on_hand + {amount} where {of(sku, node)}"
                " and place_id = (select bin_id from nodes.bin where receiving and node_id ="
                f" (select node_id from nodes.node where code = '{node}'))",
            )
        case 5:
            await falsify(
                stock,
                f"update stock.sku_node set on_hand = on_hand + {amount} where {of(sku, node)}",
            )
        case 6:
            await falsify(
                stock,
                f"update stock.sku_node set reserved = reserved + 1 where {of(sku, node)}",
            )


async def test_serials_that_are_elsewhere_have_to_be_looked_for(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    serial = new_token(6)
    await stock.move(
        {"sku": sku, "qty": 1, "reason": "receipt", "to": {"node": "N1"}, "serial": serial}
    )
    move = (
        "update stock.serial set place_id = (select bin_id from nodes.bin where code = '{}'"
        " and node_id = (select node_id from nodes.node where code = 'N1'))"
        f" where serial = '{serial}'"
    )
    owner = await stock.server.owner(stock.tenant)
    await owner.execute(
        "insert into stock.place (place_id, kind, code, node_id)"
        " select bin_id, 'bin', code, node_id from nodes.bin where code = 'A-1'"
        " on conflict do nothing"
    )
    await owner.close()
    await falsify(stock, move.format("A-1"))
    await run(stock)
    (one,) = [d for d in await found(stock, state="open") if d.kind == "serial"]
    assert (one.serial, one.place, one.correctable) == (serial, "N1/A-1", False)
    with pytest.raises(Conflict) as told:
        await correct(stock, one)
    assert told.value.code == "not_correctable"
    await falsify(stock, move.format("R"))
    assert (await run(stock)).gone == 1
