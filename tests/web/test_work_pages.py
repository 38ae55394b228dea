"""Transfers and picking on the phone, transfers in the office: from the list to the last unit."""

import re
from datetime import time
from typing import Any

import msgspec
import pytest

from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_channel import create_channel
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.refusals import Invalid
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.nodes.types import NewBins
from entrepot.stock.types import NewReservation, NewReservationLine
from entrepot.web.forms import Form
from entrepot.web.transfer_lines import read_goods
from tests.flows.counting import into, move, sku
from tests.flows.trade import stamp
from tests.web.page_house import Browser, PageHouse

ONE = re.compile(r"/(?:admin|staff)/transfers/([0-9a-f-]{36})")


def test_lines_of_a_scanner_and_of_a_sheet() -> None:
    assert read_goods("TEA\n\nCUP x 12\nJAR,3,LOT7\nTV\t1\t\tSN-1") == [
        {"sku": "TEA", "qty": 1}, {"sku": "CUP", "qty": 12},
        {"sku": "JAR", "qty": 3, "lot": "LOT7"}, {"sku": "TV", "qty": 1, "serial": "SN-1"},
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        read_goods("TEA many\nCUP\nJAR -1", "lines")
    assert [e.path for e in refused.value.errors] == ["lines[0].qty", "lines[2].qty"]


def test_the_day_in_a_form_is_one_of_the_places_own() -> None:
    form = Form({"on": "2026-11-22", "no": "31.12.", "past": "9999-12-31"}, {}, {})
    at = time(23, 59, 59)
    assert form.instant("on", at=at, zone="Asia/Shanghai") == "2026-11-22T15:59:59+00:00"
    for wrong in ("no", "past", "missing"):
        with pytest.raises(Invalid) as refused:
            form.instant(wrong, at=at, zone="America/New_York")
        assert refused.value.errors[0].path == wrong


async def drawn_up(office: Browser, code: str, qty: int = 6) -> str:
    await office.get("/admin/transfers")
    fields = {"from": "szx1", "to": "YIW1", "reference": "weekly", "expected_on": "2020-01-01",
              "lines": f"{code} {qty}"}  # fmt: skip
    made = await office.post("/admin/transfers", fields)
    assert made.status_code == 303, made.text
    found = ONE.search(made.headers["location"])
    assert found
    return found[1]


async def test_a_transfer_from_the_office_over_the_road_to_the_last_unit(
    house: PageHouse,
) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 9))
    office = await house.worker("manager")
    sender = await house.worker("putaway", warehouses=["SZX1"])
    receiver = await house.worker("receiver", warehouses=["YIW1"])
    await office.get("/admin/transfers")
    wrong = await office.post(
        "/admin/transfers",
        {"from": "SZX1", "to": "SZX1", "reference": "r", "lines": f"{code} some"},
        key="a",
    )
    assert (wrong.status_code, f"{code} some" in wrong.text) == (422, True)
    assert wrong.text.count('<option value="SZX1" selected>') == 2, "chosen, not typed, and kept"
    one = await drawn_up(office, code)
    path = f"/staff/transfers/{one}"
    listed = await sender.get("/staff/transfers")
    assert one in listed.text
    assert "It leaves now" in (await sender.get(path)).text
    assert "It leaves now" not in (await receiver.get(path)).text
    many = await sender.post(f"{path}/send", {"lines": f"{code} 7"}, key="b")
    assert (many.status_code, "More than was asked for" in many.text) == (409, True)
    assert (await sender.post(f"{path}/send", {"lines": f"{code}\n{code} 4"})).status_code == 303
    late = (await office.get("/admin/transfers?show=late")).text
    assert "5 units under way" in late
    assert "Late" in late
    assert one in (await receiver.get("/staff/transfers")).text
    await receiver.get(path)
    scan = await receiver.post(f"{path}/receive", {"code": code, "qty": "2"}, key="c")
    assert scan.headers["location"].endswith("?done=2")
    shown = (await receiver.get(f"{path}?done=2")).text
    assert "2 of 5 are here" in shown
    over = await receiver.post(f"{path}/receive", {"code": code, "qty": "9"}, key="d")
    assert (over.status_code, "More than was sent" in over.text) == (409, True)
    again = await receiver.post(f"{path}/receive", {"code": code, "qty": "2"}, key="c")
    assert again.status_code == 303
    broken = {"code": code, "status": "damaged", "bin": "y-01-01-1"}
    assert (await receiver.post(f"{path}/receive", broken, key="e")).status_code == 303
    assert (await receiver.post(f"{path}/close", {"reason": "lost"}, key="f")).status_code == 303
    done = (await receiver.get(path)).text
    assert "lost on the way" in done
    assert "2 lost" in done
    told = (await office.get(f"/admin/transfers/{one}")).text
    assert "Closed short" in told
    assert one in (await office.get("/admin/transfers?show=closed")).text


