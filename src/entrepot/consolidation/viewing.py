"""A consolidation as it is shown: its parcels as they are now beside what was priced for them.

Nothing is kept that could go stale: held, moved, weighed again, given to somebody else or gone, a
parcel shows it at the next look, and the quote then says that it is of something else.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.carriers import queries as carriers
from entrepot.carriers.rating.quotes import with_live
from entrepot.carriers.rating.requests import Excluded, Offer
from entrepot.carriers.types import StoredQuote
from entrepot.consolidation import queries
from entrepot.consolidation.queries import Head, PredictedLine, StoredPrediction
from entrepot.consolidation.rules import fingerprint, shown
from entrepot.consolidation.types import (
    Alone,
    Candidate,
    Choice,
    Consolidation,
    DraftLine,
    DraftParcel,
    DraftQuote,
    PredictedPacking,
    Prediction,
)
from entrepot.kernel.calendars import local_day
from entrepot.platform.database import ReadTx


class Contents(msgspec.Struct, frozen=True):
    """What a consolidation holds now, and the customer's other parcels that could go some day.

    `members` are those of its parcels that its customer still owns; `fingerprint` is of them.
    """

    members: tuple[Candidate, ...]
    parcels: tuple[DraftParcel, ...]
    left_out: tuple[DraftParcel, ...]
    fingerprint: str

    @property
    def fit(self) -> bool:
        """Whether there is something and all of it may leave."""
        return bool(self.parcels) and not any(parcel.reasons for parcel in self.parcels)


async def contents_of(tx: ReadTx, head: Head) -> Contents:
    """The consolidation's parcels with what keeps each from leaving, and the others."""
    rules = await queries.get_rules(tx)
    claimed = await queries.list_claimed(tx, consolidation_id=head.id)
    candidates = await queries.list_candidates(
        tx, customer_id=head.customer_id, warehouse=head.warehouse, consolidation_id=head.id
    )
    known = {one.id: one for one in candidates}
    inside = {row.parcel_id for row in claimed}
    members = tuple(one for one in candidates if one.id in inside)
    lost = tuple(queries.gone(parcel_id) for parcel_id in sorted(inside - known.keys()))
    parcels = tuple(
        shown(one, warehouse=head.warehouse, rules=rules, draft=head.id) for one in members
    )
    others = [one for one in candidates if one.id not in inside]
    return Contents(
        members=members,
        parcels=parcels + lost,
        left_out=tuple(shown(one, warehouse=head.warehouse, rules=rules) for one in others),
        fingerprint=fingerprint(members, head.destination, head.warehouse),
    )


async def show(tx: ReadTx, *, consolidation_id: UUID) -> Consolidation:
    """The consolidation; NotFound when it is unknown or not the caller's."""
    head = await queries.get_head(tx, consolidation_id=consolidation_id)
    contents = await contents_of(tx, head)
    stored = await queries.find_prediction(
        tx, consolidation_id=head.id, prediction_id=head.prediction_id
    )
    fresh = stored is not None and stored.fingerprint == contents.fingerprint and contents.fit
    quote = None
    if stored is not None and stored.quote_id is not None:
        quote = await _quote(tx, head, stored, stored.quote_id, changed=not fresh)
    return Consolidation(
        id=head.id,
        code=head.code,
        status=head.status,
        customer=head.customer,
        warehouse=head.warehouse,
        destination=head.destination,
        created_at=head.created_at,
        parcels=contents.parcels,
        left_out=contents.left_out if head.status == "draft" else (),
        prediction=None if stored is None else _prediction(stored, quote),
        quote=quote,
        choice=await _choice(tx, head, contents),
        missing=_missing(head, contents, stored),
    )


def _missing(head: Head, contents: Contents, stored: StoredPrediction | None) -> tuple[str, ...]:
    if head.status == "cancelled":
        return ()
    found = []
    if not contents.parcels:
        found.append("parcels")
    elif not contents.fit:
        found.append("fit")
    if head.destination is None:
        found.append("destination")
    if stored is not None and stored.missing is not None:
        found.append(stored.missing)
    return tuple(found)


