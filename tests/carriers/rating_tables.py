"""All case tables in one place, and the comparison that tests and mutants share."""

import copy
import datetime
import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from entrepot.carriers.rating.cards import CardFile
from entrepot.carriers.rating.compiling import Tariff, compile_tariff
from entrepot.carriers.rating.currency import lock_rate, to_pay
from entrepot.carriers.rating.edges import warnings
from entrepot.carriers.rating.files import read_cards, read_storage
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.requests import Excluded, Price, Request
from entrepot.carriers.rating.settlement import settle
from entrepot.carriers.rating.storage import storage_days, storage_due
from entrepot.kernel.amounts import allocate
from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import Refusal
from tests.carriers import rating_line_cases, rating_own_cases

DEMO = Path(__file__).parents[2] / "demo"
DAY = "2026-11-22"
NOON = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)

TRANSIT = {
    ("MX-EXP", "HK"): (2, 3), ("MX-EXP", "TW"): (2, 3), ("MX-EXP", "JP"): (2, 4),
    ("MX-EXP", "SG"): (2, 4), ("MX-EXP", "AU"): (3, 5), ("MX-EXP", "US"): (3, 5),
    ("MX-EXP", "GB"): (3, 5), ("MX-EXP", "DE"): (3, 5), ("EMS", "US"): (6, 12),
    ("EMS", "HK"): (6, 12), ("US-AIR", "US"): (7, 12), ("US-BATT", "US"): (8, 14),
    ("US-SEA", "US"): (25, 35), ("JP-AIR", "JP"): (3, 6), ("JP-SEA", "JP"): (12, 18),
    ("DE-DDP", "DE"): (8, 13), ("GB-DDP", "GB"): (7, 12), ("AU-LINE", "AU"): (7, 12),
    ("SG-LINE", "SG"): (4, 7), ("SG-SEA", "SG"): (14, 21), ("TW-SEA", "TW"): (5, 9),
    ("TW-AIR", "TW"): (2, 4), ("HK-TRUCK", "HK"): (1, 3),
}  # fmt: skip

STORAGE = [
    # grams, tier, put away, packed, paused days, charged days, minor units
    (5000, "V0", "2026-10-01", "2026-10-31", 0, 0, 0),
    (5000, "V0", "2026-10-01", "2026-11-01", 0, 1, 50),
    (5000, "V0", "2026-10-01", "2026-11-01", 1, 0, 0),
    (5001, "V0", "2026-10-01", "2026-11-01", 0, 1, 100),
    (15000, "V0", "2026-10-01", "2026-11-01", 0, 1, 100),
    (15001, "V0", "2026-10-01", "2026-11-01", 0, 1, 200),
    (5000, "V0", "2026-09-01", "2026-11-01", 0, 31, 30 * 50 + 100),
    (15000, "V0", "2026-09-01", "2026-11-01", 0, 31, 30 * 100 + 200),
    (15001, "V0", "2026-09-01", "2026-11-01", 0, 31, 30 * 200 + 400),
    (5001, "V0", "2026-09-01", "2026-11-01", 0, 31, 30 * 100 + 200),
    (5000, "V0", "2026-01-01", "2026-12-01", 0, 60, 30 * 50 + 30 * 100),
    (5000, "V1", "2026-10-01", "2026-11-16", 0, 1, 50),
    (5000, "V1", "2026-10-01", "2026-11-15", 0, 0, 0),
    (5000, "V2", "2026-10-01", "2026-12-01", 0, 1, 50),
    (5000, "V2", "2026-10-01", "2026-11-30", 0, 0, 0),
    (5000, "V3", "2026-09-01", "2026-12-01", 0, 1, 50),
    (5000, "V3", "2026-09-01", "2026-11-30", 0, 0, 0),
]  # fmt: skip

PAYMENTS = [
    # 100 000 000.00 CNY with 1.5 % on top, in minor units of the other currency
    ("USD", 1429577465), ("EUR", 1237804878), ("GBP", 1079787234), ("JPY", 2159574468),
    ("AUD", 2159574468), ("SGD", 1845454545), ("TWD", 45111111100), ("HKD", 11153846154),
    ("CNY", 10000000000),
]  # fmt: skip


