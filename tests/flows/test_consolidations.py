"""Drafts of consolidations: one click, what joins and what does not, and what changes mean."""

from uuid import UUID

import pytest

from entrepot.consolidation.types import (
    ChosenLine,
    Destination,
    NewConsolidation,
    NewPrices,
)
from entrepot.flows.choose_line import choose_line
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.refusals import Conflict, Invalid, NotFound
from entrepot.parties.types import Customer
from tests.flows.drafts import (
    AUSTIN,
    change_parcel,
    draft,
    inside,
    open_drafting_trade,
    parcel_of,
    parcels_of,
    see,
)
from tests.flows.trade import Trade, number, stamp
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_drafting_trade(server)


async def test_one_click_takes_all_that_may_go_and_tells_why_the_others_may_not(
    trade: Trade,
) -> None:
    """S1.44: a single call merges all eligible parcels; the others are listed with reasons."""
    owner, other = await trade.customer(), await trade.customer("Somebody Else")
    good = await parcels_of(trade, owner, 3)
    against = {
        await parcel_of(trade, owner, warehouse="YIW1"): ("other_warehouse",),
        await parcel_of(trade, owner, measured=False): ("not_measured",),
        await parcel_of(trade, owner, declared=False): ("not_declared",),
        (await trade.announce(owner, number())).id: ("not_arrived", "not_declared"),
    }
    held, bad, late = [await parcel_of(trade, owner) for _ in range(3)]
    await change_parcel(trade, held, "held = true, held_reason = 'photo', held_owner = 'staff'")
    await change_parcel(trade, bad, "tags = '{prohibited}', tags_by = 'staff'")
    against |= {held: ("held",), bad: ("prohibited",), late: ("overdue_fee",)}
    half = (await trade.scan(f"{number('JD')}-1-2-", weight_g=900)).parcel.id
    await change_parcel(
        trade, half, f"customer_id = '{owner.id}', match_certainty = 'sure', match_by = 'manual'"
    )
    against[half] = ("not_measured", "not_declared", "incomplete_set")
    foreign = await parcel_of(trade, other)
    new = NewConsolidation(
        warehouse="SZX1", customer_id=owner.id, destination=AUSTIN, overdue={late: 1200}
    )
    made = await consolidate_parcels(trade.db, trade.staff, stamp(), new=new)
    assert inside(made) == set(good)
    assert {p.id: p.reasons for p in made.left_out if p.id != late} == {
        key: reasons for key, reasons in against.items() if key != late
    }
    assert foreign not in inside(made) | {p.id for p in made.left_out}
    assert made.code.startswith("C0")
    assert all(p.status == "received" for p in made.parcels), "a draft moves no parcel"
    with pytest.raises(Conflict) as caught:
        await consolidate_parcels(trade.db, trade.staff, stamp(), new=new)
    assert caught.value.code == "nothing_eligible"
    told = {(e.path, e.code) for e in caught.value.errors}
    assert {(f"parcels.{key}", code) for key, codes in against.items() for code in codes} <= told
    assert {(f"parcels.{key}", "in_another_draft") for key in good} <= told
    assert caught.value.facts["consolidation"] == made.code


async def test_weight_cost_and_line_by_line_and_undo(trade: Trade) -> None:
    """S1.43 up to the draft: n parcels, one shipment, weights and prices broken down, undo."""
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    parcels = await parcels_of(trade, owner, 5)
    made = await draft(trade, owner)
    assert inside(made) == set(parcels)
    assert made.prediction is not None and made.quote is not None
    boxes = made.prediction.packing.boxes
    assert {p.id for box in boxes for p in box.carton.placements} == {str(p) for p in parcels}
    net = sum(p.weight_g or 0 for p in made.parcels)
    assert net < made.prediction.low_g <= made.prediction.high_g
    priced = [line for line in made.quote.lines if line.offer.price is not None]
    for line in priced:
        assert line.offer.price is not None
        assert line.low_minor is not None and line.high_minor is not None
        assert line.low_minor <= line.offer.price.total_minor <= line.high_minor
        assert sum(part.minor for part in line.offer.price.lines) == line.offer.price.total_minor
    assert made.prediction.apart_minor == sum(a.total_minor for a in made.prediction.apart)
    assert len(made.prediction.apart) == 5
    assert made.prediction.saves_minor == made.prediction.apart_minor - min(
        line.high_minor for line in priced if line.high_minor is not None
    )
    undone = await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id)
    assert set(undone.parcels) == set(parcels)
    gone = await see(trade, made, shopper)
    assert (gone.status, gone.parcels) == ("cancelled", ())
    again = await draft(trade, owner, to=None)
    assert inside(again) == set(parcels)
    assert again.destination == AUSTIN, "the last destination is remembered"
    for _ in range(2):
        nothing = await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id)
        assert nothing.parcels == []


