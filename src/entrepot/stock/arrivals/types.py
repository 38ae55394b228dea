"""Values of goods that come in: announced (ASN), received, put away, returned."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.stock.types import BinCode, Instant, Level, NodeCode, Reference, Units

MOST_ASN_LINES = 1000
MOST_RECEIPT_LINES = 500
MOST_SERIALS = 500
AsnState = Literal["announced", "receiving", "received", "cancelled"]
WhyMissing = Literal["not_sent", "lost_on_the_way", "refused_at_dock", "announced_wrongly", "other"]
DockStatus = Literal["good", "damaged", "quarantine"]
Code = Annotated[str, Meta(min_length=1, max_length=200)]
UnitName = Annotated[str, Meta(min_length=1, max_length=16)]
Lot = Annotated[str, Meta(max_length=60)]
Serial = Annotated[str, Meta(min_length=1, max_length=60)]
Owner = Annotated[str, Meta(max_length=40)]
Permille = Annotated[int, Meta(ge=0, le=1000)]


class NewAsnLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many units of what `code` stands for: a SKU, a GTIN, another code, a GS1 message.

    `unit` names a pack of the SKU; without it the unit that bears the code counts.
    """

    code: Code
    qty: Units
    unit: UnitName | None = None
    lot: Lot = ""
    expires_on: date | None = None


class NewAsn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods that somebody sends to a node. `owner` is empty for the tenant's own goods.

    `over_permille`, `over_units` and `blind` override the node's rule for this one.
    """

    reference: Reference
    node: NodeCode
    expected_at: Instant
    lines: Annotated[list[NewAsnLine], Meta(min_length=1, max_length=MOST_ASN_LINES)]
    supplier: Annotated[str, Meta(max_length=60)] = ""
    owner: Owner = ""
    over_permille: Permille | None = None
    over_units: Level | None = None
    blind: bool | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a moment that no calendar of ours reaches."""
        if not 2000 <= self.expected_at.year <= 2200:
            raise ValueError("this moment is out of reach")


class AsnFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An ASN whose lines are a table: `csv` as text, or a file of either kind as base64.

    Columns: code, qty, and, where wanted, unit, lot, expires_on.
    """

    reference: Reference
    node: NodeCode
    expected_at: Instant
    csv: Annotated[str, Meta(min_length=1)] | None = None
    xlsx: bytes | None = None
    supplier: Annotated[str, Meta(max_length=60)] = ""
    owner: Owner = ""


class NewReceiptLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods on the dock. Of goods with serials `serials` names each, and `qty` may be left out;
    `bin` None: where it is received."""

    code: Code
    qty: Units | None = None
    unit: UnitName | None = None
    lot: Lot = ""
    expires_on: date | None = None
    serials: Annotated[list[Serial], Meta(max_length=MOST_SERIALS)] = []
    status: DockStatus = "good"
    bin: BinCode | None = None


class NewReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods received at a node: all lines or none. With `asn` they count there; without it
    `reference` says what they came by. `accept`: take also what is too many, was not announced
    or is of another lot (`stock:approve`)."""

    node: NodeCode
    lines: Annotated[list[NewReceiptLine], Meta(min_length=1, max_length=MOST_RECEIPT_LINES)]
    asn: UUID | None = None
    reference: Reference | None = None
    supplier: Annotated[str, Meta(max_length=60)] = ""
    owner: Owner = ""
    accept: bool = False


class CloseAsn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it that will come has come; `reason` is needed when something is missing."""

    reason: WhyMissing | None = None


class ReceivingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a node lets pass: more than announced by permille of it or by units, whichever is
    more. `blind`: who receives does not see what is expected."""

    over_permille: Permille = 0
    over_units: Level = 0
    blind: bool = False


class AsnSummary(msgspec.Struct, frozen=True):
    """An ASN in a list; quantities in base units over all lines. `open` is still awaited, `over`
    came beyond what was announced. expected, open and over are None where receiving is blind."""

    id: UUID
    reference: str
    node: str
    supplier: str
    owner: str
    state: AsnState
    expected_at: datetime
    lines: int
    received: int
    missing: int
    expected: int | None
    open: int | None
    over: int | None
    created_at: datetime
    closed_at: datetime | None
    close_reason: str


class AsnLine(msgspec.Struct, frozen=True):
    """A line of an ASN; `unit` and `unit_qty` are how it was announced."""

    line: int
    sku: str
    names: dict[str, str]
    base_unit: str
    lot: str
    expires_on: date | None
    lot_tracked: bool
    serial_tracked: bool
    expiry_tracked: bool
    received: int
    missing: int
    unit: str | None
    unit_qty: int | None
    expected: int | None
    open: int | None
    over: int | None


class AsnReceipt(msgspec.Struct, frozen=True):
    """A movement that counted at the ASN; `reversed` when it was moved back."""

    movement_id: UUID
    at: datetime
    actor: str
    sku: str
    qty: int
    lot: str
    serial: str | None
    status: str
    bin: str
    reversed: bool


class Asn(AsnSummary, frozen=True):
    """An ASN with its lines and its newest receipts (200 at most). `uncovered`: units promised
    ahead at its node of these SKUs that nothing awaited or allowed covers any more."""

    over_permille: int = 0
    over_units: int = 0
    blind: bool = False
    items: list[AsnLine] = []
    receipts: list[AsnReceipt] = []
    uncovered: int = 0


class ReceivedLine(msgspec.Struct, frozen=True):
    """What a line of a receipt became; `movements` one for each serial, else one."""

    sku: str
    qty: int
    lot: str
    status: str
    movements: list[UUID]
    asn_lines: list[int]


class Received(msgspec.Struct, frozen=True):
    """A receipt as it was posted."""

    document_id: UUID
    reference: str
    node: str
    lines: list[ReceivedLine]
    asn: AsnSummary | None


class NewPutAway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods to put from one bin of a node (its receiving bin) into another. Of several lots or
    states lying there the caller names which. Serials are needed unless all of them go."""

    node: NodeCode
    code: Code
    to: BinCode
    qty: Units | None = None
    unit: UnitName | None = None
    from_: BinCode | None = msgspec.field(default=None, name="from")
    lot: Lot | None = None
    status: str | None = None
    owner: Owner | None = None
    serials: Annotated[list[Serial], Meta(max_length=MOST_SERIALS)] = []


class PutAwayDone(msgspec.Struct, frozen=True):
    """Goods in their new bin."""

    document_id: UUID
    sku: str
    qty: int
    lot: str
    status: str
    bin: str
    movements: list[UUID]


class SuggestedBin(msgspec.Struct, frozen=True):
    """A bin for goods: `same_lot`, `same_sku` (so many lie there) or `empty` and large enough."""

    bin: str
    why: Literal["same_lot", "same_sku", "empty"]
    on_hand: int


class DockRow(msgspec.Struct, frozen=True):
    """Goods that lie in a receiving bin and wait to be put away."""

    sku: str
    names: dict[str, str]
    bin: str
    lot: str
    expires_on: date | None
    owner: str
    status: str
    on_hand: int
    first_at: datetime
    serials: list[str]


class NewReturnLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods that came back. A lot need not be named where only one was shipped."""

    code: Code
    qty: Units | None = None
    unit: UnitName | None = None
    lot: Lot = ""
    serials: Annotated[list[Serial], Meta(max_length=MOST_SERIALS)] = []
    status: DockStatus = "quarantine"
    bin: BinCode | None = None


class NewReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Goods a customer sends back: never more than was shipped for `reference` (that of the
    reservation or the sale). `without_sale`: no sale is known for it (`stock:approve`)."""

    node: NodeCode
    reference: Reference
    lines: Annotated[list[NewReturnLine], Meta(min_length=1, max_length=MOST_RECEIPT_LINES)]
    without_sale: bool = False


class ReturnedLine(msgspec.Struct, frozen=True):
    """What a line of a return became."""

    sku: str
    qty: int
    lot: str
    status: str
    movements: list[UUID]


class Returned(msgspec.Struct, frozen=True):
    """A return as it was posted."""

    document_id: UUID
    reference: str
    node: str
    lines: list[ReturnedLine]
