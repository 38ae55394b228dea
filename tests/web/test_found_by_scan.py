"""A scan on a list of work opens the one thing it stands for and guesses nothing; goods are named
in the reader's language; sheets are counted along the bins."""

import re
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from entrepot.flows.announce_goods import announce_goods
from entrepot.flows.create_bins import create_bins
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_transfer import create_transfer
from entrepot.flows.list_counts_to_walk import list_counts_to_walk
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.nodes.types import NewBins
from entrepot.stock.arrivals.types import NewAsn
from entrepot.stock.transfers.types import NewTransfer
from entrepot.stock.types import NewReservation, NewReservationLine
from tests.flows.counting import into, move, opened, sku
from tests.flows.trade import Trade, stamp
from tests.web.page_house import Browser, PageHouse

GTIN = "4006381333931"
BINS = ("A-01-01-1", "A-01-02-1")


@pytest.fixture(scope="module")
async def goods(house: PageHouse) -> tuple[str, str]:
    """Two SKUs in two bins, the first with a GTIN and a Chinese name; a shop sells both."""
    trade = house.trade
    channel = NewChannel(code="WEB", names={"en": "Web"}, pool=[PoolNode("SZX1", 1)])
    await create_channel(trade.db, trade.staff, stamp(), new=channel)
    bins = msgspec.convert({"bins": [{"code": "PACK-1", "class": "packed"}]}, NewBins)
    await create_bins(trade.db, trade.staff, stamp(), node="SZX1", new=bins)
    cup = await sku(trade, names={"en": "Blue cup", "zh-CN": "蓝色杯子"}, gtins=[GTIN])
    tea = await sku(trade, names={"en": "Green tea"})
    for code, place in ((cup, BINS[0]), (tea, BINS[1])):
        await move(trade, into(code, 50, place))
    return cup, tea


async def order(trade: Trade, reference: str, *codes: str) -> str:
    lines = [NewReservationLine(code, 2, "SZX1") for code in codes]
    made = await reserve_stock(
        trade.db, trade.staff, stamp(), NewReservation(reference, "WEB", lines)
    )
    return f"/staff/picks/{made.id}"


async def scan(reader: Browser, page: str, code: str) -> httpx.Response:
    return await reader.get(f"/staff/{page}?code={quote(code, safe='')}")


def opens(answer: httpx.Response, path: str) -> bool:
    return answer.status_code == 303 and answer.headers["location"].endswith(path)


async def test_an_order_is_found_by_its_number_its_goods_or_a_bin(
    house: PageHouse, goods: tuple[str, str]
) -> None:
    cup, tea = goods
    first = await order(house.trade, "SO-1", cup)
    second = await order(house.trade, "SO-2", tea)
    hand = await house.worker("packer", warehouses=["SZX1"])
    assert "autofocus" in (await hand.get("/staff/picks")).text
    for code in ("SO-1", cup, GTIN, BINS[0], BINS[0].lower(), " SO-1 "):
        assert opens(await scan(hand, "picks", code), first), code
    assert opens(await scan(hand, "picks", tea), second)
    both = await order(house.trade, "SO-3", cup, tea)
    several = await scan(hand, "picks", GTIN)
    assert several.status_code == 200
    assert "Which one?" in several.text
    assert (first in several.text, both in several.text, second in several.text) == (
        True, True, False,
    )  # fmt: skip
    for code in ("NO-SUCH", "A-99", "PACK-1", "%", "\x00"):
        none = await scan(hand, "picks", code)
        assert none.status_code == 200
        assert ("fits nothing" in none.text) == (code != "\x00")
        assert all(path in none.text for path in (first, second, both)), "all are there still"
        assert 'name="code" type="text" required' in none.text
        assert 'value="NO-SUCH"' not in none.text, "the next scan stands alone"
    stranger = await house.worker("packer", warehouses=["YIW1"])
    assert "fits nothing" in (await scan(stranger, "picks", "SO-1")).text


async def test_goods_are_named_in_the_reader_s_language(
    house: PageHouse, goods: tuple[str, str]
) -> None:
    path = await order(house.trade, "SO-9", *goods)
    hand = await house.worker("packer", warehouses=["SZX1"])
    assert '<strong class="goods-name">Blue cup</strong>' in (await hand.get(path)).text
    chinese = (await hand.get(f"{path}?lang=zh-CN")).text
    assert '<strong class="goods-name">蓝色杯子</strong>' in chinese
    assert "Green tea" in chinese, "what has no Chinese name keeps the one it has"


