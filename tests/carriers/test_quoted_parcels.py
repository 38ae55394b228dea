"""Quotes of parcels, and of shoppers: changed goods, foreign customers, both walls."""

import asyncio
from typing import Any

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.access.permissions import PERMISSIONS
from entrepot.carriers.asking import Acceptance, NewQuote
from entrepot.carriers.types import NodeServiceChange, NodeServiceChanges, QuoteView
from entrepot.carriers.uploads import NewImport, planner_of
from entrepot.flows.accept_quote import accept_quote
from entrepot.flows.change_node_services import change_node_services
from entrepot.flows.expire_quotes import expire_quotes
from entrepot.flows.get_quote import get_quote
from entrepot.flows.import_rate_cards import import_rate_cards
from entrepot.flows.quote_shipment import quote_shipment
from entrepot.kernel.principals import Job, Principal
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from tests.carriers.price_house import asked, card_file
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer

SERVICES = ("MX-EXP", "EMS", "US-AIR", "US-SEA", "JP-AIR")
BOX: dict[str, Any] = {
    "weight_g": 1200, "length_mm": 300, "width_mm": 200, "height_mm": 100,
}  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    found = await open_trade(server)
    assert found.staff.permissions == PERMISSIONS
    form, planner = planner_of(NewImport(cards=card_file()))
    await import_rate_cards(found.db, found.staff, stamp(), form=form, planner=planner)
    changes = NodeServiceChanges([NodeServiceChange(name, True) for name in SERVICES])
    for code in ("SZX1", "YIW1"):
        await change_node_services(found.db, found.staff, stamp(), warehouse=code, changes=changes)
    return found


async def quote(trade: Trade, principal: Principal, **fields: Any) -> QuoteView:
    new = msgspec.convert(asked(**fields), NewQuote)
    return await quote_shipment(trade.db, principal, stamp(), new=new)


async def accept(trade: Trade, principal: Principal, found: QuoteView) -> QuoteView:
    taken = Acceptance("EMS")
    return await accept_quote(trade.db, principal, stamp(), quote_id=found.id, taken=taken)


async def parcel(trade: Trade, customer: Any, **fields: Any) -> str:
    code = number()
    await trade.announce(customer, code)
    return str((await trade.scan(code, **(BOX | fields))).parcel.id)


async def test_parcels_are_priced_as_measured_for_their_owner(trade: Trade) -> None:
    owner = await trade.customer()
    parcels = [await parcel(trade, owner), await parcel(trade, owner, weight_g=800)]
    found = await quote(trade, trade.staff, parcels=parcels)
    assert found.customer_id == owner.id
    same = [{"g": g, "mm": [300, 200, 100]} for g in (1200, 800)]
    plain = await quote(trade, trade.staff, pieces=same)
    assert found.offers == plain.offers
    accepted = await accept(trade, trade.staff, found)
    assert (accepted.status, accepted.accepted_service) == ("accepted", "EMS")


@pytest.mark.parametrize(
    "change",
    [
        "weight_g = 1201",
        "length_mm = 301",
        "tags = '{liquid}'",
        "held = true, held_reason = 'x', held_owner = 'staff'",
        "customer_id = (select c.customer_id from parties.customer as c"
        " where c.customer_id <> parcel.customer_id limit 1)",
        "status = 'lost', bin_id = null",
    ],
)
async def test_changed_parcels_are_not_accepted(trade: Trade, change: str) -> None:
    owner = await trade.customer()
    mine = await parcel(trade, owner)
    found = await quote(trade, trade.staff, parcels=[mine])
    connection = await trade.server.owner(trade.tenant)
    try:
        await connection.execute(
            f"update parcels.parcel set {change} where parcel_id = $1::text::uuid", mine
        )
    finally:
        await connection.close()
    with pytest.raises(Conflict) as refused:
        await accept(trade, trade.staff, found)
    assert refused.value.code == "quote_changed"


async def test_parcels_that_cannot_be_quoted_are_named_all_at_once(trade: Trade) -> None:
    owner, other = await trade.customer(), await trade.customer("Devon Fixture")
    bare = str((await trade.scan(number())).parcel.id)
    elsewhere = await parcel(trade, owner, warehouse="YIW1")
    foreign = await parcel(trade, other)
    announced = str((await trade.announce(owner, number())).id)
    with pytest.raises(Invalid) as refused:
        await quote(
            trade, trade.staff, customer_id=str(owner.id),
            parcels=[bare, elsewhere, foreign, announced],
        )  # fmt: skip
    assert {(e.path, e.code) for e in refused.value.errors} == {
        ("parcels[0]", "other_customer"), ("parcels[0]", "not_measured"),
        ("parcels[1]", "other_warehouse"), ("parcels[2]", "other_customer"),
        ("parcels[3]", "not_here"), ("parcels[3]", "not_measured"),
    }  # fmt: skip


