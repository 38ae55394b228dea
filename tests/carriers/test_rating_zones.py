"""Zones and postcodes: most specific wins, ranges and exceptions, British outward codes."""

import json
from typing import Any

import pytest

from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.zones import compile_entries, keys_of, parse_entry
from tests.carriers.rating_tables import demo


def matches(country: str, entries: list[str], postcode: str | None) -> bool:
    match = compile_entries([parse_entry(text) for text in entries])
    return match(keys_of(country, postcode)) is not None


@pytest.mark.parametrize(
    ("country", "entries", "postcode", "expected"),
    [
        ("US", ["998"], "99801", True),
        ("US", ["998"], "99 8-01", True),
        ("US", ["998"], "９９８０１", False),  # only what is typed in ASCII counts
        ("US", ["998"], "99701", False),
        ("US", ["998"], "99", False),
        ("US", ["998"], None, False),
        ("US", ["998"], "", False),
        ("US", ["995..997"], "99499", False),
        ("US", ["995..997"], "99500", True),
        ("US", ["995..997"], "99799", True),
        ("US", ["995..997"], "99800", False),
        ("US", ["995..997", "!99650"], "99650", False),
        ("US", ["995..997", "!99650"], "99651", True),
        ("US", ["99", "!995..997", "996"], "99501", False),
        ("US", ["99", "!995..997", "996"], "99601", True),
        ("GB", ["KW15"], "KW15 1AA", True),
        ("GB", ["KW15"], "kw151aa", True),
        ("GB", ["KW15"], "KW1 5AA", False),
        ("GB", ["KW1"], "KW15 1AA", False),
        ("GB", ["KW1"], "KW1 5AA", True),
        ("GB", ["KW"], "KW15 1AA", True),
        ("GB", ["K"], "KW15 1AA", False),
        ("GB", ["KW15..KW17"], "KW16 3AA", True),
        ("GB", ["KW15..KW17"], "KW1 6AA", False),
        ("GB", ["W1A"], "W1A 1AA", True),
        ("GB", ["ZE"], "ZE", True),
        ("GB", ["ZE"], "not a code 1", False),
    ],
)
def test_postcode_entries(
    country: str, entries: list[str], postcode: str | None, expected: bool
) -> None:
    assert matches(country, entries, postcode) is expected


@pytest.mark.parametrize("text", ["", "!", "..", "12..", "12..345", "20..10", "-"])
def test_entries_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="postcode"):
        parse_entry(text)


RULES: list[dict[str, Any]] = [
    {"country": "US", "zone": "Z1", "state": "AK"},
    {"country": "US", "zone": "Z2", "postcodes": ["99"]},
    {"country": "US", "zone": "Z3", "postcodes": ["995..999", "!99950"]},
    {"country": "US", "zone": "Z5", "postcodes": ["996..997"]},
    {"country": "US", "zone": "Z1", "postcodes": ["997"]},
    {"country": "US", "zone": None, "postcodes": ["99999"]},
    {"country": "US", "zone": "Z5", "state": "HI", "postcodes": ["967"]},
]


@pytest.mark.parametrize(
    ("state", "postcode", "zone"),
    [
        (None, None, "Z4"),
        (None, "10001", "Z4"),
        (" ak ", "10001", "Z1"),
        ("AK", None, "Z1"),
        (None, "99001", "Z2"),
        ("AK", "99001", "Z2"),
        (None, "99501", "Z3"),
        (None, "99950", "Z2"),
        (None, "99601", "Z5"),
        (None, "99701", "Z1"),
        (None, "99999", None),
        ("HI", "96701", "Z5"),
        ("CA", "96701", "Z4"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_most_specific_zone_wins(
    state: str | None, postcode: str | None, zone: str | None, turned: bool
) -> None:
    document = demo()
    document["services"][0]["zone_rules"] = RULES[::-1] if turned else RULES
    prices = read_tariff(json.dumps(document)).services["MX-EXP"][0]
    assert prices.resolve("US", state, postcode) == zone


def test_a_rule_of_one_country_leaves_others_alone() -> None:
    document = demo()
    document["services"][0]["zone_rules"] = RULES
    prices = read_tariff(json.dumps(document)).services["MX-EXP"][0]
    assert prices.resolve("JP", "AK", "99501") == "Z2"
    assert prices.resolve("FR", None, "99501") is None