@cache
def _raw_demo() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DEMO / "demo-data.json").read_bytes())
    return document


def demo() -> dict[str, Any]:
    """A copy of the demo file that may be changed."""
    return copy.deepcopy(_raw_demo())


@cache
def demo_tariff() -> Tariff:
    """The demo cards, compiled."""
    return compile_tariff(read_cards(json.dumps(_raw_demo())))


@cache
def given_cases() -> tuple[dict[str, Any], ...]:
    """The hand-worked cases of the demo folder."""
    return tuple(json.loads((DEMO / "price-cases.json").read_bytes())["cases"])


def as_request(row: rating_own_cases.Row) -> Request:
    """A row of the own tables as a request."""
    _, service, place, pieces, _, more = row
    country, _, postcode = place.partition(" ")
    fields = {
        "service": service,
        "country": country,
        "postcode": postcode or None,
        "ship_date": DAY,
        "pieces": [
            {"g": g, "mm": mm, "tags": tags or ["general"]} for g, *mm, tags in _split(pieces)
        ],
        **more,
    }
    return convert(fields, Request)


def _split(pieces: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(*piece[:4], list(piece[4:])) for piece in pieces]


@cache
def own_cases() -> tuple[tuple[str, Request, list[tuple[str, int]] | str], ...]:
    """Our own hand-worked prices: name, request, expected lines or reason."""
    rows = [*rating_own_cases.MX, *rating_own_cases.POSTAL, *rating_line_cases.PRICES]
    return tuple((row[0], as_request(row), row[4]) for row in rows)


@cache
def given_requests() -> tuple[tuple[str, Request, Any], ...]:
    """The quotes among the given cases: name, request, expected answer."""
    return tuple(
        (case["id"], convert(case["input"], Request), case["expected"])
        for case in given_cases()
        if case["kind"] == "quote"
    )


def answer(tariff: Tariff, request: Request) -> dict[str, Any]:
    """The engine's answer in the form of price-cases.json."""
    outcome = rate(tariff, request)
    if isinstance(outcome, Excluded):
        return {"excluded": outcome.code}
    lines = [{"code": line.code, "minor": line.minor} for line in outcome.lines]
    return {"lines": lines, "total_minor": outcome.total_minor, "currency": outcome.currency}


def own_expected(expected: list[tuple[str, int]] | str) -> dict[str, Any]:
    """The expected answer of our own tables in the form of price-cases.json."""
    if isinstance(expected, str):
        return {"excluded": expected}
    lines = [{"code": code, "minor": minor} for code, minor in expected]
    return {"lines": lines, "total_minor": sum(m for _, m in expected), "currency": "CNY"}


def differences(document: dict[str, Any]) -> list[str]:
    """Names of all cases that a card file gets wrong; ["file"] when it is refused."""
    raw = msgspec.json.encode(document)
    try:
        file = read_cards(raw)
        storage = read_storage(raw)
        tariff = compile_tariff(file)
    except Refusal:
        return ["file"]
    wrong = [f"warning {found.path}" for found in warnings(file)]
    wrong += price_differences(tariff)
    wrong += storage_differences(storage)
    wrong += other_differences(file, tariff)
    return wrong


def price_differences(tariff: Tariff) -> list[str]:
    """Given and own quotes, and the days under way."""
    wrong = [
        name for name, request, expected in given_requests() if answer(tariff, request) != expected
    ]
    wrong += [
        name
        for name, request, expected in own_cases()
        if answer(tariff, request) != own_expected(expected)
    ]
    for (service, country), days in TRANSIT.items():
        prices = tariff.services[service][0]
        zone = prices.resolve(country, None, None)
        stated = prices.service.transit_days
        if (stated.get(zone or "") or stated.get("*")) != days:
            wrong.append(f"days {service} {country}")
    return wrong