async def test_five_lines_side_by_side_with_price_days_reasons_and_marks(trade: Trade) -> None:
    """S1.46, through storage and flow: at least five lines, the cheapest and fastest marked."""
    owner = await trade.customer()
    await parcels_of(trade, owner, 4)
    made = await draft(trade, owner)
    assert made.quote is not None
    priced = [line for line in made.quote.lines if line.offer.price is not None]
    assert len(priced) >= 5
    assert len({line.offer.carrier for line in priced}) >= 3
    totals = [line.offer.price.total_minor for line in priced if line.offer.price]
    assert totals == sorted(totals)
    marked = {mark: line.offer.service for line in priced for mark in line.offer.marks}
    assert marked["cheapest"] == priced[0].offer.service
    days = {line.offer.service: line.offer.transit_days for line in priced}
    assert all(days.values())
    assert days[marked["fastest"]] == min(days.values(), key=lambda d: d[1] if d else 999)
    assert "best_value" in marked
    others = [line for line in made.quote.lines if line.offer.price is None]
    assert others and all(line.offer.reasons for line in others)


async def test_a_battery_closes_lines_and_says_so(trade: Trade) -> None:
    owner = await trade.customer()
    parcel, _ = await parcels_of(trade, owner, 2)
    await change_parcel(trade, parcel, "tags = '{battery_inside}', tags_by = 'staff'")
    made = await draft(trade, owner)
    assert made.quote is not None
    reasons = {
        line.offer.service: [reason.code for reason in line.offer.reasons]
        for line in made.quote.lines
    }
    assert reasons["EMS"] == ["goods_refused"]
    assert reasons["US-BATT"] == []