def _prediction(stored: StoredPrediction, quote: DraftQuote | None) -> Prediction:
    apart = msgspec.json.decode(stored.apart, type=tuple[Alone, ...])
    comparable = bool(apart) and all(one.service is not None for one in apart)
    total = sum(one.total_minor for one in apart) if comparable else None
    dear = [line.high_minor for line in quote.lines if line.high_minor is not None] if quote else []
    return Prediction(
        id=stored.id,
        predicted_at=stored.predicted_at,
        low_g=stored.low_g,
        high_g=stored.high_g,
        packing=msgspec.json.decode(stored.packing, type=PredictedPacking),
        apart=apart,
        apart_minor=total,
        apart_chargeable_g=sum(one.chargeable_g for one in apart) if comparable else None,
        saves_minor=total - min(dear) if total is not None and dear and len(apart) > 1 else None,
    )


async def _quote(
    tx: ReadTx, head: Head, stored: StoredPrediction, quote_id: UUID, *, changed: bool
) -> DraftQuote:
    quote = await carriers.get_quote(tx, quote_id=quote_id)
    ranges = {
        line.service: line
        for line in await queries.list_predicted_lines(tx, prediction_id=stored.id)
    }
    chosen = head.chosen_service if head.chosen_prediction_id == stored.id else None
    return DraftQuote(
        id=quote.id,
        quoted_at=quote.asked_at,
        expires_at=quote.expires_at,
        expired=quote.status != "accepted" and tx.now >= quote.expires_at,
        changed=changed,
        currency=quote.answer.currency,
        lines=tuple(_line(offer, ranges, chosen) for offer in offers_of(quote, ranges)),
    )


def offers_of(quote: StoredQuote, ranges: dict[str, PredictedLine]) -> Sequence[Offer]:
    """The quote's offers; a line that does not take every weight of the range is none.

    Such a line has a price at the upper weight, so at a lower one only its bands can end.
    """
    offers = [
        offer
        if offer.price is None or offer.service in ranges
        else msgspec.structs.replace(
            offer, price=None, reasons=(Excluded("no_weight_band"),), marks=(), hints=()
        )
        for offer in quote.answer.offers
    ]
    return with_live(msgspec.structs.replace(quote.answer, offers=tuple(offers)), ()).offers


def _line(offer: Offer, ranges: dict[str, PredictedLine], chosen: str | None) -> DraftLine:
    span = ranges.get(offer.service) if offer.price is not None else None
    charged = None
    if offer.price is not None:
        charged = sum(waybill.chargeable_g for waybill in offer.price.waybills)
    return DraftLine(
        offer=offer,
        low_minor=span.low_minor if span else None,
        high_minor=span.high_minor if span else None,
        chargeable_g=charged,
        chosen=offer.service == chosen,
    )


async def _choice(tx: ReadTx, head: Head, contents: Contents) -> Choice | None:
    if head.chosen_service is None or head.chosen_at is None:
        return None
    stored = await queries.find_prediction(
        tx, consolidation_id=head.id, prediction_id=head.chosen_prediction_id
    )
    if stored is None or stored.quote_id is None:
        raise AssertionError("a line is chosen by a prediction with a quote")
    quote = await carriers.get_quote(tx, quote_id=stored.quote_id)
    offer = quote.offer(head.chosen_service)
    if offer is None or offer.price is None:
        raise AssertionError("a chosen line has a price")
    return Choice(
        service=head.chosen_service,
        quote_id=stored.quote_id,
        total_minor=offer.price.total_minor,
        currency=offer.price.currency,
        chosen_at=head.chosen_at,
        stands=stored.fingerprint == contents.fingerprint and contents.fit,
    )


def today_at(tx: ReadTx, head: Head) -> date:
    """The day that it is at the warehouse now."""
    return local_day(tx.now, head.zone)
