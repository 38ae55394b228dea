"""Values of the consolidation room: drafts as they are asked for and as they are shown."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.rating.requests import Offer
from entrepot.consolidation.eligibility import Reason, Rules
from entrepot.consolidation.packing.types import CartonType, Left, PackedCarton, Sides
from entrepot.parties.types import CustomerBrief

MOST_PARCELS = 100
WarehouseCode = Annotated[str, Meta(min_length=1, max_length=16)]
ServiceCode = Annotated[str, Meta(min_length=1, max_length=80)]
ParcelIds = Annotated[list[UUID], Meta(min_length=1, max_length=MOST_PARCELS)]
Overdue = dict[UUID, Annotated[int, Meta(ge=0, le=10**12)]]
"""Unpaid storage fees by parcel, in minor units of the tenant's currency."""


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where to, as far as a price needs it. `country` is ISO 3166 alpha-2."""

    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
    state: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    postcode: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class NewConsolidation(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One click: without `parcels` every parcel of the customer in the warehouse that may join.

    Staff and keys name the customer by id. Without `destination` it is that of the customer's
    last consolidation. `overdue` comes from whoever keeps the fees.
    """

    warehouse: WarehouseCode
    customer_id: UUID | None = None
    parcels: ParcelIds | None = None
    destination: Destination | None = None
    overdue: Annotated[Overdue, Meta(max_length=1000)] = {}


