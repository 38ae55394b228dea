"""Goods that come in: announced, received, closed, cancelled, moved back; what is inbound."""

import asyncio
import random
from datetime import date
from functools import partial

import msgspec
import pytest

from entrepot.access.permissions import PERMISSIONS
from entrepot.flows.announce_goods import announce_goods
from entrepot.flows.change_receiving_rule import change_receiving_rule
from entrepot.flows.get_reservation import get_reservation
from entrepot.flows.import_asn import import_asn
from entrepot.flows.list_asns import list_asns
from entrepot.flows.list_movements import list_movements
from entrepot.kernel.principals import Staff
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Unavailable
from entrepot.stock.arrivals_types import AsnFile, NewAsn, Received, ReceivingRule
from entrepot.tenancy.entrances import at, connect
from tests.flows import drafts
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.arriving import (
    SOON,
    announced,
    cancelled,
    closed,
    inbound,
    looked_at,
    moved_back,
    received,
)
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture(autouse=True)
async def whole(stock: Stock):  # type: ignore[no-untyped-def]
    yield
    assert await stock.violations() == {}


def without(stock: Stock, *permissions: str) -> Staff:
    return msgspec.structs.replace(stock.staff, permissions=PERMISSIONS - set(permissions))


async def test_what_is_announced_is_inbound_until_it_comes(stock: Stock) -> None:
    tea, cup = await stock.sku(), await stock.sku()
    asn = await announced(stock, (tea, 5), (cup, 3), (tea, 2))
    assert (asn.state, asn.expected, asn.open) == ("announced", 10, 10)
    assert (await inbound(stock, tea), await inbound(stock, cup)) == (7, 3)
    done = await received(stock, asn, (tea, 6))
    assert done.reference == asn.reference
    assert done.lines[0].asn_lines == [1, 3]
    assert done.asn is not None
    assert (done.asn.state, done.asn.received, done.asn.open) == ("receiving", 6, 4)
    assert (await inbound(stock, tea), (await stock.guard(tea)).on_hand) == (1, 6)
    moves = await list_movements(
        stock.db, stock.staff, sku=tea, reference=asn.reference, before=None, most=9
    )
    assert [(m.reason, m.qty) for m in moves] == [("receipt", 6)]
    await received(stock, asn, (tea, 1), (cup, 3))
    shut = await closed(stock, asn)
    assert (shut.state, shut.missing, shut.close_reason) == ("received", 0, "")
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (tea, 1))
    assert refused.value.code == "wrong_state"


async def test_what_is_missing_needs_a_reason_and_is_inbound_no_longer(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, inbound=4)
    asn = await announced(stock, (sku, 5))
    assert await inbound(stock, sku) == 9
    await received(stock, asn, (sku, 3))
    with pytest.raises(Invalid) as refused:
        await closed(stock, asn)
    assert refused.value.errors[0].code == "reason_missing"
    shut = await closed(stock, asn, "lost_on_the_way")
    assert (shut.missing, shut.close_reason, shut.open) == (2, "lost_on_the_way", 0)
    assert await inbound(stock, sku) == 4, "what was told by hand stays"
    await stock.levels(sku, inbound=1)
    assert await inbound(stock, sku) == 1


