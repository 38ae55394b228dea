"""Histories and past instants against the ledger; tables against the database; lean plans."""

import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from entrepot.api.cursors import cursor_of, read_cursor
from entrepot.flows.export_history import export_history
from entrepot.flows.list_history import list_history
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.list_stock_as_of import list_stock_as_of
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.platform.clock import system_clock
from entrepot.platform.sheets import read_sheet
from entrepot.stock import adjustment_rules, history
from entrepot.stock.adjustment_rules import Before, Limits
from entrepot.stock.history import Wanted
from entrepot.stock.lots import queries as lots
from entrepot.stock.lots import recalls
from entrepot.stock.lots.types import HistoryRow
from entrepot.stock.types import StockRow
from entrepot.tenancy.entrances import Connection
from tests.flows.trade import later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock
from tests.stock.test_rules import explained

ALL = Wanted()


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def turned_back(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    yield
    if "stock" in request.fixturenames:
        made: Stock = request.getfixturevalue("stock")
        made.at[0] = 0.0


async def told(
    stock: Stock, sku: str, wanted: Wanted = ALL, before: UUID | None = None, most: int = 100
) -> list[HistoryRow]:
    return await list_history(
        stock.db, stock.staff, sku=sku, wanted=wanted, before=before, most=most
    )


async def lived(stock: Stock) -> str:
    """A SKU with a history: three hours ago ten came, two ago some went to a shelf and some were
    sold, an hour ago some were lost; just now a sale was moved back."""
    sku = await stock.sku(lot_tracked=True)
    stock.at[0] = -3
    await stock.receive(sku, 10, "N1", lot="L")
    stock.at[0] = -2
    shelf = {"node": "N1", "bin": "A-1"}
    await stock.move({"sku": sku, "qty": 4, "reason": "put_away", "lot": "L",
                      "from": {"node": "N1"}, "to": shelf})  # fmt: skip
    sold = await stock.move({"sku": sku, "qty": 3, "reason": "sale", "lot": "L", "from": shelf})
    await stock.receive(sku, 5, "N2", lot="M")
    stock.at[0] = -1
    await stock.post({"sku": sku, "qty": 2, "reason": "loss", "lot": "L", "from": {"node": "N1"}})
    stock.at[0] = 0
    await reverse_movement(stock.db, stock.staff, stamp(), movement_id=sold.movements[0])
    return sku


async def test_the_balance_after_each_movement(stock: Stock) -> None:
    sku = await lived(stock)
    rows = await told(stock, sku)
    assert [(row.reason, row.change, row.balance) for row in rows] == [
        ("reversal", 3, 13), ("loss", -2, 10), ("receipt", 5, 12), ("sale", -3, 7),
        ("put_away", 0, 10), ("receipt", 10, 10),
    ]  # fmt: skip
    assert rows[0].reverses == rows[3].id
    assert rows[3].reversed_by == rows[0].id
    here = await told(stock, sku, Wanted(node="N1"))
    assert [row.balance for row in here] == [8, 5, 7, 10, 10]
    shelf = await told(stock, sku, Wanted(node="N1", bin="A-1"))
    assert [row.reason for row in shelf] == ["reversal", "sale", "put_away"]
    assert [row.balance for row in shelf] == [8, 7, 10], "filters leave out rows, no effect"


@pytest.mark.parametrize(
    ("wanted", "reasons"),
    [
        (Wanted(reason="loss"), ["loss"]),
        (Wanted(lot="M"), ["receipt"]),
        (Wanted(since=later(-1.5)), ["reversal", "loss"]),
        (Wanted(until=later(-2.5)), ["receipt"]),
        (Wanted(since=later(-2.5), until=later(-1.5)), ["receipt", "sale", "put_away"]),
        (Wanted(actor="person:nobody"), []),
        (Wanted(node="N3"), []),
    ],
)
async def test_what_is_asked_for(stock: Stock, wanted: Wanted, reasons: list[str]) -> None:
    rows = await told(stock, await lived(stock), wanted)
    assert [row.reason for row in rows] == reasons


async def test_pages_of_a_history(stock: Stock) -> None:
    sku = await lived(stock)
    whole = await told(stock, sku)
    seen: list[HistoryRow] = []
    while page := await told(stock, sku, before=seen[-1].id if seen else None, most=2):
        seen += page
    assert seen == whole
    made = read_sheet(await export_history(stock.db, stock.staff, sku=sku, wanted=ALL), most_rows=9)
    assert [row.cells["balance"] for row in made.rows] == [str(row.balance) for row in whole]
    local = await list_history(
        stock.db, stock.staff_of("N2"), sku=sku, wanted=ALL, before=None, most=9
    )
    assert [(row.reason, row.balance) for row in local] == [("receipt", 5)]
    with pytest.raises(NotFound):
        await told(stock, "NO-SUCH")


def rows_of(rows: list[StockRow]) -> set[tuple[str, str, str, int]]:
    return {(row.place, row.lot, row.status, row.on_hand) for row in rows}


async def test_what_lay_there_then(stock: Stock) -> None:
    sku = await lived(stock)

    async def then(hours: float, node: str | None = None) -> set[tuple[str, str, str, int]]:
        found = await list_stock_as_of(
            stock.db, stock.staff, skus=[sku], node=node, after="", as_of=later(hours), most=9
        )
        return rows_of(found.rows)

    assert await then(-4) == set()
    assert await then(-2.5) == {("N1/R", "L", "good", 10)}
    assert await then(-1.5) == {
        ("N1/R", "L", "good", 6), ("N1/A-1", "L", "good", 1), ("N2/R", "M", "good", 5),
    }  # fmt: skip
    assert await then(-1.5, "N2") == {("N2/R", "M", "good", 5)}
    now = await list_stock(stock.db, stock.staff, skus=[sku], node=None)
    assert await then(0) == rows_of(now)
    with pytest.raises(Invalid):
        await then(1)
    local = await list_stock_as_of(
        stock.db, stock.staff_of("N2"), skus=[sku], node=None, after="", as_of=later(-1), most=9
    )
    assert rows_of(local.rows) == {("N2/R", "M", "good", 5)}


async def test_pages_of_a_node_at_a_past_instant(stock: Stock) -> None:
    stock.at[0] = -5
    early = [await stock.stocked(2, "N3") for _ in range(3)]
    stock.at[0] = 0
    late = [await stock.stocked(2, "N3") for _ in range(2)]
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        found = await list_stock_as_of(
            stock.db, stock.staff, skus=[], node="N3", after=after, as_of=later(-4), most=2
        )
        seen += [row.sku for row in found.rows]
        after = found.next
    assert set(early) <= set(seen)
    assert not set(late) & set(seen)


async def test_what_functions_post_has_ids_in_the_order_of_time(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    for hours in range(-5, 0):
        stock.at[0] = hours
        await stock.receive(sku, 1, "N1", lot=f"L{hours}")
        held = await stock.reserve((sku, 1))
        await stock.fulfil(held.id)
    stock.at[0] = 0
    rows = await list_movements(
        stock.db, stock.staff, sku=sku, reference=None, before=None, most=99
    )
    moments = [row.at for row in rows]
    assert moments == sorted(moments, reverse=True)
    assert {row.reason for row in rows} == {"receipt", "sale"}


@pytest.fixture(scope="module")
async def owner(server: InstalledServer) -> AsyncIterator[Connection]:
    connection = await server.owner(await server.tenant())
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("machine", "function", "more"),
    [
        (recalls.machine(), "stock.recall_may_change_v1", set()),
        (adjustment_rules.adjustments(), "stock.adjustment_may_change_v1", {"posted"}),
    ],
    ids=["recall", "adjustment"],
)
async def test_the_machines_are_their_tables(
    owner: Connection, machine: object, function: str, more: set[str]
) -> None:
    edges = {(edge.source, edge.target) for edge in machine.edges}  # type: ignore[attr-defined]
    states = machine.states | more  # type: ignore[attr-defined]
    for source, target in itertools.product(states, repeat=2):
        may = await owner.fetchval(f"select {function}($1, $2)", source, target)
        assert may == ((source, target) in edges)


@pytest.mark.parametrize("machine", [recalls.machine(), adjustment_rules.adjustments()])
def test_every_other_edge_is_refused(machine: object) -> None:
    for state in machine.states:  # type: ignore[attr-defined]
        for verb in machine.verbs:  # type: ignore[attr-defined]
            if state not in machine.sources(verb):  # type: ignore[attr-defined]
                with pytest.raises(Conflict):
                    machine.follow(state, verb)  # type: ignore[attr-defined]


ROLES = {
    "nobody": frozenset[str](),
    "mover": frozenset({"stock:move"}),
    "adjuster": frozenset({"stock:move", "stock:adjust"}),
    "lead": frozenset({"stock:move", "stock:adjust", "stock:approve"}),
}
STATUSES = ("good", "promo", "damaged", "quarantine", "hold", "expired")


@pytest.mark.parametrize(("source", "target"), list(itertools.product(STATUSES, repeat=2)))
def test_every_step_of_a_status_is_the_table_s(source: str, target: str) -> None:
    needed = adjustment_rules.status_steps().get((source, target))
    for permissions in ROLES.values():
        if needed is None:
            with pytest.raises(Conflict):
                adjustment_rules.check_steps([(source, target)], permissions)
        elif needed in permissions:
            adjustment_rules.check_steps([(source, target)], permissions)
        else:
            with pytest.raises(Forbidden):
                adjustment_rules.check_steps([(source, target)], permissions)
    if source in ("quarantine", "hold") and target in ("good", "promo"):
        assert needed == "stock:approve"
    if source == "expired":
        assert target not in ("good", "promo") or needed is None


@pytest.mark.parametrize(
    ("units", "value", "limits", "before", "over"),
    [
        (5, None, Limits(5, None), Before(0, 0), None),
        (6, None, Limits(5, None), Before(0, 0), "units"),
        (3, None, Limits(5, None), Before(2, 0), None),
        (3, None, Limits(5, None), Before(3, 0), "day"),
        (1, 100, Limits(5, 100), Before(0, 0), None),
        (1, 101, Limits(5, 100), Before(0, 0), "value"),
        (1, None, Limits(5, 100), Before(0, 0), "value"),
        (1, 60, Limits(5, 100), Before(1, 41), "day"),
    ],
)
def test_limits(
    units: int, value: int | None, limits: Limits, before: Before, over: str | None
) -> None:
    assert adjustment_rules.limit_passed(units, value, limits=limits, before=before) == over


async def test_every_cause_has_reasons_of_the_ledger(owner: Connection) -> None:
    for cause in adjustment_rules.causes().values():
        assert cause.reasons <= {"scrap", "loss", "found", "reclassify", "transfer_lost", "named"}
        assert (cause.kind == "status") == (cause.reasons == {"reclassify"})
        assert len(cause.code) <= 40


def test_cursors_come_back_as_they_went() -> None:
    columns = ["N1", "quarantine", "SKU/1", "A-1", "批次", ""]
    assert read_cursor(cursor_of(*columns), 6) == columns
    assert read_cursor(None, 2) == ["", ""]
    for wrong in ("?", "AAAA", cursor_of("a"), cursor_of("a", "b\0"), "W10", "é"):
        with pytest.raises(Invalid):
            read_cursor(wrong, 2)


@pytest.fixture(scope="module")
async def filled(owner: Connection) -> Connection:
    """Rows enough for a planner to care: 400 SKUs with 20 lots and 40 movements each."""
    await owner.execute(
        """
        insert into nodes.node (node_id, code, kind, zone, names, receiving_address, steps_off,
            sequence, created_at)
        values (gen_random_uuid(), 'N1', 'warehouse', 'UTC', '{}', '{}', '{}', 1, now());
        insert into nodes.bin (bin_id, node_id, code, bin_class, receiving, created_at)
        select gen_random_uuid(), n.node_id, 'B' || i, 'shelf', false, now()
        from nodes.node n, generate_series(1, 20) i;
        insert into stock.place (place_id, kind, code, node_id)
        select b.bin_id, 'bin', b.code, b.node_id from nodes.bin b;
        insert into catalog.sku (sku_id, code, names, base_unit, sequence, created_at)
        select gen_random_uuid(), 'S' || i, '{}', 'piece', 1, now()
        from generate_series(1, 400) i;
        insert into stock.lot (sku_id, lot, created_at)
        select s.sku_id, 'L' || i, now() from catalog.sku s, generate_series(1, 20) i;
        insert into stock.balance (place_id, sku_id, lot, owner, status, on_hand, node_id, first_at)
        select p.place_id, s.sku_id, 'L' || i, '', case when i = 1 then 'hold' else 'good' end, 5,
            p.node_id, now()
        from catalog.sku s, generate_series(1, 20) i
        join stock.place p on p.code = 'B' || i;
        insert into stock.movement (movement_id, document_id, sku_id, quantity, from_place,
            from_status, to_place, to_status, lot, serial, owner, reason, reference, at, actor)
        select gen_random_uuid(), gen_random_uuid(), s.sku_id, 1,
            '00000000-0000-7000-8000-000000000001', 'good', p.place_id, 'good', 'L' || (i % 20),
            case when i % 5 = 0 then 'SN' || i end, '', 'receipt', 'R' || i, now(), 'person:x'
        from catalog.sku s, generate_series(1, 40) i, stock.place p where p.code = 'B1';
        """
    )
    await owner.execute("analyze")
    return owner


BIG = {"sku", "lot", "balance", "movement", "serial"}


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (lots.SQL["list_came_of_lot"], "movement_by_lot"),
        (lots.SQL["list_left_of_lot"], "movement_by_lot"),
        (lots.SQL["list_came_of_serial"], "movement_by_serial"),
        (lots.SQL["list_left_of_serial"], "movement_by_serial"),
        (lots.SQL["list_lies"], "balance_by_lot"),
        (lots.SQL["list_of_reference"], "movement_of_reference"),
        (history.SQL["list_history"], "movement_by_sku"),
        (history.SQL["list_balances"], "movement_by_sku"),
        (history.SQL["list_as_of"], "movement_by_sku"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
async def test_traces_and_histories_scan_no_big_table(
    filled: Connection, statement: object, index: str
) -> None:
    sku_id = await filled.fetchval("select sku_id from catalog.sku where code = 'S7'")
    values: dict[str, object] = {
        "sku_id": sku_id, "lot": "L7", "serial": "SN5", "most": 50, "warehouses": None,
        "before": lots.LAST, "first": UUID(int=0), "last": UUID(int=0), "nodes": ["N1"],
        "reference": "R7", "ids": [new_id(system_clock())], "skus": ["S7"], "node": None,
        "as_of": system_clock() - timedelta(hours=1), "reason": None, "bin": None, "actor": None,
    }  # fmt: skip
    if index == "movement_by_sku":
        values |= {"lot": None, "serial": None}
    names = statement.params  # type: ignore[attr-defined]
    nodes = await explained(filled, statement.sql, *(values[name] for name in names))  # type: ignore[attr-defined]
    scanned = {n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan"}
    assert not scanned & BIG
    assert index in {n.get("Index Name") for n in nodes}
