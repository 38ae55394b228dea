"""Card files: every error at once, each with its place; overlaps, gaps and loops are refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from entrepot.carriers.rating.files import read_cards, read_request, read_storage, read_tariff
from entrepot.kernel.refusals import Invalid, Unparsable
from tests.carriers.rating_tables import demo

Change = Callable[[dict[str, Any]], None]


def refused(change: Change) -> list[tuple[str, str]]:
    """(path, code) of everything that is wrong with the changed demo file."""
    document = demo()
    change(document)
    with pytest.raises(Invalid) as caught:
        read_cards(json.dumps(document))
    return [(error.path, error.code) for error in caught.value.errors]


def service(index: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda document: document["services"][index]


def test_errors_of_form_come_all_at_once() -> None:
    def change(document: dict[str, Any]) -> None:
        first, third, fourth = (document["services"][i] for i in (0, 2, 3))
        del first["carrier"]
        first["rate"]["valid_from"] = "2026-13-01"
        third["rate"]["price"]["US"]["bands"][1]["per_kg_minor"] = -4
        third["limits"]["max_piece_g"] = 0
        fourth["rate"]["weight"]["method"] = "guess"
        fourth["rate"]["surcharges"][0]["minr"] = 1
        document["fx"]["rates_e6"]["USD"] = 7.1
        document["member_tiers"][0]["base_discount_permille"] = True

    assert refused(change) == [
        ("services[0].carrier", "missing"),
        ("services[0].rate.valid_from", "bad_value"),
        ("services[2].limits.max_piece_g", "out_of_range"),
        ("services[2].rate.price.US.bands[1].per_kg_minor", "out_of_range"),
        ("services[3].rate.weight.method", "bad_value"),
        ("services[3].rate.surcharges[0].minr", "unknown_field"),
        ("fx.rates_e6.USD", "wrong_type"),
        ("member_tiers[0].base_discount_permille", "wrong_type"),
    ]


def test_a_key_that_stands_twice_is_refused() -> None:
    raw = json.dumps(demo()).replace('"HK": "Z1"', '"HK": "Z1", "HK": "Z2"')
    with pytest.raises(Invalid) as caught:
        read_cards(raw)
    assert [(e.path, e.code) for e in caught.value.errors] == [
        ("services[0].zones.HK", "duplicate_key")
    ]


@pytest.mark.parametrize("raw", [b"", b"{", b"[1,", b"\xff\xfe", b"[" * 100_000, b"nul"])
def test_what_is_no_json_is_unparsable(raw: bytes) -> None:
    with pytest.raises(Unparsable):
        read_cards(raw)


def _rate(index: int, *path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        spot = document["services"][index]["rate"]
        for key in path[:-1]:
            spot = spot[key]
        spot[path[-1]] = value

    return change


def _append(index: int, *path: str | int, value: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        spot = document["services"][index]
        for key in path:
            spot = spot[key]
        spot.append(value)

    return change


def _second_version(start: str, end_of_first: str | None) -> Change:
    def change(document: dict[str, Any]) -> None:
        first = document["services"][5]
        second = json.loads(json.dumps(first))
        first["rate"]["valid_to"] = end_of_first
        second["rate"].update(version="next", valid_from=start)
        document["services"].append(second)

    return change


def _zone_rules(*rules: dict[str, Any]) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["services"][0]["zone_rules"] = [
            {"country": "US", "zone": "Z4", **rule} for rule in rules
        ]

    return change


S0, S2, S4, S7 = (f"services[{i}].rate" for i in (0, 2, 4, 7))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_second_version("2026-12-01", None), ("services[15].rate.valid_from", "overlap")),
        (_second_version("2026-12-01", "2026-12-01"), ("services[15].rate.valid_from", "overlap")),
        (_second_version("2026-12-03", "2026-12-01"), ("services[15].rate.valid_from", "gap")),
        (_rate(5, "valid_to", value="2026-10-01"), ("services[5].rate.valid_to", "out_of_range")),
        (
            _rate(2, "price", "US", "bands", 1, "to_g", value=200),
            (f"{S2}.price.US.bands[1].to_g", "overlap"),
        ),
        (
            _rate(4, "price", "US", "bands", 0, "from_g", value=13000),
            (f"{S4}.price.US.bands[0].from_g", "gap"),
        ),
        (
            _rate(4, "price", "US", "bands", 2, "from_g", value=21000),
            (f"{S4}.price.US.bands[2].from_g", "overlap"),
        ),
        (
            _rate(0, "price", "Z1", "bands", 0, "from_g", value=500),
            (f"{S0}.price.Z1.bands[0].from_g", "overlap"),
        ),
        (
            _rate(2, "price", "US", "bands", 0, "per_kg_minor", value=0),
            None,
        ),
        (
            _rate(0, "weight", "round", 1, "upto_g", value=90000),
            (f"{S0}.weight.round[1].upto_g", "gap"),
        ),
        (
            _rate(0, "weight", "round", 0, "upto_g", value=None),
            (f"{S0}.weight.round[0].upto_g", "overlap"),
        ),
        (
            _rate(0, "fuel", "permille", 0, "valid_from", value="2026-11-02"),
            (f"{S0}.fuel.permille[1].valid_from", "overlap"),
        ),
        (
            _rate(0, "fuel", "permille", value=[{"valid_from": "2026-11-02", "permille": 1}]),
            (f"{S0}.fuel.permille[0].valid_from", "gap"),
        ),
        (
            _rate(7, "tax", 1, "basis", value=["base", "vat"]),
            (f"{S7}.tax[1].basis", "loop"),
        ),
        (
            _rate(7, "tax", 1, "basis", value=["base", "no_such_line"]),
            (f"{S7}.tax[1].basis", "gap"),
        ),
        (
            _rate(0, "surcharges", 0, "rate_minor_per_kg", value={"Z1": 1, "Z2": 1, "Z3": 1}),
            (f"{S0}.surcharges[0].rate_minor_per_kg", "gap"),
        ),
        (
            _rate(0, "surcharges", 1, "code", value="demand"),
            (f"{S0}.surcharges[1].code", "overlap"),
        ),
        (
            _rate(0, "surcharges", 1, "code", value="fuel"),
            (f"{S0}.surcharges[1].code", "bad_value"),
        ),
        (
            _rate(0, "surcharges", 3, "postcodes", value={"US": ["998", "9-98"]}),
            (f"{S0}.surcharges[3].postcodes.US[1]", "overlap"),
        ),
        (
            _rate(0, "surcharges", 3, "postcodes", value={"US": ["999..998"]}),
            (f"{S0}.surcharges[3].postcodes.US[0]", "bad_value"),
        ),
        (
            _rate(0, "surcharges", 3, "postcodes", value={"US": ["!998"]}),
            (f"{S0}.surcharges[3].postcodes.US", "gap"),
        ),
        (
            _rate(0, "surcharges", 1, "per", value="chargeable_kg"),
            (f"{S0}.surcharges[1]", "bad_value"),
        ),
        (_rate(4, "currency", value="XXX"), (f"{S4}.currency", "no_rate")),
        (_append(0, "goods", "refused", value="general"), ("services[0].goods", "overlap")),
        (
            lambda document: document["services"][0]["zones"].update(FR="Z9"),
            (f"{S0}.price", "gap"),
        ),
        (
            lambda document: document["services"][0]["zones"].update(HK="Z2", TW="Z2"),
            (f"{S0}.price.Z1", "unreachable"),
        ),
        (
            lambda document: document["services"][0]["transit_days"].update(Z1=[4, 2]),
            ("services[0].transit_days.Z1", "out_of_range"),
        ),
        (
            lambda document: document["services"][0]["transit_days"].pop("Z1"),
            ("services[0].transit_days", "gap"),
        ),
        (
            _zone_rules({"postcodes": ["995"]}, {"postcodes": ["995"]}),
            ("services[0].zone_rules[1].postcodes[0]", "overlap"),
        ),
        (
            _zone_rules({"postcodes": ["990..995"]}, {"postcodes": ["994..999"]}),
            ("services[0].zone_rules[1].postcodes[0]", "overlap"),
        ),
        (_zone_rules({"state": "AK"}, {"state": "ak "}), ("services[0].zone_rules[1]", "overlap")),
        (
            lambda document: document["member_tiers"].append(document["member_tiers"][0]),
            ("member_tiers[4].tier", "overlap"),
        ),
        (
            lambda document: document["pricing_rules"]["excluded"]["codes_in_order"].reverse(),
            ("pricing_rules.excluded.codes_in_order", "bad_value"),
        ),
    ],
)
def test_cards_that_do_not_hold_together(change: Change, expected: tuple[str, str] | None) -> None:
    if expected is None:  # a band without a price per kilogram still has its registration fee
        document = demo()
        change(document)
        assert read_cards(json.dumps(document)).services
        return
    assert expected in refused(change)


def test_ranges_inside_each_other_are_no_overlap() -> None:
    document = demo()
    _zone_rules({"postcodes": ["990..999"]}, {"postcodes": ["994..995"]})(document)
    assert read_tariff(json.dumps(document)).services["MX-EXP"]


def test_storage_rules_with_gaps() -> None:
    document = demo()
    document["storage"]["fees"][1]["from_overdue_day"] = 32
    document["storage"]["fees"][0]["by_weight"][2]["to_g"] = 20000
    document["storage"]["tiers"].append({"tier": "V0", "free_days": 3})
    with pytest.raises(Invalid) as caught:
        read_storage(json.dumps(document))
    assert [(error.path, error.code) for error in caught.value.errors] == [
        ("storage.fees[0].by_weight", "gap"),
        ("storage.fees[1].from_overdue_day", "gap"),
        ("storage.tiers[4].tier", "overlap"),
    ]


GOOD = {
    "service": "JP-AIR",
    "country": "JP",
    "ship_date": "2026-11-22",
    "pieces": [{"g": 500, "mm": [200, 150, 100], "tags": ["general"]}],
}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"pieces": []}, "pieces"),
        ({"pieces": [{"g": 0, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": -5, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": 5_000_001, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": 1.5, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": True, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": "500", "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": 10**400, "mm": [1, 1, 1]}]}, "pieces[0].g"),
        ({"pieces": [{"g": 5, "mm": [1, 0, 1]}]}, "pieces[0].mm[1]"),
        ({"pieces": [{"g": 5, "mm": [1, 1]}]}, "pieces[0].mm"),
        ({"pieces": [{"g": 5, "mm": [1, 1, 30_001]}]}, "pieces[0].mm[2]"),
        ({"country": "Japan"}, "country"),
        ({"ship_date": "22.11.2026"}, "ship_date"),
        ({"declared": {"minor": -1, "currency": "CNY"}}, "declared.minor"),
        ({"declared": {"minor": 1, "currency": "cny"}}, "declared.currency"),
        ({"hs6": ["61091"]}, "hs6[0]"),
        ({"vas": {"photo": -1}}, "vas.photo"),
        ({"coupon": {"permille": 1001}}, "coupon.permille"),
        ({"insured_minor": -1}, "insured_minor"),
        ({"discount": 5}, "discount"),
    ],
)
def test_requests_that_make_no_sense(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_request(json.dumps({**GOOD, **fields}))
    assert [error.path for error in caught.value.errors] == [path]
