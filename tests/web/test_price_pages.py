"""The office's prices: every page in every language, imports with all errors, switches, doors."""

import html
import json
import re
from typing import Any

import pytest

from entrepot.carriers.types import NodeServiceChange, NodeServiceChanges
from entrepot.carriers.uploads import NewImport, planner_of
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.import_rate_cards import import_rate_cards
from entrepot.flows.list_node_services import list_node_services
from entrepot.flows.list_rate_cards import list_rate_cards
from tests.carriers.price_house import CALENDARS, card_file, next_version
from tests.flows.trade import stamp
from tests.web.page_house import Browser, PageHouse

IMPORT = "/admin/prices/import"


@pytest.fixture(scope="module")
async def priced(house: PageHouse) -> PageHouse:
    trade = house.trade
    document = {**card_file(), "calendars": CALENDARS}
    form, planner = planner_of(NewImport(cards=document))
    await import_rate_cards(trade.db, trade.staff, stamp(), form=form, planner=planner)
    changes = NodeServiceChanges([NodeServiceChange("MX-EXP", True, True)])
    await change_node_services(trade.db, trade.staff, stamp(), warehouse="SZX1", changes=changes)
    return house


def text_of(page: str) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


async def versions(priced: PageHouse, service: str) -> list[str]:
    listed = await list_rate_cards(priced.trade.db, priced.trade.staff)
    (one,) = [s for s in listed.services if s.service == service]
    return [v.version for v in one.versions]


async def bring(browser: Browser, **fields: str) -> Any:
    """The import form, filled in and sent; the answer becomes the browser's page."""
    await browser.get(IMPORT)
    answer = await browser.post(IMPORT, fields)
    browser.page = answer.text
    return answer


async def keep(browser: Browser) -> Any:
    """The second form, as the page shows it."""
    hidden = dict(
        re.findall(r'name="(keep|kept|version|valid_from)" value="([^"]*)"', browser.page)
    )
    return await browser.post(IMPORT, {k: html.unescape(v) for k, v in hidden.items()})


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
@pytest.mark.parametrize(
    "path",
    ["", "/lines/MX-EXP", "/lines/SG-SEA", "/lines/EMS", "/lines/DE-DDP", "/import", "/warehouses"],
)
async def test_every_page_speaks_every_language(
    priced: PageHouse, path: str, language: str
) -> None:
    browser = await priced.worker("owner")
    answer = await browser.get(f"/admin/prices{path}?lang={language}")
    assert answer.status_code == 200
    assert "%(" not in text_of(answer.text)
    if language != "en":
        assert re.search(r"[一-鿿]", text_of(answer.text))


async def test_all_lines_of_the_demo_can_be_read(priced: PageHouse) -> None:
    browser = await priced.worker("finance")
    listed = await browser.get("/admin/prices")
    for service in card_file()["services"]:
        assert f"/admin/prices/lines/{service['id']}" in listed.text
        shown = await browser.get(f"/admin/prices/lines/{service['id']}")
        assert shown.status_code == 200
        for surcharge in service["rate"]["surcharges"]:
            assert surcharge["code"] in shown.text
    express = text_of((await browser.get("/admin/prices/lines/MX-EXP")).text)
    assert "first 500 g" in express
    assert "United States" in express
    assert "Offered at SZX1" in express


async def test_an_unknown_line_is_not_there(priced: PageHouse) -> None:
    browser = await priced.worker("owner")
    assert (await browser.get("/admin/prices/lines/NO-SUCH")).status_code == 404
    assert (await browser.get("/admin/prices/lines/EMS?version=1999")).status_code == 404


async def test_an_import_is_looked_at_first_and_kept_after(priced: PageHouse) -> None:
    browser = await priced.worker("owner")
    new = next_version("US-AIR", "2027", "2027-01-01")
    looked = await bring(browser, text=json.dumps({"services": [new]}))
    assert looked.status_code == 200
    assert "change" in text_of(looked.text)
    assert "2027" in looked.text
    assert await versions(priced, "US-AIR") == ["2026-11"]
    done = await keep(browser)
    assert done.status_code == 200
    assert "1 new version of a card" in text_of(done.text)
    assert await versions(priced, "US-AIR") == ["2026-11", "2027"]
    again = await keep(browser)
    assert "1 new version of a card" in text_of(again.text)
    shown = await browser.get("/admin/prices/lines/US-AIR")
    assert "Withdraw" in shown.text
    withdrawn = await browser.post("/admin/prices/lines/US-AIR/withdraw", {"version": "2027"})
    assert withdrawn.status_code == 303
    refused = await browser.post(
        "/admin/prices/lines/US-AIR/withdraw", {"version": "2026-11"}, key="another-key-1"
    )
    assert refused.status_code == 409


