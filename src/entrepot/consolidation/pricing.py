"""The price of a draft on every line: packed, weighed from empty to filled voids, side by side.

What is quoted is the upper weight; the range beside it comes from `forecast`. A line that any
weight of the range excludes is not offered. Pure but for `boxed`, which packs many parcels in the
process beside.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from entrepot.carriers.rating.cards import Amount, Exchange
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.currency import to_base
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.requests import Excluded, Price, Request
from entrepot.carriers.rating.requests import Piece as RatedPiece
from entrepot.consolidation.advice import INCLUDED_PARCELS
from entrepot.consolidation.forecast import forecast
from entrepot.consolidation.packing.choosing import pack
from entrepot.consolidation.packing.types import CartonType, Packing, PackRequest
from entrepot.consolidation.packing.types import Piece as PackedPiece
from entrepot.consolidation.rules import declared_of
from entrepot.consolidation.types import (
    Alone,
    Candidate,
    Destination,
    PackedBox,
    PredictedPacking,
)
from entrepot.kernel.refusals import Invalid
from entrepot.platform.computing import compute

PACKED_HERE = 32
"""Up to so many parcels times cartons packing takes a few milliseconds; more is packed in another
process."""
UNNAMED_GOODS = "000000"
"""The tariff line of goods without a category: all of them count as one."""


class Box(msgspec.Struct, frozen=True):
    """Cartons for a draft: the packing, and its weights in all."""

    packing: PredictedPacking
    low_g: int
    high_g: int


class Priced(msgspec.Struct, frozen=True):
    """What is to be quoted, the range of each line that takes every weight of it, and each
    parcel's cheapest way alone. Without `request`, `missing` says what a quote lacks."""

    request: Request | None
    ranges: dict[str, tuple[int, int]]
    apart: tuple[Alone, ...]
    missing: str | None


async def boxed(cartons: Sequence[CartonType], parcels: Sequence[Candidate]) -> Box:
    """The cartons of these measured parcels; a single parcel leaves as it is."""
    if len(parcels) == 1 and parcels[0].mm is not None:
        return Box(PredictedPacking((), ()), parcels[0].weight_g or 0, parcels[0].weight_g or 0)
    request = PackRequest(tuple(cartons), tuple(_piece(parcel) for parcel in parcels))
    if len(parcels) * len(cartons) <= PACKED_HERE:
        packing = pack(request)
    else:
        answer = await compute(pack_bytes, msgspec.json.encode(request))
        packing = msgspec.json.decode(answer, type=Packing)
    inner = {carton.code: carton.inner_mm for carton in cartons}
    return Box(
        PredictedPacking(
            tuple(PackedBox(inner[carton.code], carton) for carton in packing.cartons),
            packing.left,
        ),
        sum(carton.gross_g for carton in packing.cartons),
        sum(carton.gross_max_g for carton in packing.cartons),
    )


def pack_bytes(given: bytes) -> bytes:
    """`pack` for another process."""
    return msgspec.json.encode(pack(msgspec.json.decode(given, type=PackRequest)))


def _piece(parcel: Candidate) -> PackedPiece:
    assert parcel.mm is not None
    assert parcel.weight_g is not None
    return PackedPiece(str(parcel.id), parcel.mm, parcel.weight_g)


def price(
    tariff: Tariff,
    box: Box,
    parcels: Sequence[Candidate],
    destination: Destination,
    *,
    today: date,
    tier: str | None,
) -> Priced:
    """The shipment at its upper weight, ready to be quoted, and what goes beside the quote."""
    try:
        request = request_for(tariff, parcels, destination, today, tier)
        apart = tuple(_alone(tariff, parcel, destination, today, tier) for parcel in parcels)
        if box.packing.left:
            return Priced(None, {}, apart, "carton")
        if not tariff.services:
            return Priced(None, {}, apart, "lines")
        ranges = _ranges(tariff, request, box, parcels)
    except Invalid:
        return Priced(None, {}, (), "declaration")
    whole = msgspec.structs.replace(request, pieces=_upper(box, parcels))
    return Priced(whole, ranges, apart, None)


