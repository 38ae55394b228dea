"""What stock is for, and trying an order, in a real browser: on a phone and at a desk."""

from datetime import timedelta

import msgspec
import pytest

from entrepot.catalog.types import NewSku
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_sku import create_sku
from entrepot.flows.post_movements import post_movements
from entrepot.flows.set_channel_levels import set_channel_levels
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.platform.clock import system_clock
from entrepot.stock.types import NewChannelLevels, NewMovements
from tests.api.harness import api_app, key_for
from tests.api.matrix_routing import open_services, service
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

PATHS = {
    "sku-strategy": "/stock/TEA-GREEN",
    "routing": "/routing?channel=WEB&country=CN&city=Foshan&lines=TEA-GREEN+2%0ACUP-BLUE+1",
}


async def furnish(trade: Trade, server: InstalledServer) -> None:
    """Two warehouses that deliver, lots that expire sooner and later, two channels."""
    key = await key_for(server, api_app(server), trade.tenant.tenant)
    for code, lat, lon in (("SZX1", 22.5, 114.0), ("YIW1", 29.3, 120.1)):
        place = {"lat": lat, "lon": lon, "region": "CN", "country": "CN"}
        assert (await key.ask("PATCH", f"/nodes/{code}", place)).status_code == 200
        fast = service(code="air", level="express", cod=True)
        await open_services(key, code, service(), fast)
    db, staff = trade.db, trade.staff
    for code in ("TEA-GREEN", "CUP-BLUE"):
        new = {"code": code, "names": {"en": code}, "lot_tracked": code.startswith("TEA")}
        await create_sku(db, staff, stamp(), new=msgspec.convert(new, NewSku))
    soon = (system_clock() + timedelta(days=12)).date().isoformat()
    shelf = {"node": "SZX1", "bin": "A-01-01-1"}
    tea = {"sku": "TEA-GREEN", "reason": "receipt", "to": shelf}
    lines = [
        {**tea, "qty": 40, "lot": "LJ-0412", "expires_on": soon},
        {**tea, "qty": 25, "lot": "LJ-0511"},
        {**tea, "qty": 5, "lot": "LJ-0511", "owner": "Harbour Teas"},
        {"sku": "CUP-BLUE", "qty": 80, "reason": "receipt", "to": {"node": "YIW1"}},
    ]
    document = msgspec.convert({"reference": "PO-4711", "lines": lines}, NewMovements)
    await post_movements(db, staff, stamp(), document=document)
    pool = [PoolNode("SZX1", 1), PoolNode("YIW1", 2)]
    for code in ("WEB", "HONGKONG"):
        await create_channel(db, staff, stamp(), new=NewChannel(code=code, pool=pool))
    rule = NewChannelLevels(min_life_days=60)
    await set_channel_levels(db, staff, stamp(), channel="HONGKONG", new=rule)


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    trade = await open_trade(server)
    await furnish(trade, server)
    return await open_office(server, trade)


@pytest.mark.parametrize(("size", "language"), [("390", "zh-CN"), ("1440", "en")])
async def test_strategy_and_trying_an_order_fit_and_can_be_read(
    visit: Opened,
    house: PageHouse,
    size: str,
    language: str,
) -> None:
    page = await visit(size, language)
    for name, path in PATHS.items():
        mark = "&" if "?" in path else "?"
        url = f"{HERE}{house.base}/admin{path}{mark}lang={language}"
        await look(page, url, shot=f"{name}-{size}-{language}", size=size)
        if size == "390":
            assert await faults(page) == [], name
    assert await page.locator("#digest").count() == 1