async def test_levels_told_by_hand_stand_beside_what_is_announced(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    await stock.levels(sku, inbound=10)
    assert await inbound(stock, sku) == 15
    await stock.levels(sku, safety=1)
    await cancelled(stock, asn)
    assert await inbound(stock, sku) == 10
    for step in (cancelled(stock, asn), received(stock, asn, (sku, 1)), closed(stock, asn)):
        with pytest.raises(Conflict) as refused:
            await step
        assert refused.value.code == "wrong_state"
    again = await announced(stock, (sku, 1), reference=asn.reference)
    assert again.id != asn.id, "a cancelled one leaves its reference"
    await received(stock, again, (sku, 1))
    with pytest.raises(Conflict):
        await cancelled(stock, again)


async def test_backorders_wait_for_what_is_announced(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, sells_inbound=True)
    with pytest.raises(Conflict):
        await stock.reserve((sku, 2))
    asn = await announced(stock, (sku, 5))
    made = await stock.reserve((sku, 4))
    assert [(x.qty, x.backordered) for x in made.lines] == [(0, 4)]
    await received(stock, asn, {"code": sku, "qty": 1, "status": "damaged"}, (sku, 3))
    seen = await get_reservation(stock.db, stock.staff, reservation_id=made.id)
    assert [(x.qty, x.backordered) for x in seen.lines] == [(3, 1)]
    assert (await stock.guard(sku)).inbound == 1
    await closed(stock, asn, "not_sent")
    assert (await looked_at(stock, asn)).uncovered == 1, "promised ahead, and nothing comes"


async def test_goods_of_others_are_awaited_but_never_inbound(stock: Stock) -> None:
    sku = await stock.stocked(1)
    asn = await announced(stock, (sku, 5), owner="partner-7")
    assert (asn.open, await inbound(stock, sku)) == (5, 0)
    await received(stock, asn, (sku, 5))
    guard = await stock.guard(sku)
    assert (guard.on_hand, guard.blocked, guard.inbound) == (6, 5, 0)
    with pytest.raises(Conflict) as refused:
        await received(stock, await announced(stock, (sku, 5)), (sku, 5), owner="partner-7")
    assert refused.value.code == "other_owner"


async def test_packs_are_exact(stock: Stock) -> None:
    sku = await stock.sku(
        packs=[{"unit": "box", "base_quantity": "8", "gtins": ["4006381333931"]},
               {"unit": "third", "base_quantity": "1/3"}],
    )  # fmt: skip
    asn = await announced(
        stock, {"code": sku, "qty": 2, "unit": "box"}, {"code": sku, "qty": 3, "unit": "third"}
    )
    assert [(x.unit, x.unit_qty, x.expected) for x in asn.items] == [
        ("box", 2, 16), ("third", 3, 1)
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await announced(stock, {"code": sku, "qty": 1, "unit": "third"})
    assert refused.value.errors[0].path == "lines[0].qty"
    done = await received(stock, asn, {"code": "4006381333931"}, (sku, 1))
    assert [x.qty for x in done.lines] == [8, 1]
    assert await inbound(stock, sku) == 8


async def test_too_many_needs_somebody_who_may(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 100), over_permille=20, over_units=1)
    await received(stock, asn, (sku, 102))
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 1))
    assert (refused.value.code, refused.value.facts["left"]) == ("over_expected", 0)
    hand = without(stock, "stock:approve", "arrivals:create")
    with pytest.raises(Forbidden):
        await received(stock, asn, (sku, 1), by=hand, accept=True)
    done = await received(stock, asn, (sku, 5), accept=True)
    assert done.asn is not None
    assert (done.asn.received, done.asn.over, done.asn.open) == (107, 7, 0)
    assert await inbound(stock, sku) == 0


async def test_what_was_not_announced_is_named_and_nothing_is_lost(stock: Stock) -> None:
    sku, other = await stock.sku(), await stock.sku()
    asn = await announced(stock, (sku, 2))
    for line, code in (((other, 1), "not_expected"), (("NOT-HERE", 1), "unknown_code")):
        with pytest.raises((Conflict, NotFound)) as refused:
            await received(stock, asn, (sku, 1), line)
        assert refused.value.code == code
        assert refused.value.errors[0].path == "lines[1].code"
    assert (await looked_at(stock, asn)).received == 0, "all lines or none"
    await received(stock, asn, (sku, 1), (other, 1), (other, 2), accept=True)
    seen = await looked_at(stock, asn)
    assert [(x.sku, x.expected, x.received) for x in seen.items] == [(sku, 2, 1), (other, 0, 3)]
    await closed(stock, asn, "not_sent")