async def test_value_limits_and_thresholds_are_said_and_splits_proposed(trade: Trade) -> None:
    """F-H06: warnings of the destination and the line; how many shipments would stay below."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 2)
    owner_of_rows = await trade.server.owner(trade.tenant)
    await owner_of_rows.execute(
        "update parcels.item set unit_price_minor = 9000000 where parcel_id = $1", parcels[0]
    )
    await owner_of_rows.close()
    shopper = trade.shopper(owner)
    made = await draft(trade, owner, to=Destination("DE", postcode="10437"))
    assert made.quote is not None
    hints = {
        (line.offer.service, hint.code): hint
        for line in made.quote.lines
        for hint in line.offer.hints
    }
    over = [
        line.offer.service
        for line in made.quote.lines
        if any(reason.code == "value_over_limit" for reason in line.offer.reasons)
    ]
    assert "DE-DDP" in over
    split = hints["DE-DDP", "split_value"]
    value_minor = 9_000_000 + 9_900
    assert split.shipments == -(-value_minor // (150 * 820)), "150 EUR at 8.2 CNY each"
    warned = {service for service, code in hints if code == "duty_threshold"}
    assert warned == {line.offer.service for line in made.quote.lines if line.offer.price}
    assert "EMS" in warned
    await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id)


async def test_a_line_is_fixed_once_and_another_may_be_taken_instead(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    await parcels_of(trade, owner, 3)
    made = await draft(trade, owner)
    assert made.quote is not None
    wish = ChosenLine("US-SEA", made.quote.id)
    key = stamp()
    chosen = await choose_line(trade.db, shopper, key, consolidation_id=made.id, chosen=wish)
    assert chosen.choice is not None
    assert (chosen.choice.service, chosen.choice.stands) == ("US-SEA", True)
    sea = next(line for line in made.quote.lines if line.offer.service == "US-SEA")
    assert sea.offer.price is not None
    assert chosen.choice.total_minor == sea.offer.price.total_minor
    assert chosen == await choose_line(
        trade.db, shopper, key, consolidation_id=made.id, chosen=wish
    )
    assert chosen == await choose_line(
        trade.db, shopper, stamp(), consolidation_id=made.id, chosen=wish
    )
    air = await choose_line(
        trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-AIR")
    )
    assert air.choice is not None
    assert air.choice.service == "US-AIR"
    assert air.choice.quote_id != chosen.choice.quote_id
    with pytest.raises(Invalid) as caught:
        await choose_line(
            trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("DE-DDP")
        )
    assert caught.value.code == "service_not_offered"
    trade.at[0] = 100.0
    assert (await see(trade, made, shopper)).choice == air.choice, "a fixed price does not expire"
    trade.at[0] = 0.0


async def test_expired_prices_are_a_conflict_until_priced_again(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    await parcels_of(trade, owner, 2)
    made = await draft(trade, owner)
    trade.at[0] = 1.0
    try:
        stale = await see(trade, made, shopper)
        assert stale.quote is not None and stale.quote.expired
        wish = ChosenLine("US-SEA")
        with pytest.raises(Conflict) as caught:
            await choose_line(trade.db, shopper, stamp(), consolidation_id=made.id, chosen=wish)
        assert caught.value.code == "quote_expired"
        fresh = await price_consolidation(
            trade.db, shopper, stamp(), consolidation_id=made.id, new=NewPrices()
        )
        assert fresh.quote is not None and not fresh.quote.expired
        old = ChosenLine("US-SEA", stale.quote.id)
        with pytest.raises(Conflict) as caught:
            await choose_line(trade.db, shopper, stamp(), consolidation_id=made.id, chosen=old)
        assert caught.value.code == "quote_superseded"
        done = await choose_line(trade.db, shopper, stamp(), consolidation_id=made.id, chosen=wish)
        assert done.choice is not None
    finally:
        trade.at[0] = 0.0


CHANGES = [
    ("held = true, held_reason = 'x-ray', held_owner = 'staff'", ("held",)),
    ("tags = '{prohibited}', tags_by = 'staff'", ("prohibited",)),
    ("weight_g = 1300", ()),
    ("length_mm = 330", ()),
    ("tags = '{battery_inside}', tags_by = 'staff'", ()),
    ("status = 'exception'", ("wrong_status",)),
    ("status = 'lost', bin_id = null", ("wrong_status",)),
    (
        "node_id = (select n.node_id from nodes.node as n where n.code = 'YIW1'), bin_id ="
        " (select b.bin_id from nodes.bin as b join nodes.node as n on n.node_id = b.node_id"
        " where n.code = 'YIW1' and b.receiving)",
        ("other_warehouse",),
    ),
]


@pytest.mark.parametrize(("change", "reasons"), CHANGES, ids=[c[:22] for c, _ in CHANGES])
async def test_what_happens_to_a_parcel_shows_at_once_and_spoils_the_price(
    trade: Trade, change: str, reasons: tuple[str, ...]
) -> None:
    """A parcel in a draft is held, found prohibited, weighed again, moved, lost: the draft shows
    it at the next look, its quote and its fixed line no longer stand, and pricing again helps."""
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    hit, _, _ = await parcels_of(trade, owner, 3)
    made = await draft(trade, owner)
    if not reasons:
        await choose_line(
            trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-SEA")
        )
    await change_parcel(trade, hit, change)
    seen = await see(trade, made, shopper)
    assert {p.id: p.reasons for p in seen.parcels}[hit] == reasons
    assert seen.quote is not None and seen.quote.changed
    assert seen.choice is None or not seen.choice.stands
    with pytest.raises(Conflict) as caught:
        await choose_line(
            trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-SEA")
        )
    assert caught.value.code == "parcels_changed"
    assert {e.code for e in caught.value.errors} == set(reasons)
    if reasons:
        with pytest.raises(Conflict) as caught:
            await price_consolidation(
                trade.db, shopper, stamp(), consolidation_id=made.id, new=NewPrices()
            )
        assert caught.value.code == "parcels_not_eligible"
    new = NewPrices(leave_out=True)
    again = await price_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id, new=new)
    assert (hit in inside(again)) is (not reasons)
    assert again.quote is not None and not again.quote.changed
    done = await choose_line(
        trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-BATT")
    )
    assert done.choice is not None and done.choice.stands


async def test_a_parcel_that_becomes_anothers_leaves_the_draft_and_is_free_for_its_owner(
    trade: Trade,
) -> None:
    first, second = await trade.customer("First"), await trade.customer("Second")
    moved, stays = await parcels_of(trade, first, 2)
    made = await draft(trade, first)
    await change_parcel(trade, moved, f"customer_id = '{second.id}'")
    seen = await see(trade, made, trade.shopper(first))
    lost = next(p for p in seen.parcels if p.id == moved)
    assert (lost.reasons, lost.tracking_number, lost.weight_g) == (("other_customer",), None, None)
    assert seen.quote is not None and seen.quote.changed
    theirs = await draft(trade, second)
    assert inside(theirs) == {moved}
    left = await see(trade, made, trade.shopper(first))
    assert inside(left) == {stays}
    assert left.quote is not None and left.quote.changed


@pytest.mark.parametrize("which", ["customer", "parcel", "warehouse"])
async def test_what_is_not_there_is_not_found(trade: Trade, which: str) -> None:
    owner = await trade.customer()
    parcel = await parcel_of(trade, owner)
    unknown = UUID(int=parcel.int ^ 1)
    customer = Customer(unknown, "", "", None, None, "en", owner.created_at)
    with pytest.raises(NotFound):
        await draft(
            trade,
            customer if which == "customer" else owner,
            by=trade.staff,
            parcels=[unknown if which == "parcel" else parcel],
            warehouse="NO1" if which == "warehouse" else "SZX1",
        )


async def test_named_parcels_go_all_or_none(trade: Trade) -> None:
    owner = await trade.customer()
    good, bad = await parcel_of(trade, owner), await parcel_of(trade, owner, measured=False)
    with pytest.raises(Conflict) as caught:
        await draft(trade, owner, parcels=[good, bad])
    assert caught.value.code == "parcels_not_eligible"
    assert [(e.path, e.code) for e in caught.value.errors] == [(f"parcels.{bad}", "not_measured")]
    assert inside(await draft(trade, owner, parcels=[good])) == {good}


async def test_lists_are_narrowed_and_paged(trade: Trade) -> None:
    owner = await trade.customer()
    shopper = trade.shopper(owner)
    made = []
    for parcel in await parcels_of(trade, owner, 3):
        made.append(await draft(trade, owner, parcels=[parcel]))
    await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made[0].id)
    every = await list_consolidations(trade.db, shopper)
    assert [one.id for one in every] == [one.id for one in reversed(made)]
    live = await list_consolidations(
        trade.db, trade.staff, customer_id=owner.id, statuses=["draft"]
    )
    assert [one.id for one in live] == [made[2].id, made[1].id]
    behind = await list_consolidations(trade.db, shopper, after=made[1].id, most=1)
    assert [(one.id, one.status) for one in behind] == [(made[0].id, "cancelled")]
    assert await list_consolidations(trade.db, shopper, warehouse="YIW1") == []


async def test_no_invariant_is_broken(trade: Trade) -> None:
    """Runs last: everything above has left its rows."""
    broken = await trade.violations()
    # Rows changed here by hand have no events of their own, and no bin to be lost from.
    assert {name for name in broken if "consolidation" in name or "quote" in name} == set()
