"""Reads of the parcels room. Every one takes its scope from the block's principal."""

from uuid import UUID

import msgspec

from entrepot.kernel.refusals import NotFound
from entrepot.parcels.scope import Scope, scope_of
from entrepot.parcels.types import (
    Category,
    FoundBin,
    Label,
    ParcelDetail,
    ParcelSummary,
    Place,
    ShopperHome,
    TimelineEntry,
    UnclaimedParcel,
)
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")
_MOST_OF_A_SHOPPER = 500
_ARRIVED = frozenset({"received", "inspected", "stored", "consolidating", "packed", "exception"})


class Body(msgspec.Struct, frozen=True):
    """A row that is one JSON document."""

    body: bytes


class CategoryCode(msgspec.Struct, frozen=True):
    """The code of a goods category."""

    code: str


async def get_parcel(tx: ReadTx, *, parcel_id: UUID, scope: Scope | None = None) -> ParcelDetail:
    """Everything about one parcel; NotFound when it is unknown or not the caller's.

    `scope` instead of the caller's own: for flows that have just written the parcel.
    """
    scope = scope or scope_of(tx.principal)
    row = await tx.find(
        SQL["get_parcel"],
        Body,
        parcel_id=parcel_id,
        customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    if row is None:
        raise unknown_parcel()
    detail = msgspec.json.decode(row.body, type=ParcelDetail)
    if not scope_of(tx.principal).is_shopper:
        return detail
    place = None if detail.place is None else Place(detail.place.warehouse, None)
    return msgspec.structs.replace(
        detail,
        place=place,
        last_event=_for_shopper(detail.last_event),
        timeline=[_for_shopper(entry) for entry in detail.timeline],
    )


async def get_summary(tx: ReadTx, *, parcel_id: UUID) -> ParcelSummary:
    """One parcel as in a list; NotFound when it is unknown or not the caller's."""
    scope = scope_of(tx.principal)
    row = await tx.find(
        SQL["get_summary"],
        Body,
        parcel_id=parcel_id,
        customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    if row is None:
        raise unknown_parcel()
    return _summary(row.body, scope)


async def get_summaries(tx: ReadTx, *, parcel_ids: list[UUID], scope: Scope) -> list[ParcelSummary]:
    """These parcels of the scope, in the order given."""
    rows = await tx.list(
        SQL["get_summaries"],
        Body,
        parcel_ids=parcel_ids,
        customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    return [_summary(row.body, scope_of(tx.principal)) for row in rows]


async def list_parcels(
    tx: ReadTx,
    *,
    tracking_number: str | None = None,
    of_customer: UUID | None = None,
    status: str | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> list[ParcelSummary]:
    """Parcels, newest first, behind `after`. `tracking_number` must be normalised."""
    scope = scope_of(tx.principal)
    rows = await tx.list(
        SQL["list_parcels"],
        Body,
        tracking_number=tracking_number,
        of_customer=of_customer,
        status=status,
        after=after,
        most=most,
        customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    return [_summary(row.body, scope) for row in rows]


async def shopper_home(tx: ReadTx, *, customer_id: UUID) -> ShopperHome:
    """What has arrived, what is on its way, what its owner must decide; latest news first."""
    rows = await tx.list(
        SQL["list_of_shopper"], Body, customer_id=customer_id, most=_MOST_OF_A_SHOPPER
    )
    scope = Scope(customer_id, None)
    found = [_summary(row.body, scope) for row in rows]
    mine = sorted(found, key=lambda parcel: parcel.last_event.at, reverse=True)
    return ShopperHome(
        arrived=[p for p in mine if p.status in _ARRIVED],
        on_the_way=[p for p in mine if p.status == "expected"],
        to_decide=[p for p in mine if _waits_for_owner(p)],
    )


async def list_recent_scans(tx: ReadTx, *, warehouse: str, most: int) -> list[ParcelSummary]:
    """What was received last at a warehouse, newest first."""
    scope = scope_of(tx.principal)
    rows = await tx.list(
        SQL["list_recent_scans"],
        Body,
        warehouse=warehouse,
        most=most,
        warehouses=scope.warehouses,
    )
    return [_summary(row.body, scope) for row in rows]


async def list_unclaimed(
    tx: ReadTx, *, warehouse: str | None, after: UUID | None, most: int
) -> list[UnclaimedParcel]:
    """Parcels without owner, newest first. Shoppers see masked numbers and nothing personal.

    Phone and free text of a label are for whoever may read contacts (`customers:read_contact`).
    """
    scope = scope_of(tx.principal)
    if scope.is_shopper:
        rows = await tx.list(SQL["list_unclaimed_masked"], Body, most=most)
    else:
        rows = await tx.list(
            SQL["list_unclaimed"],
            Body,
            warehouse=warehouse,
            after=after,
            most=most,
            warehouses=scope.warehouses,
        )
    found = [msgspec.json.decode(row.body, type=UnclaimedParcel) for row in rows]
    if "customers:read_contact" in tx.principal.permissions:
        return found
    return [msgspec.structs.replace(parcel, label=_without_contact(parcel)) for parcel in found]


def _without_contact(parcel: UnclaimedParcel) -> Label | None:
    if parcel.label is None:
        return None
    return msgspec.structs.replace(parcel.label, phone=None, text=None)


async def list_bins_with_code(tx: ReadTx, *, warehouse: str, code: str) -> list[FoundBin]:
    """The bin of this code in a warehouse, with how many parcels lie in it."""
    return await tx.list(
        SQL["list_bins_with_code"],
        FoundBin,
        warehouse=warehouse,
        code=code,
        warehouses=scope_of(tx.principal).warehouses,
    )


async def unknown_categories(tx: ReadTx, *, codes: list[str]) -> set[str]:
    """Those of `codes` that are no goods category."""
    rows = await tx.list(SQL["list_unknown_categories"], CategoryCode, codes=codes)
    return {row.code for row in rows}


async def base_currency(tx: ReadTx) -> str:
    """The tenant's own currency."""
    return str(await tx.value(SQL["get_base_currency"]))


async def list_categories(tx: ReadTx) -> list[Category]:
    """The goods categories with their tags."""
    rows = await tx.list(SQL["list_categories"], Body)
    return [msgspec.json.decode(row.body, type=Category) for row in rows]


def unknown_parcel() -> NotFound:
    """The refusal for a parcel that is not there or not the caller's."""
    return NotFound("there is no such parcel", code="unknown_parcel")


def _summary(body: bytes, scope: Scope) -> ParcelSummary:
    summary = msgspec.json.decode(body, type=ParcelSummary)
    if not scope.is_shopper:
        return summary
    return msgspec.structs.replace(summary, last_event=_for_shopper(summary.last_event))


def _for_shopper(entry: TimelineEntry) -> TimelineEntry:
    place = None if entry.place is None else Place(entry.place.warehouse, None)
    return msgspec.structs.replace(entry, actor=None, place=place)


def _waits_for_owner(parcel: ParcelSummary) -> bool:
    return parcel.held or parcel.status == "exception" or "prohibited" in parcel.tags
