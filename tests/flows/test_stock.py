"""Stock: the ledger, reservations and what channels may sell, one request after the other."""

import msgspec
import pytest

from entrepot.flows.change_reservation import change_reservation
from entrepot.flows.expire_reservations import expire_reservations
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.list_availability import list_availability
from entrepot.flows.list_availability_changes import list_availability_changes
from entrepot.flows.list_stock import list_stock
from entrepot.flows.replace_channel import replace_channel
from entrepot.kernel.ids import new_token
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound
from entrepot.nodes.channel_types import ChannelDocument
from entrepot.stock import operations, queries
from entrepot.stock.types import Confirmed
from tests.flows.trade import later, stamp
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


def held(made) -> list[tuple[str, int]]:
    return [(line.node, line.qty) for line in sorted(made.lines, key=lambda line: line.node)]


async def test_what_was_received_can_be_sold_once(stock: Stock) -> None:
    sku = await stock.stocked(5)
    assert await stock.available(sku) == [5]
    made = await stock.reserve((sku, 3))
    assert [(line.sku, line.node, line.qty) for line in made.lines] == [(sku, "N1", 3)]
    assert (made.state, made.strength) == ("pending", "hard")
    assert await stock.available(sku) == [2]
    with pytest.raises(Conflict) as refused:
        await stock.reserve((sku, 3))
    assert refused.value.code == "insufficient_stock"
    assert refused.value.facts["shortages"] == [
        {"sku": sku, "node": None, "asked": 3, "available": 2}
    ]
    await stock.release(made.id)
    assert await stock.available(sku) == [5]
    with pytest.raises(Conflict):
        await stock.release(made.id)


async def test_every_shortage_is_told_and_nothing_is_held(stock: Stock) -> None:
    few, many = await stock.stocked(1), await stock.stocked(9)
    with pytest.raises(Conflict) as refused:
        await stock.reserve((few, 2), (many, 3), (many, 8, "N1"))
    told = refused.value.facts["shortages"]
    assert [(row["sku"], row["asked"]) for row in told] == [(few, 2), (many, 3)]
    assert await stock.available(few, many) == [1, 9]


async def test_the_same_sku_twice_is_summed_before_the_check(stock: Stock) -> None:
    sku = await stock.stocked(5)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 3), (sku, 3))
    made = await stock.reserve((sku, 3), (sku, 2))
    assert held(made) == [("N1", 5)]


async def test_nodes_are_taken_in_the_channels_order(stock: Stock) -> None:
    sku = await stock.sku()
    for node in ("N1", "N2", "N3"):
        await stock.receive(sku, 2, node)
    assert held(await stock.reserve((sku, 3))) == [("N1", 2), ("N2", 1)]
    assert held(await stock.reserve((sku, 1), channel="SHOP")) == [("N2", 1)]
    assert await stock.available(sku) == [2]
    assert await stock.available(sku, channel="SHOP") == [0]
    with pytest.raises(Conflict):
        await stock.reserve((sku, 1), channel="SHOP")
    assert held(await stock.reserve((sku, 2))) == [("N3", 2)]


async def test_a_named_node_is_kept_for_the_line_that_names_it(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 1, "N1")
    await stock.receive(sku, 1, "N2")
    assert held(await stock.reserve((sku, 1), (sku, 1, "N1"))) == [("N1", 1), ("N2", 1)]


async def test_a_node_below_its_safety_never_hides_what_another_has(stock: Stock) -> None:
    """Saleor #17170: −4 in one warehouse hid +3 in another."""
    sku = await stock.sku()
    await stock.receive(sku, 1, "N1")
    await stock.levels(sku, "N1", safety=5)
    await stock.receive(sku, 3, "N2")
    assert await stock.available(sku) == [3]
    assert held(await stock.reserve((sku, 3))) == [("N2", 3)]


async def test_a_reservation_is_free_for_itself(stock: Stock) -> None:
    """Medusa #6500: the own reservation blocked the own fulfilment."""
    sku = await stock.stocked(4)
    cart = await stock.reserve((sku, 4), reference="cart-1", hours=1)
    assert await stock.available(sku) == [0]
    assert await stock.available(sku, reference="cart-1") == [4]
    order = await stock.reserve((sku, 4), reference="cart-1")
    assert (await get_reservation(stock.db, stock.staff, reservation_id=cart.id)).state == (
        "released"
    )
    done = await stock.fulfil(order.id)
    assert done.state == "fulfilled"
    assert (await stock.guard(sku)).on_hand == 0


async def test_a_refused_change_keeps_what_was_held(stock: Stock) -> None:
    sku = await stock.stocked(4)
    cart = await stock.reserve((sku, 2), reference="cart-2", hours=1)
    await stock.reserve((sku, 1))
    with pytest.raises(Conflict):
        await stock.reserve((sku, 4), reference="cart-2")
    assert (await get_reservation(stock.db, stock.staff, reservation_id=cart.id)).state == "pending"
    assert held(await stock.reserve((sku, 3), reference="cart-2")) == [("N1", 3)]


