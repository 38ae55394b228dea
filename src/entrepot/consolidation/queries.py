"""Reads of the consolidation room. Every one takes its scope from the block's principal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.carriers.rating.cards import StorageRules
from entrepot.consolidation.eligibility import Rules
from entrepot.consolidation.forecast import Outcome, Span, compare
from entrepot.consolidation.packing.types import CartonType, Sides
from entrepot.consolidation.rules import code_of, shown
from entrepot.consolidation.types import (
    Candidate,
    ConsolidationSummary,
    Destination,
    DraftParcel,
    PredictedPacking,
    Ready,
    Settings,
)
from entrepot.kernel.refusals import NotFound
from entrepot.parcels.scope import scope_of
from entrepot.parties.types import CustomerBrief
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")
_MOST_OF_A_CUSTOMER = 500


class Body(msgspec.Struct, frozen=True):
    """A row that is one JSON document."""

    body: bytes


class Document(msgspec.Struct, frozen=True):
    """A row that is one document, kept as text."""

    document: str


class Head(msgspec.Struct, frozen=True):
    """A consolidation's own row."""

    id: UUID
    number: int
    customer_id: UUID
    warehouse: str
    zone: str
    status: str
    country: str | None
    state: str | None
    postcode: str | None
    prediction_id: UUID | None
    chosen_prediction_id: UUID | None
    chosen_service: str | None
    chosen_at: datetime | None
    created_at: datetime
    customer_name: str | None
    suite_code: str
    member_tier: str | None

    @property
    def code(self) -> str:
        """The human code."""
        return code_of(self.number)

    @property
    def destination(self) -> Destination | None:
        """Where to, once somebody has said it."""
        return (
            None if self.country is None else Destination(self.country, self.state, self.postcode)
        )

    @property
    def customer(self) -> CustomerBrief:
        """Whose it is."""
        return CustomerBrief(self.customer_id, self.customer_name, self.suite_code)


class ListedHead(msgspec.Struct, frozen=True):
    """A consolidation's row in a list."""

    id: UUID
    number: int
    customer_id: UUID
    warehouse: str
    status: str
    chosen_service: str | None
    created_at: datetime
    customer_name: str | None
    suite_code: str
    parcels: int


class Claimed(msgspec.Struct, frozen=True):
    """A parcel that a draft holds."""

    parcel_id: UUID
    asked: bool


class StoredPrediction(msgspec.Struct, frozen=True):
    """A prediction as it was written; `packing` and `apart` are JSON."""

    id: UUID
    quote_id: UUID | None
    fingerprint: str
    predicted_at: datetime
    low_g: int
    high_g: int
    packing: bytes
    apart: bytes
    missing: str | None


class PredictedLine(msgspec.Struct, frozen=True):
    """What a line was predicted to cost at least and at most."""

    service: str
    low_minor: int
    high_minor: int
    currency: str


class _Country(msgspec.Struct, frozen=True):
    country: str
    state: str | None
    postcode: str | None


class _Setting(msgspec.Struct, frozen=True):
    rules: bytes


class _Carton(msgspec.Struct, frozen=True):
    code: str
    inner_mm: list[int]
    outer_mm: list[int]
    tare_g: int
    max_g: int
    cost_minor: int


class _PackedLater(msgspec.Struct, frozen=True):
    consolidation_id: UUID
    outer_mm: bytes
    gross_g: int
    total_minor: int
    packed_at: datetime
    low_g: int
    high_g: int
    packing: bytes
    low_minor: int
    high_minor: int


class CheckedPrediction(msgspec.Struct, frozen=True):
    """How a prediction did once the parcels were packed."""

    consolidation_id: UUID
    packed_at: datetime
    outcome: Outcome


def unknown_consolidation() -> NotFound:
    """The refusal for a consolidation that is not there or not the caller's."""
    return NotFound("there is no such consolidation", code="unknown_consolidation")


