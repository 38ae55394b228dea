"""Goods coming in on the pages: announced in the office, scanned on the phone, put away, back."""

import re

import msgspec
import pytest

from entrepot.catalog.types import NewSku
from entrepot.flows.create_sku import create_sku
from entrepot.flows.post_movements import post_movements
from entrepot.stock.types import NewMovements
from tests.flows.trade import stamp
from tests.web.page_house import Browser, PageHouse

ASN = re.compile(r"/arrivals/([0-9a-f-]{36})")
UNDO = re.compile(r"/staff/arrivals/stow/([0-9a-f-]{36})/undo")


@pytest.fixture(scope="module")
async def goods(house: PageHouse) -> PageHouse:
    """Two SKUs: one plain with a box of six, one kept by lot and serial."""
    for new in (
        {"code": "TEA", "names": {"en": "Tea", "zh-CN": "茶"},
         "packs": [{"unit": "box", "base_quantity": "6", "gtins": ["4006381333931"]}]},
        {"code": "PHONE", "names": {"en": "Phone"}, "lot_tracked": True, "serial_tracked": True},
    ):  # fmt: skip
        sku = msgspec.convert(new, NewSku)
        await create_sku(house.trade.db, house.trade.staff, stamp(), new=sku)
    return house


async def announced(lead: Browser, reference: str, lines: str) -> str:
    """The id of an ASN that was announced by the form."""
    await lead.get("/admin/arrivals/new")
    form = {"reference": reference, "node": "SZX1", "expected_on": "2027-01-05", "lines": lines}
    made = await lead.post("/admin/arrivals/new", form, key=reference)
    assert made.status_code == 303, made.text
    found = ASN.search(made.headers["location"])
    assert found is not None
    return found[1]


async def test_from_the_office_to_the_bin(goods: PageHouse) -> None:
    lead = await goods.worker("manager", warehouses=["SZX1"])
    hand = await goods.worker("receiver", "putaway", warehouses=["SZX1"])
    assert "Nothing is announced" in (await lead.get("/admin/arrivals")).text
    await lead.get("/admin/arrivals/new")
    form = {"reference": "DN-7", "node": "SZX1", "expected_on": "2027-01-05"}
    wrong = await lead.post(
        "/admin/arrivals/new", form | {"lines": "TEA,many\nNOPE,1"}, key="wrong"
    )
    assert wrong.status_code == 422
    assert '<strong class="code">TEA,many</strong>' in wrong.text, (
        "the line is told as it was typed"
    )
    assert "Quantity · This is not of the right kind." in wrong.text
    strange = await lead.post(
        "/admin/arrivals/new", form | {"lines": "TEA,1\nNOPE,1"}, key="strange"
    )
    assert '<strong class="code">NOPE,1</strong>' in strange.text
    assert "rows[" not in wrong.text + strange.text
    assert "NOPE,1" in wrong.text, "what was typed is kept"
    asn = await announced(lead, "DN-7", "TEA\t2\tbox\nPHONE\t1")
    assert "(2 box)" in (await lead.get(f"/admin/arrivals/{asn}")).text
    assert "0 of 13 received" in (await hand.get("/staff/arrivals")).text
    path = f"/staff/arrivals/{asn}"
    await hand.get(path)
    unknown = await hand.post(path, {"code": "XXX", "qty": "3"}, key="u")
    assert (unknown.status_code, "Nothing bears this code" in unknown.text) == (404, True)
    assert 'value="XXX"' in unknown.text
    lot = await hand.post(path, {"code": "PHONE"}, key="l")
    assert lot.status_code == 422
    assert "kept by lot" in lot.text
    phone = {"code": "PHONE", "lot": "L1", "serials": "S1", "status": "good"}
    assert (await hand.post(path, phone, key="p")).status_code == 303
    for n in range(2):
        sent = await hand.post(path, {"code": "4006381333931"}, key=f"box{n}")
        assert sent.headers["location"].endswith("sku=TEA&units=6")
    again = await hand.post(path, {"code": "4006381333931"}, key="box1")
    assert again.status_code == 303, "the same form twice counts once"
    over = await hand.post(path, {"code": "TEA"}, key="over")
    assert over.status_code == 409
    assert "More than was announced" in over.text
    assert "Take it nevertheless" not in over.text, "a hand may not"
    await lead.get(path)
    asked = await lead.post(path, {"code": "TEA"}, key="over2")
    assert "Take it nevertheless" in asked.text
    taken = await lead.post(path, {"code": "TEA", "accept": "yes"}, key="over3")
    assert taken.status_code == 303
    shut = await hand.post(f"{path}/close", {"reason": ""}, key="close")
    assert shut.status_code == 303
    seen = (await lead.get(f"/admin/arrivals/{asn}")).text
    assert "Complete" in seen
    scanned = await hand.get("/staff/arrivals/stow?code=4006381333931")
    assert "These bins suit it" in scanned.text, "the code of the box leads to the goods"
    stray = await hand.get("/staff/arrivals/stow?code=NONE")
    assert (stray.status_code, "No such SKU" in stray.text) == (404, True)
    assert 'value="NONE"' in stray.text
    dock = await hand.get("/staff/arrivals/stow?sku=TEA&lot=&owner=&status=good")
    assert "These bins suit it" in dock.text
    stowed = await hand.post(
        "/staff/arrivals/stow",
        {"sku": "TEA", "lot": "", "owner": "", "status": "good", "to": "a-01-01-1", "qty": "13"},
        key="stow",
    )
    assert stowed.status_code == 303, stowed.text
    after = await hand.get(stowed.headers["location"].removeprefix(goods.base))
    undo = UNDO.search(after.text)
    assert undo is not None
    assert ">TEA</a>" not in after.text
    gone = await hand.get("/staff/arrivals/stow?code=TEA")
    assert (gone.status_code, "Not on the dock" in gone.text) == (404, True)
    assert (
        await hand.post(f"/staff/arrivals/stow/{undo[1]}/undo", {}, key="undo")
    ).status_code == 303
    assert ">TEA</span></a>" in (await hand.get("/staff/arrivals/stow")).text
    nowhere = await hand.post(
        "/staff/arrivals/stow",
        {"sku": "TEA", "lot": "", "owner": "", "status": "good", "to": "NO-1", "qty": "1"},
        key="nowhere",
    )
    assert (nowhere.status_code, "No such bin" in nowhere.text) == (404, True)


