"""Cards as the office sees them: versions past, in force and to come, and prices as rows. Pure."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Literal

import msgspec

from entrepot.carriers.rating.cards import Service
from entrepot.carriers.tariff_queries import RuleVersionRow, VersionRow
from entrepot.kernel.refusals import NotFound

Standing = Literal["past", "in_force", "to_come", "withdrawn"]


class CardVersion(msgspec.Struct, frozen=True):
    """One version of a card. `valid_to`: its last day, also where its follower ends it."""

    service: str
    version: str
    valid_from: date
    valid_to: date | None
    standing: Standing
    sha256: str
    imported_at: datetime
    imported_by: str


class ListedService(msgspec.Struct, frozen=True):
    """A service in the price list; names and kind as in its newest card."""

    service: str
    carrier: str
    names: dict[str, str]
    kind: str
    currency: str
    countries: list[str]
    versions: list[CardVersion]

    @property
    def in_force(self) -> CardVersion | None:
        """The version that counts today, if one does."""
        return next((v for v in self.versions if v.standing == "in_force"), None)

    @property
    def to_come(self) -> list[CardVersion]:
        """Versions that will count from a later day on."""
        return [v for v in self.versions if v.standing == "to_come"]


class RuleVersion(msgspec.Struct, frozen=True):
    """One set of the rules that all cards share."""

    kind: str
    number: int
    in_force: bool
    sha256: str
    imported_at: datetime
    imported_by: str


class PriceList(msgspec.Struct, frozen=True):
    """All services and all sets of rules."""

    services: list[ListedService]
    rules: list[RuleVersion]


class RateCard(msgspec.Struct, frozen=True):
    """One version of a service's card as it was imported, beside all its versions."""

    version: CardVersion
    card: dict[str, Any]
    versions: list[CardVersion]


class CardExport(msgspec.Struct, frozen=True):
    """What a card file is written from."""

    services: list[dict[str, Any]]
    rules: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """The card file."""
        return {"services": self.services, **self.rules}


def standing_of(row: VersionRow, today: date) -> Standing:
    """Whether a version counts today."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.valid_from > today:
        return "to_come"
    if row.valid_to is not None and row.valid_to < today:
        return "past"
    return "in_force"


def versions_shown(rows: Iterable[VersionRow], today: date) -> list[CardVersion]:
    """The versions as they stand today, oldest first."""
    return [
        CardVersion(
            row.service, row.version, row.valid_from, row.valid_to, standing_of(row, today),
            row.sha256, row.imported_at, row.imported_by,
        )
        for row in rows
    ]  # fmt: skip


def price_list_of(
    rows: Sequence[VersionRow], rule_rows: Sequence[RuleVersionRow], today: date
) -> PriceList:
    """The price list of all stored versions; rows in order of service and first day."""
    newest = {row.kind: row.number for row in rule_rows}
    return PriceList(
        services=[
            _listed(list(group), today) for _, group in groupby(rows, key=lambda row: row.service)
        ],
        rules=[
            RuleVersion(
                row.kind, row.number, newest[row.kind] == row.number, row.sha256,
                row.imported_at, row.imported_by,
            )
            for row in rule_rows
        ],
    )  # fmt: skip


def _listed(rows: list[VersionRow], today: date) -> ListedService:
    live = [row for row in rows if row.withdrawn_at is None] or rows
    service = msgspec.json.decode(live[-1].document, type=Service)
    return ListedService(
        service=service.id,
        carrier=service.carrier,
        names=service.name,
        kind=service.kind,
        currency=service.rate.currency,
        countries=countries_of(service),
        versions=versions_shown(rows, today),
    )


def countries_of(service: Service) -> list[str]:
    """The countries that a service goes to."""
    found = set(service.zones or service.rate.price)
    found |= {rule.country for rule in service.zone_rules if rule.zone is not None}
    return sorted(found)


def card_of(rows: Sequence[VersionRow], version: str | None, today: date) -> RateCard:
    """The named version, else the one in force, else the newest. Raises NotFound."""
    shown = versions_shown(rows, today)
    if version is None:
        counts = [one for one in shown if one.standing == "in_force"] or shown[-1:]
        version = counts[0].version
    for row, one in zip(rows, shown, strict=True):
        if row.version == version:
            return RateCard(one, json.loads(row.document), shown)
    raise NotFound("there is no such version of this card", code="unknown_card")
