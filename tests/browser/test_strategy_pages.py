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
from entrepot.platform.live import Live
from entrepot.stock.types import NewChannelLevels, NewMovements
from tests.api.harness import api_app, key_for
from tests.api.matrix_routing import open_services, service
from tests.browser.conftest import SHOTS
from tests.browser.test_pages_for_everyone import faults
from tests.browser.test_price_pages import HERE, OFFICE, SIZES, Opened, visit  # noqa: F401
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse, page_app

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
    live = Live(server.directory)
    found = PageHouse(trade, page_app(server, trade, live), live)
    await found.person(OFFICE, roles=["owner"])
    return found


@pytest.mark.parametrize(("size", "language"), [("390", "zh-CN"), ("1440", "en")])
async def test_strategy_and_trying_an_order_fit_and_can_be_read(
    visit: Opened,  # noqa: F811
    house: PageHouse,
    size: str,
    language: str,
) -> None:
    page = await visit(size, language)
    for name, path in PATHS.items():
        mark = "&" if "?" in path else "?"
        await page.goto(f"{HERE}{house.base}/admin{path}{mark}lang={language}")
        await page.screenshot(path=SHOTS / f"{name}-{size}-{language}.png", full_page=True)
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[size][0], (name, wide)
        if size == "390":
            assert await faults(page) == [], name
    assert await page.locator("#digest").count() == 1
