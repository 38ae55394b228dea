"""Pure decisions of the carriers room: fingerprints, canonical documents, versions in sequence."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from entrepot.carriers.rating.cards import Service
from entrepot.carriers.types import QuoteStatus, WorkingDays
from entrepot.kernel.calendars import Calendar
from entrepot.kernel.machines import read_machine

QUOTE = read_machine("entrepot.carriers", "quote")


def fingerprint_of(value: object) -> str:
    """SHA-256 (hex) of a value's canonical JSON, the same in any order of keys."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def canonical(document: Any) -> str:
    """A parsed JSON document as text with sorted keys and no spaces."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def status_at(status: QuoteStatus, expires_at: datetime, now: datetime) -> QuoteStatus:
    """What a quote is at an instant: an open one is expired from its end on."""
    return "expired" if status == "open" and now >= expires_at else status


def ends(service: Service, next_from: date | None) -> date | None:
    """The last day of a version: what its card says; an open one ends before the next begins."""
    card = service.rate
    if card.valid_to is None and next_from is not None and next_from > card.valid_from:
        return next_from - timedelta(days=1)
    return card.valid_to


def in_sequence(services: Iterable[Service]) -> list[Service]:
    """The same versions, each open one ended on the day before its follower; order is kept."""
    given = list(services)
    starts: dict[str, list[date]] = {}
    for service in given:
        starts.setdefault(service.id, []).append(service.rate.valid_from)
    found = []
    for service in given:
        later = [day for day in starts[service.id] if day > service.rate.valid_from]
        last = ends(service, min(later, default=None))
        card = msgspec.structs.replace(service.rate, valid_to=last)
        found.append(msgspec.structs.replace(service, rate=card))
    return found


def calendar_of(days: WorkingDays | None) -> Calendar | None:
    """Working days as the calendar that arrivals are counted with (whole days, so no zone)."""
    if days is None:
        return None
    return Calendar("UTC", frozenset(days.weekdays), frozenset(days.holidays))
