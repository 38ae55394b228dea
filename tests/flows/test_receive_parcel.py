"""The scan at the dock: FLOWS 1, the answers of the issue, one effect for one key."""

import asyncio

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.receive_parcel import receive_parcel
from entrepot.kernel.refusals import Forbidden, Invalid, NotFound
from entrepot.parcels.types import NewScan
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(autouse=True)
def clock_of_today(trade: Trade) -> None:
    trade.at[0] = 0.0


async def test_a_pre_alerted_parcel_needs_its_number_only(trade: Trade) -> None:
    owner = await trade.customer()
    sf = number()
    expected = await trade.announce(owner, sf)
    assert expected.status == "expected"
    received = await trade.scan(sf)
    assert received.parcel.id == expected.id
    assert received.parcel.status == "received"
    assert received.parcel.customer is not None
    assert received.parcel.customer.suite_code == owner.suite_code
    assert received.parcel.bin == "R"
    assert (received.match.by, received.match.certainty, received.match.candidates) == (
        "pre_alert", "sure", 1,
    )  # fmt: skip
    assert received.already is None
    assert (received.next.step, received.next.why) == ("put_away", "owner_known")


async def test_a_parcel_that_nobody_announced_waits_for_its_owner(trade: Trade) -> None:
    received = await trade.scan(number())
    assert received.parcel.customer is None
    assert (received.match.by, received.match.certainty) == ("none", "none")
    assert (received.next.step, received.next.why) == ("ask_owner", "no_evidence")


async def test_suite_code_in_the_label_text(trade: Trade) -> None:
    owner = await trade.customer()
    text = f"广东省深圳市宝安区 青港仓 {owner.suite_code} 收"
    received = await trade.scan(number(), label={"text": text})
    assert received.parcel.customer is not None
    assert received.parcel.customer.id == owner.id
    assert (received.match.by, received.match.certainty) == ("suite_code", "sure")


async def test_two_pre_alerts_of_one_number_are_a_doubt_until_the_label_tells(trade: Trade) -> None:
    first, second = await trade.customer("Ann One"), await trade.customer("Ben Two")
    yt = number("YT")
    one, two = await trade.announce(first, yt), await trade.announce(second, yt)
    assert one.id != two.id
    doubt = await trade.scan(yt)
    assert doubt.parcel.customer is None
    assert (doubt.match.certainty, doubt.match.candidates) == ("ambiguous", 2)
    assert doubt.next.step == "ask_owner"
    found = await trade.scan(yt, label={"suite_code": second.suite_code})
    assert found.parcel.id == doubt.parcel.id
    assert found.parcel.customer is not None
    assert found.parcel.customer.id == second.id
    assert (found.next.step, found.next.why) == ("put_away", "owner_found")


async def test_evidence_that_contradicts_itself_names_nobody(trade: Trade) -> None:
    announcer, on_label = await trade.customer("Ann One"), await trade.customer("Ben Two")
    sf = number()
    await trade.announce(announcer, sf)
    received = await trade.scan(sf, label={"suite_code": on_label.suite_code})
    assert received.parcel.customer is None
    assert (received.match.certainty, received.match.candidates) == ("ambiguous", 2)


async def test_a_repeated_scan_says_when_and_by_whom(trade: Trade) -> None:
    sf = number()
    first = await trade.scan(sf, weight_g=1500)
    again = await trade.scan(sf, weight_g=1510)
    assert again.parcel.id == first.parcel.id
    assert again.already is not None
    assert again.already.by == trade.staff.actor
    assert again.already.at == first.parcel.received_at
    assert again.next.step == "already_done"
    assert again.parcel.weight_g == 1500


