"""Values of the feeds: what an outside source tells, what was made of it, drifts."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrepot.stock.types import Instant, NodeCode, SkuCode

MOST_EVENTS = 1000
MOST_SNAPSHOT_LINES = 5000
FeedCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$(?!\n)")]
SourceSequence = Annotated[int, msgspec.Meta(ge=1, le=2**62)]
Quantity = Annotated[int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000)]
Lot = Annotated[str, msgspec.Meta(max_length=60)]
Serial = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Cause = Literal[
    "lost", "doubled", "late", "reordered", "manual_edit", "unit_mistake", "other_lot", "unknown"
]  # fmt: skip


class Goods(msgspec.Struct, frozen=True):
    """What a number is of: a SKU, or its goods of one lot, or one piece with a serial."""

    sku: str
    lot: str = ""
    serial: str = ""


class NewFeedEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The source changed a quantity by `delta` base units at `at`, as its own `sequence` tells.

    With `lot` or `serial` where the SKU is tracked by them; a piece with a serial comes (1) or
    goes (-1).
    """

    sequence: SourceSequence
    sku: SkuCode
    delta: Quantity
    at: Instant
    lot: Lot = ""
    expires_on: date | None = None
    serial: Serial | None = None

    @property
    def goods(self) -> Goods:
        """What it is about."""
        return Goods(self.sku, self.lot, self.serial or "")


class NewFeedEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Deltas of one feed of a node, in any order."""

    feed: FeedCode
    node: NodeCode
    events: Annotated[list[NewFeedEvent], msgspec.Meta(min_length=1, max_length=MOST_EVENTS)]


class NewSnapshotLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many base units of a SKU, of one of its lots, or a piece with a serial (1, or 0).

    A tracked SKU is told as a whole: lots and serials that no line names are not there. A line
    of nothing without lot and serial says that there is none at all.
    """

    sku: SkuCode
    qty: Quantity
    lot: Lot = ""
    expires_on: date | None = None
    serial: Serial | None = None

    @property
    def goods(self) -> Goods:
        """What it is about."""
        return Goods(self.sku, self.lot, self.serial or "")


class NewSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a source held at `as_of`; `net`: less our reservations, `gross`: all that lay there."""

    feed: FeedCode
    node: NodeCode
    as_of: Instant
    counted: Literal["net", "gross"]
    lines: Annotated[
        list[NewSnapshotLine], msgspec.Meta(min_length=1, max_length=MOST_SNAPSHOT_LINES)
    ]


class Gap(msgspec.Struct, frozen=True):
    """Sequences that have not come: from `first` to `last`, both missing."""

    first: int
    last: int


class Quarantined(msgspec.Struct, frozen=True):
    """A line that was kept and had no effect, and why."""

    sku: str
    cause: str
    sequence: int | None = None
    lot: str = ""
    serial: str | None = None


class FeedPosted(msgspec.Struct, frozen=True):
    """What became of the deltas: each was applied, or is counted under why it was not."""

    feed: str
    node: str
    applied: int
    duplicates: int
    late: int
    reordered: int
    gaps: list[Gap]
    quarantined: list[Quarantined]
    document_id: UUID | None


class SnapshotPosted(msgspec.Struct, frozen=True):
    """What became of a snapshot: `compared`, or `quarantined` for one older than a known one."""

    snapshot_id: UUID
    outcome: Literal["compared", "quarantined"]
    agreed: int
    drifts: int
    overwritten: int
    quarantined: list[Quarantined]


class Drift(msgspec.Struct, frozen=True):
    """The source's number is not ours at `as_of`: `amount` = theirs - ours, in base units.

    Of the whole SKU, of `lot`, or of the piece with `serial`. `correction` is what `correct`
    would post; 0 where the source itself has to be mended. `told_lot`: the source has the piece
    in that lot, and `correct` moves it there.
    """

    id: UUID
    feed: str
    node: str
    sku: str
    lot: str
    serial: str | None
    ours: int
    theirs: int
    amount: int
    cause: str
    correction: int
    state: str
    as_of: datetime
    first_seen: datetime
    closed_at: datetime | None
    document_id: UUID | None
    told_lot: str | None = None  # kept answers of before have none


class FeedCounts(msgspec.Struct, frozen=True):
    """What came of a feed since it began; `missing` sequences have not come so far."""

    feed: str
    node: str
    master: str
    received: int
    duplicates: int
    missing: int
    reordered: int
    late: int
    negative: int
    unknown_skus: int


class FeedQuality(FeedCounts, frozen=True):
    """How good a feed is, in per mille: the share of what came that was in order.

    The counts are since the feed began; `missing` sequences have not come so far.
    """

    score: int