async def test_kits_with_a_common_component_never_sell_it_twice(stock: Stock) -> None:
    """Medusa #16502: two order lines shared a component and oversold it."""
    screw, board = await stock.stocked(10), await stock.stocked(10)
    shelf = await stock.sku((screw, 4), (board, 1))
    box = await stock.sku((screw, 3), (board, 2))
    rack = await stock.sku((shelf, 2))
    assert await stock.available(shelf, box, rack) == [2, 3, 1]
    with pytest.raises(Conflict):
        await stock.reserve((shelf, 2), (box, 1))
    made = await stock.reserve((shelf, 1), (box, 2))
    assert {line.sku: line.qty for line in made.lines} == {screw: 10, board: 5}
    assert await stock.available(rack) == [0]


async def test_what_an_order_holds_of_kits_is_free_for_itself(stock: Stock) -> None:
    """Its parts are held, and counted as available to the order when it asks for kits again."""
    screw, board = await stock.stocked(8), await stock.stocked(3)
    shelf = await stock.sku((screw, 4), (board, 1))
    await stock.reserve((shelf, 2), reference=f"{shelf}-1")
    assert await stock.available(shelf) == [0]
    assert await stock.available(shelf, screw, reference=f"{shelf}-1") == [2, 8]
    await stock.reserve((shelf, 1), (screw, 4), reference=f"{shelf}-1")
    assert await stock.available(shelf, reference=f"{shelf}-1") == [2]


async def test_kits_are_told_with_their_parts_and_by_who_sees_some_nodes(stock: Stock) -> None:
    screw, board = await stock.stocked(9), await stock.stocked(2)
    await stock.receive(board, 5, "N2")
    shelf = await stock.sku((screw, 4), (board, 1))
    rack = await stock.sku((shelf, 2))
    (told,) = await list_availability(
        stock.db, stock.staff, channel="WEB", skus=[rack], by_node=True
    )
    parts = sorted((part.sku, part.qty, part.available) for part in told.parts)
    assert (told.available, parts) == (1, sorted([(screw, 8, 9), (board, 2, 7)]))
    for nodes, kits in ((("N1",), 2), (("N1", "N2"), 2), (("N2",), 0)):
        seen = await list_availability(
            stock.db, stock.staff_of(*nodes), channel="WEB", skus=[shelf, board]
        )
        assert [one.available for one in seen] == [kits, 2 * ("N1" in nodes) + 5 * ("N2" in nodes)]


async def test_a_cart_lapses_and_an_order_does_not(stock: Stock) -> None:
    sku = await stock.stocked(5)
    cart = await stock.reserve((sku, 2), hours=1)
    order = await stock.reserve((sku, 1))
    extended = await stock.reserve((sku, 1), hours=1)
    wanted = Confirmed(expires_at=later(5))
    await change_reservation(
        stock.db, stock.staff, stamp(), reservation_id=extended.id, wanted=wanted
    )
    stock.at[0] = 2.0
    assert (await expire_reservations(stock.db, stock.job, stamp())).ended == 1
    assert (await expire_reservations(stock.db, stock.job, stamp())).ended == 0
    assert await stock.available(sku) == [3]
    states = [
        (await get_reservation(stock.db, stock.staff, reservation_id=one.id)).state
        for one in (cart, order, extended)
    ]
    assert states == ["expired", "pending", "pending"]


async def test_a_reservation_only_grows_stronger(stock: Stock) -> None:
    sku = await stock.stocked(5)
    cart = await stock.reserve((sku, 2), hours=1)

    async def change(**fields: object):
        return await change_reservation(
            stock.db, stock.staff, stamp(), reservation_id=cart.id, wanted=Confirmed(**fields)
        )

    with pytest.raises(Invalid):
        await change(expires_at=later(-1))
    firm = await change(strength="hard")
    assert (firm.strength, firm.expires_at) == ("hard", None)
    assert (await change(strength="picked")).strength == "picked"
    with pytest.raises(Conflict):
        await change(strength="allocated")
    with pytest.raises(Invalid):
        await change(expires_at=later(1))
    await stock.release(cart.id)
    with pytest.raises(Conflict):
        await change(strength="picked")


async def test_safety_protected_buffers_and_quotas(stock: Stock) -> None:
    sku = await stock.stocked(20)
    await stock.levels(sku, safety=2, protected=3)
    assert await stock.available(sku) == [15]
    await stock.channel_levels("WEB", [{"sku": sku, "buffer": 5}])
    assert await stock.available(sku) == [10]
    with pytest.raises(Conflict):
        await stock.reserve((sku, 11))
    await stock.channel_levels("SHOP", [{"sku": sku, "quota": 4}])
    assert await stock.available(sku, channel="SHOP") == [4]
    sold = await stock.reserve((sku, 3), channel="SHOP")
    with pytest.raises(Conflict):
        await stock.reserve((sku, 2), channel="SHOP")
    await stock.release(sold.id)
    assert await stock.available(sku, channel="SHOP") == [4]
    await stock.channel_levels("SHOP", [{"sku": sku, "no_quota": True}], uses_protected=True)
    assert await stock.available(sku, channel="SHOP") == [18]
    await stock.reserve((sku, 18), channel="SHOP")
    assert await stock.available(sku) == [0]
    await stock.channel_levels("SHOP", uses_protected=False)