async def test_lots_dates_and_serials_are_asked_for(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, expiry_tracked=True, serial_tracked=True)
    asn = await announced(stock, {"code": sku, "qty": 2, "lot": "L1"})
    with pytest.raises(Invalid) as refused:
        await received(stock, asn, (sku, 2))
    assert {e.code for e in refused.value.errors} == {
        "lot_missing", "expiry_missing", "serials_differ"
    }  # fmt: skip
    whole = {"code": sku, "lot": "L1", "expires_on": "2999-01-01", "serials": ["a", "b"]}
    for bad, code in (
        ({"expires_on": "2001-01-01"}, "past_its_date"),
        ({"serials": ["a", "a"]}, "serial_twice"),
        ({"qty": 3}, "serials_differ"),
    ):
        with pytest.raises(Invalid) as refused:
            await received(stock, asn, {**whole, **bad})
        assert code in {e.code for e in refused.value.errors}
    with pytest.raises(Conflict) as other:
        await received(stock, asn, {**whole, "lot": "L2"})
    assert other.value.code == "other_lot"
    done = await received(stock, asn, whole)
    assert len(done.lines[0].movements) == 2
    with pytest.raises(Conflict) as twice:
        await received(stock, None, whole, reference="again")
    assert twice.value.code == "serial_elsewhere"
    with pytest.raises(Invalid) as differs:
        await received(
            stock, None, {**whole, "serials": ["c"], "expires_on": "2998-01-01"}, reference="x"
        )
    assert differs.value.errors[0].code == "expiry_differs"


async def test_a_lot_has_one_date_whoever_brings_it(stock: Stock) -> None:
    sku = await stock.sku(lot_tracked=True, expiry_tracked=True)
    near, far = (
        {"code": sku, "qty": 1, "lot": "L", "expires_on": day}
        for day in ("2997-01-01", "2998-01-01")
    )
    with pytest.raises(Invalid) as twice:
        await received(stock, None, near, far, reference="x")
    assert twice.value.errors[0].code == "expiry_differs"
    both = await asyncio.gather(
        received(stock, None, near, reference="y"), received(stock, None, far, reference="z"),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(one).__name__ for one in both) == ["Invalid", "Received"]


async def test_a_gs1_message_tells_lot_date_and_serial(stock: Stock) -> None:
    sku = await stock.sku(
        lot_tracked=True, expiry_tracked=True, serial_tracked=True, gtins=["4012345678901"]
    )
    asn = await announced(stock, (sku, 1))
    scan = "]d20104012345678901" + "17300101" + "10LOT9\x1d" + "21S77"
    done = await received(stock, asn, {"code": scan})
    line = done.lines[0]
    assert (line.sku, line.qty, line.lot) == (sku, 1, "LOT9")
    seen = (await looked_at(stock, asn)).receipts[0]
    assert (seen.lot, seen.serial, seen.reversed) == ("LOT9", "S77", False)


async def test_goods_with_a_date_and_no_lot_lie_under_their_date(stock: Stock) -> None:
    sku = await stock.sku(expiry_tracked=True)
    done = await received(
        stock, None, {"code": sku, "qty": 4, "expires_on": date(2999, 3, 1)}, reference="walk-in"
    )
    assert (done.asn, done.lines[0].lot) == (None, "2999-03-01")
    with pytest.raises(Invalid):
        await received(stock, None, (sku, 1))


async def test_a_kit_comes_in_as_its_parts(stock: Stock) -> None:
    cup = await stock.sku()
    kit = await stock.sku((cup, 6))
    with pytest.raises(Invalid) as refused:
        await announced(stock, (kit, 1))
    assert refused.value.errors[0].code == "is_kit"


