"""Values of adjustments: as they are asked for, and as they are shown."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.stock.types import BinCode, NodeCode, SkuCode, Status, Units

MOST_LINES = 200
Cause = Annotated[str, Meta(min_length=1, max_length=40)]
Note = Annotated[str, Meta(min_length=1, max_length=1000)]
Lot = Annotated[str, Meta(max_length=60)]
Owner = Annotated[str, Meta(max_length=40)]
Serial = Annotated[str, Meta(min_length=1, max_length=60)]
AdjustmentState = Literal["posted", "requested", "approved", "rejected", "withdrawn"]


class NewAdjustmentLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a SKU in a bin (the receiving bin when none is named); `transfer_lost`:
    in no bin but under way, in the common place `TRANSIT`; `named`: they came before their SKU was
    kept by lot or serial, and `lot` (with `expires_on`) or `serial` is what they are."""

    sku: SkuCode
    qty: Units
    reason: Literal["scrap", "loss", "found", "transfer_lost", "named"]
    bin: BinCode | None = None
    status: Status = "good"
    lot: Lot = ""
    serial: Serial | None = None
    owner: Owner = ""
    expires_on: date | None = None


class NewAdjustment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods of one node that are scrapped, lost, found or were wrongly entered, and why.

    `note` is for people; it is kept where it can be erased, and nowhere else.
    """

    node: NodeCode
    cause: Cause
    lines: Annotated[list[NewAdjustmentLine], Meta(min_length=1, max_length=MOST_LINES)]
    note: Note | None = None


class NewStatusLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a SKU in a bin that get another status."""

    sku: SkuCode
    qty: Units
    status: Status
    to_status: Status
    bin: BinCode | None = None
    lot: Lot = ""
    serial: Serial | None = None
    owner: Owner = ""


class NewStatusChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods of one node that get another status, and why; `note` as in an adjustment."""

    node: NodeCode
    cause: Cause
    lines: Annotated[list[NewStatusLine], Meta(min_length=1, max_length=MOST_LINES)]
    note: Note | None = None


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says to what was asked; `note` as in an adjustment."""

    note: Note | None = None


class UnitValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a base unit is worth, in minor units of the tenant's base currency."""

    sku: SkuCode
    value_minor: Annotated[int, Meta(ge=0, le=10**12)]


class NewUnitValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values to set; all of them, or none."""

    values: Annotated[list[UnitValue], Meta(min_length=1, max_length=1000)]


class AdjustmentSummary(msgspec.Struct, frozen=True):
    """An adjustment in a list. `over` is the limit that it passed: units, value, or day (with
    what the same person adjusted there in the 24 hours before). Of the rest of a transfer that
    will not come: which, and why; `ended_because`: `all_arrived` when it came after all, which
    withdraws the request by itself. Without what people wrote."""

    id: UUID
    kind: Literal["adjust", "status"]
    node: str
    cause: str
    state: AdjustmentState
    over: Literal["units", "value", "day"] | None
    units: int
    value_minor: int | None
    document_id: UUID | None
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str | None
    transfer_id: UUID | None
    short_reason: str | None
    ended_because: Literal["all_arrived"] | None = None  # kept answers of before have none


class AdjustmentLine(msgspec.Struct, frozen=True):
    """A line as it was asked for; goods under way have the transfer's code, or TRANSIT, as bin."""

    sku: str
    bin: str
    reason: str
    qty: int
    status: str
    to_status: str
    lot: str
    serial: str | None
    owner: str


class Adjustment(AdjustmentSummary, frozen=True):
    """An adjustment with its lines and with what people wrote about it."""

    lines: list[AdjustmentLine] = []
    note: str | None = None
    decision_note: str | None = None


class KeptBackRow(msgspec.Struct, frozen=True):
    """Goods that are not in order: where, since when, and the open recall they belong to."""

    sku: str
    node: str
    bin: str
    lot: str
    expires_on: date | None
    owner: str
    status: str
    on_hand: int
    since: datetime
    recall_id: UUID | None
