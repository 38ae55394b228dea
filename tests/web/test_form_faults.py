"""Stock forms of the office: what is wrong stands at its field, a day that is none is told, a day
that was typed is shown as a day, and empty pages say what to do on them."""

import re

import httpx
import pytest

from tests.flows.counting import BIN, into, move, sku
from tests.web.page_house import PageHouse


def at(answer: httpx.Response, field: str) -> str:
    """What the page says at a field, without its hint."""
    found = re.search(rf'id="f-{field}-more"[^>]*>(.*?)</div>', answer.text, re.S)
    marked = re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', answer.text)
    if found is None or marked is None:
        return ""
    return re.sub(r'<span class="hint">.*?</span>|<[^>]+>', "", found[1], flags=re.S).strip()


async def test_an_adjustment_is_refused_at_its_fields(house: PageHouse) -> None:
    code = await sku(house.trade, lot_tracked=True)
    office = await house.worker("manager", warehouses=["SZX1"])
    wanted = {"node": "SZX1", "sku": code, "qty": "1", "bin": BIN, "cause": "broken scrap"}
    await office.get("/admin/adjustments")
    for change, field, text in (
        ({"qty": "many"}, "qty", "This is not a whole number."),
        ({"sku": "NO-SUCH"}, "sku", "No such SKU"),
        ({"bin": "Z-99"}, "bin", "No such bin"),
        ({}, "lot", "These goods are kept by lot: which one?"),
        ({"lot": "L" * 61}, "lot", "This cannot be right: too long, too short"),
        ({"cause": "magic scrap"}, "cause", "Choose one of the list."),
    ):
        told = await office.post("/admin/adjustments", wanted | change, key=str(change))
        assert told.status_code in (404, 422), change
        assert at(told, field).startswith(text), (change, at(told, field))
        if change.get("sku") is None:
            assert f'value="{code}"' in told.text, "what was typed is there still"


async def test_setting_aside_is_refused_where_it_was_sent_from(house: PageHouse) -> None:
    code = await sku(house.trade)
    aside = {"node": "SZX1", "bin": BIN, "status": "quarantine"}
    await move(house.trade, into(code, 6) | {"to": aside}, into(code, 3))
    office = await house.worker("manager", warehouses=["SZX1"])
    await office.get("/admin/kept-back")
    sent = {"node": "SZX1", "sku": code, "bin": BIN, "status": "good", "qty": "none",
             "to_status": "hold", "cause": "to_inspect"}  # fmt: skip
    told = await office.post("/admin/kept-back", sent, key="aside")
    assert at(told, "qty") == "This is not a whole number."
    assert at(told, "qty-1") == ""
    row = sent | {"status": "quarantine", "to_status": "good", "cause": "checked"}
    told = await office.post("/admin/kept-back", row, key="row")
    assert at(told, "qty-1") == "This is not a whole number."
    assert at(told, "qty") == ""
    assert "<details open>" in told.text, "the row's form is open again"
    assert f'id="f-sku" name="sku" type="text" value="{code}"' not in told.text


async def test_a_recall_is_refused_at_its_fields(house: PageHouse) -> None:
    code = await sku(house.trade, lot_tracked=True)
    owner = await house.worker("owner")
    await owner.get("/admin/recalls")
    wanted = {"reference": "R-1", "cause": "safety", "sku": code, "lots": "L1\nL2"}
    for change, field, text in (
        ({"sku": "NO-SUCH"}, "sku", "There is no such SKU."),
        ({"lots": " \n "}, "lots", "Name lots, or the days when they expire."),
        ({"lots": "L" * 61}, "lots", "This cannot be right"),
        ({"lots": "", "expires_from": "2027-02-01", "expires_until": "2027-01-01"},
         "expires_until", "The end is before the beginning."),
        ({"lots": "", "expires_from": "2027-02-31"}, "expires_from", "This cannot be right"),
        ({"reference": "R" * 61}, "reference", "This cannot be right"),
    ):  # fmt: skip
        told = await owner.post("/admin/recalls", wanted | change, key=str(change))
        assert told.status_code in (404, 422), change
        assert at(told, field).startswith(text), (change, at(told, field))
    told = await owner.post("/admin/recalls", wanted | {"sku": "NO-SUCH"}, key="kept")
    assert "L1\nL2</textarea>" in told.text, "one lot a line, as typed"


@pytest.mark.parametrize("day", ["31.12.2026", "2026-02-30", "9999-12-31", "soon"])
async def test_a_day_that_is_none_is_told(house: PageHouse, day: str) -> None:
    code = await sku(house.trade)
    office = await house.worker("manager")
    for page, field in (("as-of", "day"), ("history", "since"), ("history", "until")):
        told = await office.get(f"/admin/stock/{code}/{page}?{field}={day}")
        assert told.status_code == 422
        assert at(told, field).startswith("This is no day")
        assert "empty-state" not in told.text, "nothing is said of what was not looked for"
    file = await office.get(f"/admin/stock/{code}/history.csv?since={day}")
    assert file.status_code == 422
    assert (await office.get(f"/admin/stock/{code}/as-of")).status_code == 200


async def test_a_day_typed_is_a_day_shown(house: PageHouse) -> None:
    code = await sku(house.trade)
    office = await house.worker("manager")
    hand = await house.worker("receiver", "putaway", warehouses=["SZX1"])
    await office.get("/admin/arrivals/new")
    form = {
        "reference": "DN-DAY",
        "node": "SZX1",
        "expected_on": "2027-01-05",
        "lines": f"{code},3",
    }
    made = await office.post("/admin/arrivals/new", form)
    one = made.headers["location"].removeprefix(house.base)
    await office.get("/admin/transfers")
    sent = {"from": "YIW1", "to": "SZX1", "reference": "weekly", "expected_on": "2027-01-05",
            "lines": f"{code} 1"}  # fmt: skip
    drawn = await office.post("/admin/transfers", sent)
    other = drawn.headers["location"].removeprefix(house.base)
    for reader, path in (
        (office, "/admin/arrivals"), (office, one), (hand, "/staff/arrivals"),
        (office, "/admin/transfers"), (office, other),
    ):  # fmt: skip
        page = (await reader.get(path)).text
        assert ">Jan 5, 2027</time>" in page, path
        assert "23:59" not in page


async def test_empty_pages_speak_of_the_trade(house: PageHouse) -> None:
    owner = await house.worker("owner")
    hand = await house.worker("packer")
    for path, way in (
        ("/admin/stock", "/staff/arrivals"), ("/admin/arrivals", "/admin/arrivals/new"),
        ("/admin/transfers", "#new"), ("/admin/reconciliation/feeds", "/admin/keys"),
    ):  # fmt: skip
        page = (await owner.get(path)).text
        assert "POST /api" not in page
        if "empty-state" in page:
            state = page[page.index("empty-state") :]
            assert f'{way}"' in state, path
            assert "/developers/reference#post-api-v1-" in state
    plain = (await hand.get("/admin/transfers")).text
    assert 'href="#new"' not in plain, "nobody is sent to what they may not do"
