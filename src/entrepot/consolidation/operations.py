"""Writes of the consolidation room: open, claim, release, predict, choose, end.

A draft does not move its parcels. Each claim is a row whose key is the parcel, so of two drafts
that want the same parcel one waits for the other's block and then finds it taken.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.carriers.types import StoredQuote
from entrepot.consolidation import queries, rules
from entrepot.consolidation.cartons import check_cartons
from entrepot.consolidation.packing.types import Sides
from entrepot.consolidation.pricing import Box, Priced
from entrepot.consolidation.queries import Head
from entrepot.consolidation.types import Destination, Settings
from entrepot.kernel.ids import new_id
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "operations.sql")


class Taken(msgspec.Struct, frozen=True):
    """The status of a consolidation that is locked for a change."""

    status: str


class ClaimedNow(msgspec.Struct, frozen=True):
    """A parcel that became a draft's."""

    parcel_id: UUID


async def open_draft(
    tx: Tx, *, consolidation_id: UUID, customer_id: UUID, node_id: UUID, to: Destination | None
) -> None:
    """A fresh draft without parcels; `record` its event with sequence 1 afterwards."""
    await tx.value(
        SQL["open"],
        consolidation_id=consolidation_id,
        customer_id=customer_id,
        node_id=node_id,
        country=to.country if to else None,
        state=to.state if to else None,
        postcode=to.postcode if to else None,
        now=tx.now,
    )


async def take(tx: Tx, *, consolidation_id: UUID, verb: str | None = None) -> Head:
    """The consolidation, locked; whoever changes it waits for whoever does so already.

    Without `verb` it must be a draft. Raises NotFound when it is unknown or not the caller's,
    Conflict (`wrong_state`) when it is not in a state for that.
    """
    await queries.get_head(tx, consolidation_id=consolidation_id)
    taken = await tx.find(
        SQL["take"],
        Taken,
        consolidation_id=consolidation_id,
        scope_customer_id=scope_of(tx.principal).customer_id,
    )
    if taken is None:
        raise queries.unknown_consolidation()
    rules.MACHINE.follow(taken.status, verb or "request")
    return await queries.get_head(tx, consolidation_id=consolidation_id)


async def claim(
    tx: Tx, *, consolidation_id: UUID, parcel_ids: Sequence[UUID], asked: bool
) -> set[UUID]:
    """Those of the parcels that are the draft's now; the others are claimed by another one.

    Claims of drafts whose customer does not own the parcel any more give way.
    """
    wanted = sorted(set(parcel_ids))
    if not wanted:
        return set()
    await tx.value(
        SQL["drop_foreign_claims"],
        parcel_ids=wanted,
        event_ids=[new_id(tx.now) for _ in wanted],
        now=tx.now,
        actor=tx.principal.actor,
    )
    rows = await tx.list(
        SQL["claim"],
        ClaimedNow,
        consolidation_id=consolidation_id,
        parcel_ids=wanted,
        asked=asked,
        now=tx.now,
    )
    return {row.parcel_id for row in rows}


async def release(tx: Tx, *, consolidation_id: UUID, parcel_ids: Sequence[UUID]) -> int:
    """Give parcels up; how many the draft had."""
    return await tx.execute(
        SQL["release"], consolidation_id=consolidation_id, parcel_ids=list(parcel_ids)
    )


async def record(tx: Tx, head: Head, verb: str, facts: dict[str, object], *, first: bool) -> None:
    """The event of a change; `first` for that of a fresh draft, whose sequence is 1 already."""
    sequence: object = 1
    if not first:
        sequence = await tx.value(SQL["advance"], consolidation_id=head.id)
    body = {
        "consolidation_id": head.id,
        "customer_id": head.customer_id,
        "warehouse": head.warehouse,
        **facts,
    }
    await tx.value(
        SQL["put_event"],
        event_id=new_id(tx.now),
        name=f"consolidation.{verb}",
        consolidation_id=head.id,
        sequence=sequence,
        now=tx.now,
        actor=tx.principal.actor,
        body=msgspec.json.encode(body),
    )


async def send_to(tx: Tx, *, consolidation_id: UUID, to: Destination) -> None:
    """Change where the draft goes."""
    await tx.execute(
        SQL["send_to"],
        consolidation_id=consolidation_id,
        country=to.country,
        state=to.state,
        postcode=to.postcode,
    )


async def put_prediction(
    tx: Tx, head: Head, *, box: Box, priced: Priced, quote: StoredQuote | None, fingerprint: str
) -> UUID:
    """Keep what was predicted and show it; a line chosen before falls with its prediction."""
    prediction_id = new_id(tx.now)
    await tx.execute(
        SQL["put_prediction"],
        prediction_id=prediction_id,
        consolidation_id=head.id,
        quote_id=None if quote is None else quote.id,
        fingerprint=fingerprint,
        now=tx.now,
        low_g=box.low_g,
        high_g=box.high_g,
        packing=msgspec.json.encode(box.packing),
        apart=msgspec.json.encode(priced.apart),
        missing=priced.missing,
    )
    if quote is not None:
        offered = {offer.service for offer in quote.answer.offers if offer.price is not None}
        services = sorted(offered & priced.ranges.keys())
        await tx.execute(
            SQL["put_predicted_lines"],
            prediction_id=prediction_id,
            services=services,
            lows=[priced.ranges[service][0] for service in services],
            highs=[priced.ranges[service][1] for service in services],
            currency=quote.answer.currency,
        )
    await show_prediction(tx, consolidation_id=head.id, prediction_id=prediction_id)
    return prediction_id


async def show_prediction(tx: Tx, *, consolidation_id: UUID, prediction_id: UUID | None) -> None:
    """The prediction that stands for the draft now; None when there is nothing to predict."""
    await tx.execute(
        SQL["show_prediction"], consolidation_id=consolidation_id, prediction_id=prediction_id
    )


async def choose(tx: Tx, *, consolidation_id: UUID, service: str) -> None:
    """Fix a line of the prediction that is shown."""
    await tx.execute(SQL["choose"], consolidation_id=consolidation_id, service=service, now=tx.now)


async def cancel(tx: Tx, head: Head) -> None:
    """End it and let its parcels go. Raises Conflict (`wrong_state`) once packing has begun."""
    target = rules.MACHINE.follow(head.status, "cancel")
    await tx.execute(SQL["release_all"], consolidation_id=head.id)
    await tx.execute(SQL["cancel"], consolidation_id=head.id, status=target, now=tx.now)


async def put_outcome(
    tx: Tx, *, consolidation_id: UUID, outer_mm: Sequence[Sides], gross_g: int, total_minor: int
) -> None:
    """What was packed in the end, beside the prediction that was chosen by; the first one stays."""
    await tx.execute(
        SQL["put_outcome"],
        consolidation_id=consolidation_id,
        outer_mm=msgspec.json.encode(list(outer_mm)),
        gross_g=gross_g,
        total_minor=total_minor,
        now=tx.now,
    )


async def change_settings(tx: Tx, *, new: Settings) -> None:
    """Replace cartons and rules. Raises Invalid when two cartons share a code or hold nothing."""
    check_cartons(new.cartons)
    await tx.execute(SQL["change_setting"], rules=msgspec.json.encode(new.rules), now=tx.now)
    await tx.execute(SQL["end_cartons"])
    await tx.execute(SQL["put_cartons"], cartons=msgspec.json.encode(new.cartons))