async def test_a_receipt_that_is_moved_back_is_awaited_again(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    done = await received(stock, asn, (sku, 4))
    movement = done.lines[0].movements[0]
    back = await moved_back(stock, movement)
    seen = await looked_at(stock, asn)
    assert (seen.state, seen.received, seen.open) == ("receiving", 0, 5)
    assert seen.receipts[0].reversed
    assert await inbound(stock, sku) == 5
    with pytest.raises(Conflict) as refused:
        await moved_back(stock, back)
    assert refused.value.code == "receive_again"
    with pytest.raises(Conflict):
        await moved_back(stock, movement)
    await received(stock, asn, (sku, 5))


async def test_moved_back_after_closing_it_is_missing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    done = await received(stock, asn, (sku, 4))
    await closed(stock, asn, "not_sent")
    await moved_back(stock, done.lines[0].movements[0])
    seen = await looked_at(stock, asn)
    assert (seen.state, seen.received, seen.missing, seen.open) == ("received", 0, 5, 0)
    assert await inbound(stock, sku) == 0


async def test_blind_receiving_tells_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5), blind=True)
    hand = without(stock, "stock:approve", "arrivals:create")
    seen = await looked_at(stock, asn, hand)
    assert (seen.expected, seen.open, seen.over) == (None, None, None)
    assert [(x.expected, x.open, x.unit_qty) for x in seen.items] == [(None, None, None)]
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 6), by=hand)
    assert (refused.value.code, refused.value.facts["left"]) == ("over_expected", None)
    listed = await list_asns(stock.db, hand, reference=asn.reference)
    assert [x.expected for x in listed] == [None]
    assert (await looked_at(stock, asn)).expected == 5
    done = await received(stock, asn, (sku, 5), by=hand)
    assert done.asn is not None
    assert (done.asn.received, done.asn.expected) == (5, None)


async def test_a_node_has_a_rule_of_its_own(stock: Stock) -> None:
    sku = await stock.sku()
    rule = ReceivingRule(over_permille=0, over_units=2)
    await change_receiving_rule(stock.db, stock.staff, stamp(), node="N1", rule=rule)
    asn = await announced(stock, (sku, 3))
    assert (asn.over_units, asn.blind) == (2, False)
    await received(stock, asn, (sku, 5))
    plain = ReceivingRule()
    await change_receiving_rule(stock.db, stock.staff, stamp(), node="N1", rule=plain)
    with pytest.raises(NotFound):
        await change_receiving_rule(stock.db, stock.staff_of("N2"), stamp(), node="N1", rule=plain)


async def test_a_file_is_an_asn_and_every_bad_row_is_named(stock: Stock) -> None:
    sku = await stock.sku(packs=[{"unit": "box", "base_quantity": "6"}])

    def file(csv: str) -> AsnFile:
        return AsnFile(reference=f"F-{sku}", node="N1", expected_at=SOON, csv=csv)

    bad = file(f"code,qty,expires_on\n{sku},2,2999-01-01\n\n{sku},many,\n{sku},1,soon\n")
    with pytest.raises(Invalid) as refused:
        await import_asn(stock.db, stock.staff, stamp(), file=bad)
    assert {e.path for e in refused.value.errors} == {"rows[4].qty", "rows[5].expires_on"}
    with pytest.raises(Invalid):
        await import_asn(stock.db, stock.staff, stamp(), file=file("code,price\nX,1\n"))
    good = file(f"code,qty,unit,lot\n{sku},2,box,\n{sku},5,,L7\n")
    made = await import_asn(stock.db, stock.staff, stamp(), file=good)
    assert [(x.expected, x.lot) for x in made.items] == [(12, ""), (5, "L7")]


async def test_the_same_request_again_changes_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    stamped = stamp()
    first, second = [
        await received(stock, asn, (sku, 2), stamped=msgspec.structs.replace(stamped))
        for _ in range(2)
    ]
    assert first == second
    assert (await looked_at(stock, asn)).received == 2
    again = stamp()
    new = msgspec.convert(
        {"reference": f"twice {sku}", "node": "N1", "expected_at": SOON,
         "lines": [{"code": sku, "qty": 1}]},
        NewAsn,
    )  # fmt: skip
    made = [await announce_goods(stock.db, stock.staff, again, new=new) for _ in range(2)]
    assert made[0].id == made[1].id
    with pytest.raises(Conflict) as refused:
        await announce_goods(stock.db, stock.staff, stamp(), new=new)
    assert refused.value.code == "reference_taken"
    assert await inbound(stock, sku) == 4


