"""Two open recalls of one lot that appears later: held until the last is over, then free."""

from datetime import timedelta

import pytest

from tests.flows.test_recalls import SCRAPPED, SOON, called_back, ended, statuses
from tests.stock.house import Stock

pytestmark = pytest.mark.usefixtures("whole")


@pytest.mark.parametrize("first", [0, 1])
async def test_what_is_kept_for_another_reason_outlives_both(stock: Stock, first: int) -> None:
    """Whichever ends first, and however: what somebody put aside by hand is not freed with the
    rest by the last."""
    sku = await stock.sku(lot_tracked=True)
    numbered = await stock.sku(lot_tracked=True, serial_tracked=True)
    day = (SOON + timedelta(days=1)).isoformat()
    recalls = [
        await called_back(stock, {"sku": sku, "lot": "NEW"}, {"sku": numbered, "lot": "NEW"}),
        await called_back(
            stock, {"sku": sku, "expires_until": day}, {"sku": numbered, "expires_until": day}
        ),
    ]
    for qty, status in ((3, "good"), (2, "quarantine")):
        await stock.move({
            "sku": sku, "qty": qty, "reason": "receipt", "lot": "NEW", "expires_on": day,
            "to": {"node": "N1", "status": status},
        })  # fmt: skip
    for serial, status in (("A", "good"), ("B", "quarantine")):
        await stock.move({
            "sku": numbered, "qty": 1, "reason": "receipt", "lot": "NEW", "serial": serial,
            "expires_on": day, "to": {"node": "N1", "status": status},
        })  # fmt: skip
    await ended(stock, recalls[first].id)
    assert await statuses(stock, sku) == {("N1", "NEW", "quarantine"): 5}
    assert await statuses(stock, numbered) == {("N1", "NEW", "quarantine"): 2}
    await ended(stock, recalls[1 - first].id)
    assert await statuses(stock, sku) == {("N1", "NEW", "quarantine"): 2, ("N1", "NEW", "good"): 3}
    assert await statuses(stock, numbered) == {
        ("N1", "NEW", "quarantine"): 1, ("N1", "NEW", "good"): 1,
    }  # fmt: skip


async def test_the_last_of_three_scraps_what_it_alone_holds(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True)
    day, after = ((SOON + timedelta(days=n)).isoformat() for n in (1, 2))
    by_lot = await called_back(stock, {"sku": sku, "lot": "NEW"})
    by_day = await called_back(stock, {"sku": sku, "expires_from": day, "expires_until": day})
    later = await called_back(stock, {"sku": sku, "expires_from": after})
    await stock.receive(sku, 3, lot="NEW", expires_on=day)
    kept = {"node": "N1", "status": "quarantine"}
    await stock.move({"sku": sku, "qty": 2, "reason": "receipt", "lot": "NEW", "to": kept})
    await ended(stock, later.id, SCRAPPED)
    await ended(stock, by_day.id, SCRAPPED)
    assert await statuses(stock, sku) == {("N1", "NEW", "quarantine"): 5}
    await ended(stock, by_lot.id, SCRAPPED)
    assert await statuses(stock, sku) == {("N1", "NEW", "quarantine"): 2}
