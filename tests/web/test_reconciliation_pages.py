"""The reconciliation in the office: differences with their one correction, feeds, periods."""

import re
from datetime import timedelta

import httpx
import msgspec

from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.sweep_feeds import sweep_feeds
from entrepot.kernel.principals import Job
from entrepot.platform.clock import system_clock
from entrepot.stock.feeds.types import NewFeedEvents, NewSnapshot
from tests.flows.counting import into, move, sku
from tests.flows.trade import Trade, stamp
from tests.web.page_house import Browser, PageHouse

ROOT = "/admin/reconciliation"


async def send(browser: Browser, page: str, action: str, **fields: str) -> httpx.Response:
    """A form of a page, sent with a key of its own."""
    await browser.get(page)
    return await browser.post(action, fields)


async def falsify(house: PageHouse, code: str, amount: int) -> None:
    trade = house.trade
    owner = await trade.server.owner(trade.tenant)
    done = await owner.execute(
        "update stock.balance set on_hand = on_hand + $2 where sku_id ="
        " (select sku_id from catalog.sku where code = $1)", code, amount,
    )  # fmt: skip
    await owner.close()
    assert done == "UPDATE 1"


async def test_a_difference_is_found_shown_and_corrected_once(house: PageHouse) -> None:
    code = await sku(house.trade)
    await move(house.trade, into(code, 20))
    await falsify(house, code, 6)
    owner = await house.worker("owner")
    done = await send(owner, ROOT, ROOT, mode="full")
    assert done.status_code == 303
    listed = (await owner.get(ROOT)).text
    rows = re.findall(r"<tr>.*?</tr>", listed, re.DOTALL)
    row = next(r for r in rows if code in r and "<strong>+6</strong>" in r)
    assert "Changed by hand" in row
    link = re.search(rf"{ROOT}/differences/[0-9a-f-]+", row)
    assert link is not None
    one = (await owner.get(link.group())).text
    assert "It says 26 and should say 20." in one
    assert "Received" in one, "the movements that made the number"
    assert (await send(owner, link.group(), link.group())).status_code == 303
    shown = (await owner.get(link.group())).text
    assert "Corrected" in shown
    assert "Make it 20" not in shown
    csv = await owner.get(f"{ROOT}/export/runs")
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.lstrip("\ufeff").startswith("began_at,mode")
    assert (await owner.get(f"{ROOT}/export/everything")).status_code == 404
    await send(owner, ROOT, ROOT, mode="incremental")
    assert "The books agree" in (await owner.get(ROOT)).text


async def test_the_chart_has_its_table_and_its_own_script(house: PageHouse) -> None:
    owner = await house.worker("owner")
    await send(owner, ROOT, ROOT, mode="full")
    text = (await owner.get(ROOT)).text
    assert 'data-chart="line" data-table="runs"' in text
    assert '<table class="table" id="runs">' in text
    assert text.count("/static/chart-") == 2, "its script and its style"
    assert "/static/chart-" not in (await owner.get("/admin/stock")).text


async def test_feeds_and_the_way_down_to_the_events(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 5))
    moment = system_clock() - timedelta(seconds=90)
    for sequence in (1, 2):
        event = {"sequence": sequence, "sku": code, "delta": 3, "at": moment}
        new = msgspec.convert({"feed": "erp", "node": "SZX1", "events": [event]}, NewFeedEvents)
        await post_stock_events(trade.db, trade.staff, stamp(), new=new)
    owner = await house.worker("owner")
    given = {"node": "SZX1", "stale_after_s": "300", "stale_policy": "stop", "lag_limit_s": "60"}
    assert (await send(owner, f"{ROOT}/feeds", f"{ROOT}/feeds", **given)).status_code == 303
    wrong = await send(owner, f"{ROOT}/feeds", f"{ROOT}/feeds", **given | {"buffer": "many"})
    assert wrong.status_code == 422
    await sweep(trade)
    text = (await owner.get(f"{ROOT}/feeds")).text
    assert "Told twice" in text
    assert re.search(
        r'<strong>1</strong></td>\s*<td data-label="Units that differ" class="num">3<', text
    )
    assert "Too late" in text
    assert 'data-table="lags"' in text
    down = (await owner.get(f"{ROOT}/feeds/SZX1/erp/{code}")).text
    assert "We have 11, the source has 8: a difference of -3." in down
    assert down.count("<strong>+3</strong>") == 2
    alarm = re.search(rf"{ROOT}/alarms/[0-9a-f-]+", text)
    assert alarm is not None
    assert (await send(owner, f"{ROOT}/feeds", alarm.group())).status_code == 303
    again = await send(owner, f"{ROOT}/feeds", alarm.group())
    assert again.status_code == 409
    assert "Nothing differs now." in (await owner.get(f"{ROOT}/feeds/SZX1/erp/{code}")).text
    assert (await owner.get(f"{ROOT}/feeds/SZX1/nobody/{code}")).status_code == 404
    assert "erp" in (await owner.get(f"{ROOT}/feeds/export")).text