class MoreParcels(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Parcels that shall join a draft."""

    parcels: ParcelIds
    overdue: Annotated[Overdue, Meta(max_length=1000)] = {}


class NewPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Price a draft again; `leave_out` first takes out the parcels that cannot go any more."""

    leave_out: bool = False


class ChosenLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The line that the customer fixes. `quote_id`, if given, must be the one that is shown."""

    service: ServiceCode
    quote_id: UUID | None = None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tenant's cartons, and its rules of joining."""

    cartons: Annotated[list[CartonType], Meta(min_length=1, max_length=200)]
    rules: Rules


class DraftRef(msgspec.Struct, frozen=True):
    """A draft, named."""

    id: UUID
    code: str


class Declared(msgspec.Struct, frozen=True):
    """One declared line of a parcel, as far as prices need it."""

    category: str | None
    quantity: int
    unit_price_minor: int
    currency: str
    hs6: str | None


class DeclaredSum(msgspec.Struct, frozen=True):
    """What a parcel declares in one currency: a sum, which may be beyond what can be priced."""

    minor: int
    currency: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's parcel as the database knows it: whatever joining and pricing depend on."""

    id: UUID
    tracking_number: str
    piece: int | None
    pieces: int | None
    arrived: int
    warehouse: str | None
    status: str
    held: bool
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    tags: tuple[str, ...]
    items: tuple[Declared, ...]
    put_away: datetime | None
    claimed_by: UUID | None
    asked: bool
    draft: DraftRef | None

    @property
    def mm(self) -> Sides | None:
        """Length, width and height, once all are known."""
        if self.length_mm is None or self.width_mm is None or self.height_mm is None:
            return None
        return self.length_mm, self.width_mm, self.height_mm


class DraftParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel in or beside a draft. `reasons`: what keeps it from leaving; empty means nothing.

    `draft` is the other draft that holds it, when the reader may see that one.
    """

    id: UUID
    tracking_number: str | None
    piece: int | None = None
    pieces: int | None = None
    arrived: int = 0
    status: str | None = None
    warehouse: str | None = None
    weight_g: int | None = None
    mm: Sides | None = None
    tags: tuple[str, ...] = ()
    declared: tuple[DeclaredSum, ...] = ()
    reasons: tuple[Reason, ...] = ()
    draft: DraftRef | None = None


class PackedBox(msgspec.Struct, frozen=True):
    """One predicted carton with its room inside, for the picture."""

    inner_mm: Sides
    carton: PackedCarton


class PredictedPacking(msgspec.Struct, frozen=True):
    """The cartons of a draft and what no carton takes."""

    boxes: tuple[PackedBox, ...]
    left: tuple[Left, ...]


class Alone(msgspec.Struct, frozen=True):
    """One parcel shipped by itself on its cheapest line; without line when none takes it."""

    parcel: str
    service: str | None
    total_minor: int
    chargeable_g: int


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """What the parcels will need together: cartons, weight from empty to filled voids.

    `apart` is what each would cost by itself; `saves_minor` what going together on the cheapest
    line saves at least against that (negative: costs more), None when the two do not compare.
    """

    id: UUID
    predicted_at: datetime
    low_g: int
    high_g: int
    packing: PredictedPacking
    apart: tuple[Alone, ...]
    apart_minor: int | None
    apart_chargeable_g: int | None
    saves_minor: int | None


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of carriage: its offer at the upper weight, and the range its price may fall in.

    `chargeable_g` is what the line charges for at the upper weight, None when it is excluded.
    """

    offer: Offer
    low_minor: int | None
    high_minor: int | None
    chargeable_g: int | None
    chosen: bool


class DraftQuote(msgspec.Struct, frozen=True, kw_only=True):
    """Every line side by side, priced ones first. Valid for the draft as it was until then.

    `changed`: the parcels or the destination are no longer what was priced.
    """

    id: UUID
    quoted_at: datetime
    expires_at: datetime
    expired: bool
    changed: bool
    currency: str
    lines: tuple[DraftLine, ...]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The line that the customer has fixed; `stands` is false once the parcels have changed."""

    service: str
    quote_id: UUID
    total_minor: int
    currency: str
    chosen_at: datetime
    stands: bool


class Consolidation(msgspec.Struct, frozen=True, kw_only=True):
    """A consolidation with its parcels, the others of the customer, and what it will cost.

    `missing` names what a price still needs: `destination`, `lines` (the warehouse offers none),
    `declaration` (a line taxes what nobody declared), `carton` (a parcel fits none), `parcels`.
    """

    id: UUID
    code: str
    status: str
    customer: CustomerBrief
    warehouse: str
    destination: Destination | None
    created_at: datetime
    parcels: tuple[DraftParcel, ...]
    left_out: tuple[DraftParcel, ...]
    prediction: Prediction | None
    quote: DraftQuote | None
    choice: Choice | None
    missing: tuple[str, ...]


class ConsolidationSummary(msgspec.Struct, frozen=True):
    """A consolidation in a list."""

    id: UUID
    code: str
    status: str
    customer: CustomerBrief
    warehouse: str
    parcels: int
    chosen_service: str | None
    created_at: datetime


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What one click would do in a warehouse: the parcels that would join, and the others."""

    warehouse: str
    parcels: tuple[DraftParcel, ...]
    left_out: tuple[DraftParcel, ...]


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's warehouses with parcels that could go, live drafts, and where to last time."""

    ready: tuple[Ready, ...]
    drafts: tuple[ConsolidationSummary, ...]
    destination: Destination | None


AdviceKind = Literal["together", "wait", "part", "none", "unknown"]


class AdvisedGroup(msgspec.Struct, frozen=True):
    """Parcels that should leave together: line, day, freight and storage until then."""

    parcels: tuple[str, ...]
    service: str
    ship_date: date
    freight_minor: int
    storage_minor: int


class Advised(msgspec.Struct, frozen=True, kw_only=True):
    """The cheapest way found to send the draft's parcels, and what it saves against all in one.

    `exact` up to eight parcels; `kind` is `together` when sending all at once now is the cheapest,
    `none` when no line takes them, `unknown` when the draft cannot be priced or is too large.
    """

    kind: AdviceKind
    groups: tuple[AdvisedGroup, ...]
    total_minor: int
    together_minor: int | None
    saves_minor: int
    stuck: tuple[str, ...]
    currency: str
    exact: bool


class Undone(msgspec.Struct, frozen=True):
    """A consolidation that is no more, and the parcels that are free again."""

    id: UUID
    code: str
    parcels: list[UUID]


class WarehouseLines(msgspec.Struct, frozen=True):
    """Where a warehouse's lines go (ISO 3166), and what their cards call lines of a price:
    `<service>/<code>` → names by language."""

    countries: tuple[str, ...]
    line_names: dict[str, dict[str, str]]
