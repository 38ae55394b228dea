"""Stock in the office: levels with their reasons, places, history, and only of one's warehouses."""

import re
from datetime import timedelta

import msgspec

from entrepot.catalog.types import NewSku
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_sku import create_sku
from entrepot.flows.set_channel_levels import set_channel_levels
from entrepot.flows.set_promotions import set_promotions
from entrepot.flows.set_stock_levels import set_stock_levels
from entrepot.kernel.calendars import local_day
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.platform.clock import system_clock
from entrepot.stock.types import NewChannelLevels, NewLevel, NewLevels, NewPromotions, Promotion
from tests.flows.counting import into, move, out_of, sku
from tests.flows.trade import stamp
from tests.web.page_house import PageHouse


async def test_levels_places_and_history(house: PageHouse) -> None:
    trade = house.trade
    channel = NewChannel(
        code="WEB", names={"en": "Web"}, pool=[PoolNode("SZX1", 1), PoolNode("YIW1", 2)]
    )
    await create_channel(trade.db, trade.staff, stamp(), new=channel)
    code = await sku(trade)
    at_yiwu = {
        "sku": code,
        "qty": 3,
        "reason": "receipt",
        "to": {"node": "YIW1", "bin": "Y-01-01-1"},
    }
    await move(trade, into(code, 20), at_yiwu)
    await move(trade, out_of(code, 4))
    levels = NewLevels([NewLevel(code, "SZX1", safety=5)])
    await set_stock_levels(trade.db, trade.staff, stamp(), new=levels)
    owner = await house.worker("owner")
    listed = (await owner.get("/admin/stock")).text
    row = listed[listed.index(code) :]
    cells = [f'class="num">{n}<' for n in (19, 0, 0, 5, 0)]
    assert all(cell in row for cell in cells)
    assert "<strong>14</strong>" in row
    shown = (await owner.get(f"/admin/stock/{code}")).text
    for text in ("SZX1/A-01-01-1", "Y-01-01-1", "Handed over for a customer", "Received", "WEB"):
        assert text in shown, text
    assert code not in (await owner.get("/admin/stock?search=NOTHING")).text
    assert code in (await owner.get(f"/admin/stock?search={code[:4]}&node=YIW1")).text


async def test_the_page_shows_what_the_stock_is_for(house: PageHouse) -> None:
    """T2.114: pools and strategy beside the quantity, with the pools of each channel."""
    trade = house.trade
    now = system_clock()
    channel = NewChannel(code="FRESH", names={"en": "Fresh"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(trade.db, trade.staff, stamp(), new=channel)
    code = await sku(trade, lot_tracked=True)
    soon = (local_day(now, "Asia/Shanghai") + timedelta(days=12)).isoformat()
    await move(
        trade, into(code, 20, lot="LONG"), into(code, 6, lot="SOON", expires_on=soon),
        into(code, 4, lot="LONG", owner="her"),
    )  # fmt: skip
    shift = {"sku": code, "qty": 3, "reason": "reclassify", "lot": "LONG"}
    end = {"node": "SZX1", "bin": "A-01-01-1"}
    await move(trade, {**shift, "from": end, "to": {**end, "status": "quarantine"}})
    levels = NewLevels([NewLevel(code, "SZX1", safety=2, protected=5)])
    await set_stock_levels(trade.db, trade.staff, stamp(), new=levels)
    rule = NewChannelLevels(uses_protected=True, min_life_days=30)
    await set_channel_levels(trade.db, trade.staff, stamp(), channel="FRESH", new=rule)
    promoted = Promotion(code, "LONG", now - timedelta(days=1), now + timedelta(days=1))
    await set_promotions(trade.db, trade.staff, stamp(), new=NewPromotions([promoted]))
    shown = (await (await house.worker("owner")).get(f"/admin/stock/{code}")).text

    def cell(label: str) -> str:
        found = re.search(rf'data-label="{label}" class="num">(?:<[^>]*>)*([0-9]+)', shown)
        assert found is not None, label
        return found[1]

    assert {label: cell(label) for label in (
        "Sellable", "Promoted", "Expiring", "In quarantine", "Damaged or held", "Of others",
        "In its pool", "Lasts so long", "Days left",
    )} == {
        "Sellable": "16", "Promoted": "17", "Expiring": "6", "In quarantine": "3",
        "Damaged or held": "0", "Of others": "4", "In its pool": "21", "Lasts so long": "17",
        "Days left": "12",
    }  # fmt: skip
    for text in ("30 days", "expires soon", "her: 4", "Our own: 26", "FRESH"):
        assert text in shown, text


async def test_another_warehouse_sees_its_own_part(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 7))
    stranger = await house.worker("manager", warehouses=["YIW1"])
    assert code not in (await stranger.get("/admin/stock")).text
    shown = (await stranger.get(f"/admin/stock/{code}")).text
    assert "A-01-01-1" not in shown
    assert "never lain in a warehouse of yours" in shown
    assert (await stranger.get("/admin/stock/NO-SUCH-SKU")).status_code == 404


async def test_a_kit_is_shown_as_its_parts(house: PageHouse) -> None:
    trade = house.trade
    part = await sku(trade)
    kit = f"KIT-{part}"[:40]
    made = {"code": kit, "names": {"en": kit}, "parts": [{"sku": part, "quantity": 3}]}
    await create_sku(trade.db, trade.staff, stamp(), new=msgspec.convert(made, NewSku))
    channel = NewChannel(code="KITS", names={"en": "Kits"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(trade.db, trade.staff, stamp(), new=channel)
    await move(trade, into(part, 11))
    shown = (await (await house.worker("owner")).get(f"/admin/stock/{kit}")).text
    assert f'/admin/stock/{part}"' in shown
    told = shown[shown.index("Kits shown to buyers") :]
    row = told[told.index("KITS") :]
    first = re.search(r"<strong>(\d+)</strong>", row)
    assert first is not None
    assert first[1] == "3", "eleven units, three in each"
    assert "Nowhere yet" not in shown
