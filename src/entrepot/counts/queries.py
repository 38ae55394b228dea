"""Reads of the counts room. `warehouses` is the caller's scope: None means every one."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.catalog.codes import read_scan
from entrepot.catalog.queries import skus_of
from entrepot.counts import rules
from entrepot.counts.types import (
    BookLine,
    Count,
    CountLine,
    CountSummary,
    KeptLine,
    TakenCount,
)
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


class Outcome(msgspec.Struct, frozen=True):
    """What a finished round came to, and who counted."""

    units_off: int
    other_eyes: bool
    counters: list[str]


class KnownSku(msgspec.Struct, frozen=True):
    """A SKU that a sheet names, under the code it was asked by; `is_there`: the book has some."""

    asked: str
    sku_id: UUID
    code: str
    serial_tracked: bool
    is_kit: bool
    is_there: bool


class BinOfSku(msgspec.Struct, frozen=True):
    """A bin where a SKU lies."""

    bin: str
    sku: str


class BinCodeRow(msgspec.Struct, frozen=True):
    """The code of a bin."""

    bin: str


class ParcelOfNumber(msgspec.Struct, frozen=True):
    """A parcel that bears a number."""

    tracking_number: str
    parcel_id: UUID


class NumberOfParcel(msgspec.Struct, frozen=True):
    """How a parcel is called."""

    parcel_id: UUID
    tracking_number: str


class KeptLimits(msgspec.Struct, frozen=True):
    """A node's own limits."""

    free_units: int
    four_eyes_units: int
    four_eyes_minor: int | None


def unknown_count() -> NotFound:
    """The refusal for a sheet that is not there or not the caller's."""
    return NotFound("there is no such count", code="unknown_count")


async def list_counts(
    tx: ReadTx,
    *,
    warehouse: str | None,
    status: str | None,
    live: bool,
    after: UUID | None,
    most: int,
    warehouses: list[str] | None,
) -> list[CountSummary]:
    """Sheets, newest first, behind `after`; `live`: only those that are not closed."""
    return await tx.list(
        SQL["list_counts"],
        CountSummary,
        warehouse=warehouse,
        status=status,
        live=live,
        after=after,
        most=most,
        warehouses=warehouses,
    )


async def list_to_walk(
    tx: ReadTx,
    *,
    warehouse: str,
    after: UUID | None,
    most: int,
    code: str,
    warehouses: list[str] | None,
) -> list[CountSummary]:
    """Live sheets of a warehouse along its bins, behind `after`, those that only wait for a
    decision last; with a scanned `code` those of the bin or the SKU that it may stand for."""
    skus = await skus_of(tx, scanned=code) if code else []
    return await tx.list(
        SQL["list_to_walk"],
        CountSummary,
        warehouse=warehouse,
        after=after,
        most=most,
        code=code,
        skus=skus,
        warehouses=warehouses,
    )


async def get_summary(tx: ReadTx, *, count_id: UUID, warehouses: list[str] | None) -> CountSummary:
    """One sheet; NotFound outside the scope."""
    found = await tx.find(
        SQL["get_summary"], CountSummary, count_id=count_id, warehouses=warehouses
    )
    if found is None:
        raise unknown_count()
    return found


async def get_count(
    tx: ReadTx, *, count_id: UUID, sees_book: bool, warehouses: list[str] | None
) -> Count:
    """One sheet with the lines of its last finished round. The count is blind: the book and the
    differences are there only when `sees_book`."""
    summary = await get_summary(tx, count_id=count_id, warehouses=warehouses)
    outcome = await tx.one(SQL["get_outcome"], Outcome, count_id=count_id)
    finished = max(len(outcome.counters), 1)
    kept = await list_lines(tx, count_id=count_id, round_=finished)
    numbers = await _tracking_numbers(tx, kept)
    lines = [_shown(line, numbers, sees_book) for line in kept if line.counted is not None]
    return Count(
        **msgspec.structs.asdict(summary),
        lines=sorted(lines, key=_reading_order),
        counters=outcome.counters,
        units_off=outcome.units_off if sees_book else None,
        other_eyes=outcome.other_eyes if sees_book else None,
    )


async def _tracking_numbers(tx: ReadTx, kept: Sequence[KeptLine]) -> dict[UUID, str]:
    wanted = [line.parcel_id for line in kept if line.parcel_id is not None]
    if not wanted:
        return {}
    rows = await tx.list(SQL["list_tracking_numbers"], NumberOfParcel, parcel_ids=wanted)
    return {row.parcel_id: row.tracking_number for row in rows}


def _shown(line: KeptLine, numbers: dict[UUID, str], sees_book: bool) -> CountLine:
    seen = seen_of(line)
    return CountLine(
        sku=line.sku,
        lot=line.lot,
        owner=line.owner,
        status=line.stock_status,
        serial=line.serial,
        parcel_id=line.parcel_id,
        tracking_number=numbers.get(line.parcel_id) if line.parcel_id else None,
        counted=seen.counted,
        book=seen.book_ended if sees_book else None,
        difference=rules.difference(seen) if sees_book else None,
        moved=seen.moved if sees_book else None,
    )


