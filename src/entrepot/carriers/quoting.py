"""Ask for a quote and keep it: what flows call, for pieces, parcels and consolidations alike."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import msgspec

from entrepot.carriers import operations, queries, tariffs
from entrepot.carriers.live_offers import Heard, offers_from
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.quotes import quote_all, with_live
from entrepot.carriers.rating.requests import Quote, Request
from entrepot.carriers.rules import calendar_of
from entrepot.carriers.types import StoredQuote, Subject, Versions
from entrepot.kernel.calendars import local_day
from entrepot.platform.database import ReadTx, Tx


async def local_today(
    tx: ReadTx, *, warehouse: str, warehouses: Collection[str] | None = None
) -> date:
    """Today at a node: the ship date of a request that states none."""
    departure = await queries.get_departure(tx, warehouse=warehouse, warehouses=warehouses)
    return local_day(tx.now, departure.zone)


async def known_tier(tx: ReadTx, *, warehouse: str, tier: str | None) -> str | None:
    """A customer's tier if the rules in force have it; one that they dropped discounts nothing."""
    if tier is None:
        return None
    tariff = await queries.load_tariff(tx, warehouse=warehouse)
    return tier if tier in tariff.tiers else None


async def price_all(
    tx: ReadTx,
    *,
    warehouse: str,
    request: Request,
    warehouses: Collection[str] | None = None,
    heard: Sequence[Heard] = (),
) -> tuple[Quote, Versions]:
    """Every service that the node offers, priced or excluded, and what it was made of; nothing is
    kept. `heard`: what live carriers answered to this request, for lines beside the cards'.
    Raises NotFound (`unknown_warehouse`), Conflict (`no_tariff`), Invalid."""
    departure = await queries.get_departure(tx, warehouse=warehouse, warehouses=warehouses)
    whole = await queries.load_stored(tx, departure=departure)
    stored = tariffs.on_day(whole, request.ship_date)
    there = whole.calendars.get(request.country.strip().upper())
    here = whole.calendars.get(departure.code) or whole.calendars.get(departure.country or "")
    answer = quote_all(
        stored.tariff,
        request,
        now=tx.now,
        leaves=calendar_of(here),
        arrives=calendar_of(there),
    )
    versions = tariffs.versions_of(stored, leaves=here, arrives=there)
    versions = msgspec.structs.replace(versions, live=tuple(heard))
    return _joined(answer, stored.tariff, request, versions), versions


def _joined(answer: Quote, tariff: Tariff, request: Request, versions: Versions) -> Quote:
    """The cards' answer with the lines of live carriers, where any were asked."""
    if not versions.live:
        return answer
    leaves, arrives = calendar_of(versions.leaves), calendar_of(versions.arrives)
    live = [
        offer
        for heard in versions.live
        for offer in offers_from(tariff, request, heard, leaves=leaves, arrives=arrives)
    ]
    return with_live(answer, live)


async def quote_and_keep(
    tx: Tx,
    *,
    quote_id: UUID,
    subject: Subject,
    warehouse: str,
    request: Request,
    customer_id: UUID | None,
    warehouses: Collection[str] | None = None,
    heard: Sequence[Heard] = (),
) -> StoredQuote:
    """`price_all`, kept as an open quote of `subject`. Earlier open quotes of the same subject
    are superseded."""
    answer, versions = await price_all(
        tx, warehouse=warehouse, request=request, warehouses=warehouses, heard=heard
    )
    if subject.id != quote_id:  # a subject that is only this quote has no earlier ones
        await operations.supersede_quotes(tx, subject_kind=subject.kind, subject_id=subject.id)
    return await operations.put_quote(
        tx,
        quote_id=quote_id,
        subject=subject,
        customer_id=customer_id,
        warehouse=warehouse,
        request=request,
        versions=versions,
        answer=answer,
    )


async def replay(tx: ReadTx, *, quote: StoredQuote) -> Quote:
    """The quote made again from its stored request and versions: equal to the byte."""
    tariff = await queries.tariff_of_versions(tx, versions=quote.versions)
    made = quote_all(
        tariff,
        quote.request,
        now=quote.asked_at,
        leaves=calendar_of(quote.versions.leaves),
        arrives=calendar_of(quote.versions.arrives),
    )
    return _joined(made, tariff, quote.request, quote.versions)