async def test_another_weight_within_72_hours_asks_and_an_answer_makes_a_piece(
    trade: Trade,
) -> None:
    owner = await trade.customer()
    sf = number()
    await trade.announce(owner, sf)
    first = await trade.scan(sf, weight_g=1500)
    trade.at[0] = 71.9
    asked = await trade.scan(sf, weight_g=4000)
    assert (asked.next.step, asked.next.why) == ("ask_another_piece", "other_measures")
    assert asked.parcel.id == first.parcel.id
    second = await trade.scan(sf, weight_g=4000, another_piece=True)
    assert second.parcel.id != first.parcel.id
    assert (second.parcel.piece, second.parcel.arrived) == (2, 2)
    assert second.parcel.customer is not None
    assert second.parcel.customer.id == owner.id
    third = await trade.scan(sf, weight_g=4010)
    assert third.parcel.id == second.parcel.id
    assert third.next.step == "already_done"


async def test_after_72_hours_another_weight_is_the_same_parcel(trade: Trade) -> None:
    sf = number()
    first = await trade.scan(sf, weight_g=1500)
    trade.at[0] = 72.1
    again = await trade.scan(sf, weight_g=4000)
    assert again.parcel.id == first.parcel.id
    assert again.next.step == "already_done"


async def test_another_size_asks_too(trade: Trade) -> None:
    sf = number()
    sides = {"length_mm": 300, "width_mm": 200, "height_mm": 100}
    await trade.scan(sf, **sides)
    turned = {"length_mm": 100, "width_mm": 305, "height_mm": 195}
    assert (await trade.scan(sf, **turned)).next.step == "already_done"
    other = {**sides, "height_mm": 150}
    assert (await trade.scan(sf, **other)).next.step == "ask_another_piece"


async def test_missing_measures_are_taken_over(trade: Trade) -> None:
    sf = number()
    await trade.scan(sf)
    again = await trade.scan(sf, weight_g=900)
    assert again.next.step == "already_done"
    assert again.parcel.weight_g == 900


async def test_two_cartons_of_one_jd_waybill(trade: Trade) -> None:
    """Story D2: -1-2- today, -2-2- tomorrow."""
    owner = await trade.customer()
    jd = number("JD")
    await trade.announce(owner, jd)
    second_first = await trade.scan(f"{jd}-2-2-")
    assert (second_first.parcel.piece, second_first.parcel.pieces) == (2, 2)
    assert second_first.parcel.arrived == 1
    trade.at[0] = 24
    first = await trade.scan(f"{jd}-1-2-")
    assert (first.parcel.piece, first.parcel.arrived) == (1, 2)
    assert first.parcel.id != second_first.parcel.id
    assert first.parcel.customer is not None
    assert first.parcel.customer.id == owner.id
    again = await trade.scan(f"{jd}-2-2-")
    assert again.parcel.id == second_first.parcel.id
    assert again.next.step == "already_done"


async def test_a_number_used_again_after_months_is_another_parcel(trade: Trade) -> None:
    sf = number()
    first = await trade.scan(sf)
    await _ship(trade, first.parcel.id.hex)
    trade.at[0] = 24 * 10
    soon = await trade.scan(sf)
    assert (soon.next.step, soon.next.why) == ("ask_another_piece", "left_recently")
    trade.at[0] = 24 * 90
    later = await trade.scan(sf)
    assert later.parcel.id != first.parcel.id
    assert (later.parcel.occurrence, later.parcel.piece) == (2, 1)
    assert later.already is None


async def _ship(trade: Trade, parcel: str) -> None:
    """Walk a parcel out of the house by the owner's hand (shipping has no flow yet)."""
    owner = await trade.server.owner(trade.tenant)
    for status in ("stored", "consolidating", "packed", "shipped"):
        await owner.execute(
            "update parcels.parcel set status = $2, bin_id = case when $2 = 'shipped' then null"
            " else bin_id end where parcel_id = $1::uuid",
            parcel,
            status,
        )
    await owner.close()


async def test_the_same_number_at_two_warehouses_is_two_parcels(trade: Trade) -> None:
    sf = number()
    here, there = await trade.scan(sf, "SZX1"), await trade.scan(sf, "YIW1")
    assert here.parcel.id != there.parcel.id
    assert there.already is None