def _reading_order(line: CountLine) -> tuple[str, ...]:
    """As one looks a thing up on the sheet; lines are kept by ids that nobody can read."""
    return (
        line.tracking_number or line.sku or "", line.lot, line.status, line.owner, line.serial,
        str(line.parcel_id or ""),
    )  # fmt: skip


def seen_of(line: KeptLine) -> rules.Seen:
    """A finished line as the rules read it."""
    return rules.Seen(line.book_begun, line.book_ended or 0, line.counted or 0, line.unit_minor)


async def parcels_here(tx: ReadTx, *, parcel_ids: Sequence[UUID], node_id: UUID) -> set[UUID]:
    """Those of the parcels that are in custody of the node."""
    rows = await tx.list(
        SQL["list_parcels_here"], NumberOfParcel, parcel_ids=list(parcel_ids), node_id=node_id
    )
    return {row.parcel_id for row in rows}


async def list_lines(tx: ReadTx, *, count_id: UUID, round_: int) -> list[KeptLine]:
    """The lines of a round, finished or not."""
    return await tx.list(SQL["list_lines"], KeptLine, count_id=count_id, round=round_)


async def find_limits(tx: ReadTx, *, node_id: UUID) -> rules.Limits:
    """What the node lets pass."""
    own = await tx.find(SQL["find_limits"], KeptLimits, node_id=node_id)
    if own is None:
        return rules.Limits()
    return rules.Limits(own.free_units, own.four_eyes_units, own.four_eyes_minor)


async def list_book(tx: ReadTx, *, taken: TakenCount) -> dict[str, BookLine]:
    """What the book says of the bin now, by key."""
    if taken.what == "parcels":
        rows = await tx.list(SQL["list_book_of_parcels"], BookLine, bin_id=taken.bin_id)
    else:
        rows = await tx.list(
            SQL["list_book_of_goods"], BookLine, bin_id=taken.bin_id, sku_id=taken.sku_id
        )
    return {key_of(row): row for row in rows}


def key_of(line: BookLine) -> str:
    """What makes a line one line: the parcel, or the goods down to the serial."""
    if line.parcel_id is not None:
        return str(line.parcel_id)
    return msgspec.json.encode([line.sku, line.lot, line.owner, line.status, line.serial]).decode()


async def list_skus(
    tx: ReadTx, *, codes: Sequence[str], bin_id: UUID | None = None
) -> dict[str, KnownSku]:
    """The SKUs that these codes stand for: SKU codes, GTINs of the base unit. Closed ones where
    the book has some, in a bin if one is named."""
    asked = sorted(set(codes))
    rows = await tx.list(
        SQL["list_skus"], KnownSku, codes=asked, gtins=[read_scan(code).gtin for code in asked],
        bin_id=bin_id,
    )  # fmt: skip
    return {row.asked: row for row in rows}


async def list_parcels_of_numbers(
    tx: ReadTx, *, numbers: Sequence[str], taken: TakenCount
) -> dict[str, list[UUID]]:
    """Parcels in custody of the sheet's node by normalised number, those of its bin first."""
    rows = await tx.list(
        SQL["list_parcels_of_numbers"],
        ParcelOfNumber,
        numbers=sorted(set(numbers)),
        node_id=taken.node_id,
        bin_id=taken.bin_id,
    )
    found: dict[str, list[UUID]] = {}
    for row in rows:
        found.setdefault(row.tracking_number, []).append(row.parcel_id)
    return found


async def list_turnover(tx: ReadTx, *, node_id: UUID, since: UUID) -> list[rules.Turnover]:
    """What left the node's bins since a movement id, for each SKU that lies there."""
    return await tx.list(SQL["list_turnover"], rules.Turnover, node_id=node_id, since=since)


async def list_bins_of_skus(tx: ReadTx, *, node_id: UUID, codes: Sequence[str]) -> list[BinOfSku]:
    """Where these SKUs lie, in the order of the codes."""
    return await tx.list(SQL["list_bins_of_sku"], BinOfSku, node_id=node_id, codes=list(codes))


async def list_emptied_bins(tx: ReadTx, *, node_id: UUID, most: int) -> list[str]:
    """Bins that should be empty since they were last looked at."""
    rows = await tx.list(SQL["list_emptied_bins"], BinCodeRow, node_id=node_id, most=most)
    return [row.bin for row in rows]


async def list_parcel_bins_due(tx: ReadTx, *, node_id: UUID, most: int) -> list[str]:
    """Bins with parcels, those looked at longest ago first."""
    rows = await tx.list(SQL["list_parcel_bins_due"], BinCodeRow, node_id=node_id, most=most)
    return [row.bin for row in rows]


def since(now: datetime, days: int) -> UUID:
    """The smallest movement id of that long ago: ids begin with their millisecond (RFC 9562)."""
    milliseconds = int(now.timestamp() * 1000) - days * 86_400_000
    return UUID(int=max(milliseconds, 0) << 80)
