"""Reads of cards, rules and what nodes offer, for the office; prices themselves: `queries`."""

from collections.abc import Collection
from datetime import date, datetime

import msgspec

from entrepot.carriers import rules
from entrepot.carriers.importing import Shelf
from entrepot.carriers.rating.cards import Service
from entrepot.carriers.tariffs import CardRow, RuleRow
from entrepot.carriers.types import OfferedService
from entrepot.kernel.calendars import local_day
from entrepot.kernel.refusals import NotFound
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "tariff_queries.sql")


class VersionRow(msgspec.Struct, frozen=True):
    """A version of a card with who imported it and when."""

    service: str
    version: str
    valid_from: date
    valid_to: date | None
    document: str
    sha256: str
    imported_at: datetime
    imported_by: str
    withdrawn_at: datetime | None


class RuleVersionRow(msgspec.Struct, frozen=True):
    """A set of rules with who imported it and when."""

    kind: str
    number: int
    sha256: str
    imported_at: datetime
    imported_by: str


class TakenRow(msgspec.Struct, frozen=True):
    """A version name that is or was in use."""

    service: str
    version: str
    sha256: str


class ServiceName(msgspec.Struct, frozen=True):
    """The code of a service that has a card."""

    service: str


class TierName(msgspec.Struct, frozen=True):
    """The code of a member tier."""

    tier: str


async def get_shelf(tx: ReadTx) -> Shelf:
    """Everything that an import is compared with."""
    cards = await tx.list(SQL["list_live_cards"], CardRow, service=None)
    taken = await tx.list(SQL["list_taken"], TakenRow)
    return Shelf(
        cards=cards,
        rules=await tx.list(SQL["list_rules_in_force"], RuleRow),
        taken={(row.service, row.version): row.sha256 for row in taken},
    )


async def list_versions(tx: ReadTx, *, service: str | None = None) -> list[VersionRow]:
    """All versions by service and first day, each open one ended where the next begins."""
    rows = await tx.list(SQL["list_versions"], VersionRow, service=service)
    live = [row for row in rows if row.withdrawn_at is None]
    services = [msgspec.json.decode(row.document, type=Service) for row in live]
    ends = {(one.id, one.rate.version): one.rate.valid_to for one in rules.in_sequence(services)}
    return [
        msgspec.structs.replace(row, valid_to=ends.get((row.service, row.version), row.valid_to))
        for row in rows
    ]


async def get_versions(tx: ReadTx, *, service: str) -> list[VersionRow]:
    """The versions of one service; NotFound (`unknown_service`) when it has none."""
    rows = await list_versions(tx, service=service)
    if not rows:
        raise NotFound("there is no such service", code="unknown_service")
    return rows


async def list_rule_versions(tx: ReadTx) -> list[RuleVersionRow]:
    """All sets of rules by kind and number."""
    return await tx.list(SQL["list_rule_versions"], RuleVersionRow)


async def list_services(tx: ReadTx) -> list[str]:
    """The services that have a live card."""
    return [row.service for row in await tx.list(SQL["list_services"], ServiceName)]


async def list_tiers(tx: ReadTx) -> list[str]:
    """The member tiers of the rules in force."""
    return [row.tier for row in await tx.list(SQL["list_tiers"], TierName)]


async def list_offered(
    tx: ReadTx, *, warehouse: str | None, warehouses: Collection[str] | None
) -> list[OfferedService]:
    """Which node offers which service, by node and service, within the scope."""
    return await tx.list(
        SQL["list_offered"],
        OfferedService,
        warehouse=warehouse,
        warehouses=None if warehouses is None else sorted(warehouses),
    )


async def tenant_today(tx: ReadTx) -> date:
    """Today where the tenant lives."""
    return local_day(tx.now, str(await tx.value(SQL["get_zone"]) or "UTC"))
