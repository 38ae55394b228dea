"""The same parcels, the same draft, at the same moment: one winner, and nothing in between.

40 rounds each (SAFETY 5, R9).
"""

import asyncio
import random
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest

from entrepot.consolidation.types import (
    ChosenLine,
    Consolidation,
    MoreParcels,
    NewConsolidation,
    NewPrices,
)
from entrepot.flows.add_to_consolidation import add_to_consolidation
from entrepot.flows.choose_line import choose_line
from entrepot.flows.consolidate_parcels import consolidate_parcels
from entrepot.flows.get_consolidation import get_consolidation
from entrepot.flows.list_consolidations import list_consolidations
from entrepot.flows.price_consolidation import price_consolidation
from entrepot.flows.remove_from_consolidation import remove_from_consolidation
from entrepot.flows.undo_consolidation import undo_consolidation
from entrepot.kernel.principals import Principal
from entrepot.kernel.refusals import Conflict, NotFound, Refusal
from entrepot.parties.types import Customer
from tests.flows.drafts import AUSTIN, draft, open_drafting_trade, parcels_of
from tests.flows.trade import Trade, stamp
from tests.postgres_fixture import InstalledServer

ROUNDS = 40


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_drafting_trade(server)


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """Answers or refusals, whatever else is raised is a failure."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Refusal):
            raise answer
    return answers


def made_of(answers: list[Any]) -> list[Consolidation]:
    return [answer for answer in answers if isinstance(answer, Consolidation)]


async def live_claims(trade: Trade, customer: Customer) -> dict[UUID, set[UUID]]:
    """Parcels by live draft, as the claims say."""
    reader = await trade.server.owner(trade.tenant)
    try:
        rows = await reader.fetch(
            "select k.consolidation_id, k.parcel_id, c.status from consolidation.claim as k"
            " join consolidation.consolidation as c on c.consolidation_id = k.consolidation_id"
            " where c.customer_id = $1",
            customer.id,
        )
    finally:
        await reader.close()
    assert all(row["status"] == "draft" for row in rows)
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["consolidation_id"], set()).add(row["parcel_id"])
    return found


async def test_the_same_parcels_into_two_drafts_at_once(trade: Trade) -> None:
    """Exactly one wins, whoever asks: the shopper, staff, or parcels in another order."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 3)
    shopper = trade.shopper(owner)
    for _ in range(ROUNDS):
        askers: list[Principal] = [shopper, trade.staff, shopper]
        answers = await together(*(
            consolidate_parcels(
                trade.db, by, stamp(),
                new=NewConsolidation(
                    warehouse="SZX1", customer_id=owner.id,
                    parcels=parcels if turn % 2 else parcels[::-1],
                ),
            )
            for turn, by in enumerate(askers)
        ))  # fmt: skip
        (winner,) = made_of(answers)
        losers = [answer for answer in answers if isinstance(answer, Refusal)]
        assert {(loser.status, loser.code) for loser in losers} == {(409, "parcels_not_eligible")}
        assert all(winner.code in error.message for loser in losers for error in loser.errors)
        assert await live_claims(trade, owner) == {winner.id: set(parcels)}
        await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=winner.id)


async def test_overlapping_drafts_share_no_parcel(trade: Trade) -> None:
    owner = await trade.customer()
    one, two, three = await parcels_of(trade, owner, 3)
    for _ in range(ROUNDS):
        answers = await together(
            draft(trade, owner, parcels=[one, two]),
            draft(trade, owner, parcels=[two, three]),
            draft(trade, owner, parcels=[three, one]),
        )
        (winner,) = made_of(answers)
        assert await live_claims(trade, owner) == {winner.id: {p.id for p in winner.parcels}}
        await undo_consolidation(trade.db, trade.staff, stamp(), consolidation_id=winner.id)


