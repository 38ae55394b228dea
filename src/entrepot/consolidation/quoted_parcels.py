"""Parcels as the pieces of a quote: what flows read of them to price, and again to accept."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from entrepot.carriers.rating.cards import Amount
from entrepot.carriers.rating.requests import Piece
from entrepot.carriers.rules import fingerprint_of
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels import queries
from entrepot.parcels.types import ParcelDetail
from entrepot.platform.database import ReadTx

QUOTABLE = frozenset({"received", "inspected", "stored", "consolidating", "packed"})


class QuotedParcels(msgspec.Struct, frozen=True):
    """Parcels of one customer at one warehouse, ready to be priced."""

    customer_id: UUID | None
    pieces: tuple[Piece, ...]
    declared: Amount | None
    fingerprint: str


async def read_quoted_parcels(
    tx: ReadTx, *, parcels: Sequence[UUID], warehouse: str, customer_id: UUID | None
) -> QuotedParcels:
    """The parcels in the order given. Raises NotFound for one that is not the caller's, Invalid
    naming every one that cannot be priced: not here, not measured, held, of another customer."""
    found = [await queries.get_parcel(tx, parcel_id=parcel_id) for parcel_id in parcels]
    owners = {parcel.customer.id if parcel.customer else None for parcel in found}
    owner = customer_id or (owners.pop() if len(owners) == 1 else None)
    errors = [
        FieldError(f"parcels[{index}]", code, text)
        for index, parcel in enumerate(found)
        for code, text in _reasons(parcel, warehouse, owner)
    ]
    if errors:
        raise Invalid("these parcels cannot be quoted together", errors=errors)
    pieces = tuple(_piece(parcel) for parcel in found)
    declared = _declared(found)
    measured = [[str(p.id), piece] for p, piece in zip(found, pieces, strict=True)]
    return QuotedParcels(owner, pieces, declared, fingerprint_of([measured, declared]))


def _reasons(parcel: ParcelDetail, warehouse: str, owner: UUID | None) -> list[tuple[str, str]]:
    reasons = []
    if parcel.status not in QUOTABLE or parcel.warehouse is None:
        reasons.append(("not_here", f"this parcel is {parcel.status}"))
    elif parcel.warehouse != warehouse:
        reasons.append(("other_warehouse", f"this parcel lies at {parcel.warehouse}"))
    if owner is None or parcel.customer is None or parcel.customer.id != owner:
        reasons.append(("other_customer", "one quote is for parcels of one customer"))
    if parcel.weight_g is None or None in (parcel.length_mm, parcel.width_mm, parcel.height_mm):
        reasons.append(("not_measured", "weight and three sides are needed"))
    if parcel.held:
        reasons.append(("held", "a held parcel enters no shipment"))
    return reasons


def _piece(parcel: ParcelDetail) -> Piece:
    sides = (parcel.length_mm or 0, parcel.width_mm or 0, parcel.height_mm or 0)
    return Piece(parcel.weight_g or 0, sides, tuple(sorted(parcel.tags)) or ("general",))


def _declared(found: Sequence[ParcelDetail]) -> Amount | None:
    """The declared value of all, when each declares something and all in one currency."""
    if not all(parcel.items for parcel in found):
        return None
    items = [item for parcel in found for item in parcel.items]
    currencies = {item.currency for item in items}
    if len(currencies) != 1:
        return None
    return Amount(sum(item.unit_price_minor * item.quantity for item in items), currencies.pop())