async def test_a_transfer_is_found_where_its_work_is(
    house: PageHouse, goods: tuple[str, str]
) -> None:
    cup, tea = goods
    trade = house.trade
    made = []
    for one, there, code in (("SZX1", "YIW1", cup), ("YIW1", "SZX1", cup), ("SZX1", "YIW1", tea)):
        document: dict[str, Any] = {"from": one, "to": there, "reference": f"weekly {len(made)}",
                                    "lines": [{"sku": code, "qty": 2}]}  # fmt: skip
        new = msgspec.convert(document, NewTransfer)
        made.append(await create_transfer(trade.db, trade.staff, stamp(), new=new))
    hand = await house.worker("putaway", "receiver", warehouses=["SZX1"])
    for code in (made[0].code, made[0].code.lower(), "weekly 0", cup, GTIN):
        # the second one is for the other end to send, so the goods mean ours
        assert opens(await scan(hand, "transfers", code), f"/staff/transfers/{made[0].id}"), code
    assert opens(await scan(hand, "transfers", made[1].code), f"/staff/transfers/{made[1].id}")
    assert "fits nothing" in (await scan(hand, "transfers", "TEA-??")).text
    page = (await hand.get(f"/staff/transfers/{made[0].id}")).text
    assert '<strong class="goods-name">Blue cup</strong>' in page


async def test_an_announcement_is_found_but_a_blind_one_tells_nothing(
    house: PageHouse, goods: tuple[str, str]
) -> None:
    cup, tea = goods
    trade = house.trade
    made = []
    for reference, code, blind in (("DN-1", cup, False), ("DN-2", tea, True)):
        document = {"reference": reference, "node": "SZX1", "expected_at": "2027-01-05T00:00:00Z",
                    "blind": blind, "lines": [{"code": code, "qty": 5}]}  # fmt: skip
        new = msgspec.convert(document, NewAsn)
        made.append((await announce_goods(trade.db, trade.staff, stamp(), new=new)).id)
    hand = await house.worker("receiver", warehouses=["SZX1"])
    lead = await house.worker("manager", warehouses=["SZX1"])
    for code in ("DN-1", cup, GTIN):
        assert opens(await scan(hand, "arrivals", code), f"/staff/arrivals/{made[0]}")
    assert opens(await scan(hand, "arrivals", "DN-2"), f"/staff/arrivals/{made[1]}")
    assert "fits nothing" in (await scan(hand, "arrivals", tea)).text
    assert opens(await scan(lead, "arrivals", tea), f"/staff/arrivals/{made[1]}")


async def test_sheets_stand_along_the_bins_and_are_found_by_them(
    house: PageHouse, goods: tuple[str, str]
) -> None:
    cup, _ = goods
    trade = house.trade
    far = await opened(trade, bin_="A-01-02-2")
    near = await opened(trade, cup, bin_=BINS[0])
    middle = await opened(trade, bin_=BINS[1])
    hand = await house.worker("putaway", warehouses=["SZX1"])
    listed = (await hand.get("/staff/counts")).text
    shown = re.findall(r"counts/([0-9a-f-]{36})", listed)
    assert shown == [str(near), str(middle), str(far)]
    assert "Blue cup" in listed
    rest = (await hand.get(f"/staff/counts?after={near}")).text
    assert f"counts/{near}" not in rest
    assert f"counts/{middle}" in rest
    for code, one in ((BINS[1].lower(), middle), (cup, near), (GTIN, near), (BINS[0], near)):
        assert opens(await scan(hand, "counts", code), f"/staff/counts/{one}")
    assert "fits nothing" in (await scan(hand, "counts", "B-77")).text
    stranger = await house.worker("putaway", warehouses=["YIW1"])
    assert str(near) not in (await stranger.get("/staff/counts")).text
    elsewhere = msgspec.structs.replace(trade.staff, warehouses=frozenset({"YIW1"}))
    for code in ("", cup, BINS[0]):
        assert await list_counts_to_walk(
            trade.db, elsewhere, warehouse="SZX1", most=9, code=code
        ) == []  # fmt: skip
