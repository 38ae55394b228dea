"""Values of transfers: goods that go from one node to another."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from entrepot.stock.types import (
    BinCode,
    Instant,
    NodeCode,
    Reference,
    Status,
    Units,
    within_reach,
)

TransferState = Literal["draft", "sent", "received", "short", "cancelled"]
ShortReason = Literal["lost", "stolen", "damaged", "never_loaded", "other"]
Scanned = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
"""A SKU's code, or any code that stands for it: a GTIN, a supplier's, a GS1 message."""
LotCode = Annotated[str, msgspec.Meta(max_length=60)]
SerialCode = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
OwnerCode = Annotated[str, msgspec.Meta(max_length=40)]
MOST_TRANSFER_LINES = 200
MOST_SCANS = 1000


class NewTransferLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many base units of a SKU; without `lot` of whichever expires first."""

    sku: Scanned
    qty: Units
    lot: LotCode = ""
    status: Status = "good"


class NewTransfer(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """Goods that are to go from one node to another. A draft moves and holds nothing."""

    from_: NodeCode
    to: NodeCode
    reference: Reference
    lines: Annotated[
        list[NewTransferLine], msgspec.Meta(min_length=1, max_length=MOST_TRANSFER_LINES)
    ]
    owner: OwnerCode = ""
    expected_at: Instant | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a moment out of reach."""
        within_reach(self.expected_at)


class LoadedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was loaded, from which bin. Goods with serials are loaded one by one."""

    sku: Scanned
    qty: Units = 1
    bin: BinCode | None = None
    lot: LotCode = ""
    serial: SerialCode | None = None
    status: Status = "good"


class Loaded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What leaves: at most what the draft asks for; without `goods` all of it, chosen by date."""

    goods: Annotated[list[LoadedGoods], msgspec.Meta(max_length=MOST_SCANS)] = []
    expected_at: Instant | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a moment out of reach."""
        within_reach(self.expected_at)


class ArrivedGoods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came, and in which state: `status` None as it was sent. Without a bin it lies in the
    node's receiving bin."""

    sku: Scanned
    qty: Units = 1
    bin: BinCode | None = None
    lot: LotCode | None = None
    serial: SerialCode | None = None
    status: Status | None = None


class Arrived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a transfer: a part of it or, without `goods`, all that is still under way."""

    goods: Annotated[list[ArrivedGoods], msgspec.Meta(max_length=MOST_SCANS)] = []


class ClosedShort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the rest will not come."""

    reason: ShortReason


class TransferLine(msgspec.Struct, frozen=True):
    """What was asked for, and what of it was sent, came, was lost."""

    sku: str
    lot: str
    status: str
    qty: int
    sent: int
    received: int
    lost: int


class UnderWay(msgspec.Struct, frozen=True):
    """Goods of a transfer as they were sent; under way is sent - received - lost."""

    sku: str
    lot: str
    serial: str
    status: str
    sent: int
    received: int
    lost: int


class TransferSummary(msgspec.Struct, frozen=True, rename={"from_": "from", "to_": "to"}):
    """A transfer as lists show it. `overdue`: under way although it was expected before now."""

    id: UUID
    code: str
    reference: str
    from_: str
    to_: str
    owner: str
    state: TransferState
    asked: int
    sent: int
    received: int
    lost: int
    created_at: datetime
    sent_at: datetime | None
    expected_at: datetime | None
    closed_at: datetime | None
    overdue: bool

    @property
    def under_way(self) -> int:
        """Units that were sent and are neither here nor given up."""
        return self.sent - self.received - self.lost


class Transfer(msgspec.Struct, frozen=True, rename={"from_": "from", "to_": "to"}):
    """A transfer with its lines; `goods` is what was really sent. `short_asked`: the adjustment
    that would close it short, while it waits for a second pair of eyes."""

    id: UUID
    code: str
    reference: str
    from_: str
    to_: str
    owner: str
    state: TransferState
    short_reason: str | None
    created_at: datetime
    sent_at: datetime | None
    expected_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    lines: list[TransferLine]
    goods: list[UnderWay]
    short_asked: UUID | None


class TakenTransfer(msgspec.Struct, frozen=True):
    """A transfer, locked. Masters are whose numbers its nodes go by."""

    transfer_id: UUID
    code: str
    reference: str
    owner: str
    state: str
    from_id: UUID
    from_code: str
    from_master: str
    to_id: UUID
    to_code: str
    to_master: str
    may_pass: bool
    expected_at: datetime | None
