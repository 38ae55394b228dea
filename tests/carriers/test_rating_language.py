"""Parts of the rate language that no demo card uses: each worked by hand on a changed card."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.pricing import rate as rate_request
from entrepot.carriers.rating.requests import Price, Request
from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import Invalid
from tests.carriers.rating_tables import DAY, answer, demo, demo_tariff

Change = Callable[[dict[str, Any]], None]


def lines(service: str, change: Change, country: str, *pieces: Any, **more: Any) -> Any:
    """(code, minor) of the lines on a changed card of a service, or the reason against it."""
    document = demo()
    change(next(one for one in document["services"] if one["id"] == service))
    rows = [{"g": g, "mm": mm, "tags": ["general"]} for g, *mm in pieces]
    fields = {"service": service, "country": country, "ship_date": DAY, "pieces": rows, **more}
    found = answer(read_tariff(json.dumps(document)), convert(fields, Request))
    if "excluded" in found:
        return found["excluded"]
    return [(line["code"], line["minor"]) for line in found["lines"]]


def rate(**fields: Any) -> Change:
    return lambda service: service["rate"].update(fields)


def weight(**fields: Any) -> Change:
    return lambda service: service["rate"]["weight"].update(fields)


def surcharge(index: int, **fields: Any) -> Change:
    return lambda service: service["rate"]["surcharges"][index].update(fields)


CUBE = (100, 100, 100)


def test_maximum_of_sums() -> None:
    # actual 3 000 + 1 000 = 4 000, volumetric 1 600 + 4 800 = 6 400 → 6 500 g (not 7 800, P21)
    found = lines(
        "MX-EXP", weight(pieces="max_of_sums"), "JP", (3000, 200, 200, 200), (1000, 400, 300, 200)
    )
    assert found[0] == ("base", 12600 + 12 * 2900)


def test_a_base_over_several_rows_names_them_all() -> None:
    pieces = [{"g": g, "mm": [100, 100, 50], "tags": ["general"]} for g in (200, 1001, 150)]
    fields = {"service": "US-AIR", "country": "US", "ship_date": DAY, "pieces": pieces}
    price = rate_request(demo_tariff(), convert(fields, Request))
    assert isinstance(price, Price)
    assert price.lines[0].row == "price.US.bands[0], price.US.bands[3]"


def test_a_minimum_for_each_piece_of_a_sum() -> None:
    change = weight(min_piece_g=2000)
    assert lines("TW-SEA", change, "TW", (500, *CUBE), (500, *CUBE)) == [("base", 3000 + 3 * 900)]
    assert lines("TW-SEA", change, "TW", (2001, *CUBE), (500, *CUBE)) == [("base", 3000 + 4 * 900)]


def test_cubic_metres_of_each_piece() -> None:
    found = lines("SG-SEA", weight(pieces="each"), "SG", *[(9000, 400, 300, 250)] * 2)
    assert found == [("base", 2 * 12800), ("clearance", 8000)]


def test_exact_sides_of_a_volume_are_rounded_up_once() -> None:
    # 505 × 405 × 403 mm is 82 423.575 cm³; three of them 247 270.7 → 250 000 (up to cm: 260 000)
    found = lines("SG-SEA", weight(dims="exact"), "SG", *[(9000, 505, 405, 403)] * 3)
    assert found[0] == ("base", 32000)


def test_a_card_in_dollars() -> None:
    # 13.00 and 4.00 USD at 7.1: 92.30 and 28.40; 2 100 → 2 500 g
    found = lines("HK-TRUCK", rate(currency="USD"), "HK", (2100, *CUBE), options=["home_delivery"])
    assert found == [("base", 9230 + 3 * 2840), ("home_delivery", 7100)]


def test_a_card_in_yen_has_no_hundredths() -> None:
    # 1 300 JPY at 0.047 is 61.10 CNY, 400 JPY is 18.80
    found = lines("HK-TRUCK", rate(currency="JPY"), "HK", (1500, *CUBE))
    assert found == [("base", 6110 + 1880)]


def test_declared_yen() -> None:
    # 10 000 JPY is 470.00 CNY; GST 9 % of 470.00 + 33.00
    declared = {"minor": 10000, "currency": "JPY"}
    found = lines("SG-LINE", rate(), "SG", (1000, *CUBE), declared=declared)
    assert found == [("base", 3300), ("gst", 4527)]


def test_an_option_before_fuel_and_tax() -> None:
    change = surcharge(0, phase="dynamic", fuelable=True)

    def both(service: dict[str, Any]) -> None:
        change(service)
        fuel = {"permille": [{"valid_from": "2026-10-01", "permille": 100}]}
        tax = [{"code": "vat", "permille": 200, "basis": ["base", "dynamic", "fuel"]}]
        service["rate"].update(fuel=fuel, tax=tax)

    # 13.00 + 10.00, fuel 10 % = 2.30, VAT 20 % of 25.30
    found = lines("HK-TRUCK", both, "HK", (1000, *CUBE), options=["home_delivery"])
    assert found == [("base", 1300), ("home_delivery", 1000), ("fuel", 230), ("vat", 506)]
    # the member's 8 % (1.04) comes off before fuel and tax: 11.96 + 10.00; 2.196 → 2.20; 4.832
    found = lines("HK-TRUCK", both, "HK", (1000, *CUBE), options=["home_delivery"], tier="V3")
    assert found == [
        ("base", 1300), ("tier_discount", -104), ("home_delivery", 1000), ("fuel", 220),
        ("vat", 483),
    ]  # fmt: skip


def test_a_tax_on_a_tax() -> None:
    tax = [
        {"code": "duty", "permille": 100, "basis": ["declared_value"], "min_minor": 500},
        {"code": "vat", "permille": 200, "basis": ["declared_value", "duty"]},
    ]
    declared = {"minor": 2000, "currency": "CNY"}
    # duty 2.00, at least 5.00; VAT 20 % of 20.00 + 5.00
    found = lines("HK-TRUCK", rate(tax=tax), "HK", (1000, *CUBE), declared=declared)
    assert found == [("base", 1300), ("duty", 500), ("vat", 500)]


def test_a_value_limit_that_excludes_itself() -> None:
    def change(service: dict[str, Any]) -> None:
        service["limits"]["max_value"] = {"minor": 5000, "currency": "CNY", "inclusive": False}

    def at(minor: int) -> Any:
        declared = {"minor": minor, "currency": "CNY"}
        return lines("HK-TRUCK", change, "HK", (1000, *CUBE), declared=declared)

    assert at(4999) == [("base", 1300)]
    assert at(5000) == "value_over_limit"


def test_of_equally_dear_surcharges_of_a_group_the_first_is_charged() -> None:
    change = surcharge(2, minor=20000)
    found = lines("MX-EXP", change, "HK", (24000, 991, 100, 100))
    assert [code for code, _ in found] == ["base", "demand", "oversize", "fuel"]


def test_a_window_of_a_post_tax_surcharge_and_a_minimum_for_pieces() -> None:
    change = surcharge(0, option=False, valid=["2026-11-22", "2026-11-22"], min_minor=1500)
    assert lines("HK-TRUCK", change, "HK", (1000, *CUBE)) == [
        ("base", 1300),
        ("home_delivery", 1500),
    ]
    later = lines("HK-TRUCK", change, "HK", (1000, *CUBE), ship_date="2026-11-23")
    assert later == [("base", 1300)]


def test_postcode_ranges_and_exceptions_of_a_surcharge() -> None:
    change = surcharge(0, postcodes={"JP": ["900..907", "!9071"]})

    def codes(postcode: str) -> list[str]:
        found = lines("JP-AIR", change, "JP", (500, *CUBE), postcode=postcode)
        return [code for code, _ in found]

    assert codes("900-0001") == ["base", "remote"]
    assert codes("907-0001") == ["base", "remote"]
    assert codes("907-1234") == ["base"]
    assert codes("908-0001") == ["base"]


def test_a_country_not_served_in_part() -> None:
    def change(service: dict[str, Any]) -> None:
        service["zone_rules"] = [{"country": "US", "zone": None, "state": "PR"}]

    assert lines("EMS", change, "US", (500, *CUBE), state="pr") == "country_not_served"
    assert lines("EMS", change, "US", (500, *CUBE), state="TX")[0] == ("base", 16500)
    assert lines("EMS", change, " us ", (500, *CUBE))[0] == ("base", 16500)


@pytest.mark.parametrize(
    ("service", "change", "path"),
    [
        ("EMS", weight(pieces="max_of_sums"), "services[1].rate.weight.pieces"),
        ("EMS", weight(min_piece_g=5), "services[1].rate.weight.min_piece_g"),
        ("HK-TRUCK", weight(dims="up_cm"), "services[14].rate.weight.dims"),
        ("SG-SEA", weight(method="actual", min_g=1, round=[]), "services[11].rate.weight.round"),
        ("HK-TRUCK", surcharge(0, fuelable=True), "services[14].rate.surcharges[0].fuelable"),
        (
            "EMS",
            surcharge(0, valid=["2027-01-01", "2026-01-01"]),
            "services[1].rate.surcharges[0].valid",
        ),
        (
            "MX-EXP",
            surcharge(2, when={"piece_g_gt": 5, "piece_g_le": 5}),
            "services[0].rate.surcharges[2].when",
        ),
        ("EMS", rate(tax=[{"code": "a", "permille": 1}]), "services[1].rate.tax[0]"),
        ("DE-DDP", rate(tax=[{"code": "a", "per": "distinct_hs6"}]), "services[7].rate.tax[0]"),
    ],
)
def test_contradictions_have_their_place(service: str, change: Change, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        lines(service, change, "US", (500, *CUBE))
    assert path in [error.path for error in caught.value.errors]
