"""Stock: states, lots, serials and documents of movements, one request after the other."""

import pytest

from entrepot.flows.expire_lots import expire_lots
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.reverse_movement import reverse_movement
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.platform.clock import system_clock
from entrepot.stock import queries
from tests.flows.trade import stamp
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


def held(made) -> list[tuple[str, int]]:
    return [(line.node, line.qty) for line in sorted(made.lines, key=lambda line: line.node)]


async def test_blocked_goods_are_not_for_sale(stock: Stock) -> None:
    sku = await stock.stocked(6)
    bin_ = {"node": "N1", "bin": "A-1"}
    await stock.move(
        {"sku": sku, "qty": 6, "reason": "put_away", "from": {"node": "N1"}, "to": bin_}
    )
    await stock.move(
        {"sku": sku, "qty": 2, "reason": "reclassify", "from": bin_,
         "to": {**bin_, "status": "quarantine"}}
    )  # fmt: skip
    await stock.receive(sku, 3, owner="somebody")
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.blocked, guard.quarantine, guard.available) == (9, 5, 2, 4)
    assert await stock.available(sku) == [4]
    async with stock.db.read(stock.staff) as tx:
        assert await queries.routing_snapshot(tx, skus=[sku], channel="WEB") == {
            "N1": {sku: [4, 0, 0]}
        }


async def test_between_nodes_goods_are_in_transit(stock: Stock) -> None:
    sku = await stock.stocked(5)
    await stock.move({"sku": sku, "qty": 3, "reason": "transfer_out", "from": {"node": "N1"}})
    assert await stock.available(sku) == [2]
    with pytest.raises(Conflict):
        await stock.move({"sku": sku, "qty": 4, "reason": "transfer_in", "to": {"node": "N2"}})
    await stock.move({"sku": sku, "qty": 2, "reason": "transfer_in", "to": {"node": "N2"}})
    await stock.post({"sku": sku, "qty": 1, "reason": "transfer_lost"})
    assert await stock.available(sku) == [4]
    with pytest.raises(Invalid):
        await stock.move(
            {"sku": sku, "qty": 1, "reason": "move", "from": {"node": "N1"}, "to": {"node": "N2"}}
        )


async def test_a_mistake_is_moved_back_once(stock: Stock) -> None:
    sku = await stock.sku()
    posted = await stock.receive(sku, 7)
    back = await reverse_movement(stock.db, stock.staff, stamp(), movement_id=posted.movements[0])
    assert await stock.available(sku) == [0]
    with pytest.raises(Conflict) as refused:
        await reverse_movement(stock.db, stock.staff, stamp(), movement_id=posted.movements[0])
    assert refused.value.code == "already_reversed"
    with pytest.raises(NotFound):
        await reverse_movement(stock.db, stock.staff, stamp(), movement_id=new_id(system_clock()))
    rows = await list_movements(
        stock.db, stock.staff, sku=sku, reference=None, before=None, most=10
    )
    assert [(r.reason, r.from_, r.to_) for r in rows] == [
        ("reversal", "N1/R", "SUPPLIER"), ("receipt", "SUPPLIER", "N1/R"),
    ]  # fmt: skip
    assert rows[0].id == back.id


async def test_what_expires_first_leaves_first(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    with pytest.raises(Invalid):
        await stock.receive(sku, 1)
    await stock.receive(sku, 3, lot="L-LATE", expires_on="2027-05-01")
    await stock.receive(sku, 3, lot="L-SOON", expires_on="2027-03-01")
    await stock.fulfil((await stock.reserve((sku, 4))).id)
    left = await list_stock(stock.db, stock.staff, skus=[sku], node=None)
    assert [(row.lot, row.on_hand) for row in left] == [("L-LATE", 2)]


async def test_an_expired_lot_is_not_for_sale(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 3, lot="L-1", expires_on="2026-12-01")
    await stock.receive(sku, 2, lot="L-2", expires_on="2029-12-01")
    stock.at[0] = 24 * 60
    assert (await expire_lots(stock.db, stock.job, stamp())).ended >= 1
    assert await stock.available(sku) == [2]
    with pytest.raises(Conflict) as refused:
        await stock.receive(sku, 1, lot="L-1")
    assert refused.value.code == "lot_expired"


async def test_a_serial_is_in_one_place(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    await stock.receive(sku, 1, serial="SN-1")
    with pytest.raises(Conflict) as twice:
        await stock.receive(sku, 1, "N2", serial="SN-1")
    assert twice.value.code == "serial_elsewhere"
    with pytest.raises(Invalid):
        await stock.receive(sku, 2, serial="SN-2")
    two = {"sku": sku, "qty": 1, "reason": "receipt", "to": {"node": "N1"}, "serial": "SN-3"}
    with pytest.raises(Conflict):
        await stock.move(two, two)
    await stock.receive(sku, 1, serial="SN-2")
    await stock.fulfil((await stock.reserve((sku, 1))).id)
    left = await list_movements(stock.db, stock.staff, sku=sku, reference=None, before=None, most=1)
    assert (left[0].reason, left[0].serial) == ("sale", "SN-1")
    await stock.move(
        {"sku": sku, "qty": 1, "reason": "return", "to": {"node": "N3"}, "serial": "SN-1"}
    )


async def test_a_document_of_many_lines_is_all_or_nothing(stock: Stock) -> None:
    skus = [await stock.sku() for _ in range(3)]
    lines = [{"sku": sku, "qty": 5, "reason": "opening", "to": {"node": "N1"}} for sku in skus]
    with pytest.raises(NotFound) as refused:
        await stock.move(*lines, {**lines[0], "sku": "NOT-THERE"})
    assert refused.value.errors[0].path == "lines[3].sku"
    assert await stock.available(*skus) == [0, 0, 0]
    await stock.move(*lines)
    assert await stock.available(*skus) == [5, 5, 5]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"reason": "nonsense"}, "lines[0].reason"),
        ({"reason": "reversal"}, "lines[0].reason"),
        ({"reason": "sale"}, "lines[0].from"),
        ({"reason": "receipt", "from": {"node": "N1"}, "to": {"node": "N1"}}, "lines[0].from"),
        ({"reason": "move", "from": {"node": "N1"}, "to": {"node": "N1"}}, "lines[0].to"),
        ({"reason": "reclassify", "from": {"node": "N1"}, "to": {"node": "N1"}}, "lines[0].to"),
    ],
)
async def test_a_movement_fits_its_reason(
    stock: Stock, fields: dict[str, object], path: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await stock.move({"sku": "ANY", "qty": 1, **fields})
    assert refused.value.errors[0].path == path


@pytest.mark.parametrize(
    ("line", "channel", "code"),
    [
        (("NOT-THERE", 1), "WEB", "unknown_sku"),
        (("{sku}", 1, "N9"), "WEB", "unknown_node"),
        (("{sku}", 1), "NOT-THERE", "unknown_channel"),
    ],
)
async def test_unknown_names_are_not_found(
    stock: Stock, line: tuple[str, int], channel: str, code: str
) -> None:
    sku = await stock.stocked(1)
    named = (line[0].format(sku=sku), *line[1:])
    with pytest.raises(NotFound) as refused:
        await stock.reserve(named, channel=channel)
    assert refused.value.code == code
