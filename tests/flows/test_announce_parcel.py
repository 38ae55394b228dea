"""Pre-alerts: single, pasted, before and after the scan, by shoppers and for them."""

import asyncpg
import pytest

from entrepot.flows.announce_parcel import announce_parcel
from entrepot.flows.announce_parcels import announce_parcels
from entrepot.flows.get_parcel import get_parcel
from entrepot.kernel.ids import new_id
from entrepot.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from entrepot.parcels.types import NewPreAlert, PastedPreAlerts
from entrepot.platform.clock import system_clock
from entrepot.tenancy.entrances import connect
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer

SHOES = {
    "description": "running shoes", "category": "clothing", "quantity": 1,
    "unit_price_minor": 39900, "currency": "CNY",
}  # fmt: skip
PHONE = {**SHOES, "description": "phone", "category": "electronics_bi"}


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


async def test_tags_are_the_union_of_the_items(trade: Trade) -> None:
    owner = await trade.customer()
    parcel = await trade.announce(owner, number(), items=[SHOES, PHONE], warehouse="SZX1")
    assert parcel.tags == ["battery_inside", "general"]
    assert [item.description for item in parcel.items] == ["running shoes", "phone"]
    assert parcel.warehouse == "SZX1"
    assert parcel.courier == "sf"
    assert parcel.last_event.verb == "announced"


async def test_the_same_pre_alert_twice_is_one_and_may_bring_the_items_later(trade: Trade) -> None:
    owner = await trade.customer()
    sf = number()
    first = await trade.announce(owner, sf)
    second = await trade.announce(owner, sf.lower(), items=[SHOES])
    assert second.id == first.id
    assert [item.description for item in second.items] == ["running shoes"]
    third = await trade.announce(owner, sf, items=[PHONE])
    assert [item.description for item in third.items] == ["running shoes"]


async def test_scan_first_pre_alert_later(trade: Trade) -> None:
    owner = await trade.customer()
    sf = number()
    unclaimed = await trade.scan(sf)
    assert unclaimed.parcel.customer is None
    parcel = await trade.announce(owner, sf, items=[SHOES])
    assert parcel.id == unclaimed.parcel.id
    assert parcel.status == "received"
    assert parcel.match.by == "pre_alert"
    assert parcel.tags == ["general"]
    assert [entry.verb for entry in parcel.timeline] == ["received", "assigned", "declared"]
    assert parcel.announced_at is not None


async def test_all_unclaimed_pieces_of_a_number_find_their_owner(trade: Trade) -> None:
    owner = await trade.customer()
    jd = number("JD")
    one, two = await trade.scan(f"{jd}-1-2-"), await trade.scan(f"{jd}-2-2-")
    await trade.announce(owner, jd)
    for scanned in (one, two):
        parcel = await get_parcel(trade.db, trade.staff, parcel_id=scanned.parcel.id)
        assert parcel.customer is not None
        assert parcel.customer.id == owner.id


async def test_a_doubt_is_resolved_by_the_pre_alert_of_one_candidate(trade: Trade) -> None:
    twins = [await trade.customer("Twin Name", phone=f"+1 512 555 77{n}1") for n in (1, 1)]
    sf = number()
    doubt = await trade.scan(sf, label={"recipient": "Twin Name", "phone": "***7711"})
    assert (doubt.match.certainty, doubt.match.candidates) == ("ambiguous", 2)
    parcel = await trade.announce(twins[1], sf)
    assert parcel.id == doubt.parcel.id
    assert parcel.customer is not None
    assert parcel.customer.id == twins[1].id


async def test_a_pre_alert_against_the_label_leaves_it_in_doubt(trade: Trade) -> None:
    one, two = await trade.customer("Ann One"), await trade.customer("Ben Two")
    stranger = await trade.customer("Eve Three")
    sf = number()
    codes = f"{one.suite_code} {two.suite_code}"
    doubt = await trade.scan(sf, label={"text": codes})
    assert doubt.match.candidates == 2
    expected = await trade.announce(stranger, sf)
    assert expected.id != doubt.parcel.id
    assert expected.status == "expected"
    contested = await get_parcel(trade.db, trade.staff, parcel_id=doubt.parcel.id)
    assert contested.customer is None
    assert contested.match.candidates == 3


async def test_a_parcel_with_an_owner_is_not_taken_by_a_later_pre_alert(trade: Trade) -> None:
    owner, stranger = await trade.customer(), await trade.customer("Eve Three")
    sf = number()
    await trade.announce(owner, sf)
    scanned = await trade.scan(sf)
    expected = await trade.announce(stranger, sf)
    assert (expected.id == scanned.parcel.id, expected.status) == (False, "expected")


