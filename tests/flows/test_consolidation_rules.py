"""Drafts of consolidations: what may join by rule, what a price needs, what the adviser says."""

import msgspec
import pytest

from entrepot.consolidation import advising
from entrepot.consolidation.types import (
    ChosenLine,
    Destination,
    MoreParcels,
    NewPrices,
)
from entrepot.flows.add_to_consolidation import add_to_consolidation
from entrepot.flows.advise_consolidation import advise_consolidation
from entrepot.flows.change_consolidation_settings import change_consolidation_settings
from entrepot.flows.choose_line import choose_line
from entrepot.flows.get_consolidation_settings import get_consolidation_settings
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.ready_to_consolidate import ready_to_consolidate
from entrepot.flows.redirect_consolidation import redirect_consolidation
from entrepot.flows.remove_from_consolidation import remove_from_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.refusals import Conflict, Invalid, NotFound, Refusal
from tests.flows.drafts import (
    AUSTIN,
    change_parcel,
    draft,
    inside,
    open_drafting_trade,
    parcel_of,
    parcels_of,
)
from tests.flows.trade import Trade, number, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_drafting_trade(server)


async def test_adding_and_removing_prices_anew(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    one, two, three = await parcels_of(trade, owner, 3)
    made = await draft(trade, owner, parcels=[one, two])
    assert [p.id for p in made.left_out] == [three] and made.left_out[0].reasons == ()
    more = MoreParcels([three])
    key = stamp()
    grown = await add_to_consolidation(trade.db, shopper, key, consolidation_id=made.id, more=more)
    assert inside(grown) == {one, two, three}
    assert grown.quote is not None and made.quote is not None
    assert grown.quote.id != made.quote.id
    assert grown == await add_to_consolidation(
        trade.db, shopper, key, consolidation_id=made.id, more=more
    )
    assert inside(
        await add_to_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id, more=more)
    ) == inside(grown)
    less = await remove_from_consolidation(
        trade.db, shopper, stamp(), consolidation_id=made.id, parcel_id=one
    )
    assert inside(less) == {two, three}
    with pytest.raises(NotFound) as caught:
        await remove_from_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, parcel_id=one
        )
    assert caught.value.code == "not_in_draft"
    for parcel in (two, three):
        less = await remove_from_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, parcel_id=parcel
        )
    assert (less.parcels, less.prediction, less.missing) == ((), None, ("parcels",))


async def test_a_single_parcel_goes_as_it_is(trade: Trade) -> None:
    owner = await trade.customer()
    await parcel_of(trade, owner, size=1)
    made = await draft(trade, owner)
    assert made.prediction is not None and made.quote is not None
    assert made.prediction.packing.boxes == ()
    assert (made.prediction.low_g, made.prediction.high_g) == (860, 860)
    assert made.prediction.saves_minor is None
    assert made.quote.lines[0].offer.price is not None


async def test_an_incomplete_set_goes_only_when_its_owner_names_it(trade: Trade) -> None:
    owner = await trade.customer()
    code = number("JD")
    await parcel_of(trade, owner)
    half = await parcel_of(trade, owner, code=f"{code}-1-2-")
    made = await draft(trade, owner)
    assert {p.id: p.reasons for p in made.left_out} == {half: ("incomplete_set",)}
    grown = await add_to_consolidation(
        trade.db, trade.shopper(owner), stamp(), consolidation_id=made.id, more=MoreParcels([half])
    )
    assert {p.id: p.reasons for p in grown.parcels}[half] == ()
    assert grown.quote is not None and not grown.quote.changed


