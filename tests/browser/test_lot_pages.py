"""Lots, recalls, adjustments and histories in a real browser, on a phone and at a desk."""

from datetime import timedelta

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.catalog.types import NewSku
from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_sku import create_sku
from entrepot.flows.fulfil_reservation import fulfil_reservation
from entrepot.flows.open_recall import open_recall
from entrepot.flows.post_movements import post_movements
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import Staff
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.platform.clock import system_clock
from entrepot.stock.adjustment_types import NewAdjustment
from entrepot.stock.lots.recall_types import NewRecall
from entrepot.stock.types import NewMovements, NewReservation, NewReservationLine
from tests.browser.looking import (
    HERE,
    Opened,
    faults,
    look,
    open_office,
)
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse

LOOKED_AT = ("recall", "adjustment", "sku-history")
"""Pages that axe reads: the others are made of the same parts."""
NAMES = {"TEA-GREEN": {"en": "Longjing green tea", "zh-CN": "西湖龙井"},
         "CUP-BLUE": {"en": "Blue tea cup", "zh-CN": "蓝色茶杯"}}  # fmt: skip


async def furnish(trade: Trade) -> dict[str, str]:
    """Two lots, one called back after some of it was sold; cups, some held; an adjustment that
    waits; the paths of the pages that hold most."""
    db, staff = trade.db, trade.staff
    soon = (system_clock() + timedelta(days=12)).date().isoformat()
    for code, names in NAMES.items():
        new = {"code": code, "names": names, "lot_tracked": code.startswith("TEA")}
        await create_sku(db, staff, stamp(), new=msgspec.convert(new, NewSku))
    shelf = {"node": "SZX1", "bin": "A-01-01-1"}
    await move(trade, "PO-4711", [
        {"sku": "TEA-GREEN", "qty": 40, "lot": "LJ-0412", "expires_on": soon, "reason": "receipt",
         "to": shelf},
        {"sku": "TEA-GREEN", "qty": 25, "lot": "LJ-0511", "reason": "receipt", "to": shelf},
        {"sku": "CUP-BLUE", "qty": 80, "reason": "receipt", "to": shelf},
    ])  # fmt: skip
    await move(trade, "shelf 7", [
        {"sku": "CUP-BLUE", "qty": 6, "reason": "reclassify", "from": shelf,
         "to": {**shelf, "status": "damaged"}},
        {"sku": "CUP-BLUE", "qty": 12, "reason": "put_away", "from": shelf,
         "to": {"node": "SZX1", "bin": "A-01-02-1"}},
    ])  # fmt: skip
    pool = NewChannel(code="WEB", names={"en": "Web"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(db, staff, stamp(), new=pool)
    for reference, tea, cups in (("SO-10023", 6, 2), ("SO-10024", 3, 1)):
        lines = [NewReservationLine("TEA-GREEN", tea), NewReservationLine("CUP-BLUE", cups)]
        held = await reserve_stock(db, staff, stamp(), NewReservation(reference, "WEB", lines))
        await fulfil_reservation(db, staff, stamp(), reservation_id=held.id)
    told = {"reference": "BVL-2026-118", "cause": "authority",
            "lines": [{"sku": "TEA-GREEN", "lot": "LJ-0412"}]}  # fmt: skip
    recall = await open_recall(db, staff, stamp(), new=msgspec.convert(told, NewRecall))
    line = {"sku": "CUP-BLUE", "qty": 9, "reason": "scrap", "bin": "A-01-01-1"}
    ask = {"node": "SZX1", "cause": "broken", "lines": [line], "note": "Rack 1 was hit by a lift"}
    hand = Staff(trade.tenant.tenant, new_id(system_clock()), PERMISSIONS)
    asked = await ask_adjustment(db, hand, stamp(), new=msgspec.convert(ask, NewAdjustment))
    return {
        "lots-of-reference": "/lots?search=SO-10023", "recall": f"/recalls/{recall.id}",
        "adjustments": "/adjustments", "adjustment": f"/adjustments/{asked.id}",
        "kept-back": "/kept-back", "sku-history": "/stock/CUP-BLUE/history?node=SZX1",
    }  # fmt: skip


async def move(trade: Trade, reference: str, lines: list[dict[str, object]]) -> None:
    document = msgspec.convert({"reference": reference, "lines": lines}, NewMovements)
    await post_movements(trade.db, trade.staff, stamp(), document=document)


@pytest.fixture(scope="module")
async def paths() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
async def house(server: InstalledServer, paths: dict[str, str]) -> PageHouse:
    trade = await open_trade(server)
    paths |= await furnish(trade)
    return await open_office(server, trade)


@pytest.mark.parametrize(("size", "language"), [("390", "zh-CN"), ("1440", "en")])
async def test_lots_and_adjustments_fit_and_can_be_read_by_everyone(
    visit: Opened,
    house: PageHouse,
    paths: dict[str, str],
    size: str,
    language: str,
) -> None:
    page = await visit(size, language)
    for name, path in paths.items():
        mark = "&" if "?" in path else "?"
        url = f"{HERE}{house.base}/admin{path}{mark}lang={language}"
        await look(page, url, shot=f"{name}-{size}-{language}", size=size)
        if size == "390" and name in LOOKED_AT:
            assert await faults(page) == [], name
