"""Pure decisions about drafts: what may follow what, what a price depends on, who may join.

The machine stands in `state_edges.tsv` (SAFETY 1) and is repeated in the database.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from entrepot.consolidation.eligibility import Facts, Rules, reasons_against
from entrepot.consolidation.types import Candidate, DeclaredSum, Destination, DraftParcel
from entrepot.kernel.machines import read_machine
from entrepot.kernel.refusals import FieldError

MACHINE = read_machine("entrepot.consolidation", "consolidation")
LIVE = ("draft", "requested", "packing", "packed", "unpacking")
"""The statuses whose claims hold."""


def code_of(number: int) -> str:
    """A consolidation's human code: `C000012`."""
    return f"C{number:06d}"


def facts_of(candidate: Candidate, *, overdue_minor: int = 0, asked: bool = False) -> Facts:
    """A parcel as the rules of joining see it."""
    return Facts(
        warehouse=candidate.warehouse,
        status=candidate.status,
        held=candidate.held,
        weight_g=candidate.weight_g,
        size_mm=candidate.mm,
        declared=bool(candidate.items),
        tags=frozenset(candidate.tags),
        overdue_minor=overdue_minor,
        draft=None if candidate.claimed_by is None else str(candidate.claimed_by),
        incomplete=candidate.pieces is not None and candidate.arrived < candidate.pieces,
        asked=asked or candidate.asked,
    )


def shown(
    candidate: Candidate,
    *,
    warehouse: str,
    rules: Rules,
    draft: UUID | None = None,
    overdue: Mapping[UUID, int] | None = None,
    asked: bool = False,
) -> DraftParcel:
    """A parcel with what keeps it from leaving with `draft` (or with a new one)."""
    facts = facts_of(candidate, overdue_minor=(overdue or {}).get(candidate.id, 0), asked=asked)
    own = None if draft is None else str(draft)
    return DraftParcel(
        id=candidate.id,
        tracking_number=candidate.tracking_number,
        piece=candidate.piece,
        pieces=candidate.pieces,
        arrived=candidate.arrived,
        status=candidate.status,
        warehouse=candidate.warehouse,
        weight_g=candidate.weight_g,
        mm=candidate.mm,
        tags=candidate.tags,
        declared=declared_of(candidate),
        reasons=reasons_against(facts, warehouse=warehouse, rules=rules, draft=own),
        draft=candidate.draft if candidate.claimed_by != draft else None,
    )


def declared_of(candidate: Candidate) -> tuple[DeclaredSum, ...]:
    """The declared value of a parcel, one amount for each currency."""
    sums: dict[str, int] = {}
    for item in candidate.items:
        value = item.quantity * item.unit_price_minor
        sums[item.currency] = sums.get(item.currency, 0) + value
    return tuple(DeclaredSum(minor, currency) for currency, minor in sorted(sums.items()))


class _Priced(msgspec.Struct, frozen=True):
    """What the price of a parcel depends on."""

    id: str
    weight_g: int | None
    mm: tuple[int, int, int] | None
    tags: list[str]
    items: list[tuple[str, int, int, str]]


def fingerprint(
    candidates: Iterable[Candidate], destination: Destination | None, warehouse: str
) -> str:
    """SHA-256 (hex) over all that a price of these parcels depends on, in any order."""
    parcels = [
        _Priced(
            str(one.id),
            one.weight_g,
            one.mm,
            sorted(one.tags),
            sorted((i.category or "", i.quantity, i.unit_price_minor, i.currency)
                   for i in one.items),
        )
        for one in candidates
    ]  # fmt: skip
    parcels.sort(key=lambda parcel: parcel.id)
    return hashlib.sha256(msgspec.json.encode([warehouse, destination, parcels])).hexdigest()


def faults(parcels: Sequence[DraftParcel]) -> list[FieldError]:
    """Every reason of every parcel, for a refusal that tells all at once."""
    return [
        FieldError(f"parcels.{parcel.id}", reason, _message(parcel, reason))
        for parcel in parcels
        for reason in parcel.reasons
    ]


def _message(parcel: DraftParcel, reason: str) -> str:
    name = parcel.tracking_number or str(parcel.id)
    where = f" {parcel.draft.code}" if reason == "in_another_draft" and parcel.draft else ""
    return f"{name}: {reason}{where}"