async def test_a_shopper_sees_and_accepts_only_their_own_quotes(trade: Trade) -> None:
    owner, other = await trade.customer(), await trade.customer("Devon Fixture")
    mine = await parcel(trade, owner)
    found = await quote(trade, trade.shopper(owner), parcels=[mine])
    assert found.customer_id == owner.id
    assert (await get_quote(trade.db, trade.shopper(owner), quote_id=found.id)).id == found.id
    stranger = trade.shopper(other)
    for attempt in (
        lambda: get_quote(trade.db, stranger, quote_id=found.id),
        lambda: accept(trade, stranger, found),
        lambda: quote(trade, stranger, parcels=[mine]),
        lambda: quote(trade, stranger, customer_id=str(owner.id)),
    ):
        with pytest.raises(NotFound):
            await attempt()
    accepted = await accept(trade, trade.shopper(owner), found)
    assert accepted.status == "accepted"


async def test_staff_of_another_warehouse_see_no_quote_of_this_one(trade: Trade) -> None:
    found = await quote(trade, trade.staff)
    elsewhere = trade.staff_of("YIW1")
    for attempt in (
        lambda: get_quote(trade.db, elsewhere, quote_id=found.id),
        lambda: accept(trade, elsewhere, found),
        lambda: quote(trade, elsewhere),
    ):
        with pytest.raises(NotFound):
            await attempt()


async def test_a_shopper_states_no_coupon_by_its_terms(trade: Trade) -> None:
    owner = await trade.customer()
    with pytest.raises(Invalid) as refused:
        await quote(trade, trade.shopper(owner), coupon={"permille": 1000})
    assert [(e.path, e.code) for e in refused.value.errors] == [("coupon", "not_yours")]


async def test_the_database_shows_a_shopper_no_foreign_quote(trade: Trade) -> None:
    """The predicate off: every row that the shopper's own login can read or change is theirs."""
    owner, other = await trade.customer(), await trade.customer("Devon Fixture")
    mine = await quote(trade, trade.shopper(owner))
    theirs = await quote(trade, trade.shopper(other))
    nobodys = await quote(trade, trade.staff)
    async with trade.db.begin(trade.shopper(owner)) as tx:
        connection = tx._seat.connection
        seen = {row["quote_id"] for row in await connection.fetch(
            "select quote_id from carriers.quote"
        )}  # fmt: skip
        assert mine.id in seen
        assert not seen & {theirs.id, nobodys.id}
        tag = await connection.execute(
            "update carriers.quote set status = 'superseded', settled_at = asked_at"
            " where quote_id = any($1)", [theirs.id, nobodys.id],
        )  # fmt: skip
        assert tag == "UPDATE 0"
    assert (await get_quote(trade.db, trade.staff, quote_id=theirs.id)).status == "open"


async def test_every_state_and_its_event_agree(trade: Trade) -> None:
    violations = await trade.violations()
    assert not {name for name in violations if name.startswith(("carriers.", "platform."))}


async def test_the_sweep_writes_down_once_what_has_expired(trade: Trade) -> None:
    over, fresh = await quote(trade, trade.staff), await quote(trade, trade.staff)
    connection = await trade.server.owner(trade.tenant)
    try:
        await connection.execute(
            "update carriers.quote set asked_at = asked_at - interval '1 day',"
            " expires_at = expires_at - interval '1 day' where quote_id = $1",
            over.id,
        )
        job = Job(trade.tenant.tenant, "tidy", permissions=frozenset({"quotes:create"}))
        rounds = await asyncio.gather(*(expire_quotes(trade.db, job, Stamp()) for _ in range(3)))
        assert sum(one.expired for one in rounds) >= 1
        rows = await connection.fetch(
            "select status, sequence from carriers.quote where quote_id = any($1) order by status",
            [over.id, fresh.id],
        )
    finally:
        await connection.close()
    assert [(row["status"], row["sequence"]) for row in rows] == [("expired", 2), ("open", 1)]
    with pytest.raises(Conflict) as refused:
        await accept(trade, trade.staff, over)
    assert refused.value.code == "quote_expired"
    assert not [name for name in await trade.violations() if name.startswith("carriers.")]
