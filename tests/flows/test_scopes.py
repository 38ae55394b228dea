"""Each predicate of a customer or a warehouse, alone: where two walls stand behind each other,
the outer one hides that the inner one fell. `make drill PART=scopes` fells them one by one."""

import asyncio

import msgspec
import pytest

from entrepot.carriers import queries as quotes
from entrepot.carriers.asking import NewQuote
from entrepot.carriers.types import NodeServiceChange, NodeServiceChanges
from entrepot.consolidation import operations as drafting
from entrepot.consolidation import queries as consolidations
from entrepot.flows.change_node import change_node
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.change_reservation import change_reservation
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.get_sku_stock import get_sku_stock
from entrepot.flows.list_availability import list_availability
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.list_node_services import list_node_services
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.quote_shipment import quote_shipment
from entrepot.flows.ready_to_consolidate import ready_to_consolidate
from entrepot.flows.release_reservation import release_reservation
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.nodes.working_types import ChangedNode
from entrepot.stock import queries as stock_queries
from entrepot.stock.feeds.types import NewSnapshot
from entrepot.stock.types import Confirmed, Reservation
from tests.carriers.price_house import asked
from tests.flows.drafts import draft, open_drafting_trade, parcel_of
from tests.flows.trade import Trade, later, stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_drafting_trade(server)


async def in_two_nodes(stock: Stock) -> str:
    """Two units in N1, three in N2."""
    sku = await stock.sku()
    await stock.receive(sku, 2, "N1")
    await stock.receive(sku, 3, "N2")
    return sku


async def test_a_strangers_drift_is_not_there(stock: Stock) -> None:
    sku = await stock.stocked(5)
    told = {
        "feed": "scopes", "node": "N1", "as_of": later(0), "counted": "gross",
        "lines": [{"sku": sku, "qty": 4}],
    }  # fmt: skip
    new = msgspec.convert(told, NewSnapshot)
    await post_stock_snapshots(stock.db, stock.staff, stamp(), new=new)
    (drift,) = await list_drifts(
        stock.db, stock.staff, node="N1", feed="scopes", state=None, before=None, most=9
    )
    with pytest.raises(NotFound) as refused:
        await correct_drift(stock.db, stock.staff_of("N2"), stamp(), drift_id=drift.id)
    assert refused.value.code == "unknown_drift"


async def test_a_stranger_is_not_told_who_is_master_elsewhere(stock: Stock) -> None:
    sku = await stock.sku()
    here = await stock.receive(sku, 1, "N3")
    wanted = ChangedNode(quantities_master="erp")
    await change_node(stock.db, stock.staff, stamp(), code="N3", change=wanted)
    line = {"sku": sku, "qty": 1, "reason": "opening", "to": {"node": "N3"}}
    try:
        with pytest.raises(Conflict, match="another system"):
            await stock.move(line)
        with pytest.raises(NotFound) as moved:
            await stock.move(line, by=stock.staff_of("N1"))
        with pytest.raises(NotFound) as back:
            await reverse_movement(
                stock.db, stock.staff_of("N1"), stamp(), movement_id=here.movements[0]
            )
    finally:
        ours = ChangedNode(quantities_master="entrepot")
        await change_node(stock.db, stock.staff, stamp(), code="N3", change=ours)
    assert (moved.value.code, back.value.code) == ("unknown_place", "unknown_movement")


async def test_a_movement_of_another_warehouse_is_not_moved_back(stock: Stock) -> None:
    sku = await stock.sku()
    made = await stock.receive(sku, 2, "N1")
    with pytest.raises(NotFound) as refused:
        await reverse_movement(
            stock.db, stock.staff_of("N2"), stamp(), movement_id=made.movements[0]
        )
    assert refused.value.code == "unknown_movement"
    assert (await stock.guard(sku)).on_hand == 2


async def test_only_guarding_rows_in_sight_are_locked(stock: Stock) -> None:
    sku = await in_two_nodes(stock)
    owner = await stock.server.owner(stock.tenant)
    needed = (
        "select n.code from catalog.sku as s, nodes.channel as c,"
        " lateral stock.guards_needed_v1(array[s.sku_id], array[9], array[null::uuid],"
        " array[c.channel_id], $2, true) as g join nodes.node as n on n.node_id = g.node_id"
        " where s.code = $1 and c.code = 'WEB' order by n.code"
    )
    try:
        everyone = [row["code"] for row in await owner.fetch(needed, sku, None)]
        of_n2 = [row["code"] for row in await owner.fetch(needed, sku, ["N2"])]
    finally:
        await owner.close()
    assert (everyone, of_n2) == (["N1", "N2"], ["N2"])


async def test_in_one_batch_with_a_foreign_order_only_ones_own_nodes_are_taken(
    stock: Stock,
) -> None:
    """An order of N1 that somebody of N2 may not replace brings its guarding row into the batch:
    the others of the batch are given nothing of it."""
    sku = await stock.sku()
    await stock.receive(sku, 40, "N1")
    await stock.receive(sku, 9, "N2")
    theirs = await stock.reserve((sku, 1, "N1"), reference=f"theirs {sku}")
    narrow = stock.staff_of("N2")
    made = await asyncio.gather(
        stock.reserve((sku, 1), by=narrow),
        stock.reserve((sku, 1), by=narrow, reference=theirs.reference),
        *(stock.reserve((sku, 1), by=narrow) for _ in range(11)),
        return_exceptions=True,
    )
    held = [one for one in made if isinstance(one, Reservation)]
    assert {line.node for one in held for line in one.lines} == {"N2"}
    assert len(held) == 9
    codes = {one.code for one in made if isinstance(one, Conflict)}
    assert codes == {"reference_taken", "insufficient_stock"}