async def test_without_an_announcement_and_back_again(goods: PageHouse) -> None:
    lead = await goods.worker("manager", warehouses=["SZX1"])
    hand = await goods.worker("receiver", warehouses=["SZX1"])
    await hand.get("/staff/arrivals/receive")
    taken = await hand.post(
        "/staff/arrivals/receive", {"reference": "TRUCK 9", "code": "TEA", "qty": "4"}
    )
    assert "reference=TRUCK%209&sku=TEA&units=4" in taken.headers["location"]
    line = {"sku": "TEA", "qty": 2, "reason": "sale", "from": {"node": "SZX1"}}
    sold = msgspec.convert({"reference": "O-77", "lines": [line]}, NewMovements)
    await post_movements(goods.trade.db, goods.trade.staff, stamp(), document=sold)
    await hand.get("/staff/arrivals/returns")
    sent = {"reference": "O-77", "code": "TEA", "qty": "2", "status": "damaged"}
    back = await hand.post("/staff/arrivals/returns", sent, key="one")
    assert back.status_code == 303
    assert "2 units are back" in (
        await hand.get(back.headers["location"].removeprefix(goods.base))
    ).text  # fmt: skip
    many = await hand.post("/staff/arrivals/returns", sent, key="two")
    assert (many.status_code, "Too many" in many.text) == (409, True)
    none = await hand.post("/staff/arrivals/returns", sent | {"reference": "O-0"}, key="none")
    assert ("No such order" in none.text, "Take it without" in none.text) == (True, False)
    await lead.get("/staff/arrivals/returns")
    asked = await lead.post("/staff/arrivals/returns", sent | {"reference": "O-0"}, key="ask")
    assert "Take it without an order" in asked.text
    done = await lead.post(
        "/staff/arrivals/returns", sent | {"reference": "O-0", "without_sale": "yes"}, key="yes"
    )
    assert done.status_code == 303


async def test_another_warehouse_sees_nothing_of_it(goods: PageHouse) -> None:
    lead = await goods.worker("manager", warehouses=["SZX1"])
    stranger = await goods.worker("manager", warehouses=["YIW1"])
    asn = await announced(lead, "DN-8", "TEA,1")
    await stranger.get("/staff/arrivals")
    for path in (f"/staff/arrivals/{asn}", f"/admin/arrivals/{asn}"):
        assert (await stranger.get(path)).status_code == 404
    sent = await stranger.post(f"/staff/arrivals/{asn}", {"code": "TEA"}, key="s")
    assert sent.status_code == 404
    ended = await stranger.post(f"/admin/arrivals/{asn}/cancel", {}, key="c")
    assert ended.status_code == 404
    reader = await goods.worker("shipper", warehouses=["SZX1"])
    shown = await reader.get(f"/staff/arrivals/{asn}")
    assert (shown.status_code, "Scan what lies" in shown.text) == (200, False)
    assert (await reader.post(f"/staff/arrivals/{asn}", {"code": "TEA"}, key="r")).status_code in (
        403, 404,
    )  # fmt: skip
    await lead.get(f"/admin/arrivals/{asn}")
    assert (await lead.post(f"/admin/arrivals/{asn}/cancel", {}, key="x")).status_code == 303
    late = await lead.post(f"/admin/arrivals/{asn}/cancel", {}, key="y")
    assert (late.status_code, "Not possible now" in late.text) == (409, True)
    assert "DN-8" in (await lead.get("/admin/arrivals?state=cancelled&node=SZX1")).text
