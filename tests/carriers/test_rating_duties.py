"""Duty and tax by lane: thresholds, ceilings, who pays; and carriers that measure in inches.

All amounts are worked by hand, on the demo's AU-LINE and MX-EXP with taxes and weights of our own.
"""

import json
from typing import Any

import pytest

from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.quotes import quote_all
from entrepot.carriers.rating.requests import Excluded, Piece, Price, Request
from entrepot.carriers.rating.weights import volumetric_g
from entrepot.kernel.reading import convert
from entrepot.kernel.refusals import Invalid
from tests.carriers.rating_tables import DAY, NOON, demo

AUD_RATE = 4_700_000


def price(
    tax: list[dict[str, Any]], *, declared: tuple[int, str] | None, **more: Any
) -> Price | Excluded:
    """AU-LINE for 1 kg in a small box, with these taxes."""
    document, fields = changed(tax, declared, more)
    return rate(read_tariff(json.dumps(document)), convert(fields, Request))


def changed(tax: list[dict[str, Any]], declared: tuple[int, str] | None, more: Any) -> Any:
    document = demo()
    service = next(one for one in document["services"] if one["id"] == "AU-LINE")
    service["rate"]["tax"] = tax
    service["limits"]["max_value"] = None
    fields: dict[str, Any] = {
        "service": "AU-LINE", "country": "AU", "postcode": "2150", "ship_date": DAY,
        "pieces": [{"g": 1000, "mm": [100, 100, 100], "tags": ["general"]}], **more,
    }  # fmt: skip
    if declared is not None:
        fields["declared"] = {"minor": declared[0], "currency": declared[1]}
    return document, fields


GST = {"code": "gst", "permille": 100, "basis": ["declared_value"]}
AUD_1000 = {"minor": 100_000, "currency": "AUD"}


def codes(found: Price | Excluded) -> dict[str, int]:
    assert isinstance(found, Price)
    assert found.total_minor == sum(line.minor for line in found.lines)
    return {line.code: line.minor for line in found.lines if line.code != "base"}


@pytest.mark.parametrize(
    ("declared", "falls"),
    [
        ((99_999, "AUD"), False), ((100_000, "AUD"), False), ((100_001, "AUD"), True),
        # 1 000 AUD at 4.70 are 4 700.00 CNY
        ((470_000, "CNY"), False), ((470_001, "CNY"), True),
    ],
)  # fmt: skip
def test_de_minimis_is_exact_in_both_currencies(declared: tuple[int, str], falls: bool) -> None:
    document = demo()
    assert document["fx"]["rates_e6"]["AUD"] == AUD_RATE
    assert ("gst" in codes(price([GST | {"above": AUD_1000}], declared=declared))) is falls


def test_a_tax_above_the_threshold_is_on_the_whole_value() -> None:
    # 1 000.01 AUD × 4.7 = 4 700.047 → 4 700.05 CNY; a tenth of it half-up: 470.01
    found = codes(price([GST | {"above": AUD_1000}], declared=(100_001, "AUD")))
    assert found["gst"] == 47_001


@pytest.mark.parametrize(("minor", "count"), [(15_000, 2), (15_001, 0)])
def test_a_flat_duty_ends_at_its_ceiling(minor: int, count: int) -> None:
    # EU: 3 EUR a tariff line in consignments up to 150 EUR; a line of goods has its duty once
    flat = {
        "code": "eu_flat_duty", "per": "distinct_hs6", "minor": 300, "currency": "EUR",
        "upto": {"minor": 15_000, "currency": "EUR"},
    }  # fmt: skip
    hs6 = ["610910", "620342", "610910"]
    rates = demo()["fx"]["rates_e6"]
    each = (300 * rates["EUR"] * 2 + 10**6) // (2 * 10**6)
    found = codes(price([flat], declared=(minor, "EUR"), hs6=hs6))
    assert found == ({"eu_flat_duty": count * each} if count else {})


def test_what_the_receiver_pays_is_beside_the_price() -> None:
    duty = {"code": "duty", "permille": 50, "basis": ["declared_value"], "paid_by": "receiver"}
    vat = {
        "code": "vat", "permille": 200, "basis": ["declared_value", "duty"], "paid_by": "receiver",
    }  # fmt: skip
    found = price([duty, vat], declared=(10_000, "CNY"))
    assert codes(found) == {}
    assert isinstance(found, Price)
    # duty 5 % of 100.00, value-added tax 20 % of 105.00
    assert [(line.code, line.minor) for line in found.on_arrival] == [("duty", 500), ("vat", 2100)]
    assert found.on_arrival[1].row == "tax[1]"