async def test_a_large_loss_on_the_way_waits_for_a_second_person(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 9))
    office, other = await house.worker("manager"), await house.worker("manager")
    receiver = await house.worker("receiver", warehouses=["YIW1"])
    one = await drawn_up(office, code, 8)
    path = f"/staff/transfers/{one}"
    await office.get(path)
    assert (await office.post(f"{path}/send", {})).status_code == 303
    await office.get(f"/admin/transfers/{one}")
    closed = await office.post(f"/admin/transfers/{one}/close", {"reason": "lost"}, key="l1")
    assert closed.status_code == 303
    shown = (await office.get(f"/admin/transfers/{one}")).text
    assert "The loss waits for a second person" in shown
    assert "Close short" not in shown
    phone = (await receiver.get(path)).text
    assert "The loss waits for a second person" in phone
    assert "Close short" not in phone
    early = await receiver.post(f"{path}/close", {"reason": "lost"}, key="l2")
    assert (early.status_code, "It waits already" in early.text) == (409, True)
    found = re.search(r"/admin/adjustments/([0-9a-f-]{36})", shown)
    assert found
    request = f"/admin/adjustments/{found[1]}"
    asked = (await other.get(request)).text
    assert "Lost on the way" in asked
    assert f"/admin/transfers/{one}" in asked
    own = await office.get(request)
    assert "Approve and post" not in own.text
    refused = await office.post(f"{request}/approve", {"note": ""}, key="l3")
    assert (refused.status_code, "Another person decides" in refused.text) == (403, True)
    assert (await other.post(f"{request}/approve", {"note": ""}, key="l4")).status_code == 303
    done = (await office.get(f"/admin/transfers/{one}")).text
    assert "Closed short" in done
    assert "The loss waits" not in done


async def test_all_at_once_and_called_off(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 9))
    office = await house.worker("manager")
    one, two = await drawn_up(office, code, 2), await drawn_up(office, code, 2)
    await office.get(f"/staff/transfers/{one}")
    assert (await office.post(f"/staff/transfers/{one}/send", {}, key="s")).status_code == 303
    late = await office.post(f"/staff/transfers/{one}/cancel", {}, key="t")
    assert late.status_code == 409
    assert (await office.post(f"/staff/transfers/{one}/all", {}, key="u")).status_code == 303
    assert "All of it is here." in (await office.get(f"/staff/transfers/{one}")).text
    assert (await office.post(f"/admin/transfers/{two}/cancel", {}, key="v")).status_code == 303
    assert "Called off" in (await office.get(f"/admin/transfers/{two}")).text
    assert (await office.post(f"/admin/transfers/{two}/x", {}, key="w")).status_code == 404


async def test_a_stranger_finds_neither(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 9))
    office = await house.worker("manager")
    one = await drawn_up(office, code)
    sender = await house.worker("putaway", warehouses=["SZX1"])
    await sender.get(f"/staff/transfers/{one}")
    await sender.post(f"/staff/transfers/{one}/send", {})
    path = f"/staff/transfers/{one}/receive"
    assert (await sender.post(path, {"code": code}, key="x")).status_code == 403
    both = await house.worker("putaway", "receiver", warehouses=["SZX1"])
    await both.get(f"/staff/transfers/{one}")
    assert (await both.post(path, {"code": code}, key="y")).status_code == 404
    plain = await house.worker("support", warehouses=["SZX1"])
    assert (await plain.get("/staff/picks")).status_code == 403


async def ordered(house: PageHouse, code: str, qty: int) -> str:
    new = NewReservation(f"ORDER-{code}", "WEB", [NewReservationLine(code, qty, "SZX1")])
    made = await reserve_stock(house.trade.db, house.trade.staff, stamp(), new)
    return str(made.id)


