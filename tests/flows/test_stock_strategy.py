"""What stock is for: pools, lots, age, promotions and pace, and the router that reads them."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from entrepot.flows.count_pace import count_pace
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.get_stock_strategy import get_stock_strategy
from entrepot.flows.list_ageing import list_ageing
from entrepot.flows.list_movements import list_movements
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.flows.set_promotions import set_promotions
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.routing.engine.format import (
    Departure,
    Destination,
    Line,
    Node,
    Order,
    OrderPlan,
    Problem,
    Rate,
    Service,
)
from entrepot.routing.engine.format import Stock as Usable
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.parsing import parse_policy
from entrepot.routing.policy.shelf import from_shelf
from entrepot.stock import queries, strategy
from entrepot.stock.types import NewPromotions, Reservation
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.picking import picked, with_pack_bins

DAY = 24.0
FEES = {"N1": 500, "N2": 900, "N3": 1200}
"""What a shipment costs from each node: N1 is the cheapest."""


pytestmark = pytest.mark.usefixtures("whole")


def days_from_now(days: int) -> str:
    return (later(0) + timedelta(days=days)).date().isoformat()


async def problem(stock: Stock, sku: str, channel: str = "WEB", **order: object) -> Problem:
    """One order of one unit, on stock as the database has it for the channel."""
    async with stock.db.read(stock.staff) as tx:
        units = await queries.routing_snapshot(tx, skus=[sku], channel=channel)
        told = await strategy.routing_attributes(tx, skus=[sku], channel=channel)
        now = tx.now
    rate = Rate(10_000, 0, 1000, 0, 60)
    nodes = [
        Node(
            code, 0.0, 0.0, "CN", fix=FEES[code],
            stock={name: Usable(*row) for name, row in held.items()},
            stock_attrs=told.attributes.get(code, {}),
        )
        for code, held in units.items()
    ]  # fmt: skip
    services = [
        Service(f"at {node.id}", node.id, "SF", "std", 10_000, 6000, [Departure(0, 0, 0)],
                [rate] * 6)
        for node in nodes
    ]  # fmt: skip
    wanted = Order("1", 0, Destination(0.0, 0.0, "CN"), [Line(sku, 1, 100, 100)],
                   attrs={"channel": channel.lower()})  # fmt: skip
    wanted = msgspec.structs.replace(wanted, **order)
    return Problem(
        "routing-problem/1", now.replace(second=0, microsecond=0), "CNY", 0,
        [50.0, 300.0, 800.0, 1500.0, 2500.0], nodes, services, [wanted],
    )  # fmt: skip


async def decided(stock: Stock, sku: str, policy: str | None, **order: object) -> OrderPlan:
    """The plan of one order under a policy: its text, or its name on the shelf."""
    given = await problem(stock, sku, **order)
    if policy is None:
        return route(given).orders[0]
    read = parse_policy(policy) if "\n" in policy else from_shelf(policy)
    return route_under(read, given, at=later(stock.at[0])).plan.orders[0]


async def promote(stock: Stock, sku: str, lot: str, **fields: object) -> None:
    new = msgspec.convert({"lots": [{"sku": sku, "lot": lot, **fields}]}, NewPromotions)
    await set_promotions(stock.db, stock.staff, stamp(), new=new)


async def test_pools_say_what_the_stock_is_for(stock: Stock) -> None:
    """T2.114: sellable, protected, promoted, expiring, in quarantine, of others; by channel."""
    sku = await stock.sku(lot_tracked=True)
    place = {"node": "N1", "bin": "A-1"}
    for lot, qty, days in (("SOON", 6, 10), ("LATE", 20, 200), ("SALE", 5, 300)):
        await stock.receive(sku, qty, lot=lot, expires_on=days_from_now(days))
    await stock.receive(sku, 4, lot="HERS", owner="her", expires_on=days_from_now(9))
    shift = {"sku": sku, "from": {"node": "N1"}, "to": place, "lot": "LATE"}
    await stock.move({**shift, "qty": 7, "reason": "put_away"})
    for status, qty in (("quarantine", 3), ("damaged", 2), ("hold", 1)):
        await stock.move(
            {"sku": sku, "qty": qty, "reason": "reclassify", "from": place, "lot": "LATE",
             "to": {**place, "status": status}}
        )  # fmt: skip
    await stock.levels(sku, safety=2, protected=5)
    await promote(
        stock, sku, "SALE", starts_at=later(-1).isoformat(), ends_at=later(DAY).isoformat()
    )
    await stock.reserve((sku, 3))
    await stock.channel_levels("SHOP", uses_protected=True)
    found = await get_stock_strategy(stock.db, stock.staff, skus=[sku])
    (pool,) = found.pools
    # 35 lie there; blocked: 3 + 2 + 1 and her 4; reserved 3, safety 2, protected 5
    assert msgspec.structs.asdict(pool) == {
        "sku": sku, "node": "N1", "on_hand": 35, "sellable": 15, "reserved": 3, "safety": 2,
        "protected": 5, "promo": 5, "expiring": 6, "quarantine": 3, "held": 3, "expired": 0,
        "others": 4,
    }  # fmt: skip
    assert [(row.channel, row.priority, row.pooled) for row in found.channels] == [
        ("SHOP", 2, 20), ("WEB", 1, 15),
    ]  # fmt: skip
    assert [(row.lot, row.expires_soon, row.on_hand) for row in found.lots] == [
        ("HERS", True, 4), ("SOON", True, 6), ("LATE", False, 20), ("SALE", False, 5),
    ]  # fmt: skip
    assert [(row.owner, row.on_hand) for row in found.owners] == [("", 31), ("her", 4)]
    await stock.channel_levels("SHOP", uses_protected=False)


async def test_strategy_is_seen_in_ones_own_warehouses_only(stock: Stock) -> None:
    sku = await stock.stocked(4, "N1")
    await stock.receive(sku, 3, "N2")
    found = await get_stock_strategy(stock.db, stock.staff_of("N2"), skus=[sku])
    assert [(row.node, row.on_hand) for row in found.pools] == [("N2", 3)]
    assert found.channels == []
    aged = await list_ageing(stock.db, stock.staff_of("N2"), skus=[sku])
    assert [(row.node, row.units) for row in aged] == [("N2", 3)]
    assert await list_ageing(stock.db, stock.staff_of("N2"), node="N1") == []


async def test_age_is_counted_from_the_ledger(stock: Stock) -> None:
    """What came first has left first; moving inside a node makes nothing younger."""
    sku = await stock.sku()
    for days, qty in ((200, 10), (100, 10), (70, 10), (45, 10), (1, 10)):
        stock.at[0] = -days * DAY
        await stock.receive(sku, qty)
    stock.at[0] = 0.0
    place = {"node": "N1", "bin": "A-1"}
    await stock.move(
        {"sku": sku, "qty": 50, "reason": "put_away", "from": {"node": "N1"}, "to": place}
    )
    (row,) = await list_ageing(stock.db, stock.staff, skus=[sku])
    assert (row.units, row.to_30, row.to_60, row.to_90, row.to_180, row.older) == (
        50, 10, 10, 10, 10, 10,
    )  # fmt: skip
    assert (row.oldest_days, row.average_days) == (200, 83)
    await stock.move({"sku": sku, "qty": 13, "reason": "sale", "from": place})
    (row,) = await list_ageing(stock.db, stock.staff, skus=[sku])
    assert (row.units, row.to_180, row.older, row.oldest_days) == (37, 7, 0, 100)


async def test_slow_stock_goes_first_and_the_report_of_age_shows_it(stock: Stock) -> None:
    """T2.104: the dearer node holds what has lain for long and hardly sells."""
    sku = await stock.sku()
    stock.at[0] = -120 * DAY
    await stock.receive(sku, 8, "N2")
    stock.at[0] = -5 * DAY
    await stock.receive(sku, 8, "N1")
    stock.at[0] = 0.0
    before = {row.node: row for row in await list_ageing(stock.db, stock.staff, skus=[sku])}
    assert (before["N2"].to_180, before["N1"].to_30) == (8, 8)
    plain = await decided(stock, sku, None)
    assert [shipment.node for shipment in plain.shipments] == ["N1"], "the cheaper one"
    for _ in range(5):
        plan = await decided(stock, sku, "clear-slow-movers")
        made = await stock.reserve((sku, 1, plan.shipments[0].node))
        await stock.fulfil(made.id)
    after = {row.node: row for row in await list_ageing(stock.db, stock.staff, skus=[sku])}
    assert (after["N2"].to_180, after["N1"].to_30) == (3, 8)


async def test_a_lot_is_promoted_in_its_time_only(stock: Stock) -> None:
    """T2.105, T2.109, T2.112: the attribute follows the window, the rule the attribute."""
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, "N1", lot="PLAIN")
    await stock.receive(sku, 5, "N2", lot="SALE")
    await promote(
        stock, sku, "SALE", starts_at=later(DAY).isoformat(), ends_at=later(2 * DAY).isoformat()
    )
    rule = """