async def test_a_price_table_comes_as_a_file(priced: PageHouse) -> None:
    browser = await priced.worker("owner")
    await browser.get(IMPORT)
    table = (
        "service,zone,kind,first_g,first_minor,step_g,step_minor\n"
        "JP-AIR,JP,first_step,500,3900,500,960\n"
    )
    hidden = {
        "csrf_token": re.findall(r'name="csrf-token" content="([^"]+)"', browser.page)[0],
        "idempotency_key": "a-file-1", "version": "2028", "valid_from": "2028-01-01",
    }  # fmt: skip
    answer = await browser.client.post(
        f"{priced.base}{IMPORT}", data=hidden, files={"file": ("prices.csv", table.encode())}
    )
    browser.page = answer.text
    assert "rate.price.JP.first_minor" in answer.text
    assert (await keep(browser)).status_code == 200
    assert await versions(priced, "JP-AIR") == ["2026-11", "2028"]


async def test_all_errors_stand_on_the_page_with_their_places(priced: PageHouse) -> None:
    browser = await priced.worker("owner")
    broken = next_version("EMS", "2029", "2029-01-01")
    broken["goods"]["refused"] = broken["goods"]["allowed"][:1]
    broken["transit_days"] = {"*": [9, 2], "NOWHERE": [1, 2]}
    answer = await bring(browser, text=json.dumps({"services": [broken]}))
    assert answer.status_code == 422
    for place in ("services[0].goods", "services[0].transit_days.*"):
        assert place in answer.text
    assert "services[0].transit_days.NOWHERE" in answer.text
    assert "Import this" not in answer.text
    for fields, place in (
        ({"text": "service,zone,kind\nEMS,Z1,sorcery\n"}, "version"),
        ({"text": ""}, "file"),
        ({"text": "{", "version": ""}, ""),
        ({"text": "a,b\n", "version": "x", "valid_from": "soon"}, "valid_from"),
    ):
        answer = await bring(browser, **fields)
        assert answer.status_code in (400, 422)
        assert place in answer.text


async def test_a_line_is_switched_at_a_warehouse(priced: PageHouse) -> None:
    browser = await priced.worker("manager")

    async def offered() -> set[tuple[str, str, bool]]:
        rows = await list_node_services(priced.trade.db, priced.trade.staff, warehouse="YIW1")
        return {(row.warehouse, row.service, row.pick_up) for row in rows if row.offered}

    await browser.get("/admin/prices/warehouses")
    change = {"warehouse": "YIW1", "service": "EMS", "offered": "yes", "pick_up": "no"}
    assert (await browser.post("/admin/prices/warehouses", change)).status_code == 303
    assert await offered() == {("YIW1", "EMS", False)}
    shown = await browser.get("/admin/prices/warehouses")
    assert "EMS at YIW1" in shown.text
    off = change | {"offered": "no"}
    assert (await browser.post("/admin/prices/warehouses", off)).status_code == 303
    assert await offered() == set()
    await browser.get("/admin/prices/warehouses")
    wrong = await browser.post("/admin/prices/warehouses", change | {"warehouse": "NOWHERE"})
    assert wrong.status_code == 404


async def test_who_may_not_see_prices_sees_none(priced: PageHouse) -> None:
    packer = await priced.worker("packer")
    auditor = await priced.worker("auditor")
    for path in ("", "/lines/EMS", "/export", "/warehouses"):
        assert (await packer.get(f"/admin/prices{path}")).status_code == 403
        assert (await auditor.get(f"/admin/prices{path}")).status_code == 200
    answer = await bring(auditor, text="{}")
    assert answer.status_code == 403
    guarded = await priced.worker("manager", warehouses=["SZX1"])
    answer = await bring(guarded, text=json.dumps(card_file()))
    assert (answer.status_code, "whole_house_only" in answer.text) == (403, True)
    assert "YIW1" not in (await guarded.get("/admin/prices/warehouses")).text


async def test_the_export_is_a_file_that_imports_again(priced: PageHouse) -> None:
    browser = await priced.worker("owner")
    answer = await browser.get("/admin/prices/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    looked = await bring(browser, text=answer.text)
    assert looked.status_code == 200
    assert "unchanged" in looked.text
    assert 'tag-brand">new' not in looked.text