async def test_prohibited_goods_stop_the_hand(trade: Trade) -> None:
    owner = await trade.customer()
    sf = number()
    item = {
        "description": "seeds", "category": "seeds", "quantity": 1, "unit_price_minor": 100,
        "currency": "CNY",
    }  # fmt: skip
    await trade.announce(owner, sf, items=[item])
    received = await trade.scan(sf)
    assert (received.next.step, received.next.why) == ("stop", "prohibited_goods")
    assert received.parcel.tags == ["prohibited"]


async def test_a_held_parcel_stops_the_hand(trade: Trade) -> None:
    sf = number()
    first = await trade.scan(sf)
    owner = await trade.server.owner(trade.tenant)
    await owner.execute(
        "update parcels.parcel set held = true, held_reason = 'x_ray', held_owner = 'staff'"
        " where parcel_id = $1",
        first.parcel.id,
    )
    await owner.close()
    again = await trade.scan(sf)
    assert (again.next.step, again.next.why) == ("stop", "held")
    assert again.parcel.held


async def test_the_same_key_gives_the_same_answer_and_one_effect(trade: Trade) -> None:
    scan = NewScan(warehouse="SZX1", tracking_number=number())
    once = stamp()
    answers = await asyncio.gather(
        *(receive_parcel(trade.db, trade.staff, once, scan=scan) for _ in range(8))
    )
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].already is None
    other = Stamp(once.request_id, None, once.key, b"another request")
    with pytest.raises(Invalid) as caught:
        await receive_parcel(trade.db, trade.staff, other, scan=scan)
    assert caught.value.code == "idempotency_key_reused"


async def test_simultaneous_scans_of_one_carton_make_one_parcel(trade: Trade) -> None:
    sf = number()
    answers = await asyncio.gather(*(trade.scan(sf) for _ in range(8)))
    assert len({answer.parcel.id for answer in answers}) == 1
    assert sum(answer.already is None for answer in answers) == 1


async def test_scan_and_pre_alert_at_the_same_moment_find_each_other(trade: Trade) -> None:
    owner = await trade.customer()
    for _ in range(10):
        sf = number()
        await asyncio.gather(trade.scan(sf), trade.announce(owner, sf))
        again = await trade.scan(sf)
        assert again.parcel.customer is not None
        assert again.parcel.customer.id == owner.id


async def test_an_unknown_warehouse_is_refused_and_the_refusal_kept(trade: Trade) -> None:
    scan = NewScan(warehouse="NOWHERE", tracking_number=number())
    once = stamp()
    for _ in range(2):
        with pytest.raises(NotFound) as caught:
            await receive_parcel(trade.db, trade.staff, once, scan=scan)
        assert caught.value.code == "unknown_warehouse"


async def test_a_warehouse_outside_the_scope_looks_unknown(trade: Trade) -> None:
    scan = NewScan(warehouse="SZX1", tracking_number=number())
    with pytest.raises(NotFound) as caught:
        await receive_parcel(trade.db, trade.staff_of("YIW1"), stamp(), scan=scan)
    assert caught.value.code == "unknown_warehouse"


async def test_without_the_permission_nothing_happens(trade: Trade) -> None:
    scan = NewScan(warehouse="SZX1", tracking_number=number())
    nobody = msgspec.structs.replace(trade.staff, permissions=frozenset({"parcels:read"}))
    with pytest.raises(Forbidden):
        await receive_parcel(trade.db, nobody, stamp(), scan=scan)


@pytest.mark.parametrize("bad", ["SF1\0234567", "包裹", "ab", "😀😀😀😀", "x" * 60])
async def test_what_is_no_tracking_number_is_refused(trade: Trade, bad: str) -> None:
    with pytest.raises(Invalid):
        await trade.scan(bad)


async def test_no_invariant_is_broken(trade: Trade) -> None:
    """Runs last: everything above has left its rows. Hand-walked parcels are left out."""
    broken = await trade.violations()
    broken.pop("parcels.violation_sequence", None)
    assert broken == {}


async def test_the_highest_piece_number_leaves_room_for_another_carton(trade: Trade) -> None:
    sf = number()
    assert (await trade.scan(sf, piece=999)).parcel.piece == 999
    assert (await trade.scan(sf, another_piece=True)).parcel.piece == 1