async def test_a_drift_names_its_lot_and_its_piece(house: PageHouse) -> None:
    trade = house.trade
    lots, pieces = await sku(trade, lot_tracked=True), await sku(trade, serial_tracked=True)
    await move(trade, into(lots, 4, lot="LOT-A"), into(pieces, 1, serial="SN-1"))
    told = {
        "feed": "wms", "node": "SZX1", "as_of": system_clock(), "counted": "gross",
        "lines": [{"sku": lots, "qty": 4, "lot": "LOT-B"}, {"sku": pieces, "qty": 0}],
    }  # fmt: skip
    new = msgspec.convert(told, NewSnapshot)
    await post_stock_snapshots(trade.db, trade.staff, stamp(), new=new)
    owner = await house.worker("owner")
    rows = re.findall(r"<tr>.*?</tr>", (await owner.get(ROOT)).text, re.DOTALL)
    of_piece = next(row for row in rows if pieces in row)
    assert 'Serial <span class="code">SN-1</span>' in of_piece
    assert "<strong>-1</strong>" in of_piece
    of_b = next(row for row in rows if lots in row and "LOT-B" in row)
    assert 'Lot <span class="code">LOT-B</span>' in of_b
    down = (await owner.get(f"{ROOT}/feeds/SZX1/wms/{lots}")).text
    assert "The sum is the same, but lots or serials differ by 8." in down
    assert "LOT-A" in down
    assert "8 by lot and serial" in (await owner.get(f"{ROOT}/feeds")).text
    fixed = re.search(rf"{ROOT}/drifts/[0-9a-f-]+", of_b)
    assert fixed is not None
    assert (await send(owner, ROOT, fixed.group())).status_code == 303
    down = (await owner.get(f"{ROOT}/feeds/SZX1/wms/{lots}")).text
    assert "We have 8, the source has 4: a difference of -4." in down


async def sweep(trade: Trade) -> None:
    job = Job(trade.tenant.tenant, "test", None, frozenset({"feeds:read"}))
    await sweep_feeds(trade.db, job, stamp())


async def test_periods_are_closed_looked_at_and_opened_again(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 7))
    owner = await house.worker("owner")
    page = f"{ROOT}/periods"
    bad = await send(owner, page, page, code="bad code", until="2026-01-01")
    assert bad.status_code == 422
    later = await send(owner, page, page, code="P1", until="2999-01-01")
    assert later.status_code == 422
    day = (system_clock() - timedelta(days=1)).date().isoformat()
    assert (await send(owner, page, page, code="P1", until=day)).status_code == 303
    text = (await owner.get(page)).text
    assert f"{page}/P1" in text
    assert (await owner.get(f"{page}/P1")).status_code == 200
    assert (await owner.get(f"{page}/P9")).status_code == 404
    assert (await owner.get(f"{page}/P1/export")).text.lstrip("\ufeff").startswith("sku,node")
    assert (await send(owner, page, page, reopen="P1")).status_code == 303
    assert "Opened again" in (await owner.get(page)).text


async def test_who_sees_it(house: PageHouse) -> None:
    finance = await house.worker("finance")
    assert (await finance.get(f"{ROOT}/periods")).status_code == 200
    receiver = await house.worker("receiver")
    for page in ("", "/feeds", "/periods"):
        assert (await receiver.get(ROOT + page)).status_code == 403
