"""The scan station over forms: one loop, one answer, nothing doubled, nothing moved wrongly."""

import re

from entrepot.kernel.ids import new_token
from tests.flows.trade import number
from tests.web.page_house import Browser, PageHouse

PART = {"x-page-part": "answer"}


async def scan(worker: Browser, code: str, *, key: str | None = None, **fields: str) -> str:
    """One scan as the station's script sends it; the answer's part."""
    sent = {"code": code, "warehouse": "SZX1", **fields}
    answer = await worker.post("/staff/scan", sent, key=key or new_token(12), **PART)
    assert answer.status_code == 200, answer.text
    return answer.text


def tone(html: str) -> str:
    found = re.search(r'data-tone="(\w*)"', html)
    return found[1] if found else ""


def awaits(html: str) -> str:
    found = re.search(r'data-awaits="([^"]*)"', html)
    return found[1] if found else ""


async def station(house: PageHouse, *roles: str, **what: object) -> Browser:
    """A worker at the dock of SZX1."""
    worker = await house.worker(*roles, **what)
    await worker.get("/staff/warehouse")
    chosen = await worker.post("/staff/warehouse", {"warehouse": "SZX1"})
    assert chosen.status_code == 303
    await worker.get("/staff")
    return worker


async def test_the_warehouse_is_chosen_once_and_only_from_ones_own(house: PageHouse) -> None:
    worker = await house.worker("manager")
    first = await worker.get("/staff")
    assert first.headers["location"].endswith("/staff/warehouse")
    worker = await station(house, "manager")
    assert (await worker.get("/staff")).status_code == 200
    bound = await house.worker("receiver", warehouses=["YIW1"])
    assert (await bound.get("/staff")).status_code == 200, "the only one needs no choice"
    refused = await bound.post("/staff/warehouse", {"warehouse": "SZX1"})
    assert refused.status_code == 404
    foreign = await bound.post("/staff/scan", {"code": number(), "warehouse": "SZX1"})
    assert foreign.status_code == 404


async def test_a_pre_alerted_parcel_goes_from_the_dock_into_a_bin(house: PageHouse) -> None:
    customer = await house.trade.customer()
    code = number()
    await house.trade.announce(customer, code)
    worker = await station(house, "manager")
    arrived = await scan(worker, code)
    assert tone(arrived) == "good"
    assert customer.suite_code in arrived
    assert "Scan a bin" in arrived
    parcel_id = awaits(arrived)
    assert parcel_id
    stored = await scan(worker, "A-01-02-1", parcel_id=parcel_id)
    assert tone(stored) == "good"
    assert "A-01-02-1" in stored
    again = await scan(worker, "A-01-02-1", parcel_id=parcel_id)
    assert "Already done" in again
    assert "By you" in again


async def test_a_wrong_bin_stops_and_moves_nothing(house: PageHouse) -> None:
    customer = await house.trade.customer()
    code = number()
    await house.trade.announce(customer, code)
    worker = await station(house, "manager")
    parcel_id = awaits(await scan(worker, code))
    wrong = await scan(worker, "R", parcel_id=parcel_id)
    assert tone(wrong) == "stop"
    assert 'data-hold="1"' in wrong
    assert "Nothing was changed." in wrong
    looked = await house.trade.scan(code)
    assert looked.parcel.status == "received"


async def test_one_scan_sent_again_after_a_lost_answer_counts_once(house: PageHouse) -> None:
    worker = await station(house, "manager")
    code, key = number(), new_token(12)
    first = await scan(worker, code, key=key)
    again = await scan(worker, code, key=key)
    assert "Owner not known" in first
    assert "Owner not known" in again, "the same answer, not 'already done'"
    assert "Already done" in await scan(worker, code)


async def test_weight_and_size_are_added_to_a_scanned_parcel(house: PageHouse) -> None:
    customer = await house.trade.customer()
    code = number()
    await house.trade.announce(customer, code)
    worker = await station(house, "manager")
    await scan(worker, code)
    kept = await scan(worker, code, weight_g="1250", length_mm="320")
    assert "Weight and size are kept" in kept
    assert "1.25 kg" in kept
    assert awaits(kept), "the bin is still to be scanned"
    wrong = await worker.post(
        "/staff/scan", {"code": code, "warehouse": "SZX1", "weight_g": "heavy"}, **PART
    )
    assert wrong.status_code == 422