async def get_head(tx: ReadTx, *, consolidation_id: UUID) -> Head:
    """The consolidation's row; NotFound when it is unknown or not the caller's."""
    scope = scope_of(tx.principal)
    head = await tx.find(
        SQL["get_head"],
        Head,
        consolidation_id=consolidation_id,
        scope_customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    if head is None:
        raise unknown_consolidation()
    return head


async def list_consolidations(
    tx: ReadTx,
    *,
    customer_id: UUID | None = None,
    warehouse: str | None = None,
    statuses: Sequence[str] | None = None,
    after: UUID | None = None,
    most: int = 50,
) -> list[ConsolidationSummary]:
    """Consolidations of the caller's scope, newest first, behind `after`."""
    scope = scope_of(tx.principal)
    rows = await tx.list(
        SQL["list_heads"],
        ListedHead,
        scope_customer_id=scope.customer_id,
        warehouses=scope.warehouses,
        of_customer=customer_id,
        warehouse=warehouse,
        statuses=None if statuses is None else list(statuses),
        after=after,
        most=most,
    )
    return [
        ConsolidationSummary(
            row.id,
            code_of(row.number),
            row.status,
            CustomerBrief(row.customer_id, row.customer_name, row.suite_code),
            row.warehouse,
            row.parcels,
            row.chosen_service,
            row.created_at,
        )
        for row in rows
    ]


async def list_candidates(
    tx: ReadTx,
    *,
    customer_id: UUID,
    warehouse: str | None,
    consolidation_id: UUID | None = None,
    named: Sequence[UUID] = (),
) -> list[Candidate]:
    """The customer's parcels that may still go, those that are named, and those that the
    consolidation has claimed. Of more than 500, those in `warehouse` come before the others."""
    scope = scope_of(tx.principal)
    rows = await tx.list(
        SQL["list_candidates"],
        Body,
        customer_id=customer_id,
        consolidation_id=consolidation_id,
        warehouse=warehouse,
        named=list(named),
        scope_customer_id=scope.customer_id,
        warehouses=scope.warehouses,
        most=_MOST_OF_A_CUSTOMER,
    )
    return [msgspec.json.decode(row.body, type=Candidate) for row in rows]


async def list_claimed(tx: ReadTx, *, consolidation_id: UUID) -> list[Claimed]:
    """What a consolidation holds; ask for its head first, which knows the scope."""
    return await tx.list(SQL["list_claimed"], Claimed, consolidation_id=consolidation_id)


async def find_prediction(
    tx: ReadTx, *, consolidation_id: UUID, prediction_id: UUID | None
) -> StoredPrediction | None:
    """A prediction of this consolidation, or None when there is none."""
    if prediction_id is None:
        return None
    return await tx.find(
        SQL["get_prediction"],
        StoredPrediction,
        prediction_id=prediction_id,
        consolidation_id=consolidation_id,
    )


async def list_predicted_lines(tx: ReadTx, *, prediction_id: UUID) -> list[PredictedLine]:
    """The lines of a prediction, by service."""
    return await tx.list(SQL["list_predicted_lines"], PredictedLine, prediction_id=prediction_id)


async def find_last_destination(tx: ReadTx, *, customer_id: UUID) -> Destination | None:
    """Where the customer's last consolidation in the caller's sight was to go, if there was any."""
    scope = scope_of(tx.principal)
    found = await tx.find(
        SQL["find_last_destination"],
        _Country,
        customer_id=customer_id,
        scope_customer_id=scope.customer_id,
        warehouses=scope.warehouses,
    )
    return None if found is None else Destination(found.country, found.state, found.postcode)


async def get_rules(tx: ReadTx) -> Rules:
    """The tenant's rules of joining."""
    row = await tx.one(SQL["get_setting"], _Setting)
    return msgspec.json.decode(row.rules, type=Rules)


async def find_storage(tx: ReadTx) -> StorageRules | None:
    """What storage costs while parcels wait; None when the tenant has no such rules."""
    row = await tx.find(SQL["find_storage"], Document)
    return None if row is None else msgspec.json.decode(row.document, type=StorageRules)


async def list_cartons(tx: ReadTx) -> list[CartonType]:
    """The tenant's cartons, by code."""
    rows = await tx.list(SQL["list_cartons"], _Carton)
    return [msgspec.convert(msgspec.structs.asdict(row), CartonType) for row in rows]


async def get_settings(tx: ReadTx) -> Settings:
    """Cartons and rules of the tenant."""
    return Settings(await list_cartons(tx), await get_rules(tx))


async def list_outcomes(tx: ReadTx, *, most: int = 100) -> list[CheckedPrediction]:
    """How the latest predictions did, newest first."""
    rows = await tx.list(
        SQL["list_outcomes"],
        _PackedLater,
        warehouses=scope_of(tx.principal).warehouses,
        most=most,
    )
    return [CheckedPrediction(row.consolidation_id, row.packed_at, _check(row)) for row in rows]


def _check(row: _PackedLater) -> Outcome:
    packing = msgspec.json.decode(row.packing, type=PredictedPacking)
    outer = tuple(box.carton.outer_mm for box in packing.boxes)
    seen = Span(outer, row.low_g, row.high_g, row.low_minor, row.high_minor)
    packed = msgspec.json.decode(row.outer_mm, type=tuple[Sides, ...])
    return compare(seen, outer_mm=packed, gross_g=row.gross_g, total_minor=row.total_minor)


def ready_in(
    candidates: Sequence[Candidate],
    *,
    warehouse: str,
    rules: Rules,
    overdue: Mapping[UUID, int] | None = None,
) -> Ready:
    """What one click would take in a warehouse, and what keeps each of the others."""
    seen = [shown(one, warehouse=warehouse, rules=rules, overdue=overdue) for one in candidates]
    return Ready(
        warehouse=warehouse,
        parcels=tuple(parcel for parcel in seen if not parcel.reasons),
        left_out=tuple(parcel for parcel in seen if parcel.reasons),
    )


def gone(parcel_id: UUID) -> DraftParcel:
    """A claimed parcel that the customer does not own any more: only its id is told."""
    return DraftParcel(id=parcel_id, tracking_number=None, reasons=("other_customer",))