async def shop(house: PageHouse) -> None:
    """A channel that sells from SZX1, and a bin to pack in."""
    trade = house.trade
    channel = NewChannel(code="WEB", names={"en": "Web"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(trade.db, trade.staff, stamp(), new=channel)
    bins = msgspec.convert({"bins": [{"code": "PACK-1", "class": "packed"}]}, NewBins)
    await create_bins(trade.db, trade.staff, stamp(), node="SZX1", new=bins)


async def test_who_has_none_of_an_order_any_more_reads_where_it_went(house: PageHouse) -> None:
    trade = house.trade
    pool = [PoolNode("SZX1", 1), PoolNode("YIW1", 2)]
    both = NewChannel(code="BOTH", names={"en": "Both"}, pool=pool)
    await create_channel(trade.db, trade.staff, stamp(), new=both)
    code = await sku(trade)
    for node in ("SZX1", "YIW1"):
        line: dict[str, Any] = into(code, 2)
        line["to"] = {"node": node}
        await move(trade, line)
    wanted = NewReservation(f"MOVES-{code}", "BOTH", [NewReservationLine(code, 2, "SZX1")])
    order = (await reserve_stock(trade.db, trade.staff, stamp(), wanted)).id
    packer = await house.worker("packer", warehouses=["SZX1"])
    path = f"/staff/picks/{order}"
    first = (await packer.get(path)).text
    dock = re.search(r'pick-bin code">([^<]+)<', first)
    assert dock is not None
    gone = {"sku": code, "bin": dock[1]}
    moved = await packer.post(f"{path}/short", gone, key="moved")
    assert moved.status_code == 303
    assert moved.headers["location"].endswith(f"{path}?done=short")
    shown = (await packer.get(f"{path}?done=short")).text
    assert "Another warehouse sends it now." in shown
    assert re.search(r"2 ×</strong> <span class=\"tag code\">YIW1<", shown)
    assert "form" in shown and f"{path}/pick" not in shown
    assert f"MOVES-{code}" not in (await packer.get("/staff/picks")).text


async def test_an_order_is_picked_scan_by_scan(house: PageHouse) -> None:
    trade = house.trade
    await shop(house)
    code = await sku(trade)
    bins = ("A-01-01-1", "A-01-02-1")
    for place in bins:
        line: dict[str, Any] = into(code, 3)
        line["to"] = {"node": "SZX1", "bin": place}
        await move(trade, line)
    order = await ordered(house, code, 4)
    packer = await house.worker("packer", warehouses=["SZX1"])
    assert f"ORDER-{code}" in (await packer.get("/staff/picks")).text
    path = f"/staff/picks/{order}"
    first = (await packer.get(path)).text
    assert f'pick-bin code">{bins[0]}<' in first
    assert "autofocus" in first
    scan = {"code": code, "qty": "3", "bin": bins[0], "sku": code}
    wrong = await packer.post(f"{path}/pick", {**scan, "code": "NO-SUCH"}, key="a")
    assert (wrong.status_code, "No such SKU" in wrong.text) == (404, True)
    many = await packer.post(f"{path}/pick", {**scan, "qty": "three"}, key="q")
    assert (many.status_code, 'name="qty" type="text" value="three"' in many.text) == (422, True)
    assert 'aria-invalid="true"' in many.text
    assert (await packer.post(f"{path}/pick", scan, key="b")).status_code == 303
    again = await packer.post(f"{path}/pick", scan, key="b")
    assert again.status_code == 303, "the same tap again is the same pick"
    second = (await packer.get(path)).text
    assert f'pick-bin code">{bins[1]}<' in second
    assert "3 of 4 picked" in second
    gone = {"sku": code, "bin": bins[1]}
    assert (await packer.post(f"{path}/short", gone, key="c")).status_code == 303
    short = (await packer.get(f"{path}?done=short")).text
    assert "The bin will be counted" in short
    assert "No more can be fetched now." in short
    back = {"sku": code, "bin": "PACK-1", "qty": "1"}
    assert (await packer.post(f"{path}/unpick", back, key="d")).status_code == 303
    assert f'pick-bin code">{bins[0]}<' in (await packer.get(path)).text
    assert (await packer.post(f"{path}/pick", {**scan, "qty": "9"}, key="e")).status_code == 409
    stranger = await house.worker("packer", warehouses=["YIW1"])
    assert (await stranger.get(path)).status_code == 404
    assert (await packer.post(f"{path}/dance", {}, key="f")).status_code == 404
    assert await trade.violations() == {}
