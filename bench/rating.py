"""Prices against karrio's own rate sheets, in-process on both sides, and the time of a quote.

12 services, 10,080 rate rows, 400 requests (`inputs/rating_rows.json`). Every price of every
service for every request is compared first; only then is time measured. karrio is asked through
its universal rating proxy, without gateway, HTTP or serialisation; ours builds whole quotes:
reasons, marks, hints.
"""

import datetime
import hashlib
import json
import time
from pathlib import Path
from typing import Any

from bench.lines import alternating, emit
from entrepot.carriers.rating.cards import Amount
from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.quotes import quote_all
from entrepot.carriers.rating.requests import Piece, Request

INPUTS = Path(__file__).parent / "inputs"
DAY = datetime.date(2026, 11, 22)
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
ROUNDS = 7


def frozen(name: str) -> Any:
    """A frozen input, refused when its hash is not the committed one."""
    raw = (INPUTS / name).read_bytes()
    known = dict(line.split()[::-1] for line in (INPUTS / "SHA256SUMS").read_text().splitlines())
    if hashlib.sha256(raw).hexdigest() != known[name]:
        raise SystemExit(f"{name} is not the frozen file")
    return json.loads(raw)


def card_file(sheets: dict[str, Any]) -> bytes:
    """The sheets as one of our card files: flat bands by actual weight."""
    services = []
    for sheet in sheets["services"]:
        price = {
            country: {
                "kind": "registration_plus_kg",
                "bands": [
                    {"to_g": top, "per_kg_minor": 0, "registration_minor": minor}
                    for top, minor in zip(sheet["tops_g"], minors, strict=True)
                ],
            }
            for country, minors in sheet["minor"].items()
        }
        weight = {"method": "actual", "dims": "exact", "pieces": "each", "min_g": 1}
        rate = {
            "card": sheet["id"], "version": "1", "valid_from": "2026-01-01", "valid_to": None,
            "currency": "CNY", "weight": {**weight, "round": [{"upto_g": None, "step_g": 1}]},
            "price": price, "surcharges": [], "fuel": None, "tax": [],
        }  # fmt: skip
        services.append(
            {
                "id": sheet["id"], "carrier": "Bench", "name": {}, "kind": "express",
                "transit_days": {"*": [1, 2]}, "goods": {"allowed": ["general"], "refused": []},
                "limits": {"max_piece_g": 100_000, "max_longest_mm": 3000}, "rate": rate,
            }
        )  # fmt: skip
    fx = {"rates_e6": {}, "customer_margin_permille": 0, "lock_minutes": 30, "pay_rounding": {}}
    cover = {"permille": 0, "min_minor": 0, "max_insured_minor": 0, "currency": "CNY"}
    parts = {"fx": fx, "insurance": cover, "member_tiers": [], "value_added_services": []}
    return json.dumps({"services": services, **parts}).encode()


def our_quotes(sheets: dict[str, Any]) -> Any:
    """A function that quotes every request, and the requests."""
    tariff = read_tariff(card_file(sheets))
    requests = [
        Request(
            country=row["country"], ship_date=DAY, pieces=(Piece(g=row["g"], mm=(200, 150, 100)),)
        )
        for row in sheets["requests"]
    ]
    return lambda: [quote_all(tariff, request, now=NOW) for request in requests]


def karrio_rates(sheets: dict[str, Any]) -> Any:
    """A function that rates every request with karrio, or None when it is not installed."""
    try:
        import karrio.core.models as models
        import karrio.lib as lib
        from karrio.mappers.generic.settings import Settings
        from karrio.universal.mappers.rating_proxy import RatingMixinProxy
    except ImportError:
        return None
    services = [
        models.ServiceLevel(
            service_name=sheet["id"], service_code=sheet["id"], currency="CNY", active=True,
            weight_unit="KG", dimension_unit="CM",
            zones=[
                models.ServiceZone(
                    label=country, rate=minor / 100, country_codes=[country],
                    min_weight=low / 1000, max_weight=top / 1000,
                )
                for country, minors in sheet["minor"].items()
                for low, top, minor in zip(
                    [0, *sheet["tops_g"]], sheet["tops_g"], minors, strict=False
                )
            ],
        )
        for sheet in sheets["services"]
    ]  # fmt: skip
    settings = Settings(display_name="Bench", custom_carrier_name="bench", services=services)
    proxy = RatingMixinProxy(settings)
    requests = [
        lib.Serializable(
            models.RateRequest(
                shipper=models.Address(country_code="CN", postal_code="518000"),
                recipient=models.Address(country_code=row["country"]),
                parcels=[models.Parcel(weight=row["g"] / 1000, weight_unit="KG")],
                services=[],
            )
        )
        for row in sheets["requests"]
    ]
    return lambda: [proxy.get_rates(request).deserialize() for request in requests]


def assert_equal_prices(ours: Any, theirs: Any) -> int:
    """Compare all prices of all services; how many there were."""
    count = 0
    for quote, rated in zip(ours, theirs, strict=True):
        mine = {one.service: one.price.total_minor for one in quote.offers if one.price}
        (_, (rates, errors)) = rated[0]
        other = {rate.service: round(rate.total_charge * 100) for rate in rates}
        if mine != other or errors:
            raise SystemExit(f"prices differ: {mine} against {other} {errors}")
        count += len(mine)
    return count


def run() -> None:
    """Measure against karrio, then the tail of single quotes on the demo's cards."""
    sheets = frozen("rating_rows.json")
    ours, theirs = our_quotes(sheets), karrio_rates(sheets)
    if theirs is None:
        print(json.dumps({"bench": "rating_against_karrio", "skipped": "karrio is not installed"}))
    else:
        compared = assert_equal_prices(ours(), theirs())
        mine, peer, _ = alternating(timed(ours), timed(theirs), rounds=ROUNDS)
        emit(
            "rating_against_karrio", unit="s per 400 quotes of 12 services", ours=mine, peer=peer,
            ratio=peer / mine, rounds=ROUNDS, must=5, note=f"{compared} prices equal",
        )  # fmt: skip
    _tail()


def timed(work: Any) -> Any:
    """The work as a function that returns its seconds."""

    def once() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return once


def _tail() -> None:
    """p99 of one quote over the demo's 15 services, six pieces, all extras, hints on."""
    raw = (Path(__file__).parents[1] / "demo" / "demo-data.json").read_bytes()
    tariff = read_tariff(raw)
    pieces = tuple(Piece(g=900 + 700 * i, mm=(300 + i, 200, 150)) for i in range(6))
    countries = ("JP", "SG", "AU", "US", "GB", "DE", "HK", "TW")
    seconds = []
    for index in range(4000):
        request = Request(
            country=countries[index % 8], ship_date=DAY, pieces=pieces, postcode="99801",
            declared=Amount(10_000, "CNY"), hs6=("610910",), tier="V2", insured_minor=50_000,
            vas={"photo": 2, "wood": 1},
        )  # fmt: skip
        start = time.perf_counter()
        quote_all(tariff, request, now=NOW)
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    p99 = seconds[int(len(seconds) * 0.99)] * 1000
    emit(
        "rating_quote_p99", unit="ms", ours=p99, limit=20, ratio=p99 / 20, rounds=len(seconds),
        must=1, note=f"p50 {seconds[len(seconds) // 2] * 1000:.3g} ms; hints included",
    )  # fmt: skip


if __name__ == "__main__":
    run()