policy promo version 1
owner "order desk"
review 2027-06-30
from 2026-11-01T00:00:00Z

stock promoted
  options stock.attrs.promo = true
  credit_minor_per_unit 900
"""
    seen = {}
    for days in (0.5, 1.5, 2.5):
        stock.at[0] = days * DAY
        plan = await decided(stock, sku, rule)
        seen[days] = [shipment.node for shipment in plan.shipments]
    assert seen == {0.5: ["N1"], 1.5: ["N2"], 2.5: ["N1"]}
    stock.at[0] = 1.5 * DAY
    await promote(stock, sku, "SALE")
    assert [one.node for one in (await decided(stock, sku, rule)).shipments] == ["N1"]


async def test_promotions_are_refused_where_they_make_no_sense(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 1, lot="L")
    time = {"starts_at": later(1).isoformat(), "ends_at": later(2).isoformat()}
    with pytest.raises(NotFound):
        await promote(stock, sku, "NONE", **time)
    with pytest.raises(msgspec.ValidationError):
        await promote(stock, sku, "L", starts_at=time["starts_at"])
    with pytest.raises(msgspec.ValidationError):
        await promote(stock, sku, "L", starts_at=time["ends_at"], ends_at=time["starts_at"])
    twice = msgspec.convert({"lots": [{"sku": sku, "lot": "L"}] * 2}, NewPromotions)
    with pytest.raises(Invalid):
        await set_promotions(stock.db, stock.staff, stamp(), new=twice)
    one = msgspec.convert({"lots": [{"sku": sku, "lot": "L"}]}, NewPromotions)
    with pytest.raises(Forbidden):
        await set_promotions(stock.db, stock.staff_of("N1"), stamp(), new=one)


async def test_best_sellers_are_counted_from_the_ledger(stock: Stock) -> None:
    """T2.106, T2.111: pace once a day; protected and safety stock as the channel may use them."""
    hot, cold = await stock.stocked(200, "N1"), await stock.stocked(200, "N1")
    sold = {"reason": "sale", "from": {"node": "N1"}}
    await stock.move({"sku": hot, "qty": 90, **sold}, {"sku": cold, "qty": 1, **sold})
    stock.at[0] = 25.0
    mistake = await stock.reserve((cold, 5))
    await stock.fulfil(mistake.id)
    sale = await stock.sale_of(mistake.reference)
    await reverse_movement(stock.db, stock.staff, stamp(), movement_id=sale)
    assert (await count_pace(stock.db, stock.job, stamp())).pairs >= 2
    assert (await count_pace(stock.db, stock.job, stamp())).pairs == 0, "once a day"
    async with stock.db.read(stock.staff) as tx:
        told = await strategy.routing_attributes(tx, skus=[hot, cold], channel="WEB")
    attributes = told.attributes["N1"]
    assert (attributes[hot]["sold_90"], attributes[hot]["best_seller"]) == (90, True)
    assert (attributes[cold]["sold_90"], attributes[cold]["best_seller"]) == (1, False)
    assert attributes[hot]["slow"] is False
    await stock.levels(hot, protected=100, safety=10)
    assert (await decided(stock, hot, None)).shipments == ()
    await stock.channel_levels("SHOP", uses_protected=True)
    plan = await decided(stock, hot, None, channel="SHOP")
    assert [shipment.node for shipment in plan.shipments] == ["N1"]
    await stock.levels(hot, safety=110)
    assert (await decided(stock, hot, None, channel="SHOP")).shipments == ()
    await stock.channel_levels("SHOP", uses_protected=False)


async def fresh_and_old(stock: Stock, old: int = 6, fresh: int = 4) -> str:
    """A SKU at N1 of which some units last 20 days and some 200."""
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, old, lot="OLD", expires_on=days_from_now(20))
    await stock.receive(sku, fresh, lot="FRESH", expires_on=days_from_now(200))
    return sku


async def sent(stock: Stock, sku: str) -> dict[str, int]:
    """What left for customers, by lot."""
    found: dict[str, int] = {}
    for move in await list_movements(
        stock.db, stock.staff, sku=sku, reference=None, before=None, most=50
    ):
        if move.reason == "sale":
            found[move.lot] = found.get(move.lot, 0) + move.qty
    return found


async def test_a_market_gets_only_what_lasts_long_enough(stock: Stock) -> None:
    """T2.108: 60 days for SHOP's market, none for WEB's; what expires first goes first to WEB."""
    sku = await fresh_and_old(stock)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        with pytest.raises(Conflict) as refused:
            await stock.reserve((sku, 5), channel="SHOP")
        assert refused.value.code == "insufficient_stock"
        for_shop = await stock.reserve((sku, 3), channel="SHOP")
        with pytest.raises(Conflict):
            await stock.reserve((sku, 2), channel="SHOP")
        again = await stock.reserve((sku, 4), channel="SHOP", reference=for_shop.reference)
        async with stock.db.read(stock.staff) as tx:
            told = await strategy.routing_attributes(tx, skus=[sku], channel="SHOP")
        assert told.lasting == {("N1", sku): 0}
        assert told.attributes["N1"][sku]["life_days"] in (199, 200)
        for_web = await stock.reserve((sku, 6), channel="WEB")
        await stock.fulfil(for_web.id)
        assert await sent(stock, sku) == {"OLD": 6}
        await stock.fulfil(again.id)
        assert await sent(stock, sku) == {"OLD": 6, "FRESH": 4}
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)


async def test_many_at_once_share_what_lasts(stock: Stock) -> None:
    """T2.108: in one flight and in many, a market never gets more than lasts; the rest is sold."""
    sku = await fresh_and_old(stock, old=20, fresh=7)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        asked = [stock.reserve((sku, 1), channel=("SHOP", "WEB")[n % 2]) for n in range(60)]
        made = [one for one in await asyncio.gather(*asked, return_exceptions=True)
                if not isinstance(one, Conflict)]  # fmt: skip
        held = Counter(one.channel for one in made if isinstance(one, Reservation))
        assert sum(held.values()) == len(made) <= 27
        assert held["SHOP"] <= 7
        assert sum(held.values()) >= 20
        ids = [one.id for one in made if isinstance(one, Reservation) and one.channel == "SHOP"]
        rest = [one.id for one in made if isinstance(one, Reservation) and one.channel == "WEB"]
        for one in rest[:20] + ids:
            await stock.fulfil(one)
        assert (await sent(stock, sku))["FRESH"] >= len(ids)
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)


async def promised(stock: Stock, reservation_id: UUID) -> list[tuple[int, int]]:
    """What it holds and what it waits for."""
    found = await get_reservation(stock.db, stock.staff, reservation_id=reservation_id)
    return [(line.qty, line.backordered) for line in found.lines]


async def test_nobody_names_away_the_lasting_goods_of_others(stock: Stock) -> None:
    """By a sale, a transfer or a pick, at once or twice; what expires sooner may go."""
    sku = await fresh_and_old(stock)
    await with_pack_bins(stock)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        for_shop = await stock.reserve((sku, 3), channel="SHOP")
        for_web = await stock.reserve((sku, 2))
        sale = {"sku": sku, "reason": "sale", "from": {"node": "N1"}}
        way = {"sku": sku, "reason": "transfer_out", "from": {"node": "N1"}}
        for wrong in (sale, way):
            with pytest.raises(Conflict) as refused:
                await stock.move({**wrong, "qty": 2, "lot": "FRESH"})
            assert refused.value.code == "lasting_promised"
        at_once = [stock.move({**sale, "qty": 1, "lot": "FRESH"}) for _ in range(3)]
        told = await asyncio.gather(*at_once, return_exceptions=True)
        assert sorted(getattr(one, "code", "done") for one in told) == [
            "done", "lasting_promised", "lasting_promised",
        ]  # fmt: skip
        await stock.move({**sale, "qty": 1, "lot": "OLD"})
        for by in (stock.staff, stock.staff_of("N1")):
            with pytest.raises(Conflict) as refused:
                await picked(stock, for_web.id, sku, 1, lot="FRESH", by=by)
            assert refused.value.code == "lasting_promised"
        await picked(stock, for_web.id, sku, 2, lot="OLD")
        await picked(stock, for_shop.id, sku, 3, lot="FRESH")
        assert await promised(stock, for_shop.id) == [(3, 0)]
        await stock.fulfil(for_shop.id)
        await stock.fulfil(for_web.id)
        assert await sent(stock, sku) == {"FRESH": 4, "OLD": 3}
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)


async def test_what_is_picked_for_others_is_promised_to_nobody_as_lasting(stock: Stock) -> None:
    sku = await fresh_and_old(stock)
    await with_pack_bins(stock)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        for_web = await stock.reserve((sku, 2))
        await picked(stock, for_web.id, sku, 2, lot="FRESH")
        with pytest.raises(Conflict):
            await stock.reserve((sku, 3), channel="SHOP")
        assert len((await stock.reserve((sku, 2), channel="SHOP")).lines) == 1
        await stock.fulfil(for_web.id)
        assert await sent(stock, sku) == {"FRESH": 2}
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)


async def test_lasting_goods_that_are_gone_leave_the_newest_such_promise_waiting(
    stock: Stock,
) -> None:
    """Though enough is there that expires sooner; the others' promises stay. What comes again goes
    to who waits for it."""
    sku = await fresh_and_old(stock)
    await stock.channel_levels("SHOP", min_life_days=60)
    try:
        first, second = [await stock.reserve((sku, 2), channel="SHOP") for _ in range(2)]
        for_web = await stock.reserve((sku, 3))
        lost = {"sku": sku, "qty": 3, "reason": "loss", "lot": "FRESH", "from": {"node": "N1"}}
        await stock.post(lost)
        assert await promised(stock, first.id) == [(1, 1)]
        assert await promised(stock, second.id) == [(0, 2)]
        assert await promised(stock, for_web.id) == [(3, 0)]
        assert await stock.available(sku) == [3]
        came = await stock.receive(sku, 3, lot="FRESH")
        assert await promised(stock, second.id) == [(2, 0)]
        assert await promised(stock, first.id) == [(2, 0)]
        moved = await list_movements(
            stock.db, stock.staff, sku=sku, reference=None, before=None, most=1
        )
        assert moved[0].document_id == came.document_id
        await reverse_movement(stock.db, stock.staff, stamp(), movement_id=moved[0].id)
        assert await promised(stock, for_web.id) == [(3, 0)]
        left = [(await promised(stock, one.id))[0] for one in (first, second)]
        assert left == [(1, 1), (0, 2)]
    finally:
        await stock.channel_levels("SHOP", min_life_days=0)
