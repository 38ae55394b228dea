"""A quote as it is asked for, and what follows from it before anything is priced. Pure."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.rating.cards import Amount, Code
from entrepot.carriers.rating.requests import Coupon, Piece, Request, TariffLine
from entrepot.kernel.refusals import FieldError, Invalid

MOST_PIECES = 100
MOST_PARCELS = 100


class NewQuote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A shipment to be quoted: `pieces` as measured, or `parcels` by id (one customer's, at the
    warehouse). `ship_date` None: today at the warehouse. `declared` None: of parcels, the sum of
    their declared items when they share a currency. `identities`: what importer's identities
    there are; stated, they exclude lines that need another."""

    warehouse: Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,15}$(?!\n)")]
    country: Annotated[str, Meta(pattern=r"^[A-Za-z]{2}$(?!\n)")]
    postcode: Annotated[str, Meta(max_length=32)] | None = None
    state: Annotated[str, Meta(max_length=80)] | None = None
    ship_date: date | None = None
    customer_id: UUID | None = None
    pieces: Annotated[list[Piece], Meta(min_length=1, max_length=MOST_PIECES)] | None = None
    parcels: Annotated[list[UUID], Meta(min_length=1, max_length=MOST_PARCELS)] | None = None
    declared: Amount | None = None
    hs6: Annotated[list[TariffLine], Meta(max_length=1000)] | None = None
    options: Annotated[list[Code], Meta(max_length=50)] = []
    vas: dict[Code, Annotated[int, Meta(ge=0, le=10_000)]] = {}
    coupon: Coupon | None = None
    insured_minor: Annotated[int, Meta(ge=0, le=10**12)] | None = None
    identities: Annotated[list[Code], Meta(max_length=50)] | None = None


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which service of a quote is taken."""

    service: Code


def check_asked(new: NewQuote, *, may_discount: bool) -> None:
    """Raises Invalid with every problem that can be seen before anything is looked up.

    `may_discount`: whether the caller may state a coupon by its terms; shoppers may not.
    """
    errors = []
    if (new.pieces is None) == (new.parcels is None):
        errors.append(FieldError("pieces", "one_of", "exactly one of pieces and parcels"))
    if new.parcels is not None and len(set(new.parcels)) < len(new.parcels):
        errors.append(FieldError("parcels", "overlap", "a parcel stands twice"))
    if new.coupon is not None and not may_discount:
        errors.append(FieldError("coupon", "not_yours", "a coupon is not stated by its terms"))
    if errors:
        raise Invalid("the quote cannot be asked for like this", errors=errors)


def request_of(
    new: NewQuote,
    *,
    pieces: Sequence[Piece],
    declared: Amount | None,
    ship_date: date,
    tier: str | None,
) -> Request:
    """What the engine prices."""
    return Request(
        country=new.country,
        ship_date=ship_date,
        pieces=tuple(pieces),
        state=new.state,
        postcode=new.postcode,
        declared=declared,
        hs6=None if new.hs6 is None else tuple(new.hs6),
        tier=tier,
        options=tuple(new.options),
        vas=new.vas,
        coupon=new.coupon,
        insured_minor=new.insured_minor,
        identities=None if new.identities is None else tuple(new.identities),
    )
