"""The office's catalogue, channels and a warehouse's ways in a real browser, phone and desk."""

from typing import Any

import pytest

from entrepot.catalog.types import SkuFile
from entrepot.flows.change_node import change_node
from entrepot.flows.create_channel import create_channel
from entrepot.flows.define_node_attribute import define_node_attribute
from entrepot.flows.define_sku_attribute import define_sku_attribute
from entrepot.flows.import_skus import import_skus
from entrepot.flows.replace_node_group import replace_node_group
from entrepot.kernel.attributes import NewAttribute
from entrepot.nodes.channel_types import GroupDocument, NewChannel
from entrepot.nodes.working_types import ChangedNode
from entrepot.platform.documents import convert
from tests.browser.looking import (
    HERE,
    SIZES,
    Opened,
    faults_by_light_and_dark,
    look,
    open_office,
)
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse

PAGES = {
    "catalogue": "skus", "sku": "skus/TEA-SET-6", "sku-import": "skus/import",
    "channels": "channels", "node-working": "nodes/SZX1/working",
}  # fmt: skip
SKUS = """code;name.en;name.zh-CN;weight_g;length_mm;width_mm;height_mm;tags;gtins;packs;parts;\
lot_tracked;expiry_tracked;shelf_life_days;attribute.cold
CUP-BLUE;Blue tea cup;蓝色茶杯;180;80;80;70;fragile;4006381333931;box=8, weight_g=1560;;;;;
POT-1L;Teapot, one litre;一升茶壶;850;220;160;150;fragile;5901234123457;box=4;;;;;
TEA-SET-6;Tea set for six;六人茶具套装;2100;400;300;200;fragile bulky;;;"CUP-BLUE=6; POT-1L=1";;;;
TEA-GREEN;Longjing green tea;西湖龙井;250;;;;;;case=24, weight_g=6400;;true;true;540;
MOON-CAKE;Mooncake gift box;月饼礼盒;900;300;300;80;cold;;;;true;true;45;true
POWER-10K;Power bank 10,000 mAh;充电宝 10000 毫安时;230;140;70;16;battery;;box=20;;;;;
"""


async def furnish(trade: Trade) -> None:
    """A small catalogue, two warehouses that say how they work, two shops and a group."""
    db, staff = trade.db, trade.staff
    cold = NewAttribute("cold", "boolean", names={"en": "Cold chain", "zh-CN": "冷链"})
    dock = NewAttribute("dock", "choice", ["low", "high"], {"en": "Dock", "zh-CN": "月台"})
    await define_node_attribute(db, staff, stamp(), new=cold)
    await define_node_attribute(db, staff, stamp(), new=dock)
    await define_sku_attribute(db, staff, stamp(), new=cold)
    await import_skus(db, staff, stamp(), file=SkuFile(csv=SKUS))
    change: dict[str, Any] = {
        "names": {"en": "Shenzhen Bao'an", "zh-CN": "深圳宝安仓"}, "country": "CN", "city": "深圳",
        "region": "CN-GD", "weekdays": [1, 2, 3, 4, 5, 6], "opens": "08:00", "closes": "21:00",
        "capabilities": ["battery", "fragile"], "attributes": {"cold": True, "dock": "high"},
        "staffed": [{"weekday": d, "opens": "08:00", "closes": "17:00", "people": 6}
                    for d in (1, 2, 3)],
        "pick_up": [{"weekday": 1, "opens": "10:00", "closes": "18:00"}],
        "capacities": [{"counts": "shipments", "daily_limit": 800}],
        "minutes_per_shipment": 6, "minutes_per_unit": 1, "holidays": ["2027-02-06"],
        "quantities_master": "wms",
    }  # fmt: skip
    await change_node(db, staff, stamp(), code="SZX1", change=convert(change, ChangedNode))
    yiwu = {"names": {"en": "Yiwu", "zh-CN": "义乌仓"}, "country": "CN", "postcode": "322000"}
    await change_node(db, staff, stamp(), code="YIW1", change=convert(yiwu, ChangedNode))
    group = {"names": {"en": "China", "zh-CN": "中国"}, "isolated": True, "nodes": ["SZX1", "YIW1"]}
    await replace_node_group(db, staff, stamp(), code="CN", document=convert(group, GroupDocument))
    for code, name, pool in (
        ("WEB-CN", {"en": "Own shop", "zh-CN": "自营商城"}, ["SZX1", "YIW1"]),
        ("TMALL", {"en": "Tmall", "zh-CN": "天猫旗舰店"}, ["YIW1"]),
    ):
        links = [{"node": node, "priority": n} for n, node in enumerate(pool, 1)]
        channel = {"code": code, "names": name, "pool": links, "group": "CN"}
        await create_channel(db, staff, stamp(), new=convert(channel, NewChannel))


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    trade = await open_trade(server)
    await furnish(trade)
    return await open_office(server, trade)


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_catalogue_and_network_fit_and_can_be_read_by_everyone(
    visit: Opened,
    house: PageHouse,
    size: str,
    language: str,
) -> None:
    page = await visit(size, language)
    for name, path in PAGES.items():
        url = f"{HERE}{house.base}/admin/{path}?lang={language}"
        await look(page, url, shot=f"{name}-{size}-{language}", size=size)
        assert await faults_by_light_and_dark(page) == [], name
