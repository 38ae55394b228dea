"""Values of the carriers room: subjects, quotes, versions and offers as asked and as shown."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.live_offers import Heard
from entrepot.carriers.rating.cards import Code
from entrepot.carriers.rating.requests import Offer, Quote, Request

SubjectKind = Literal["pieces", "parcels", "consolidation"]
QuoteStatus = Literal["open", "accepted", "expired", "superseded"]
RuleKind = Literal[
    "pricing_rules", "fx", "insurance", "member_tiers", "value_added_services",
    "duty_thresholds", "storage", "calendars",
]  # fmt: skip
RULE_KINDS: tuple[RuleKind, ...] = RuleKind.__args__  # type: ignore[attr-defined]


class Subject(msgspec.Struct, frozen=True):
    """What is priced: `fingerprint` is the SHA-256 (hex) of it as it is now, `parts` the parcels
    that it consists of, where it does."""

    kind: SubjectKind
    id: UUID
    fingerprint: str
    parts: tuple[UUID, ...] = ()


class WorkingDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a place works: ISO weekdays (Monday 1 … Sunday 7) and the days on which it does not."""

    weekdays: Annotated[list[Annotated[int, Meta(ge=1, le=7)]], Meta(min_length=1, max_length=7)]
    holidays: Annotated[list[date], Meta(max_length=2000)] = []


class Versions(msgspec.Struct, frozen=True):
    """Everything that a quote was made of: the version of each service's card, the number of each
    set of rules, the working days of both ends, and what live carriers answered, as received."""

    cards: dict[str, str]
    rules: dict[str, int]
    leaves: WorkingDays | None = None
    arrives: WorkingDays | None = None
    live: tuple[Heard, ...] = ()


class StoredQuote(msgspec.Struct, frozen=True):
    """A quote as it is kept. `status` is `expired` from `expires_at` on, whatever the row says."""

    id: UUID
    status: QuoteStatus
    subject: Subject
    customer_id: UUID | None
    warehouse: str
    request: Request
    versions: Versions
    answer: Quote
    answer_text: str
    asked_at: datetime
    expires_at: datetime
    accepted_service: str | None

    def offer(self, service: str) -> Offer | None:
        """The offer of a service, priced or not; None when the quote does not have it."""
        return next((o for o in self.answer.offers if o.service == service), None)


class QuoteView(msgspec.Struct, frozen=True):
    """A quote as it is shown. Its versions leave out what live carriers answered."""

    id: UUID
    status: QuoteStatus
    warehouse: str
    customer_id: UUID | None
    subject: SubjectKind
    currency: str
    offers: tuple[Offer, ...]
    ship_date: date
    tier: str | None
    versions: Versions
    cards_sha256: str
    quoted_at: datetime
    expires_at: datetime
    accepted_service: str | None


def view_of(quote: StoredQuote) -> QuoteView:
    """The quote as the API shows it."""
    return QuoteView(
        id=quote.id,
        status=quote.status,
        warehouse=quote.warehouse,
        customer_id=quote.customer_id,
        subject=quote.subject.kind,
        currency=quote.answer.currency,
        offers=quote.answer.offers,
        ship_date=quote.request.ship_date,
        tier=quote.request.tier,
        versions=msgspec.structs.replace(quote.versions, live=()),
        cards_sha256=quote.answer.cards_sha256,
        quoted_at=quote.asked_at,
        expires_at=quote.expires_at,
        accepted_service=quote.accepted_service,
    )


class OfferedService(msgspec.Struct, frozen=True):
    """Whether a node offers a service. `pick_up`: the carrier collects at the node."""

    warehouse: str
    service: str
    offered: bool
    pick_up: bool


class NodeServiceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service to be switched on or off at a node."""

    service: Code
    offered: bool
    pick_up: bool = False


class NodeServiceChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Services to be switched at a node; those not named stay as they are."""

    services: Annotated[list[NodeServiceChange], Meta(min_length=1, max_length=500)]


class NodeServices(msgspec.Struct, frozen=True):
    """What a node offers, by service; services that nobody has switched are not offered."""

    warehouse: str
    services: list[OfferedService]