async def test_of_other_warehouses_there_is_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    asn = await announced(stock, (sku, 5))
    stranger = stock.staff_of("N2")
    with pytest.raises(NotFound):
        await looked_at(stock, asn, stranger)
    with pytest.raises(NotFound):
        await received(stock, asn, (sku, 1), by=stranger)
    with pytest.raises(Conflict) as refused:
        await received(stock, asn, (sku, 1), node="N2")
    assert refused.value.code == "other_node"
    assert await list_asns(stock.db, stranger, reference=asn.reference) == []


async def test_two_receivers_of_one_asn_share_what_is_left(stock: Stock) -> None:
    """Twelve hands with two units each at an ASN of ten: five get through, nothing is doubled."""
    sku = await stock.sku()
    asn = await announced(stock, (sku, 10))
    tries = [received(stock, asn, (sku, 2)) for _ in range(12)]
    found = await asyncio.gather(*tries, return_exceptions=True)
    refused = [x for x in found if isinstance(x, Conflict)]
    assert (len(refused), {x.code for x in refused}) == (7, {"over_expected"})
    assert ((await looked_at(stock, asn)).received, await inbound(stock, sku)) == (10, 0)


async def test_closing_against_receiving_leaves_one_truth(stock: Stock) -> None:
    for _ in range(4):
        sku = await stock.sku()
        asn = await announced(stock, (sku, 10))
        await received(stock, asn, (sku, 2))
        came, shut = await asyncio.gather(
            received(stock, asn, (sku, 8)), closed(stock, asn, "not_sent"), return_exceptions=True
        )
        seen = await looked_at(stock, asn)
        late = isinstance(came, Conflict)
        assert not isinstance(shut, BaseException)
        assert (seen.state, seen.received, seen.missing) == (
            ("received", 2, 8) if late else ("received", 10, 0)
        )
        assert await inbound(stock, sku) == 0


async def test_announcing_receiving_levels_and_reversal_at_once(stock: Stock) -> None:
    skus = sorted([await stock.sku(), await stock.sku()])
    asns = [await announced(stock, *[(sku, 50) for sku in skus]) for _ in range(2)]
    first = await received(stock, asns[0], (skus[0], 5))
    work = [
        *[received(stock, asns[n % 2], *[(s, 3) for s in order])
          for n, order in enumerate([skus, skus[::-1]] * 3)],
        announced(stock, (skus[1], 7), (skus[0], 7)),
        stock.levels(skus[0], inbound=3),
        moved_back(stock, first.lines[0].movements[0]),
        stock.reserve((skus[0], 1), (skus[1], 1)),
    ]  # fmt: skip
    found = await asyncio.gather(*work, return_exceptions=True)
    wrong = [x for x in found if isinstance(x, BaseException) and not isinstance(x, Conflict)]
    assert wrong == []
    assert await inbound(stock, skus[1]) == 100 - 18 + 7
    assert await inbound(stock, skus[0]) == 100 - 18 + 7 + 3


async def test_a_lost_connection_receives_once_or_not_at_all(stock: Stock) -> None:
    """The database ends our sessions at random moments; whoever sends again counts once."""
    sku, dice = await stock.sku(), random.Random(7)
    asn = await announced(stock, (sku, 100))
    killer = await connect(at(stock.server.superuser, stock.tenant.database_name))
    lost = 0
    try:
        for _ in range(12):
            stamped = stamp()
            sending = asyncio.create_task(received(stock, asn, (sku, 2), stamped=stamped))
            await asyncio.sleep(dice.uniform(0, 0.05))
            await killer.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            (answer,) = await asyncio.gather(sending, return_exceptions=True)
            while not isinstance(answer, Received):
                assert isinstance(answer, Unavailable), answer
                lost += 1
                again = received(stock, asn, (sku, 2), stamped=stamped)
                (answer,) = await asyncio.gather(again, return_exceptions=True)
    finally:
        await killer.close()
    assert lost, "no session was lost: the test has shown nothing"
    seen = await drafts.until_there(partial(looked_at, stock, asn))
    assert (seen.received, seen.open) == (24, 76)
    assert (await stock.guard(sku)).inbound == 76