async def test_unknown_things_are_refused(trade: Trade) -> None:
    owner = await trade.customer()
    for change, kind, code in (
        ({"items": [{**SHOES, "category": "unicorns"}]}, Invalid, "invalid"),
        ({"warehouse": "NOWHERE"}, NotFound, "unknown_warehouse"),
        ({"customer_id": "01a20114-1487-791c-8dd9-0d0b6f40b9f4"}, NotFound, "not_found"),
        ({"customer_id": None, "suite_code": "EP999999-9"}, NotFound, "unknown_customer"),
        ({"suite_code": owner.suite_code}, Invalid, "invalid"),
        ({"customer_id": None}, Invalid, "invalid"),
    ):
        with pytest.raises(Refusal) as caught:
            await trade.announce(owner, number(), **change)
        assert isinstance(caught.value, kind), change
        assert caught.value.code == code


async def test_a_shopper_announces_for_themselves_only(trade: Trade) -> None:
    me, other = await trade.customer("Me"), await trade.customer("Other")
    shopper = trade.shopper(me)
    sf = number()
    mine = await announce_parcel(trade.db, shopper, stamp(), new=NewPreAlert(tracking_number=sf))
    assert mine.customer is not None
    assert mine.customer.id == me.id
    assert mine.last_event.actor is None
    for field in ({"customer_id": other.id}, {"suite_code": other.suite_code}):
        new = NewPreAlert(tracking_number=number(), **field)
        with pytest.raises(NotFound):
            await announce_parcel(trade.db, shopper, stamp(), new=new)
    claimed = await trade.scan(number())
    new = NewPreAlert(tracking_number=claimed.parcel.tracking_number)
    taken = await announce_parcel(trade.db, shopper, stamp(), new=new)
    assert (taken.id, taken.status) == (claimed.parcel.id, "received")


async def test_pasted_lines_are_all_taken(trade: Trade) -> None:
    owner = await trade.customer()
    here = await trade.scan(number())
    before = await trade.announce(owner, number())
    lines = [number() for _ in range(20)]
    text = "\n".join(
        [
            *(f"{line},,shoes,clothing,2,129.90" for line in lines),
            here.parcel.tracking_number,
            before.tracking_number,
        ]
    )
    paste = PastedPreAlerts(text=text, suite_code=owner.suite_code, warehouse="SZX1")
    done = await announce_parcels(trade.db, trade.staff, stamp(), paste=paste)
    assert (done.announced, done.arrived, done.known) == (20, 1, 1)
    assert {p.tracking_number for p in done.items} >= set(lines)
    detail = await get_parcel(
        trade.db,
        trade.staff,
        parcel_id=next(p.id for p in done.items if p.tracking_number == lines[0]),
    )
    assert (detail.items[0].unit_price_minor, detail.items[0].currency) == (12990, "CNY")
    assert detail.tags == ["general"]


async def test_one_bad_line_and_nothing_is_taken(trade: Trade) -> None:
    owner = await trade.customer()
    good = number()
    for bad in ("😀😀😀😀", f"{number()},,shoes,unicorns,1,1"):
        paste = PastedPreAlerts(text=f"{good}\n{bad}", customer_id=owner.id)
        with pytest.raises(Invalid) as caught:
            await announce_parcels(trade.db, trade.staff, stamp(), paste=paste)
        assert caught.value.errors[0].path.startswith("lines[2]")
    scanned = await trade.scan(good)
    assert scanned.parcel.customer is None


async def test_a_refusal_is_the_same_under_the_same_key(trade: Trade) -> None:
    once = stamp()
    paste = PastedPreAlerts(text="😀😀😀😀", suite_code="EP999999-9")
    messages = []
    for _ in range(2):
        with pytest.raises(Invalid) as caught:
            await announce_parcels(trade.db, trade.staff, once, paste=paste)
        messages.append([e.path for e in caught.value.errors])
    assert messages[0] == messages[1]
    assert not isinstance(caught.value, Conflict)


async def test_no_invariant_is_broken(trade: Trade) -> None:
    """Runs last: everything above has left its rows."""
    assert await trade.violations() == {}


@pytest.mark.parametrize("session_of", ["nobody", "somebody else"])
async def test_a_shoppers_login_announces_for_its_sessions_customer_only(
    trade: Trade, session_of: str
) -> None:
    """The function runs as owner, so it is the wall: past the application, straight at it."""
    customer, other = await trade.customer("Me"), await trade.customer("Other")
    login = await trade.server.login(trade.tenant, shopper=True)
    connection = await connect(login)
    named = "" if session_of == "nobody" else str(other.id)
    call = (
        "select outcome from parcels.announce_v1($1, $2, 'x', $3, $4, $4, null, null, null, '{}',"
        " null, '[]', 'pre_alert')"
    )
    ids = [new_id(system_clock()) for _ in range(4)]

    async def announce(session_customer: str) -> object:
        async with connection.transaction():
            await connection.execute(
                "select set_config('entrepot.customer_id', $1, true)", session_customer
            )
            return await connection.fetchval(call, ids, system_clock(), customer.id, number())

    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await announce(named)
        assert await announce(str(customer.id)) == "announced"
    finally:
        await connection.close()