def request_for(
    tariff: Tariff,
    parcels: Sequence[Candidate],
    destination: Destination,
    today: date,
    tier: str | None,
) -> Request:
    """The shipment as the lines are asked for it; its pieces are the parcels as they are."""
    beyond = max(0, len(parcels) - INCLUDED_PARCELS)
    return Request(
        country=destination.country,
        state=destination.state,
        postcode=destination.postcode,
        ship_date=today,
        pieces=tuple(_rated(parcel) for parcel in parcels),
        declared=declared_sum(tariff.fx, parcels),
        hs6=hs6_of(parcels),
        tier=tier if tier in tariff.tiers else None,
        vas={"consolidate": beyond} if beyond and "consolidate" in tariff.vas else {},
    )


def declared_sum(fx: Exchange, parcels: Sequence[Candidate]) -> Amount | None:
    """The declared value of all: in their currency when they share one, else in the base.

    None as soon as one parcel has no declaration. Raises Invalid for a currency without rate.
    """
    if not all(parcel.items for parcel in parcels):
        return None
    amounts = [amount for parcel in parcels for amount in declared_of(parcel)]
    currencies = {amount.currency for amount in amounts}
    if len(currencies) == 1:
        return Amount(sum(amount.minor for amount in amounts), currencies.pop())
    return Amount(sum(to_base(fx, a.minor, a.currency) for a in amounts), fx.base)


def hs6_of(parcels: Sequence[Candidate]) -> tuple[str, ...] | None:
    """The tariff lines of all goods; None as soon as one parcel has no declaration."""
    if not all(parcel.items for parcel in parcels):
        return None
    return tuple(sorted({i.hs6 or UNNAMED_GOODS for parcel in parcels for i in parcel.items}))


def tags_of(parcel: Candidate) -> tuple[str, ...]:
    """The tags that lines look at; goods that nobody has named are general."""
    return parcel.tags or ("general",)


def _rated(parcel: Candidate) -> RatedPiece:
    assert parcel.mm is not None
    assert parcel.weight_g is not None
    return RatedPiece(parcel.weight_g, parcel.mm, tags_of(parcel))


def _upper(box: Box, parcels: Sequence[Candidate]) -> tuple[RatedPiece, ...]:
    """What is quoted: cartons with all voids filled, or the single parcel as it is."""
    if not box.packing.boxes:
        return tuple(_rated(parcel) for parcel in parcels)
    tags = {str(parcel.id): tags_of(parcel) for parcel in parcels}
    pieces = []
    for packed in box.packing.boxes:
        carton = packed.carton
        inside = {tag for placement in carton.placements for tag in tags[placement.id]}
        pieces.append(RatedPiece(carton.gross_max_g, carton.outer_mm, tuple(sorted(inside))))
    return tuple(pieces)


def _ranges(
    tariff: Tariff, request: Request, box: Box, parcels: Sequence[Candidate]
) -> dict[str, tuple[int, int]]:
    """Least and most that each line may cost, for the lines that take every weight of the range."""
    found = {}
    for service in tariff.services:
        outcome = _range(tariff, request, box, parcels, service)
        if not isinstance(outcome, Excluded):
            found[service] = outcome
    return found


def _range(
    tariff: Tariff, request: Request, box: Box, parcels: Sequence[Candidate], service: str
) -> tuple[int, int] | Excluded:
    asked = msgspec.structs.replace(request, service=service)
    if not box.packing.boxes:
        outcome = rate(tariff, asked)
        if isinstance(outcome, Excluded):
            return outcome
        return outcome.total_minor, outcome.total_minor
    tags = {str(parcel.id): tags_of(parcel) for parcel in parcels}
    packing = Packing(tuple(packed.carton for packed in box.packing.boxes), ())
    seen = forecast(tariff, asked, packing, tags)
    if isinstance(seen, Excluded):
        return seen
    return seen.low_minor, seen.high_minor


def _alone(
    tariff: Tariff, parcel: Candidate, destination: Destination, today: date, tier: str | None
) -> Alone:
    """The cheapest line for one parcel by itself, as it is."""
    request = request_for(tariff, [parcel], destination, today, tier)
    best: Price | None = None
    for service in tariff.services:
        outcome = rate(tariff, msgspec.structs.replace(request, service=service))
        if isinstance(outcome, Price) and (best is None or outcome.total_minor < best.total_minor):
            best = outcome
    if best is None:
        return Alone(str(parcel.id), None, 0, 0)
    charged = sum(waybill.chargeable_g for waybill in best.waybills)
    return Alone(str(parcel.id), best.service, best.total_minor, charged)