async def test_what_is_to_come_is_sold_ahead_and_filled_in_order(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, inbound=5, sells_inbound=True, backorder_extra=1)
    await stock.receive(sku, 2)
    first = await stock.reserve((sku, 4))
    assert [(line.qty, line.backordered) for line in first.lines] == [(2, 2)]
    second = await stock.reserve((sku, 4))
    with pytest.raises(Conflict):
        await stock.reserve((sku, 1))
    with pytest.raises(Conflict) as early:
        await stock.fulfil(first.id)
    assert early.value.code == "backordered"
    await stock.receive(sku, 3)
    async with stock.db.begin(stock.staff) as tx:
        pairs = await queries.pairs_named(tx, skus=[sku], nodes=["N1"])
        assert await operations.fill_backorders(tx, pairs=pairs) == 0
    lines = [
        (await get_reservation(stock.db, stock.staff, reservation_id=one.id)).lines[0]
        for one in (first, second)
    ]
    assert [(line.qty, line.backordered) for line in lines] == [(4, 0), (1, 3)]
    assert (await stock.fulfil(first.id)).state == "fulfilled"


async def test_goods_that_are_gone_turn_the_newest_promise_into_a_backorder(stock: Stock) -> None:
    sku = await stock.stocked(5)
    older = await stock.reserve((sku, 3))
    cart = await stock.reserve((sku, 2), hours=1)
    move = {"sku": sku, "qty": 1, "reason": "supplier_return", "from": {"node": "N1"}}
    with pytest.raises(Conflict) as refused:
        await stock.move(move)
    assert refused.value.code == "promised_to_others"
    await stock.post({**move, "reason": "loss", "qty": 3})
    states = [
        (await get_reservation(stock.db, stock.staff, reservation_id=one.id)).lines[0]
        for one in (older, cart)
    ]
    assert [(line.qty, line.backordered) for line in states] == [(2, 1), (0, 2)]
    assert (await stock.guard(sku)).available == 0


async def test_a_node_outside_the_pool_has_nothing_for_the_channel(stock: Stock) -> None:
    sku = await stock.stocked(3, "N3")
    with pytest.raises(Conflict):
        await stock.reserve((sku, 1, "N3"), channel="SHOP")


async def test_a_changed_pool_is_counted_anew(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 2, "N1")
    await stock.receive(sku, 4, "N3")
    document = msgspec.convert({"pool": [{"node": "N3", "priority": 1}]}, ChannelDocument)
    await replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=document)
    assert await stock.available(sku, channel="SHOP") == [4]
    assert await stock.violations() == {}
    pool = [{"node": "N2", "priority": 1}, {"node": "N1", "priority": 2}]
    document = msgspec.convert({"pool": pool}, ChannelDocument)
    await replace_channel(stock.db, stock.staff, stamp(), code="SHOP", document=document)
    assert await stock.available(sku, channel="SHOP") == [2]


async def test_staff_of_one_warehouse_see_and_touch_only_it(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 2, "N1")
    await stock.receive(sku, 4, "N2")
    narrow = stock.staff_of("N2")
    made = await stock.reserve((sku, 3), by=narrow)
    assert held(made) == [("N2", 3)]
    with pytest.raises(Conflict):
        await stock.reserve((sku, 2), by=narrow)
    with pytest.raises(NotFound):
        await stock.reserve((sku, 1, "N1"), by=narrow)
    other = await stock.reserve((sku, 1, "N1"))
    with pytest.raises(NotFound):
        await get_reservation(stock.db, narrow, reservation_id=other.id)
    with pytest.raises(NotFound):
        await stock.move(
            {"sku": sku, "qty": 1, "reason": "receipt", "to": {"node": "N1"}}, by=narrow
        )
    seen = await list_stock(stock.db, narrow, skus=[sku], node=None)
    assert [row.node for row in seen] == ["N2"]
    with pytest.raises(Forbidden):
        await list_availability_changes(stock.db, narrow, channel="WEB", after=0)


async def test_the_same_request_twice_is_one_reservation(stock: Stock) -> None:
    sku = await stock.stocked(5)
    once = stamp()
    first = await stock.reserve((sku, 2), reference="again", stamped=once)
    again = await stock.reserve((sku, 2), reference="again", stamped=once)
    assert first == again
    assert await stock.available(sku) == [3]
    with pytest.raises(Conflict):
        await stock.reserve((sku, 9), reference=new_token(6), stamped=(refused := stamp()))
    await stock.receive(sku, 9)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 9), reference=new_token(6), stamped=refused)
    changed = msgspec.structs.replace(once, fingerprint=b"another")
    with pytest.raises(Invalid) as other:
        await stock.reserve((sku, 1), stamped=changed)
    assert other.value.code == "idempotency_key_reused"


async def test_an_expiry_that_has_passed_is_refused(stock: Stock) -> None:
    sku = await stock.stocked(1)
    with pytest.raises(Invalid) as refused:
        await stock.reserve((sku, 1), hours=-1)
    assert refused.value.errors[0].path == "expires_at"
