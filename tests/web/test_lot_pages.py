"""Lots, recalls, adjustments and histories in the office, from the list to the decision."""

import re
from datetime import timedelta

from entrepot.kernel.calendars import local_day
from tests.flows.counting import into, move, out_of, sku
from tests.web.page_house import PageHouse

ADJUSTMENT = re.compile(r"/admin/adjustments/([0-9a-f-]{36})")
RECALL = re.compile(r"/admin/recalls/([0-9a-f-]{36})")
MOVEMENT = re.compile(r"/admin/movements/([0-9a-f-]{36})")
BIN = "A-01-01-1"


async def test_from_the_request_to_the_decision(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 20))
    asker = await house.worker("manager", warehouses=["SZX1"])
    lead = await house.worker("manager", warehouses=["SZX1"])
    hand = await house.worker("putaway", warehouses=["SZX1"])
    stranger = await house.worker("manager", warehouses=["YIW1"])
    assert "Adjust something" in (await asker.get("/admin/adjustments")).text
    wanted = {"node": "SZX1", "sku": code, "qty": "8", "bin": BIN, "cause": "broken scrap"}
    wrong = await asker.post("/admin/adjustments", {**wanted, "qty": "many"}, key="w")
    assert (wrong.status_code, "whole number" in wrong.text) == (422, True)
    gone = await asker.post("/admin/adjustments", {**wanted, "qty": "99"}, key="g")
    assert gone.status_code == 409
    assert f"{code} in {BIN}: 99 were asked for, 20 lie there." in gone.text
    made = await asker.post("/admin/adjustments", {**wanted, "note": "fell off"}, key="one")
    one = ADJUSTMENT.search(made.headers["location"])[1]  # type: ignore[index]
    seen = (await asker.get(f"/admin/adjustments/{one}")).text
    for text in ("Nothing has moved yet", "More units than one person", "fell off", "Withdraw"):
        assert text in seen, text
    assert "Approve and post" not in seen
    assert (await asker.post(f"/admin/adjustments/{one}/approve", {}, key="own")).status_code == 403
    own = (await asker.get("/admin")).text
    assert "Yours, waiting for somebody else" in own
    assert one in own
    assert "For you to decide" not in own
    theirs = (await lead.get("/admin")).text
    assert one in theirs
    assert "For you to decide" in theirs
    assert "Yours, waiting" not in theirs
    assert one not in (await hand.get("/admin")).text
    assert one not in (await stranger.get("/admin")).text
    assert (await stranger.get(f"/admin/adjustments/{one}")).status_code == 404
    assert "Adjust something" not in (await hand.get("/admin/adjustments")).text
    assert (await hand.post(f"/admin/adjustments/{one}/approve", {}, key="h")).status_code == 403
    assert "Approve and post" in (await lead.get(f"/admin/adjustments/{one}")).text
    done = await lead.post(f"/admin/adjustments/{one}/approve", {"note": "seen"}, key="two")
    assert done.status_code == 303
    shown = (await lead.get(f"/admin/adjustments/{one}")).text
    assert "Approved" in shown
    assert "seen" in shown
    again = await lead.post(f"/admin/adjustments/{one}/reject", {}, key="three")
    assert again.status_code == 409
    told = (await lead.get(f"/admin/stock/{code}/history")).text
    assert ("-8" in told, one in told) == (True, True), "the reference leads to the adjustment"


async def test_setting_aside_and_releasing(house: PageHouse) -> None:
    code = await sku(house.trade)
    await move(house.trade, into(code, 9))
    hand = await house.worker("putaway", warehouses=["SZX1"])
    lead = await house.worker("manager")
    await hand.get("/admin/kept-back")
    aside = {"node": "SZX1", "sku": code, "qty": "4", "bin": BIN, "status": "good",
             "to_status": "quarantine", "cause": "to_inspect"}  # fmt: skip
    assert (await hand.post("/admin/kept-back", aside, key="a")).status_code == 303
    listed = (await hand.get("/admin/kept-back?status=quarantine&node=SZX1")).text
    assert code in listed
    assert '<option value="good"' not in listed
    back = {**aside, "status": "quarantine", "to_status": "good", "cause": "checked"}
    assert (await hand.post("/admin/kept-back", back, key="b")).status_code == 403
    page = (await lead.get("/admin/kept-back")).text
    assert '<option value="good"' in page
    assert (await lead.post("/admin/kept-back", back, key="c")).status_code == 303
    assert code not in (await lead.get("/admin/kept-back")).text