async def test_another_weight_asks_one_question_with_two_answers(house: PageHouse) -> None:
    customer = await house.trade.customer()
    code = number()
    await house.trade.announce(customer, code)
    await house.trade.scan(code, weight_g=500)
    worker = await station(house, "manager")
    asked = await scan(worker, code, weight_g="4000")
    assert "Another piece?" in asked
    assert asked.count("data-answer>") == 2
    same = await scan(worker, code, weight_g="4000", another_piece="no")
    assert "Already done" in same
    other = await scan(worker, code, weight_g="4000", another_piece="yes")
    assert "Arrived" in other


async def test_a_member_code_read_from_the_label_finds_the_owner(house: PageHouse) -> None:
    customer = await house.trade.customer()
    worker = await station(house, "manager")
    code = number()
    assert "I can read a member code" in await scan(worker, code)
    found = await scan(worker, code, suite_code=customer.suite_code)
    assert customer.suite_code in found
    assert tone(found) == "good"


async def test_what_one_may_not_do_is_not_offered(house: PageHouse) -> None:
    customer = await house.trade.customer()
    code = number()
    await house.trade.announce(customer, code)
    receiver = await station(house, "receiver")
    arrived = await scan(receiver, code)
    assert "To put-away" in arrived
    assert awaits(arrived) == ""
    putter = await station(house, "putaway")
    found = await scan(putter, code)
    assert awaits(found)
    assert "A-01-01-1" in await scan(putter, "A-01-01-1", parcel_id=awaits(found))
    unknown = await scan(putter, number())
    assert "Code not known" in unknown


async def test_bins_and_member_codes_are_said_and_never_received(house: PageHouse) -> None:
    customer = await house.trade.customer()
    worker = await station(house, "manager")
    assert "A bin" in await scan(worker, "A-01-01-2")
    assert "A member code" in await scan(worker, customer.suite_code)
    listed = await worker.get("/staff/recent")
    assert customer.suite_code not in listed.text


async def test_the_station_works_without_any_script(house: PageHouse) -> None:
    worker = await station(house, "manager")
    code = number()
    page = await worker.post("/staff/scan", {"code": code, "warehouse": "SZX1"})
    assert page.text.startswith("<!doctype html>")
    assert "Owner not known" in page.text
    assert code in page.text


async def test_the_unclaimed_queue_gives_a_parcel_only_to_a_real_customer(
    house: PageHouse,
) -> None:
    customer = await house.trade.customer("Devon Fixture")
    code = number()
    parcel = (await house.trade.scan(code)).parcel
    worker = await house.worker("manager")
    queue = await worker.get("/staff/unclaimed")
    assert code not in queue.text, "numbers are masked in the list"
    path = f"/staff/unclaimed/{parcel.id}"
    assert code in (await worker.get(path)).text
    wrong = await worker.post(path, {"suite_code": "QG000000-9"})
    assert wrong.status_code in (404, 422)
    assert "No such member code" in wrong.text
    await worker.get(path)
    given = await worker.post(path, {"suite_code": customer.suite_code})
    assert given.status_code == 303, given.text
    assert (await worker.get(path)).status_code == 404
    receiver = await house.worker("receiver")
    await receiver.get("/staff/unclaimed")
    other = (await house.trade.scan(number())).parcel
    refused = await receiver.post(
        f"/staff/unclaimed/{other.id}", {"suite_code": customer.suite_code}
    )
    assert refused.status_code == 403


async def test_what_is_refused_before_the_scan_stops_the_station_too(house: PageHouse) -> None:
    worker = await station(house, "manager")
    for fields in ({"code": "", "warehouse": "SZX1"}, {"code": number(), "warehouse": "NOPE"},
                   {"code": number(), "warehouse": "SZX1", "weight_g": "heavy"}):  # fmt: skip
        refused = await worker.post("/staff/scan", fields, key=new_token(12), **PART)
        assert refused.status_code in (404, 422)
        assert tone(refused.text) == "stop"
        assert 'data-hold="1"' in refused.text


async def test_a_hostile_code_is_shown_as_text(house: PageHouse) -> None:
    worker = await station(house, "manager")
    shown = await scan(worker, '"><script>alert(1)</script>')
    assert "<script>" not in shown
    assert tone(shown) == "stop"
    nul = await worker.post("/staff/scan", {"code": "SF\0123", "warehouse": "SZX1"}, **PART)
    assert nul.status_code < 500