def test_without_a_value_there_is_no_estimate_and_no_refusal() -> None:
    duty = {"code": "duty", "permille": 50, "basis": ["declared_value"], "paid_by": "receiver"}
    document, fields = changed([duty], None, {})
    quote = quote_all(read_tariff(json.dumps(document)), convert(fields, Request), now=NOON)
    (offer,) = quote.offers
    assert offer.price is not None
    assert offer.price.on_arrival == ()


def test_a_quote_asks_for_tariff_lines_only_where_the_duty_falls() -> None:
    flat = {
        "code": "flat", "per": "distinct_hs6", "minor": 300, "currency": "EUR",
        "upto": {"minor": 15_000, "currency": "EUR"},
    }  # fmt: skip
    for minor, asked in ((15_000, True), (15_001, False)):
        document, fields = changed([flat], (minor, "EUR"), {})
        tariff, request = read_tariff(json.dumps(document)), convert(fields, Request)
        if asked:
            with pytest.raises(Invalid) as error:
                quote_all(tariff, request, now=NOON)
            assert [fault.path for fault in error.value.errors] == ["hs6"]
        else:
            assert quote_all(tariff, request, now=NOON).offers[0].price is not None


@pytest.mark.parametrize(
    ("tax", "place"),
    [
        ([GST | {"above": {"minor": 1, "currency": "XTS"}}], "tax[0].above.currency"),
        ([GST | {"above": AUD_1000, "upto": AUD_1000}], "tax[0]"),
        ([GST | {"paid_by": "nobody"}], "tax[0].paid_by"),
        (
            [
                {"code": "duty", "permille": 5, "basis": ["declared_value"], "paid_by": "receiver"},
                {"code": "vat", "permille": 5, "basis": ["duty"]},
            ],
            "tax[1].basis",
        ),
    ],
)
def test_taxes_that_do_not_hold_together_are_refused(tax: Any, place: str) -> None:
    with pytest.raises(Invalid) as error:
        price(tax, declared=(1, "CNY"))
    assert any(fault.path.endswith(place) for fault in error.value.errors)


INCHES = {
    "method": "max", "divisor": 139, "divisor_unit": "in3_per_lb", "dims": "up_in",
    "pieces": "each", "min_g": 1, "round": [{"upto_g": None, "step_g": 1}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("mm", "fields", "grams"),
    [
        # 254 mm are 10 in: 1 000 in³ ÷ 139 = 7.1942446 lb = 3 263.2545 g
        ((254, 254, 254), {}, 3264),
        # one millimetre more is 11 in when sides go up: 1 100 in³ = 3 589.58 g
        ((255, 254, 254), {}, 3590),
        ((255, 254, 254), {"dims": "half_up_in"}, 3264),
        # 266.7 mm are 10.5 in: 266 mm still 10, 267 mm already 11
        ((266, 254, 254), {"dims": "half_up_in"}, 3264),
        ((267, 254, 254), {"dims": "half_up_in"}, 3590),
        # unrounded: 255 × 254 × 254 mm³ = 1 003.93701 in³ → 7.22257 lb = 3 276.1018 g
        ((255, 254, 254), {"dims": "exact"}, 3277),
        # the other divisor of the trade: 1 000 ÷ 166 = 6.0240964 lb = 2 732.4841 g
        ((254, 254, 254), {"divisor": 166}, 2733),
    ],
)
def test_cubic_inches_to_the_pound(
    mm: tuple[int, int, int], fields: dict[str, Any], grams: int
) -> None:
    document = demo()
    service = next(one for one in document["services"] if one["id"] == "MX-EXP")
    service["rate"]["weight"] = INCHES | fields
    tariff = read_tariff(json.dumps(document))
    rule = tariff.services["MX-EXP"][0].card.weight
    assert volumetric_g(mm, rule) == grams  # type: ignore[arg-type]
    (waybill,) = tariff.services["MX-EXP"][0].zones["Z1"].weigh([Piece(g=10, mm=mm)])
    assert waybill.chargeable_g == grams


@pytest.mark.parametrize("fields", [{"dims": "up_cm"}, {"divisor_unit": "cm3_per_kg"}])
def test_inches_and_centimetres_do_not_mix(fields: dict[str, Any]) -> None:
    document = demo()
    document["services"][0]["rate"]["weight"] = INCHES | fields
    with pytest.raises(Invalid) as error:
        read_tariff(json.dumps(document))
    assert any(fault.path.endswith("weight.dims") for fault in error.value.errors)
