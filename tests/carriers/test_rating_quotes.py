"""Quotes over all services: marks, every reason, hints, arrival, and what a quote must know."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.quotes import arrival, quote_all
from entrepot.carriers.rating.requests import Hint, Offer, Quote, Request
from entrepot.kernel.calendars import Calendar
from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import Invalid
from tests.carriers.rating_tables import DAY, NOON, demo, demo_tariff


def asked(country: str, *pieces: tuple[int, int, int, int], **more: Any) -> Request:
    rows = [{"g": g, "mm": mm, "tags": ["general"]} for g, *mm in pieces]
    return convert({"country": country, "ship_date": DAY, "pieces": rows, **more}, Request)


def quoted(request: Request, **options: Any) -> Quote:
    return quote_all(demo_tariff(), request, now=NOON, **options)


def offer(quote: Quote, service: str) -> Offer:
    return next(one for one in quote.offers if one.service == service)


def test_all_services_side_by_side_for_japan() -> None:
    # 3 kg, 30 × 20 × 20 cm. MX Z2: 126 + 5 × 29 = 271, demand 6, fuel 30.5 % × 277 = 84.485;
    # EMS 110 + 5 × 28 + 4; JP-AIR sides 700 mm: 38 + 5 × 9.5; JP-SEA 5 kg 95
    quote = quoted(asked("JP", (3000, 300, 200, 200)))
    priced = [(one.service, one.price.total_minor) for one in quote.offers if one.price]
    assert priced == [("JP-AIR", 8550), ("JP-SEA", 9500), ("EMS", 25400), ("MX-EXP", 36149)]
    assert len(quote.offers) == 15
    assert offer(quote, "JP-AIR").marks == ("cheapest", "best_value")
    assert offer(quote, "MX-EXP").marks == ("fastest",)
    assert offer(quote, "EMS").marks == ()
    assert {one.reasons[0].code for one in quote.offers if not one.price} == {"country_not_served"}
    assert quote.expires_at - quote.quoted_at == timedelta(minutes=30)


def test_five_lines_to_the_united_states_with_days_and_reasons() -> None:
    # 2 kg, 25 × 20 × 10 cm, 300.00 declared. US-SEA 12 kg × 16.50; US-AIR 170 + 20 + 2 × 3 + 90;
    # US-BATT 210 + 26 + 90; EMS 165 + 3 × 53 + 4; MX Z4 168 + 3 × 41 + 36, fuel 30.5 % × 327
    quote = quoted(asked("US", (2000, 250, 200, 100), declared={"minor": 30000, "currency": "CNY"}))
    found = [
        (one.service, one.price.total_minor, one.arrives, one.marks)
        for one in quote.offers
        if one.price
    ]
    day = date(2026, 11, 22)

    def arrives(first: int, last: int) -> tuple[date, date]:
        return day + timedelta(days=first), day + timedelta(days=last)

    assert found == [
        ("US-SEA", 19800, arrives(25, 35), ("cheapest",)),
        ("US-AIR", 28600, arrives(7, 12), ()),
        ("US-BATT", 32600, arrives(8, 14), ()),
        ("EMS", 32800, arrives(6, 12), ()),
        ("MX-EXP", 42674, arrives(3, 5), ("fastest", "best_value")),
    ]
    assert all(one.reasons for one in quote.offers if not one.price)


def test_best_value_weighs_price_against_days() -> None:
    # to Taiwan 3 kg: TW-SEA 48.00 in 9 days, TW-AIR 88.00 in 4, MX 203 + 6 + 30.5 % = 272.75 in
    # 3, EMS 214.00 in 12. Sums: 1 + 3.00 | 1.83 + 1.33 | 5.68 + 1 | 4.46 + 4
    quote = quoted(asked("TW", (3000, 300, 200, 200)))
    assert offer(quote, "TW-SEA").marks == ("cheapest",)
    assert offer(quote, "TW-AIR").marks == ("best_value",)
    assert offer(quote, "MX-EXP").marks == ("fastest",)


def test_every_reason_is_listed_in_the_order_of_the_rules() -> None:
    request = asked(
        "SG",
        (30001, 100, 100, 100),
        (1000, 1501, 100, 100),
        declared={"minor": 40001, "currency": "SGD"},
        insured_minor=1000001,
    )
    reasons = offer(quoted(request), "SG-LINE").reasons
    assert [(one.code, one.piece) for one in reasons] == [
        ("piece_too_heavy", 0),
        ("piece_too_long", 1),
        ("value_over_limit", None),
        ("insured_over_cap", None),
    ]


def test_options_a_service_does_not_have_exclude_it() -> None:
    quote = quoted(asked("HK", (1000, 100, 100, 100), options=["home_delivery"]))
    assert [one.service for one in quote.offers if one.price] == ["HK-TRUCK"]
    assert offer(quote, "EMS").reasons[0].code == "option_not_offered"


def test_only_the_services_of_the_warehouse() -> None:
    request = asked("HK", (1000, 100, 100, 100))
    quote = quoted(request, services=["EMS", "HK-TRUCK", "GONE"])
    assert [(one.service, bool(one.price)) for one in quote.offers] == [
        ("HK-TRUCK", True),
        ("EMS", True),
        ("GONE", False),
    ]
    assert offer(quote, "GONE").reasons[0].code == "unknown_service"


def test_identity_is_asked_for_or_excludes_when_it_was_stated() -> None:
    unstated = offer(quoted(asked("TW", (1000, 100, 100, 100))), "TW-SEA")
    assert unstated.price is not None
    assert unstated.hints == (Hint("identity", needs=("tw_ez_way",)),)
    without = offer(quoted(asked("TW", (1000, 100, 100, 100), identities=[])), "TW-SEA")
    assert [one.code for one in without.reasons] == ["identity_missing"]
    proven = offer(quoted(asked("TW", (1000, 100, 100, 100), identities=["tw_ez_way"])), "TW-SEA")
    assert proven.price is not None
    assert proven.hints == ()


def test_a_taxed_line_needs_the_declared_value_and_tariff_lines() -> None:
    with pytest.raises(Invalid) as caught:
        quoted(asked("DE", (1000, 100, 100, 100)))
    assert {(error.path, error.code) for error in caught.value.errors} == {
        ("declared", "missing"),
        ("hs6", "missing"),
    }
    full = asked(
        "DE", (1000, 100, 100, 100), declared={"minor": 1, "currency": "EUR"}, hs6=["610910"]
    )
    assert offer(quoted(full), "DE-DDP").price is not None


def test_add_weight_and_pay_less() -> None:
    # 20 500 g to Germany costs 1 722 + 307.50 + fuel 619.00 = 2 648.50; at 20 501 g it is 21 kg:
    # 1 323 + 315 + fuel 499.59 = 2 137.59, which saves 510.91
    quote = quoted(
        asked("DE", (20500, 400, 300, 250), declared={"minor": 1, "currency": "CNY"}, hs6=[])
    )
    hints = offer(quote, "MX-EXP").hints
    assert hints == (Hint("add_weight", piece=0, add_g=1, saves_minor=51091),)
    heavier = quoted(
        asked("DE", (20501, 400, 300, 250), declared={"minor": 1, "currency": "CNY"}, hs6=[])
    )
    price, other = offer(quote, "MX-EXP").price, offer(heavier, "MX-EXP").price
    assert price is not None
    assert other is not None
    assert price.total_minor - other.total_minor == 51091


def test_no_advice_beyond_the_limit_of_a_piece() -> None:
    # US-AIR 2 000 g costs 190.00, 2 001 g 183.08; not when the piece may weigh only 2 000 g
    def hints(most: int) -> tuple[Hint, ...]:
        document = demo()
        document["services"][2]["limits"]["max_piece_g"] = most
        request = asked("US", (2000, 100, 100, 100), declared={"minor": 0, "currency": "CNY"})
        tariff = read_tariff(json.dumps(document))
        return offer(quote_all(tariff, request, now=NOON), "US-AIR").hints

    # one more started kilogram of peak surcharge (3.00) leaves 6.92 − 3.00 = 3.92
    assert hints(30000) == (Hint("add_weight", piece=0, add_g=1, saves_minor=392),)
    assert hints(2000) == ()


def test_hints_at_value_limits() -> None:
    def hints(minor: int) -> tuple[Hint, ...]:
        request = asked("GB", (1000, 100, 100, 100), declared={"minor": minor, "currency": "GBP"})
        return offer(quoted(request), "GB-DDP").hints

    limit = {"limit_minor": 13500, "currency": "GBP"}
    assert hints(12149) == ()
    assert hints(12150) == (Hint("near_value_limit", **limit),)
    assert hints(13500) == (Hint("near_value_limit", **limit),)
    assert hints(13501) == (Hint("split_value", shipments=2, **limit),)
    assert hints(27000) == (Hint("split_value", shipments=2, **limit),)
    assert hints(27001) == (Hint("split_value", shipments=3, **limit),)


def test_duty_threshold_of_a_country() -> None:
    document = demo()
    document["duty_thresholds"] = [{"country": "HK", "minor": 10000, "currency": "HKD"}]
    tariff = read_tariff(json.dumps(document))

    def hints(minor: int) -> tuple[Hint, ...]:
        declared = {"minor": minor, "currency": "HKD"}
        request = asked("HK", (1000, 100, 100, 100), declared=declared)
        return offer(quote_all(tariff, request, now=NOON), "EMS").hints

    assert hints(10000) == ()
    assert hints(10001) == (Hint("duty_threshold", limit_minor=10000, currency="HKD"),)


def test_arrival_by_calendars() -> None:
    friday, weekdays = date(2026, 11, 20), frozenset({1, 2, 3, 4, 5})
    saturday = friday + timedelta(days=1)
    works = Calendar("Asia/Shanghai", weekdays, frozenset({date(2026, 11, 23)}))
    delivers = Calendar("Asia/Tokyo", weekdays)
    assert arrival(saturday, (3, 6)) == (date(2026, 11, 24), date(2026, 11, 27))
    # leaves on Tuesday 24th; 3 days on is Friday 27th, 4 days on Saturday → Monday 30th
    assert arrival(saturday, (3, 4), works, delivers) == (date(2026, 11, 27), date(2026, 11, 30))
    never = Calendar("Asia/Tokyo", frozenset())
    assert arrival(saturday, (3, 4), never, never) == (date(2026, 11, 24), date(2026, 11, 25))


def test_an_old_quote_replays_after_a_new_version() -> None:
    document = demo()
    second = json.loads(json.dumps(document["services"][5]))
    second["rate"].update(card="JP-AIR@2027-01", version="2027-01", valid_from="2027-01-01")
    second["rate"]["price"]["JP"]["first_minor"] = 9999
    document["services"][5]["rate"]["valid_to"] = "2026-12-31"
    document["services"].append(second)
    tariff = read_tariff(json.dumps(document))
    request = asked("JP", (500, 100, 100, 100))
    before = offer(quoted(request), "JP-AIR").price
    assert (
        offer(quote_all(tariff, request, now=datetime(2027, 5, 1, tzinfo=UTC)), "JP-AIR").price
        == before
    )
    later = asked("JP", (500, 100, 100, 100), ship_date="2027-01-01")
    price = offer(quote_all(tariff, later, now=NOON), "JP-AIR").price
    assert price is not None
    assert (price.version, price.total_minor) == ("2027-01", 9999)
