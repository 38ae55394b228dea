"""Reads of the carriers room: tariffs, and quotes within the caller's scope."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from entrepot.carriers import rules, tariffs
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.requests import Quote, Request
from entrepot.carriers.tariffs import CardRow, RuleRow, StoredTariff
from entrepot.carriers.types import QuoteStatus, StoredQuote, Subject, SubjectKind, Versions
from entrepot.kernel.refusals import NotFound
from entrepot.nodes.queries import unknown_warehouse
from entrepot.platform.database import ReadTx
from entrepot.platform.sqlfile import load_sql

SQL = load_sql(__file__, "queries.sql")


class Departure(msgspec.Struct, frozen=True):
    """Where a shipment starts: an open node, and the epoch of its prices."""

    node_id: UUID
    code: str
    zone: str
    country: str | None
    epoch: int


class QuoteRow(msgspec.Struct, frozen=True):
    """A quote as it lies in its table."""

    id: UUID
    status: QuoteStatus
    subject_kind: SubjectKind
    subject_id: UUID
    fingerprint: str
    parts: list[UUID]
    customer_id: UUID | None
    warehouse: str
    request: str
    versions: str
    answer: str
    asked_at: datetime
    expires_at: datetime
    accepted_service: str | None


def _scope(warehouses: Collection[str] | None) -> list[str] | None:
    return None if warehouses is None else sorted(warehouses)


async def get_departure(
    tx: ReadTx, *, warehouse: str, warehouses: Collection[str] | None = None
) -> Departure:
    """An open node in the scope; NotFound (`unknown_warehouse`) otherwise."""
    found = await tx.find(
        SQL["find_departure"], Departure, warehouse=warehouse, warehouses=_scope(warehouses)
    )
    if found is None:
        raise unknown_warehouse(warehouse)
    return found


async def load_stored(tx: ReadTx, *, departure: Departure) -> StoredTariff:
    """All that a node offers, compiled once a (tenant, epoch) and kept in this process.

    Not for a block that changes cards or rules: what it does not commit must not be kept.
    Raises Conflict (`no_tariff`) before the first import.
    """
    tenant = str(tx.principal.tenant)
    found = tariffs.kept(tenant, departure.code, departure.epoch)
    if found is None:
        cards = await tx.list(SQL["list_node_cards"], CardRow, warehouse=departure.code)
        found = tariffs.tariff_of(cards, await tx.list(SQL["list_rules_in_force"], RuleRow))
        tariffs.keep(tenant, departure.code, departure.epoch, found)
    return found


async def load_tariff(tx: ReadTx, *, warehouse: str) -> Tariff:
    """The tariff of a node, ready for `rating.quotes.quote_all`: only services it offers, every
    version that is not withdrawn. Raises NotFound (`unknown_warehouse`), Conflict (`no_tariff`).
    """
    departure = await get_departure(tx, warehouse=warehouse)
    return (await load_stored(tx, departure=departure)).tariff


async def tariff_of_versions(tx: ReadTx, *, versions: Versions) -> Tariff:
    """The very tariff that a quote was made of, whatever was imported or switched off since."""
    cards = await tx.list(
        SQL["list_named_cards"],
        CardRow,
        services=list(versions.cards),
        versions=list(versions.cards.values()),
    )
    rows = await tx.list(
        SQL["list_named_rules"],
        RuleRow,
        kinds=list(versions.rules),
        numbers=list(versions.rules.values()),
    )
    return tariffs.tariff_of(cards, rows).tariff


async def find_quote(
    tx: ReadTx,
    *,
    quote_id: UUID,
    customer_id: UUID | None = None,
    warehouses: Collection[str] | None = None,
) -> StoredQuote | None:
    """A quote, or None. `customer_id` narrows to one customer's own, `warehouses` to some places;
    None: all."""
    row = await tx.find(
        SQL["find_quote"],
        QuoteRow,
        quote_id=quote_id,
        customer_id=customer_id,
        warehouses=_scope(warehouses),
    )
    return None if row is None else _quote(row, tx.now)


async def get_quote(
    tx: ReadTx,
    *,
    quote_id: UUID,
    customer_id: UUID | None = None,
    warehouses: Collection[str] | None = None,
) -> StoredQuote:
    """A quote in scope; NotFound (`unknown_quote`), foreign and unknown alike."""
    found = await find_quote(tx, quote_id=quote_id, customer_id=customer_id, warehouses=warehouses)
    if found is None:
        raise unknown_quote()
    return found


def unknown_quote() -> NotFound:
    """The refusal for a quote that is not there or not the caller's."""
    return NotFound("there is no such quote", code="unknown_quote")


def _quote(row: QuoteRow, now: datetime) -> StoredQuote:
    return StoredQuote(
        id=row.id,
        status=rules.status_at(row.status, row.expires_at, now),
        subject=Subject(row.subject_kind, row.subject_id, row.fingerprint, tuple(row.parts)),
        customer_id=row.customer_id,
        warehouse=row.warehouse,
        request=msgspec.json.decode(row.request, type=Request),
        versions=msgspec.json.decode(row.versions, type=Versions),
        answer=msgspec.json.decode(row.answer, type=Quote),
        answer_text=row.answer,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        accepted_service=row.accepted_service,
    )
