"""Counting on the phone, from the list to the decision."""

import re

import msgspec
import pytest

from entrepot.catalog.types import NewSku
from entrepot.flows.create_sku import create_sku
from entrepot.flows.post_movements import post_movements
from entrepot.kernel.refusals import Invalid
from entrepot.stock.types import NewMovements
from entrepot.web.count_sheets import read_lines
from tests.flows.trade import stamp
from tests.web.page_house import PageHouse

COUNT = re.compile(r"/staff/counts/([0-9a-f-]{36})")


def test_a_scanner_alone_is_enough() -> None:
    sheet = read_lines("TEA\nTEA\n\n  CUP x 12\nJAR,3,LOT7,damaged\nPOT\t4\nBOX 5", "stock")
    assert [(g.sku, g.counted, g.lot, g.status) for g in sheet.goods] == [
        ("TEA", 1, "", "good"), ("TEA", 1, "", "good"), ("CUP", 12, "", "good"),
        ("JAR", 3, "LOT7", "damaged"), ("POT", 4, "", "good"), ("BOX", 5, "", "good"),
    ]  # fmt: skip
    assert read_lines("SF1\nSF2", "parcels").tracking_numbers == ["SF1", "SF2"]
    assert read_lines(" \n", "stock").goods == []


def test_every_line_that_is_none_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        read_lines("TEA many\nCUP 2\nJAR -1", "stock")
    assert [e.path for e in refused.value.errors] == ["goods[0].counted", "goods[2].counted"]


async def test_from_the_list_to_the_decision(house: PageHouse) -> None:
    trade = house.trade
    new = msgspec.convert({"code": "TEA", "names": {"en": "Tea"}}, NewSku)
    await create_sku(trade.db, trade.staff, stamp(), new=new)
    line = {"sku": "TEA", "qty": 8, "reason": "receipt",
            "to": {"node": "SZX1", "bin": "A-01-01-1"}}  # fmt: skip
    document = msgspec.convert({"reference": "R", "lines": [line]}, NewMovements)
    await post_movements(trade.db, trade.staff, stamp(), document=document)
    lead = await house.worker("manager", warehouses=["SZX1"])
    hand = await house.worker("putaway", warehouses=["SZX1"])
    empty = await lead.get("/staff/counts")
    assert "Nothing to count" in empty.text
    wrong = await lead.post("/staff/counts", {"what": "stock", "bin": "NO-BIN"})
    assert (wrong.status_code, "No such bin" in wrong.text) == (404, True)
    made = await lead.post("/staff/counts", {"what": "stock", "bin": "a-01-01-1"}, key="one")
    assert made.status_code == 303
    count = COUNT.search(made.headers["location"])[1]  # type: ignore[index]
    listed = await hand.get("/staff/counts")
    assert count in listed.text
    assert "Open sheet" not in listed.text, "a hand opens no sheets"
    for round_ in (1, 2):
        sheet = await hand.get(f"/staff/counts/{count}")
        assert ("Please count again" in sheet.text) == (round_ == 2)
        begun = await hand.post(f"/staff/counts/{count}/begin", {}, key=f"b{round_}")
        assert begun.status_code == 303
        assert "Scan everything" in (await hand.get(f"/staff/counts/{count}")).text
        bad = await hand.post(
            f"/staff/counts/{count}/sheet", {"lines": "TEA 2\nNOPE 1"}, key=f"x{round_}"
        )
        assert bad.status_code == 422
        assert "NOPE 1" in bad.text
        assert "TEA 2" in bad.text, "what was typed is kept"
        done = await hand.post(
            f"/staff/counts/{count}/sheet", {"lines": "TEA 5\nTEA"}, key=f"s{round_}"
        )
        assert done.status_code == 303
    blind = await hand.get(f"/staff/counts/{count}")
    assert "Waits for a decision" in blind.text
    assert ("Approve" in blind.text, "Book" in blind.text) == (False, False)
    own, theirs = (await hand.get("/admin")).text, (await lead.get("/admin")).text
    assert ("Yours, waiting" in own, "For you to decide" in own, count in own) == (
        True,
        False,
        True,
    )
    assert ("Yours, waiting" in theirs, "For you to decide" in theirs, count in theirs) == (
        False, True, True,
    )  # fmt: skip
    seen = await lead.get(f"/staff/counts/{count}")
    assert "<strong>-2</strong>" in seen.text
    assert (await hand.post(f"/staff/counts/{count}/approve", {}, key="no")).status_code == 403
    await lead.get(f"/staff/counts/{count}")
    assert (await lead.post(f"/staff/counts/{count}/approve", {})).status_code == 303
    assert "2 units were posted." in (await lead.get(f"/staff/counts/{count}")).text
    planned = await lead.get("/staff/counts")
    assert planned.status_code == 200
    due = await lead.post("/staff/counts", {"what": "stock", "rule": "abc"}, key="due")
    assert due.headers["location"].endswith("planned=1")
    assert "1 sheet opened." in (await lead.get("/staff/counts?planned=1")).text


async def test_a_sheet_of_one_sku_says_which(house: PageHouse) -> None:
    """Whoever stands before the bin would else count everything in it."""
    trade = house.trade
    new = msgspec.convert({"code": "JASMINE", "names": {"en": "Jasmine tea"}}, NewSku)
    await create_sku(trade.db, trade.staff, stamp(), new=new)
    hand = await house.worker("manager", warehouses=["SZX1"])
    await hand.get("/staff/counts")
    asked = {"what": "stock", "bin": "A-01-01-2", "sku": "JASMINE"}
    made = await hand.post("/staff/counts", asked, key="jasmine")
    assert made.status_code == 303, made.text
    path = "/staff/counts/" + COUNT.search(made.headers["location"])[1]  # type: ignore[index]
    assert "JASMINE" in (await hand.get(path)).text
    assert (await hand.post(f"{path}/begin", {}, key="jb")).status_code == 303
    sheet = (await hand.get(path)).text
    assert "Count JASMINE only" in sheet
    assert "Scan everything" not in sheet
    assert "there is none of it here" in sheet


async def test_another_warehouse_has_no_such_sheet(house: PageHouse) -> None:
    stranger = await house.worker("manager", warehouses=["YIW1"])
    owner = await house.worker("owner")
    await owner.get("/staff/warehouse")
    await owner.post("/staff/warehouse", {"warehouse": "SZX1"})
    await owner.get("/staff/counts")
    made = await owner.post("/staff/counts", {"what": "parcels", "bin": "A-01-02-1"}, key="p")
    path = made.headers["location"].removeprefix(house.base)
    assert (await owner.get(path)).status_code == 200
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/begin", {}, key="q")).status_code == 404
