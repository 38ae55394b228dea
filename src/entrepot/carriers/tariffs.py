"""Stored cards and rules as a tariff that prices: loaded once an epoch, narrowed to a ship date.

A quote keeps the versions that it used, not the whole price list. `on_day` therefore leaves of
each service the one version that counts on the ship date (the newest when none is valid), and
`tariff_of` makes the same tariff again from the versions, for ever.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from entrepot.carriers import rules
from entrepot.carriers.rating.cards import CardFile, Service
from entrepot.carriers.rating.compiling import CardPrices, Tariff, assemble, compile_card
from entrepot.carriers.rating.pricing import card_for
from entrepot.carriers.types import Versions, WorkingDays
from entrepot.kernel.refusals import Conflict

MOST_COMPILED = 4000
MOST_TARIFFS = 200
MOST_DAYS = 1000
SHARED = ("fx", "insurance", "member_tiers", "value_added_services")
"""The sets of rules without which nothing can be priced."""


class CardRow(msgspec.Struct, frozen=True):
    """A stored version of a card; `document` is the service as canonical JSON."""

    service: str
    version: str
    document: str
    sha256: str


class RuleRow(msgspec.Struct, frozen=True):
    """A stored set of rules."""

    kind: str
    number: int
    document: str
    sha256: str


class StoredTariff(msgspec.Struct, frozen=True):
    """A tariff with where it comes from: hashes of its cards, numbers and hashes of its rules."""

    tariff: Tariff
    hashes: dict[tuple[str, str], str]
    rules: dict[str, tuple[int, str]]
    calendars: dict[str, WorkingDays]


_compiled: OrderedDict[tuple[str, str], CardPrices] = OrderedDict()
_days: OrderedDict[tuple[str, tuple[int, str] | None, date], StoredTariff] = OrderedDict()
_tariffs: OrderedDict[tuple[str, str], tuple[int, StoredTariff]] = OrderedDict()


def kept(tenant: str, warehouse: str, epoch: int) -> StoredTariff | None:
    """The tariff that was kept for this epoch, if it still is."""
    found = _tariffs.get((tenant, warehouse))
    return found[1] if found is not None and found[0] == epoch else None


def keep(tenant: str, warehouse: str, epoch: int, stored: StoredTariff) -> None:
    """Keep a tariff for its epoch; the oldest ones go when there are too many."""
    _tariffs[tenant, warehouse] = (epoch, stored)
    _tariffs.move_to_end((tenant, warehouse))
    while len(_tariffs) > MOST_TARIFFS:
        _tariffs.popitem(last=False)


def tariff_of(cards: Sequence[CardRow], rule_rows: Sequence[RuleRow]) -> StoredTariff:
    """The tariff of stored rows. Raises Conflict (`no_tariff`) when shared rules are missing."""
    documents: dict[str, Any] = {row.kind: json.loads(row.document) for row in rule_rows}
    if any(kind not in documents for kind in SHARED):
        raise Conflict("no prices have been imported yet", code="no_tariff")
    calendars = msgspec.convert(documents.pop("calendars", {}), dict[str, WorkingDays])
    shared = msgspec.convert({**_shared(documents), "services": _NOTHING}, _Shared)
    fx_sha = next(row.sha256 for row in rule_rows if row.kind == "fx")
    compiled = [_compiled_card(row, fx_sha, shared) for row in cards]
    services: dict[str, tuple[CardPrices, ...]] = {}
    for prices in _ended(compiled):
        services[prices.service.id] = (*services.get(prices.service.id, ()), prices)
    stored = StoredTariff(
        tariff=assemble(shared, services, shared_version=_shared_version(rule_rows), sha256=""),
        hashes={(row.service, row.version): row.sha256 for row in cards},
        rules={row.kind: (row.number, row.sha256) for row in rule_rows},
        calendars=calendars,
    )
    return _sealed(stored)


class _Shared(CardFile, frozen=True):
    """The shared rules of a card file, without services."""

    services: list[Service]


_NOTHING: list[Any] = []


def _shared(documents: dict[str, Any]) -> dict[str, Any]:
    names = (*SHARED, "pricing_rules", "duty_thresholds")
    return {name: documents[name] for name in names if name in documents}


def _shared_version(rows: Sequence[RuleRow]) -> str:
    """A digest of the shared rules that make lines; named by those lines."""
    return rules.fingerprint_of({row.kind: row.sha256 for row in rows if row.kind in SHARED})[:12]


def _compiled_card(row: CardRow, fx_sha: str, shared: CardFile) -> CardPrices:
    key = (row.sha256, fx_sha)
    found = _compiled.get(key)
    if found is None:
        found = compile_card(msgspec.json.decode(row.document, type=Service), shared.fx)
        _compiled[key] = found
        while len(_compiled) > MOST_COMPILED:
            _compiled.popitem(last=False)
    return found


def _ended(compiled: Sequence[CardPrices]) -> list[CardPrices]:
    """Each open version ended on the day before the next one begins; by service and first day."""
    ordered = sorted(compiled, key=lambda p: (p.service.id, p.card.valid_from))
    services = rules.in_sequence([prices.service for prices in ordered])
    return [
        prices
        if service.rate.valid_to == prices.card.valid_to
        else msgspec.structs.replace(prices, service=service, card=service.rate)
        for prices, service in zip(ordered, services, strict=True)
    ]


def _sealed(stored: StoredTariff) -> StoredTariff:
    """The same with the SHA-256 over its versions and their hashes, cards and rules alike."""
    cards = [
        [name, prices.card.version, stored.hashes[name, prices.card.version]]
        for name, versions in sorted(stored.tariff.services.items())
        for prices in versions
    ]
    shared = [[kind, *made] for kind, made in sorted(stored.rules.items()) if kind != "calendars"]
    sha256 = rules.fingerprint_of([cards, shared])
    return msgspec.structs.replace(
        stored, tariff=msgspec.structs.replace(stored.tariff, sha256=sha256)
    )


def on_day(stored: StoredTariff, day: date) -> StoredTariff:
    """Of each service only the version that counts on a ship date, or the newest if none does."""
    key = (stored.tariff.sha256, stored.rules.get("calendars"), day)
    found = _days.get(key)
    if found is None:
        found = _days[key] = _narrowed(stored, day)
        while len(_days) > MOST_DAYS:
            _days.popitem(last=False)
    return found


def _narrowed(stored: StoredTariff, day: date) -> StoredTariff:
    whole = stored.tariff
    services = {
        name: (card_for(whole, name, day) or versions[-1],)
        for name, versions in whole.services.items()
    }
    options = {
        name: frozenset(extra.code for extra in (*one.dynamic, *one.post_tax) if extra.option)
        for name, (one,) in services.items()
    }
    narrowed = msgspec.structs.replace(whole, services=services, options=options)
    return _sealed(msgspec.structs.replace(stored, tariff=narrowed))


def versions_of(
    stored: StoredTariff, *, leaves: WorkingDays | None, arrives: WorkingDays | None
) -> Versions:
    """What a quote keeps of a tariff narrowed to its day."""
    cards = {name: cards[0].card.version for name, cards in stored.tariff.services.items()}
    numbers = {kind: number for kind, (number, _) in sorted(stored.rules.items())}
    return Versions(cards=cards, rules=numbers, leaves=leaves, arrives=arrives)
