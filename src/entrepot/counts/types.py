"""Values of the counts room: sheets as they are opened, filled in and shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

What = Literal["stock", "parcels"]
Rule = Literal["abc", "value", "zero", "rejection", "asked"]
Status = Literal["open", "counted", "recount", "approved", "rejected"]
StockStatus = Literal["good", "promo", "damaged", "quarantine", "hold", "expired"]
Code = Annotated[str, Meta(min_length=1, max_length=40)]
WarehouseCode = Annotated[str, Meta(min_length=1, max_length=16)]
BinCode = Annotated[str, Meta(min_length=1, max_length=24)]
Units = Annotated[int, Meta(ge=0, le=1_000_000_000)]
ScannedNumber = Annotated[str, Meta(min_length=1, max_length=2000)]
Many = 2000


class NewCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sheet to open: a bin, or one SKU in it."""

    what: What
    warehouse: WarehouseCode
    bin: BinCode
    sku: Code | None = None
    rule: Rule = "asked"


class NewCountPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Sheets to open by rule: goods whose class is due (abc, value), bins that were emptied
    (zero), or, for parcels, the bins that were looked at longest ago (abc)."""

    what: What
    warehouse: WarehouseCode
    rule: Literal["abc", "value", "zero"]
    most: Annotated[int, Meta(ge=1, le=200)] = 20


class SeenGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Goods that lie there. Of goods with serials each one is a line of its own."""

    sku: Code
    counted: Units
    lot: Annotated[str, Meta(max_length=60)] = ""
    owner: Annotated[str, Meta(max_length=40)] = ""
    status: StockStatus = "good"
    serial: Annotated[str, Meta(max_length=60)] = ""


class FilledSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that was seen. What the book has and the sheet has not was not there.

    Goods may be named by SKU code or by a GTIN of the base unit. Parcels may be named by id or by
    the number on the label; a number scanned twice stands for two pieces.
    """

    goods: Annotated[list[SeenGoods], Meta(max_length=Many)] = []
    parcels: Annotated[list[UUID], Meta(max_length=Many)] = []
    tracking_numbers: Annotated[list[ScannedNumber], Meta(max_length=Many)] = []


class NewLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a warehouse lets pass, in base units summed over a sheet; see `rules.Limits`.

    The same limits hold for adjustments of stock, summed over a day.
    """

    free_units: Units
    four_eyes_units: Units
    four_eyes_minor: Annotated[int, Meta(ge=0, le=10**15)] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError when more would pass unseen than one pair of eyes may approve."""
        if self.free_units > self.four_eyes_units:
            raise ValueError("free_units is never above four_eyes_units")


class CountLine(msgspec.Struct, frozen=True):
    """One line of the last finished round. The book and the difference are only for those who
    approve."""

    sku: str | None
    lot: str
    owner: str
    status: str
    serial: str
    parcel_id: UUID | None
    tracking_number: str | None
    counted: int
    book: int | None = None
    difference: int | None = None
    moved: bool | None = None


class CountSummary(msgspec.Struct, frozen=True):
    """A sheet in a list. `asked`: a round is finished and somebody has to decide."""

    id: UUID
    what: What
    warehouse: str
    bin: str
    sku: str | None
    rule: Rule
    status: Status
    round: int
    asked: bool
    opened_at: datetime
    begun_at: datetime | None
    begun_by: str | None
    closed_at: datetime | None
    closed_by: str | None


class Count(CountSummary, frozen=True):
    """A sheet with its lines. `units_off` is None for those who do not approve."""

    lines: list[CountLine] = []
    counters: list[str] = []
    units_off: int | None = None
    other_eyes: bool | None = None


class OpenedCounts(msgspec.Struct, frozen=True):
    """What a plan opened; what had a live sheet already is left alone."""

    opened: list[CountSummary]


class TakenCount(msgspec.Struct, frozen=True):
    """A sheet, locked for a change."""

    count_id: UUID
    what: What
    warehouse: str
    node_id: UUID
    bin_id: UUID
    bin: str
    sku_id: UUID | None
    status: str
    round: int
    asked: bool
    other_eyes: bool
    begun_at: datetime | None
    sequence: int


class BookLine(msgspec.Struct, frozen=True):
    """What the book has of one key of a bin; `serial_tracked` decides how it is counted."""

    sku_id: UUID | None
    sku: str
    lot: str
    owner: str
    status: str
    serial: str
    parcel_id: UUID | None
    book: int


class KeptLine(msgspec.Struct, frozen=True):
    """A line of a round as it is kept."""

    key: str
    sku_id: UUID | None
    sku: str | None
    lot: str
    owner: str
    stock_status: str
    serial: str
    parcel_id: UUID | None
    book_begun: int
    book_ended: int | None
    counted: int | None
    unit_minor: int | None = None