async def test_levels_are_those_of_ones_own_warehouses(stock: Stock) -> None:
    sku = await in_two_nodes(stock)
    whole = await get_sku_stock(stock.db, stock.staff, sku=sku)
    part = await get_sku_stock(stock.db, stock.staff_of("N2"), sku=sku)
    assert {level.channel for level in whole.channels} == {"WEB", "SHOP"}
    assert part.channels == [], "what a channel may sell tells of every node"
    assert [level.on_hand for level in whole.statuses] == [5]
    assert [level.on_hand for level in part.statuses] == [3]


async def test_a_reservation_of_another_warehouse_is_not_even_over(stock: Stock) -> None:
    sku = await in_two_nodes(stock)
    made = await stock.reserve((sku, 1, "N1"))
    await stock.release(made.id)
    narrow = stock.staff_of("N2")
    for call in (
        release_reservation(stock.db, narrow, stamp(), reservation_id=made.id),
        change_reservation(
            stock.db, narrow, stamp(), reservation_id=made.id, wanted=Confirmed(strength="picked")
        ),
    ):
        with pytest.raises(NotFound) as refused:
            await call
        assert refused.value.code == "unknown_reservation"


async def test_availability_by_node_and_for_the_router_is_ones_own(stock: Stock) -> None:
    sku = await in_two_nodes(stock)
    narrow = stock.staff_of("N2")
    seen = await list_availability(stock.db, narrow, channel="WEB", skus=[sku], by_node=True)
    assert [(node.node, node.on_hand) for node in seen[0].nodes] == [("N2", 3)]
    async with stock.db.read(narrow) as tx:
        snapshot = await stock_queries.routing_snapshot(tx, skus=[sku], channel="WEB")
    assert set(snapshot) == {"N2"}


async def test_services_of_other_warehouses_are_not_listed(trade: Trade) -> None:
    offered = NodeServiceChanges([NodeServiceChange("US-SEA", True)])
    await change_node_services(trade.db, trade.staff, stamp(), warehouse="YIW1", changes=offered)
    everyone = await list_node_services(trade.db, trade.staff)
    narrow = await list_node_services(trade.db, trade.staff_of("YIW1"))
    assert {one.warehouse for one in everyone} == {"SZX1", "YIW1"}
    assert {one.warehouse for one in narrow} == {"YIW1"}


async def test_a_foreign_quote_is_not_found_by_the_statement_alone(trade: Trade) -> None:
    """Asked by staff, whom row security does not narrow, for one customer."""
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    new = msgspec.convert(asked(), NewQuote)
    made = await quote_shipment(trade.db, trade.shopper(theirs), stamp(), new=new)
    async with trade.db.read(trade.staff) as tx:
        for customer, there in ((theirs, True), (mine, False)):
            found = await quotes.find_quote(tx, quote_id=made.id, customer_id=customer.id)
            assert (found is not None) is there


async def test_a_foreign_draft_is_not_locked_by_the_statement_alone(trade: Trade) -> None:
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    await parcel_of(trade, theirs)
    made = await draft(trade, theirs)
    async with trade.db.begin(trade.staff) as tx:
        for customer, there in ((theirs, True), (mine, False)):
            found = await tx.value(
                drafting.SQL["take"], consolidation_id=made.id, scope_customer_id=customer.id
            )
            assert (found is not None) is there


async def test_parcels_that_may_go_are_ones_own_and_of_ones_warehouse(trade: Trade) -> None:
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    foreign = await parcel_of(trade, theirs)
    elsewhere = await ready_to_consolidate(trade.db, trade.staff_of("YIW1"), customer_id=theirs.id)
    assert elsewhere.ready == ()
    here = await ready_to_consolidate(trade.db, trade.staff_of("SZX1"), customer_id=theirs.id)
    assert [one.warehouse for one in here.ready] == ["SZX1"]

    async with trade.db.read(trade.staff) as tx:
        for customer, there in ((theirs, True), (mine, False)):
            found = await tx.value(
                consolidations.SQL["list_candidates"], customer_id=theirs.id,
                consolidation_id=None, warehouse=None, named=[foreign],
                scope_customer_id=customer.id, warehouses=None, most=9,
            )  # fmt: skip
            assert (found is not None) is there


async def test_where_somebody_sends_to_is_known_to_them_and_to_their_warehouse(
    trade: Trade,
) -> None:
    mine, theirs = await trade.customer("Me"), await trade.customer("Other")
    await parcel_of(trade, theirs)
    await draft(trade, theirs)

    async def destination(by: Staff) -> object:
        found = await ready_to_consolidate(trade.db, by, customer_id=theirs.id)
        return found.destination

    assert await destination(trade.staff_of("SZX1")) is not None
    assert await destination(trade.staff_of("YIW1")) is None
    async with trade.db.read(trade.staff) as tx:
        for customer, there in ((theirs, True), (mine, False)):
            found = await tx.value(
                consolidations.SQL["find_last_destination"], customer_id=theirs.id,
                scope_customer_id=customer.id, warehouses=None,
            )  # fmt: skip
            assert (found is not None) is there