async def test_what_a_price_still_needs_is_named(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    await parcels_of(trade, owner, 2)
    made = await draft(trade, owner, to=None)
    assert (made.missing, made.quote) == (("destination",), None)
    with pytest.raises(Conflict) as caught:
        await choose_line(
            trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-SEA")
        )
    assert caught.value.code == "not_priced"
    there = await redirect_consolidation(
        trade.db, shopper, stamp(), consolidation_id=made.id, to=Destination("JP")
    )
    assert there.quote is not None and there.destination == Destination("JP")
    japan = {line.offer.service for line in there.quote.lines if line.offer.price is not None}
    assert {"JP-AIR", "JP-SEA"} <= japan
    await parcel_of(trade, owner, warehouse="YIW1")
    elsewhere = await draft(trade, owner, warehouse="YIW1")
    assert elsewhere.missing == ("lines",)


async def test_what_fits_no_carton_is_said(trade: Trade) -> None:
    owner = await trade.customer()
    long, _ = await parcels_of(trade, owner, 2)
    await change_parcel(trade, long, "length_mm = 1900")
    made = await draft(trade, owner)
    assert made.missing == ("carton",)
    assert made.prediction is not None
    assert [left.id for left in made.prediction.packing.left] == [str(long)]


async def test_the_adviser_is_asked_about_a_draft(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    await parcels_of(trade, owner, 4)
    made = await draft(trade, owner)
    advised = await advise_consolidation(trade.db, shopper, consolidation_id=made.id)
    assert advised.exact
    assert advised.kind == "together"
    assert advised.saves_minor == 0
    assert sum(len(group.parcels) for group in advised.groups) == 4
    await redirect_consolidation(
        trade.db, shopper, stamp(), consolidation_id=made.id, to=Destination("ZZ")
    )
    lost = await advise_consolidation(trade.db, shopper, consolidation_id=made.id)
    assert (lost.kind, len(lost.stuck)) == ("none", 4)
    hit = made.parcels[0].id
    await change_parcel(trade, hit, "held = true, held_reason = 'x', held_owner = 'staff'")
    unsure = await advise_consolidation(trade.db, shopper, consolidation_id=made.id)
    assert (unsure.kind, unsure.groups) == ("unknown", ())


async def test_rules_and_cartons_are_data(trade: Trade) -> None:
    owner = await trade.customer()
    await parcel_of(trade, owner, declared=False)
    settings = await get_consolidation_settings(trade.db, trade.staff)
    assert len(settings.cartons) == 8
    lax = msgspec.structs.replace(settings.rules, declared=False)
    changed = msgspec.structs.replace(settings, rules=lax)
    await change_consolidation_settings(trade.db, trade.staff, stamp(), new=changed)
    try:
        made = await draft(trade, owner)
        assert (len(made.parcels), made.missing) == (1, ("declaration",))
    finally:
        await change_consolidation_settings(trade.db, trade.staff, stamp(), new=settings)
    twice = msgspec.structs.replace(settings, cartons=[settings.cartons[0], settings.cartons[0]])
    with pytest.raises(Invalid) as caught:
        await change_consolidation_settings(trade.db, trade.staff, stamp(), new=twice)
    assert [e.path for e in caught.value.errors] == ["cartons[1].code"]
    assert await get_consolidation_settings(trade.db, trade.staff) == settings


async def test_ready_tells_what_one_click_would_take(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    parcels = await parcels_of(trade, owner, 2)
    await parcel_of(trade, owner, measured=False)
    ready = await ready_to_consolidate(trade.db, shopper)
    (place,) = ready.ready
    assert (place.warehouse, {p.id for p in place.parcels}) == ("SZX1", set(parcels))
    assert [p.reasons for p in place.left_out] == [("not_measured",)]
    made = await draft(trade, owner)
    after = await ready_to_consolidate(trade.db, shopper)
    assert after.ready == ()
    assert [one.id for one in after.drafts] == [made.id]
    assert after.destination == AUSTIN


async def test_no_step_that_the_machine_does_not_know(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    parcel, other = await parcels_of(trade, owner, 2)
    made = await draft(trade, owner, parcels=[parcel])
    await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id)
    tries = [
        lambda: add_to_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, more=MoreParcels([other])
        ),
        lambda: remove_from_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, parcel_id=parcel
        ),
        lambda: redirect_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, to=AUSTIN
        ),
        lambda: price_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, new=NewPrices()
        ),
        lambda: choose_line(
            trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-SEA")
        ),
    ]
    for attempt in tries:
        with pytest.raises(Refusal) as caught:
            await attempt()
        assert (caught.value.status, caught.value.code) == (409, "wrong_state")


async def test_the_adviser_tries_no_more_than_anybody_waits_for(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await trade.customer()
    await parcels_of(trade, owner, 4)
    made = await draft(trade, owner)
    monkeypatch.setattr(advising, "MOST_TRIED", 15)
    unsure = await advise_consolidation(trade.db, trade.shopper(owner), consolidation_id=made.id)
    assert unsure.kind == "unknown"
