"""Values of the parcels room: pre-alerts, scans, answers, parcels as they are shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.catalog.types import FoundSku
from entrepot.parties.types import CustomerBrief

Status = Literal[
    "expected", "received", "inspected", "stored", "consolidating", "packed", "shipped",
    "delivered", "returned", "lost", "merged", "split", "abandoned", "destroyed", "exception",
]  # fmt: skip
MatchedBy = Literal["pre_alert", "suite_code", "phone_tail", "order", "manual", "none"]
Certainty = Literal["sure", "ambiguous", "none"]
CodeKind = Literal["parcel", "bin", "customer", "sku", "unknown"]
Step = Literal["put_away", "inspect", "ask_owner", "ask_another_piece", "already_done", "stop"]
Grams = Annotated[int, Meta(ge=1, le=2_000_000)]
Millimetres = Annotated[int, Meta(ge=1, le=20_000)]
Piece = Annotated[int, Meta(ge=1, le=999)]
RawNumber = Annotated[str, Meta(min_length=1, max_length=2000)]
WarehouseCode = Annotated[str, Meta(min_length=1, max_length=16)]
CourierName = Annotated[str, Meta(min_length=1, max_length=40)]


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of a declaration. `category` is the code of a goods category."""

    description: Annotated[str, Meta(min_length=1, max_length=200)]
    quantity: Annotated[int, Meta(ge=1, le=100_000)]
    unit_price_minor: Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    category: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class NewPreAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A parcel that its owner expects. Staff and keys name the customer by id or suite code."""

    tracking_number: RawNumber
    customer_id: UUID | None = None
    suite_code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    warehouse: WarehouseCode | None = None
    courier: CourierName | None = None
    items: Annotated[list[NewItem], Meta(max_length=50)] = []


class PastedPreAlerts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Many pre-alerts of one customer, pasted: one line each, columns by tab or comma.

    Columns: tracking number, courier, description, category, quantity, unit price (decimal),
    currency; all but the first may be missing.
    """

    text: Annotated[str, Meta(min_length=1, max_length=200_000)]
    customer_id: UUID | None = None
    suite_code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None
    warehouse: WarehouseCode | None = None


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What could be read on the parcel's label."""

    text: Annotated[str, Meta(max_length=2000)] | None = None
    recipient: Annotated[str, Meta(max_length=120)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    suite_code: Annotated[str, Meta(max_length=40)] | None = None


class NewScan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One parcel scanned at the dock of a warehouse."""

    warehouse: WarehouseCode
    tracking_number: RawNumber
    symbology: Annotated[str, Meta(max_length=40)] | None = None
    courier: CourierName | None = None
    piece: Piece | None = None
    another_piece: bool = False
    label: Label | None = None
    weight_g: Grams | None = None
    length_mm: Millimetres | None = None
    width_mm: Millimetres | None = None
    height_mm: Millimetres | None = None


class ScannedParcel(msgspec.Struct, frozen=True):
    """The parcel as the scan station needs it. `arrived` of `pieces` cartons are here."""

    id: UUID
    tracking_number: str
    piece: int
    pieces: int | None
    arrived: int
    occurrence: int
    courier: str | None
    courier_candidates: list[str]
    status: str
    customer: CustomerBrief | None
    warehouse: str
    bin: str | None
    tags: list[str]
    held: bool
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    received_at: datetime


class Match(msgspec.Struct, frozen=True):
    """How the owner was found. `candidates` counts customers who could be meant."""

    by: MatchedBy
    certainty: Certainty
    candidates: int


class Already(msgspec.Struct, frozen=True):
    """When and by whom it was done before. `by` is an actor like `person:<id>`."""

    at: datetime
    by: str


class NextStep(msgspec.Struct, frozen=True):
    """What to do now, and a stable word why."""

    step: Step
    why: str


class Reception(msgspec.Struct, frozen=True):
    """The answer to a scan."""

    parcel: ScannedParcel
    match: Match
    already: Already | None
    next: NextStep


class Item(msgspec.Struct, frozen=True):
    """One declared line; `description` is None after erasure."""

    description: str | None
    category: str | None
    quantity: int
    unit_price_minor: int
    currency: str


class Place(msgspec.Struct, frozen=True):
    """Where: the node's code and the bin's, None when it lies in no bin."""

    warehouse: str
    bin: str | None


class TimelineEntry(msgspec.Struct, frozen=True):
    """One thing that happened to a parcel. `actor` is None for shoppers."""

    sequence: int
    verb: str
    at: datetime
    actor: str | None
    place: Place | None


class ParcelSummary(msgspec.Struct, frozen=True):
    """A parcel in a list, with its last event: what, where, when."""

    id: UUID
    tracking_number: str
    piece: int | None
    pieces: int | None
    courier: str | None
    status: str
    customer: CustomerBrief | None
    tags: list[str]
    held: bool
    weight_g: int | None
    announced_at: datetime | None
    received_at: datetime | None
    last_event: TimelineEntry


class ParcelDetail(msgspec.Struct, frozen=True):
    """Everything about one parcel. `timeline` is oldest first; `arrived` of `pieces` are here."""

    id: UUID
    tracking_number: str
    tracking_original: str
    piece: int | None
    pieces: int | None
    arrived: int
    occurrence: int
    courier: str | None
    courier_candidates: list[str]
    status: str
    customer: CustomerBrief | None
    match: Match
    place: Place | None
    warehouse: str | None
    tags: list[str]
    tags_by: str
    held: bool
    held_reason: str | None
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    announced_at: datetime | None
    received_at: datetime | None
    items: list[Item]
    last_event: TimelineEntry
    timeline: list[TimelineEntry]


class BulkAnnouncement(msgspec.Struct, frozen=True):
    """What became of pasted lines: `announced` new, `known` before, `arrived` already here."""

    announced: int
    known: int
    arrived: int
    items: list[ParcelSummary]


class UnclaimedParcel(msgspec.Struct, frozen=True):
    """A parcel without owner. `tracking_number` is masked for whoever is not staff."""

    id: UUID
    tracking_number: str
    piece: int | None
    courier: str | None
    warehouse: str
    bin: str | None
    weight_g: int | None
    received_at: datetime
    certainty: str
    candidates: list[CustomerBrief]
    label: Label | None


class ShopperHome(msgspec.Struct, frozen=True):
    """A shopper's first screen."""

    arrived: list[ParcelSummary]
    on_the_way: list[ParcelSummary]
    to_decide: list[ParcelSummary]


class AssignedTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The owner that staff found: by id or by suite code."""

    customer_id: UUID | None = None
    suite_code: Annotated[str, Meta(min_length=1, max_length=40)] | None = None


class PutAway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Into which bin of the node where the parcel lies."""

    bin: Annotated[str, Meta(min_length=1, max_length=40)]


class PutAwayDone(msgspec.Struct, frozen=True):
    """Where the parcel lies now; `already` when it lay there before."""

    parcel: ParcelSummary
    bin: str
    already: Already | None


class NewLookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A code that somebody scanned, and where."""

    code: RawNumber
    warehouse: WarehouseCode
    symbology: Annotated[str, Meta(max_length=40)] | None = None


class FoundBin(msgspec.Struct, frozen=True):
    """A bin and how many parcels lie in it."""

    warehouse: str
    code: str
    bin_class: str = msgspec.field(name="class")
    parcels: int


class FoundCode(msgspec.Struct, frozen=True):
    """What a code is. `kind` names the first list that is not empty, or `unknown`.

    `number` is the code read as a tracking number, None when it cannot be one.
    """

    kind: CodeKind
    code: str
    number: str | None
    parcels: list[ParcelSummary]
    bins: list[FoundBin]
    customers: list[CustomerBrief]
    skus: list[FoundSku] = []


class Category(msgspec.Struct, frozen=True):
    """A goods category: its names by language and the tags that it gives a parcel."""

    code: str
    names: dict[str, str]
    tags: list[str]
