"""Transfers and picking in a real browser: on the phone with a wedge scanner, at the desk."""

from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from entrepot.catalog.types import NewSku
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_sku import create_sku
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.post_movements import post_movements
from entrepot.flows.receive_transfer import receive_transfer
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.flows.send_transfer import send_transfer
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.nodes.types import NewBins
from entrepot.stock.transfers.types import Arrived, Loaded, NewTransfer
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


async def furnish(trade: Trade) -> dict[str, str]:
    """Two SKUs in bins, transfers in three states, an order to pick; the paths of the pages."""
    db, staff = trade.db, trade.staff
    for code, lots, names in (
        ("CUP-BLUE", False, {"en": "Enamel cup, blue, 350 ml", "zh-CN": "蓝色搪瓷杯 350 毫升"}),
        (
            "TEA-GREEN",
            True,
            {"en": "Longjing green tea, tin of 100 g", "zh-CN": "龙井绿茶 罐装 100 克"},
        ),
    ):
        new = {"code": code, "names": names, "lot_tracked": lots}
        await create_sku(db, staff, stamp(), new=msgspec.convert(new, NewSku))
    bins = msgspec.convert({"bins": [{"code": "PACK-1", "class": "packed"}]}, NewBins)
    await create_bins(db, staff, stamp(), node="SZX1", new=bins)
    lines: list[dict[str, Any]] = [
        {"sku": "CUP-BLUE", "qty": 60, "reason": "receipt",
         "to": {"node": "SZX1", "bin": "A-01-01-1"}},
        {"sku": "TEA-GREEN", "qty": 12, "lot": "LJ-0412", "expires_on": "2099-04-12",
         "reason": "receipt", "to": {"node": "SZX1", "bin": "A-01-02-2"}},
        {"sku": "TEA-GREEN", "qty": 9, "lot": "LJ-0511", "expires_on": "2099-05-11",
         "reason": "receipt", "to": {"node": "SZX1", "bin": "A-01-02-1"}},
    ]  # fmt: skip
    document = msgspec.convert({"reference": "PO-77", "lines": lines}, NewMovements)
    await post_movements(db, staff, stamp(), document=document)
    made = []
    for reference, cups, expected in (
        ("weekly 47", 24, "2026-01-05T10:00:00Z"), ("weekly 48", 12, None), ("shop window", 6, None)
    ):  # fmt: skip
        document = {
            "from": "SZX1", "to": "YIW1", "reference": reference, "expected_at": expected,
            "lines": [{"sku": "CUP-BLUE", "qty": cups}, {"sku": "TEA-GREEN", "qty": 2}],
        }  # fmt: skip
        new_transfer = msgspec.convert(document, NewTransfer)
        made.append((await create_transfer(db, staff, stamp(), new=new_transfer)).id)
    for one in made[:2]:
        await send_transfer(db, staff, stamp(), transfer_id=one, loaded=Loaded())
    part = msgspec.convert({"goods": [{"sku": "CUP-BLUE", "qty": 20}]}, Arrived)
    await receive_transfer(db, staff, stamp(), transfer_id=made[0], arrived=part)
    channel = NewChannel(code="WEB", names={"en": "Web"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(db, staff, stamp(), new=channel)
    wanted = [NewReservationLine("CUP-BLUE", 3), NewReservationLine("TEA-GREEN", 10)]
    order = await reserve_stock(db, staff, stamp(), NewReservation("SO-10023", "WEB", wanted))
    return {
        "receive": f"staff/transfers/{made[0]}", "send": f"staff/transfers/{made[2]}",
        "transfers": "staff/transfers", "picks": "staff/picks", "pick": f"staff/picks/{order.id}",
        "office-transfers": "admin/transfers", "office-transfer": f"admin/transfers/{made[0]}",
    }  # fmt: skip


@pytest.fixture(scope="module")
async def paths() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
async def house(server: InstalledServer, paths: dict[str, str]) -> PageHouse:
    trade = await open_trade(server)
    paths |= await furnish(trade)
    return await open_office(server, trade)


@pytest.mark.parametrize(("size", "language"), [("390", "en"), ("390", "zh-CN"), ("1440", "en")])
async def test_transfers_and_picks_fit_and_can_be_read_by_everyone(
    visit: Opened,
    house: PageHouse,
    paths: dict[str, str],
    size: str,
    language: str,
) -> None:
    page = await visit(size, language)
    await page.goto(f"{HERE}{house.base}/staff/warehouse?lang={language}")
    await page.locator('[name=warehouse][value="SZX1"]').first.click()
    area = "staff/" if size == "390" else "admin/"
    for name, path in paths.items():
        if not path.startswith(area):
            continue
        url = f"{HERE}{house.base}/{path}?lang={language}"
        await look(page, url, shot=f"{name}-{size}-{language}", size=size)
        if language == "en":
            assert await faults(page) == [], name


async def test_a_wedge_scanner_alone_picks_an_order(
    visit: Opened,
    house: PageHouse,
    paths: dict[str, str],
) -> None:
    """Every scan ends with Enter; nothing else is touched."""
    page = await visit("390", "en")
    await page.goto(f"{HERE}{house.base}/staff/warehouse")
    await page.locator('[name=warehouse][value="SZX1"]').first.click()
    await page.goto(f"{HERE}{house.base}/{paths['picks']}")
    for code in ("CUP-RED", "CUP-BLUE"):
        await expect(page.locator("#f-code")).to_be_focused()
        await page.keyboard.type(code)
        await page.keyboard.press("Enter")
        if code == "CUP-RED":
            await expect(page.get_by_text("CUP-RED fits nothing on this list.")).to_be_visible()
    tea = "TEA-GREEN"
    for place, code in (("A-01-01-1", "CUP-BLUE"), ("A-01-02-1", tea), ("A-01-02-2", tea)):
        await expect(page.locator(".pick-bin")).to_have_text(place)
        main = await page.locator("form .btn-main").first.bounding_box()
        assert main is not None
        assert main["height"] >= 56
        await page.keyboard.type(code)
        await page.keyboard.press("Enter")
    await expect(page.get_by_text("All of it is picked.")).to_be_visible()


async def test_the_scan_behind_a_refused_one_takes_its_place(
    visit: Opened, house: PageHouse
) -> None:
    """What was refused stays to be read, and the next code is not glued to it."""
    page = await visit("390", "en")
    await page.goto(f"{HERE}{house.base}/staff/warehouse")
    await page.locator('[name=warehouse][value="SZX1"]').first.click()
    await page.goto(f"{HERE}{house.base}/staff/arrivals/receive?reference=DN-1")
    await page.fill("#f-reference", "DN-1")
    await page.focus("#f-code")
    for code, said in (("NOPE", "Nothing bears this code"), ("CUP-BLUE", "1 unit received")):
        await page.keyboard.type(code)
        async with page.expect_navigation(wait_until="load"):
            await page.keyboard.press("Enter")
        await expect(page.get_by_text(said).first).to_be_visible()
