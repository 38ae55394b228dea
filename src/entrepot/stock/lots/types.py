"""Values of lots, traces and histories, as they are shown."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from entrepot.stock.types import Movement, StockRow


class LotRow(msgspec.Struct, frozen=True):
    """A lot: when it expires, how much of it lies in the caller's nodes, the open recall."""

    sku: str
    lot: str
    expires_on: date | None
    expired: bool
    good: int
    kept_back: int
    recall_id: UUID | None


class Crossing(msgspec.Struct, frozen=True):
    """Goods that came into our bins from outside, or left them. `place` is the kind of place at
    the other end; `came` is true for what came in."""

    id: UUID
    at: datetime
    came: bool
    place: str
    node: str
    qty: int
    lot: str
    serial: str | None
    reason: str
    reference: str
    document_id: UUID
    reverses: UUID | None


class Trace(msgspec.Struct, frozen=True):
    """A lot or a serial both ways: how it came (the first 50 times), where it lies now (200
    places), what left; `next` is the cursor behind the last of `left`."""

    sku: str
    lot: str
    serial: str | None
    expires_on: date | None
    expired: bool
    recall_id: UUID | None
    came: list[Crossing]
    lies: list[StockRow]
    left: list[Crossing]
    next: UUID | None = None


class StockAsOf(msgspec.Struct, frozen=True):
    """What lay where at an instant; `next` is the last SKU that was looked at, when a node has
    more."""

    rows: list[StockRow]
    next: str | None = None


class Source(msgspec.Struct, frozen=True):
    """By which reference a lot came, and from what kind of place."""

    place: str
    reference: str
    supplier: str
    at: datetime


class TracedLine(msgspec.Struct, frozen=True):
    """A movement of a reference across the edge of our bins, and where its goods had come from:
    the receipts of its lot or serial (20 at most), none for goods without either."""

    id: UUID
    at: datetime
    came: bool
    place: str
    node: str
    sku: str
    qty: int
    lot: str
    serial: str | None
    sources: list[Source]


class DocumentRow(Movement, frozen=True):
    """A movement of a document; `reversed_by` is the movement that moved it back."""

    reversed_by: UUID | None = None


class HistoryRow(msgspec.Struct, frozen=True, rename={"from_": "from", "to_": "to"}):
    """A movement of a SKU as its history shows it. `change` is what it did to the units in the
    bins that are looked at, `balance` what lay there after it, whatever is filtered out;
    `reversed_by` is the movement that moved it back."""

    id: UUID
    document_id: UUID
    at: datetime
    qty: int
    from_: str
    from_status: str
    to_: str
    to_status: str
    lot: str
    serial: str | None
    owner: str
    reason: str
    reference: str
    reverses: UUID | None
    reversed_by: UUID | None
    actor: str
    change: int
    balance: int = 0