async def test_a_lot_is_traced_called_back_and_released(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade, lot_tracked=True)
    await move(trade, into(code, 9, lot="L-7"))
    await move(trade, {**out_of(code, 2), "lot": "L-7"})
    lead, other = await house.worker("manager"), await house.worker("manager")
    local = await house.worker("manager", warehouses=["YIW1"])
    found = (await lead.get("/admin/lots?search=L-7")).text
    assert f"/admin/trace?sku={code}&amp;lot=L-7" in found
    traced = (await lead.get(f"/admin/trace?sku={code}&lot=L-7")).text
    for text in ("Supplier", "Customer", f"SZX1/{BIN}", "Call back"):
        assert text in traced, text
    assert (await local.get(f"/admin/trace?sku={code}&lot=L-7")).status_code == 404
    by_reference = (await lead.get("/admin/lots?search=test")).text
    assert "What moved with this reference" in by_reference
    form = (await lead.get(f"/admin/recalls?sku={code}&lot=L-7")).text
    assert "Call back now" in form
    wanted = {"reference": "BVL-9", "cause": "safety", "sku": code, "lots": "L-7\nL-8"}
    await local.get("/admin/recalls")
    assert (await local.post("/admin/recalls", wanted, key="l")).status_code == 403
    made = await lead.post("/admin/recalls", wanted, key="one")
    one = RECALL.search(made.headers["location"])[1]  # type: ignore[index]
    shown = (await lead.get(f"/admin/recalls/{one}")).text
    for text in ("in quarantine", "Who received it", "L-8", "End the recall"):
        assert text in shown, text
    twice = await lead.post("/admin/recalls", wanted, key="two")
    assert (twice.status_code, "Called back already" in twice.text) == (409, True)
    for kind in ("csv", "xlsx"):
        file = await lead.get(f"/admin/recalls/{one}/{kind}")
        assert f'recall.{kind}"' in file.headers["content-disposition"]
    await lead.get(f"/admin/recalls/{one}")
    own = await lead.post(f"/admin/recalls/{one}/close", {"outcome": "released"}, key="own")
    assert (own.status_code, "Another person decides" in own.text) == (403, True)
    await other.get(f"/admin/recalls/{one}")
    done = await other.post(f"/admin/recalls/{one}/close", {"outcome": "released"}, key="end")
    assert done.status_code == 303
    assert "Released" in (await lead.get(f"/admin/recalls/{one}")).text
    assert "Expired, or within 30 days" in (await lead.get("/admin/lots")).text


async def test_a_history_its_documents_and_a_past_day(house: PageHouse) -> None:
    trade = house.trade
    code = await sku(trade)
    await move(trade, into(code, 6), into(code, 1, "A-01-02-1"))
    await move(trade, out_of(code, 2))
    lead = await house.worker("manager")
    told = (await lead.get(f"/admin/stock/{code}/history")).text
    assert told.index("<strong>5</strong>") < told.index("<strong>7</strong>")
    one = MOVEMENT.findall(told)[-1]
    document = (await lead.get(f"/admin/movements/{one}")).text
    assert document.count(f"/admin/stock/{code}/history") >= 2
    assert "A-01-02-1" in document
    only = (await lead.get(f"/admin/stock/{code}/history?reason=sale&node=SZX1")).text
    assert "<strong>5</strong>" in only
    assert "<strong>7</strong>" not in only
    file = await lead.get(f"/admin/stock/{code}/history.csv?reason=sale")
    assert len(file.text.strip().splitlines()) == 2
    today = local_day(trade.db.clock(), "Asia/Shanghai")
    year = timedelta(days=366)
    for day, text in ((today, "5 units in all"), (today - year, "Nothing of it lay"),
                      (today + year, "has not come yet")):  # fmt: skip
        assert text in (await lead.get(f"/admin/stock/{code}/as-of?day={day}")).text
    stranger = await house.worker("manager", warehouses=["YIW1"])
    assert (await stranger.get(f"/admin/movements/{one}")).status_code == 404
    assert BIN not in (await stranger.get(f"/admin/stock/{code}/history")).text
