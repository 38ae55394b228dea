"""What comes in: packs, lots, dates, serials, kits, codes that tell them, and whose it is."""

import asyncio
from datetime import date

import pytest

from entrepot.kernel.refusals import Conflict, Invalid
from tests.stock.arriving import (
    announced,
    inbound,
    looked_at,
    received,
)
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


async def test_packs_are_exact(stock: Stock) -> None:
    sku = await stock.sku(
        packs=[{"unit": "box", "base_quantity": "8", "gtins": ["4006381333931"]},
               {"unit": "third", "base_quantity": "1/3"}],
    )  # fmt: skip
    asn = await announced(
        stock, {"code": sku, "qty": 2, "unit": "box"}, {"code": sku, "qty": 3, "unit": "third"}
    )
    assert [(x.unit, x.unit_qty, x.expected) for x in asn.items] == [
        ("box", 2, 16), ("third", 3, 1)
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await announced(stock, {"code": sku, "qty": 1, "unit": "third"})
    assert refused.value.errors[0].path == "lines[0].qty"
    done = await received(stock, asn, {"code": "4006381333931"}, (sku, 1))
    assert [x.qty for x in done.lines] == [8, 1]
    assert await inbound(stock, sku) == 8


async def test_lots_dates_and_serials_are_asked_for(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, expiry_tracked=True, serial_tracked=True)
    asn = await announced(stock, {"code": sku, "qty": 2, "lot": "L1"})
    with pytest.raises(Invalid) as refused:
        await received(stock, asn, (sku, 2))
    assert {e.code for e in refused.value.errors} == {
        "lot_missing", "expiry_missing", "serials_differ"
    }  # fmt: skip
    whole = {"code": sku, "lot": "L1", "expires_on": "2999-01-01", "serials": ["a", "b"]}
    for bad, code in (
        ({"expires_on": "2001-01-01"}, "past_its_date"),
        ({"serials": ["a", "a"]}, "serial_twice"),
        ({"qty": 3}, "serials_differ"),
    ):
        with pytest.raises(Invalid) as refused:
            await received(stock, asn, {**whole, **bad})
        assert code in {e.code for e in refused.value.errors}
    with pytest.raises(Conflict) as other:
        await received(stock, asn, {**whole, "lot": "L2"})
    assert other.value.code == "other_lot"
    done = await received(stock, asn, whole)
    assert len(done.lines[0].movements) == 2
    with pytest.raises(Conflict) as twice:
        await received(stock, None, whole, reference="again")
    assert twice.value.code == "serial_elsewhere"
    with pytest.raises(Invalid) as differs:
        await received(
            stock, None, {**whole, "serials": ["c"], "expires_on": "2998-01-01"}, reference="x"
        )
    assert differs.value.errors[0].code == "expiry_differs"


async def test_a_lot_has_one_date_whoever_brings_it(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, expiry_tracked=True)
    near, far = (
        {"code": sku, "qty": 1, "lot": "L", "expires_on": day}
        for day in ("2997-01-01", "2998-01-01")
    )
    with pytest.raises(Invalid) as twice:
        await received(stock, None, near, far, reference="x")
    assert twice.value.errors[0].code == "expiry_differs"
    both = await asyncio.gather(
        received(stock, None, near, reference="y"), received(stock, None, far, reference="z"),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in both) == ["Invalid", "Received"]


async def test_a_gs1_message_tells_lot_date_and_serial(stock: Stock) -> None:
    sku = await stock.sku(
        lot_tracked=True, expiry_tracked=True, serial_tracked=True, gtins=["4012345678901"]
    )
    asn = await announced(stock, (sku, 1))
    scan = "]d20104012345678901" + "17300101" + "10LOT9\x1d" + "21S77"
    done = await received(stock, asn, {"code": scan})
    line = done.lines[0]
    assert (line.sku, line.qty, line.lot) == (sku, 1, "LOT9")
    seen = (await looked_at(stock, asn)).receipts[0]
    assert (seen.lot, seen.serial, seen.reversed) == ("LOT9", "S77", False)


async def test_goods_with_a_date_and_no_lot_lie_under_their_date(stock: Stock) -> None:
    sku = await stock.sku(expiry_tracked=True)
    done = await received(
        stock, None, {"code": sku, "qty": 4, "expires_on": date(2999, 3, 1)}, reference="walk-in"
    )
    assert (done.asn, done.lines[0].lot) == (None, "2999-03-01")
    with pytest.raises(Invalid):
        await received(stock, None, (sku, 1))


async def test_a_kit_comes_in_as_its_parts(stock: Stock) -> None:
    cup = await stock.sku()
    kit = await stock.sku((cup, 6))
    with pytest.raises(Invalid) as refused:
        await announced(stock, (kit, 1))
    assert refused.value.errors[0].code == "is_kit"


async def test_goods_of_others_are_awaited_but_never_inbound(stock: Stock) -> None:
    sku = await stock.stocked(1)
    asn = await announced(stock, (sku, 5), owner="partner-7")
    assert (asn.open, await inbound(stock, sku)) == (5, 0)
    await received(stock, asn, (sku, 5))
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.blocked, guard.inbound) == (6, 5, 0)
    with pytest.raises(Conflict) as refused:
        await received(stock, await announced(stock, (sku, 5)), (sku, 5), owner="partner-7")
    assert refused.value.code == "other_owner"