def storage_differences(rules: Any) -> list[str]:
    """Storage fees and dates, given and own."""
    rows = [
        (f"storage {row}", *row) for row in STORAGE
    ] + [
        (
            case["id"],
            *(case["input"][key] for key in ("g", "tier", "put_away", "packed", "paused_days")),
            case["expected"]["days"],
            case["expected"]["total_minor"],
        )
        for case in given_cases()
        if case["kind"] == "storage"
    ]  # fmt: skip
    day = datetime.date.fromisoformat
    wrong = []
    for name, g, tier, put_away, packed, paused, days, minor in rows:
        due = storage_due(
            rules, g=g, tier=tier, put_away=day(put_away), packed=day(packed), paused_days=paused
        )
        if (due.days, due.total_minor) != (days, minor):
            wrong.append(name)
    # V0 from 1 September: free until the 30th, 60 charged days, abandoned on 30 November
    known = storage_days(rules, tier="V0", put_away=day("2026-09-01"))
    told = [d.isoformat() for d in (known.last_free, *known.reminders)]
    ends = [d.isoformat() for d in (known.abandoned, known.destroy_not_before)]
    if told != ["2026-09-30", "2026-11-23", "2026-11-27", "2026-11-29"]:
        wrong.append("storage reminders")
    if ends != ["2026-11-30", "2026-12-30"]:
        wrong.append("storage ends")
    if rules.unclaimed_days != 30:
        wrong.append("unclaimed days")
    return wrong


def other_differences(file: CardFile, tariff: Tariff) -> list[str]:
    """Currencies, settlement and allocation."""
    wrong = []
    payments = [(currency, 10**10, minor) for currency, minor in PAYMENTS]
    payments += [
        (case["input"]["to"], case["input"]["minor"], case["expected"]["minor"])
        for case in given_cases()
        if case["kind"] == "fx"
    ]
    for currency, minor, expected in payments:
        if to_pay(lock_rate(file.fx, currency, now=NOON), minor) != expected:
            wrong.append(f"fx {currency} {minor}")
    if lock_rate(file.fx, "USD", now=NOON).until - NOON != datetime.timedelta(minutes=30):
        wrong.append("fx lock")
    fuel = rating_own_cases.pct("29.0", 9800 + 100)
    if october(file) != own_expected([("base", 9800), ("demand", 100), ("fuel", fuel)]):
        wrong.append("fuel of October")
    for case in given_cases():
        given, expected = case["input"], case["expected"]
        if case["kind"] == "settle" and settled(tariff, given) != expected:
            wrong.append(case["id"])
        if (
            case["kind"] == "allocate"
            and allocate(given["minor"], given["weights"]) != expected["parts"]
        ):
            wrong.append(case["id"])
    return wrong


def october(file: CardFile) -> dict[str, Any]:
    """MX-EXP to Hong Kong on 31 October, as if its card had begun with its first fuel rate."""
    service = next(one for one in file.services if one.id == "MX-EXP")
    begun = msgspec.structs.replace(service.rate, valid_from=datetime.date(2026, 10, 1))
    early = msgspec.structs.replace(service, rate=begun)
    tariff = compile_tariff(msgspec.structs.replace(file, services=[early]))
    row: rating_own_cases.Row = ("", "MX-EXP", "HK", [(500, 100, 100, 100)], [], {})
    return answer(
        tariff, msgspec.structs.replace(as_request(row), ship_date=datetime.date(2026, 10, 31))
    )


def settled(tariff: Tariff, given: dict[str, Any]) -> dict[str, int]:
    """Hold at one weight, settle at another."""

    def price(grams: int) -> int:
        fields = {key: given[key] for key in ("service", "country")}
        pieces = [{"g": grams, "mm": given["mm"], "tags": ["general"]}]
        request = convert({**fields, "ship_date": DAY, "pieces": pieces}, Request)
        outcome = rate(tariff, request)
        assert isinstance(outcome, Price)
        return outcome.total_minor

    done = settle(hold_minor=price(given["hold_g"]), actual_minor=price(given["actual_g"]))
    return msgspec.structs.asdict(done)
