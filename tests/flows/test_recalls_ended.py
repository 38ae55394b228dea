"""How recalls end: what is scrapped adds up over a day, what has another reason stays."""

from datetime import timedelta

import pytest

from entrepot.flows.close_recall import close_recall
from entrepot.kernel.refusals import Conflict, Forbidden
from tests.flows.test_recalls import SCRAPPED, SOON, called_back, ended, somebody, statuses
from tests.flows.trade import stamp
from tests.stock.house import Stock
from tests.stock.transferring import drafted, received, sent

pytestmark = pytest.mark.usefixtures("whole")


async def test_scrapping_much_is_not_made_of_small_recalls(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    by = somebody(stock)
    for lot in ("A", "B"):
        await stock.receive(sku, 4, "N3", lot=lot)
    first = await called_back(stock, {"sku": sku, "lot": "A"}, by=by)
    await close_recall(stock.db, by, stamp(), recall_id=first.id, how=SCRAPPED)
    second = await called_back(stock, {"sku": sku, "lot": "B"}, by=by)
    with pytest.raises(Forbidden) as refused:
        await close_recall(stock.db, by, stamp(), recall_id=second.id, how=SCRAPPED)
    assert refused.value.code == "other_eyes_needed"
    await ended(stock, second.id, SCRAPPED)


async def test_what_two_pairs_of_eyes_scrapped_or_yesterday_s_does_not_add_up(
    stock: Stock,
) -> None:
    by, other = somebody(stock), somebody(stock)
    for hours, opener, closer in ((0, other, by), (0, by, other), (0, by, by), (25, by, by)):
        stock.at[0] = hours
        sku = await stock.sku(lot_tracked=True)
        await stock.receive(sku, 4, "N3", lot="A")
        made = await called_back(stock, {"sku": sku, "lot": "A"}, by=opener)
        await close_recall(stock.db, closer, stamp(), recall_id=made.id, how=SCRAPPED)
        assert await statuses(stock, sku) == {}


async def test_what_is_quarantined_for_another_reason_meanwhile_stays_there(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    numbered = await stock.sku(lot_tracked=True, serial_tracked=True)
    await stock.receive(sku, 5, lot="L")
    damaged, kept = ({"node": "N1", "status": s} for s in ("damaged", "quarantine"))
    await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L",
                      "from": {"node": "N1"}, "to": damaged})  # fmt: skip
    await stock.move({"sku": sku, "qty": 1, "reason": "sale", "lot": "L", "from": {"node": "N1"}})
    made = await called_back(stock, {"sku": sku, "lot": "L"}, {"sku": numbered, "lot": "L"})
    await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L", "from": damaged,
                      "to": kept})  # fmt: skip
    await stock.move({"sku": sku, "qty": 1, "reason": "return", "lot": "L", "to": kept})
    await stock.receive(sku, 7, lot="L")
    for serial, asked in (("A", "quarantine"), ("B", "good")):
        await stock.move({"sku": numbered, "qty": 1, "reason": "receipt", "lot": "L",
                          "serial": serial, "to": {"node": "N1", "status": asked}})  # fmt: skip
    shelf = {"node": "N1", "bin": "A-1", "status": "quarantine"}
    await stock.move({"sku": sku, "qty": 9, "reason": "move", "lot": "L", "from": kept,
                      "to": shelf})  # fmt: skip
    await ended(stock, made.id)
    assert await statuses(stock, sku) == {("N1", "L", "quarantine"): 3, ("N1", "L", "good"): 9}
    assert await statuses(stock, numbered) == {
        ("N1", "L", "quarantine"): 1, ("N1", "L", "good"): 1,
    }  # fmt: skip


async def test_goods_that_two_recalls_call_back_stay_until_both_have_ended(stock: Stock) -> None:
    """By its number before it ever came, and by the date it came with."""
    sku = await stock.sku(lot_tracked=True)
    by_lot = await called_back(stock, {"sku": sku, "lot": "NEW"})
    day = (SOON + timedelta(days=1)).isoformat()
    by_day = await called_back(stock, {"sku": sku, "expires_until": day})
    await stock.receive(sku, 3, lot="NEW", expires_on=day)
    assert (await ended(stock, by_lot.id, SCRAPPED)).state == "scrapped"
    assert await statuses(stock, sku) == {("N1", "NEW", "quarantine"): 3}
    await ended(stock, by_day.id)
    assert await statuses(stock, sku) == {("N1", "NEW", "good"): 3}


async def test_a_lot_that_gets_its_date_under_a_recall_is_kept_back_first(stock: Stock) -> None:
    """Nobody knew that what lies there is called back; from now on it would be sold."""
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 2, "N2", lot="L")
    await stock.receive(sku, 2, "N2", lot="M")
    day = SOON.isoformat()
    made = await called_back(stock, {"sku": sku, "expires_from": day, "expires_until": day})
    assert made.units == 0
    for n, lot in ((1, "M"), (0, "L")):
        later = (SOON + timedelta(days=n)).isoformat()
        coming = {"sku": sku, "qty": 1, "reason": "receipt", "lot": lot, "expires_on": later,
                  "to": {"node": "N1"}}  # fmt: skip
        if n == 0:
            with pytest.raises(Conflict) as refused:
                await stock.move(coming)
            assert refused.value.code == "lot_recalled"
            await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L",
                              "from": {"node": "N2"},
                              "to": {"node": "N2", "status": "quarantine"}})  # fmt: skip
        await stock.move(coming)
    assert await statuses(stock, sku) == {
        ("N1", "L", "quarantine"): 1, ("N2", "L", "quarantine"): 2,
        ("N1", "M", "good"): 1, ("N2", "M", "good"): 2,
    }  # fmt: skip
    await ended(stock, made.id)
    assert {key[2] for key in await statuses(stock, sku)} == {"good"}


async def test_what_was_kept_before_and_went_on_to_another_node_stays_kept(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    await stock.receive(sku, 5, "N1", lot="L")
    await stock.receive(sku, 1, "N3", lot="L")
    await stock.move({"sku": sku, "qty": 2, "reason": "reclassify", "lot": "L",
                      "from": {"node": "N1"},
                      "to": {"node": "N1", "status": "quarantine"}})  # fmt: skip
    made = await called_back(stock, {"sku": sku, "lot": "L"})
    line: dict[str, object] = {"sku": sku, "qty": 4, "lot": "L", "status": "quarantine"}
    one = await drafted(stock, line)
    await sent(stock, one.id)
    await received(stock, one.id)
    await ended(stock, made.id)
    found = await statuses(stock, sku)
    assert found["N1", "L", "quarantine"] == 1, "one of the two is still there"
    kept = sum(units for key, units in found.items() if key[2] == "quarantine")
    assert (kept, sum(found.values()) - kept) == (2, 4)
