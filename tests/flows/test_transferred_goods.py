"""Goods on their way between nodes: lots, pieces, packs, states, and whose they are."""

from datetime import date, timedelta

import msgspec
import pytest

from entrepot.catalog.types import SkuDocument
from entrepot.flows.replace_sku import replace_sku
from tests.flows.trade import later, stamp
from tests.stock.house import Stock
from tests.stock.transferring import closed, code_of, drafted, places_of, received, sent

pytestmark = pytest.mark.usefixtures("whole")


async def test_lots_leave_by_date_and_none_past_it(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    today = later(0).date()
    for lot, days in (("OLD", -1), ("NEXT", 5), ("LATE", 90)):
        await stock.receive(sku, 3, lot=lot, expires_on=str(today + timedelta(days)))
    one = await drafted(stock, (sku, 5))
    done = await sent(stock, one.id)
    assert {g.lot: g.sent for g in done.goods} == {"NEXT": 3, "LATE": 2}
    named = await drafted(stock, {"sku": sku, "qty": 2, "lot": "LATE"})
    assert await code_of(sent(stock, named.id)) == "not_there"
    assert (await sent(stock, named.id, {"sku": sku, "lot": "LATE"})).goods[0].sent == 1
    mixed = drafted(stock, (sku, 1), {"sku": sku, "qty": 1, "lot": "LATE"})
    assert await code_of(mixed) == "invalid"
    # it expires on its way: it arrives, but not as good
    owner = await stock.server.owner(stock.tenant)
    try:
        await owner.execute(
            "update stock.lot set expires_on = $1, expired_at = $2 where lot = 'NEXT'",
            date(2020, 1, 1), later(0),
        )  # fmt: skip
    finally:
        await owner.close()
    await received(stock, one.id)
    assert await places_of(stock, sku) == {
        "N1/R good": 3, "N2/R expired": 3, "N2/R good": 2,
        f"{named.code} good": 1,
    }  # fmt: skip


async def test_pieces_are_known_by_their_serial(stock: Stock) -> None:
    sku = await stock.sku(serial_tracked=True)
    for serial in ("A", "B", "C"):
        await stock.receive(sku, 1, serial=serial)
    one = await drafted(stock, (sku, 2))
    assert await code_of(sent(stock, one.id)) == "invalid"
    wrong = sent(stock, one.id, {"sku": sku, "serial": "Z"})
    assert await code_of(wrong) == "serial_elsewhere"
    twice = {"sku": sku, "serial": "A"}
    assert await code_of(sent(stock, one.id, twice, twice)) == "serial_elsewhere"
    await sent(stock, one.id, {"sku": sku, "serial": "A"}, {"sku": sku, "serial": "C"})
    both = {"sku": sku, "serial": "C"}
    assert await code_of(received(stock, one.id, both, both)) == "more_than_sent"
    assert await code_of(received(stock, one.id, {"sku": sku})) == "invalid"
    assert await code_of(received(stock, one.id, {"sku": sku, "serial": "B"})) == "more_than_sent"
    await received(stock, one.id, {"sku": sku, "serial": "C"})
    assert (await received(stock, one.id)).state == "received"


async def test_a_printed_serial_of_goods_that_are_kept_without(stock: Stock) -> None:
    sku = await stock.stocked(5, gtins=["4012345678925"])
    one = await drafted(stock, (sku, 2))
    scan = {"sku": "]d20104012345678925" + "21S77", "qty": 2}
    await sent(stock, one.id, scan)
    assert (await received(stock, one.id, scan)).state == "received"


async def test_held_goods_do_not_become_good_on_the_road(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 3, to={"node": "N1", "status": "quarantine"})
    one = await drafted(stock, {"sku": sku, "qty": 3, "status": "quarantine"})
    await sent(stock, one.id)
    few = stock.staff.permissions - {"stock:approve"}
    clerk = msgspec.structs.replace(stock.staff, permissions=few)
    as_good = {"sku": sku, "status": "good"}
    assert await code_of(received(stock, one.id, as_good, by=clerk)) == "permission_missing"
    await received(stock, one.id, {"sku": sku, "status": "damaged"}, by=clerk)
    await received(stock, one.id, as_good)
    await received(stock, one.id, by=clerk)
    assert await places_of(stock, sku) == {
        "N2/R damaged": 1, "N2/R good": 1, "N2/R quarantine": 1
    }  # fmt: skip


async def test_the_same_goods_scanned_one_by_one_from_two_bins(stock: Stock) -> None:
    sku = await stock.sku()
    for bin, qty in (("A-1", 2), ("A-2", 3)):
        await stock.receive(sku, qty, to={"node": "N1", "bin": bin})
    one = await drafted(stock, (sku, 5))
    done = await sent(stock, one.id, {"sku": sku, "qty": 2}, {"sku": sku, "qty": 3})
    assert done.goods[0].sent == 5


async def test_a_sku_that_is_closed_meanwhile_still_arrives(stock: Stock) -> None:
    sku = await stock.stocked(3)
    one = await drafted(stock, (sku, 3))
    await sent(stock, one.id)
    shut = SkuDocument(names={"en": sku}, closed=True)
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=shut)
    await received(stock, one.id, {"sku": sku})
    assert (await closed(stock, one.id)).state == "short"
    assert await code_of(stock.receive(sku, 1)) == "unknown_sku"


async def test_packs_are_counted_in_base_units(stock: Stock) -> None:
    pack = {"unit": "case", "base_quantity": "6", "gtins": ["04012345678901"]}
    sku = await stock.sku(packs=[pack])
    await stock.receive(sku, 20)
    one = await drafted(stock, {"sku": "04012345678901", "qty": 2})
    assert one.lines[0].qty == 12
    await sent(stock, one.id, {"sku": "4012345678901", "qty": 2})
    part = await received(stock, one.id, {"sku": "4012345678901"})
    assert part.lines[0].received == 6


async def test_goods_of_somebody_else_are_no_inbound(stock: Stock) -> None:
    sku = await stock.stocked(3)
    await stock.receive(sku, 5, owner="PAULA")
    one = await drafted(stock, (sku, 4), owner="PAULA")
    await sent(stock, one.id)
    assert (await stock.guard(sku, "N2")).inbound == 0
    await received(stock, one.id, {"sku": sku, "qty": 3})
    assert (await stock.guard(sku, "N2")).blocked == 3
    await closed(stock, one.id)
    assert (await stock.guard(sku, "N1")).on_hand == 4