async def test_two_clicks_of_one_customer_are_one_draft(trade: Trade) -> None:
    """The second click is told which draft the first one made."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 3)
    shopper = trade.shopper(owner)
    new = NewConsolidation(warehouse="SZX1", destination=AUSTIN)
    for _ in range(ROUNDS):
        answers = await together(
            *(consolidate_parcels(trade.db, shopper, stamp(), new=new) for _ in range(2))
        )
        (winner,) = made_of(answers)
        (loser,) = [answer for answer in answers if isinstance(answer, Conflict)]
        assert loser.code == "nothing_eligible"
        assert loser.facts["consolidation_id"] == str(winner.id)
        assert {p.id for p in winner.parcels} == set(parcels)
        await undo_consolidation(trade.db, shopper, stamp(), consolidation_id=winner.id)
    live = await list_consolidations(trade.db, shopper, statuses=["draft"])
    assert live == []


async def test_undo_against_choose(trade: Trade) -> None:
    """Whichever comes first: in the end it is undone, and never chosen without parcels."""
    owner = await trade.customer()
    await parcels_of(trade, owner, 2)
    shopper = trade.shopper(owner)
    for turn in range(ROUNDS):
        made = await draft(trade, owner)
        calls = [
            choose_line(
                trade.db, shopper, stamp(), consolidation_id=made.id, chosen=ChosenLine("US-SEA")
            ),
            undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id),
        ]
        answers = await together(*(calls if turn % 2 else calls[::-1]))
        chosen = answers[0] if turn % 2 else answers[1]
        if isinstance(chosen, Refusal):
            assert (chosen.status, chosen.code) == (409, "wrong_state")
        seen = await get_consolidation(trade.db, shopper, consolidation_id=made.id)
        assert (seen.status, seen.parcels) == ("cancelled", ())
        assert await live_claims(trade, owner) == {}


async def test_add_against_undo(trade: Trade) -> None:
    owner = await trade.customer()
    one, two = await parcels_of(trade, owner, 2)
    shopper = trade.shopper(owner)
    for turn in range(ROUNDS):
        made = await draft(trade, owner, parcels=[one])
        calls = [
            add_to_consolidation(
                trade.db, shopper, stamp(), consolidation_id=made.id, more=MoreParcels([two])
            ),
            undo_consolidation(trade.db, shopper, stamp(), consolidation_id=made.id),
        ]
        answers = await together(*(calls if turn % 2 else calls[::-1]))
        added = answers[0] if turn % 2 else answers[1]
        if isinstance(added, Refusal):
            assert (added.status, added.code) == (409, "wrong_state")
        assert await live_claims(trade, owner) == {}


async def test_one_parcel_added_to_two_drafts_at_once(trade: Trade) -> None:
    owner = await trade.customer()
    one, two, wanted = await parcels_of(trade, owner, 3)
    drafts = [await draft(trade, owner, parcels=[parcel]) for parcel in (one, two)]
    shopper = trade.shopper(owner)
    for _ in range(ROUNDS):
        answers = await together(*(
            add_to_consolidation(
                trade.db, shopper, stamp(), consolidation_id=made.id, more=MoreParcels([wanted])
            )
            for made in drafts
        ))  # fmt: skip
        (winner,) = made_of(answers)
        (loser,) = [answer for answer in answers if isinstance(answer, Conflict)]
        assert loser.code == "parcels_not_eligible"
        await remove_from_consolidation(
            trade.db, shopper, stamp(), consolidation_id=winner.id, parcel_id=wanted
        )


async def test_whatever_is_done_at_once_claims_are_the_parcels_of_live_drafts(
    trade: Trade,
) -> None:
    """Eight hands do anything to one customer's drafts; after each round the claims are exactly
    what the drafts show, and no invariant is broken."""
    owner = await trade.customer()
    parcels = await parcels_of(trade, owner, 4)
    shopper, dice = trade.shopper(owner), random.Random(20261122)
    known: list[UUID] = [(await draft(trade, owner, parcels=parcels[:2])).id]

    def anything() -> Awaitable[Any]:
        made, parcel = dice.choice(known), dice.choice(parcels)
        db, one = trade.db, MoreParcels([parcel])
        return dice.choice([
            lambda: draft(trade, owner, parcels=dice.sample(parcels, dice.randint(1, 3))),
            lambda: draft(trade, owner),
            lambda: add_to_consolidation(db, shopper, stamp(), consolidation_id=made, more=one),
            lambda: remove_from_consolidation(
                db, shopper, stamp(), consolidation_id=made, parcel_id=parcel
            ),
            lambda: choose_line(
                db, shopper, stamp(), consolidation_id=made, chosen=ChosenLine("US-SEA")
            ),
            lambda: price_consolidation(
                db, shopper, stamp(), consolidation_id=made, new=NewPrices()
            ),
            lambda: undo_consolidation(db, shopper, stamp(), consolidation_id=made),
        ])()  # fmt: skip

    for _ in range(15):
        answers = await together(*(anything() for _ in range(8)))
        assert all(
            isinstance(answer, Conflict | NotFound) or not isinstance(answer, Refusal)
            for answer in answers
        )
        known = [one.id for one in await list_consolidations(trade.db, shopper)]
        claims = await live_claims(trade, owner)
        shown = {}
        for made in known:
            seen = await get_consolidation(trade.db, shopper, consolidation_id=made)
            if seen.parcels:
                shown[made] = {parcel.id for parcel in seen.parcels}
            assert seen.status in ("draft", "cancelled")
            if seen.choice is not None and seen.status == "draft":
                assert seen.choice.stands
        assert claims == shown
    assert await trade.violations() == {}
