"""Coordinates without asking anybody: cities in several scripts, postcodes, and the unknown."""

import pytest

from entrepot.nodes.geocoding import Address, locate, locate_all, postcode_prefixes


def near(address: Address, lat: float, lon: float, by: str) -> bool:
    found = locate(address)
    return (
        found is not None
        and found.by == by
        and abs(found.lat - lat) < 0.3
        and abs(found.lon - lon) < 0.3
    )


@pytest.mark.parametrize(
    "city", ["Shenzhen", "shenzhen", "深圳", "深圳市", "Shēnzhèn", "ＳＨＥＮＺＨＥＮ"]
)
def test_a_city_in_any_script(city: str) -> None:
    assert near(Address("CN", city, None), 22.55, 114.07, "city")


def test_postcodes_where_the_city_is_not_known() -> None:
    assert near(Address("CN", None, "322000"), 29.3, 120.08, "postcode")
    assert near(Address("CN", "Nowhere at all", "518101"), 22.55, 114.07, "postcode")
    assert near(Address("US", None, "90021-1234"), 34.05, -118.24, "postcode")
    assert near(Address("GB", None, "ec1a 1bb"), 51.5, -0.13, "postcode")


def test_the_city_goes_before_the_postcode_and_the_larger_before_the_smaller() -> None:
    assert near(Address("US", "Portland", None), 45.52, -122.68, "city")
    assert near(Address("DE", "Köln", "10115"), 50.94, 6.96, "city")


def test_what_is_not_known_is_none() -> None:
    asked = [Address(None, "Berlin", "10115"), Address("DE", "", ""), Address("DE", None, "99999"),
             Address("XX", "Berlin", None), Address("DE", "　", None)]  # fmt: skip
    assert locate_all(asked) == [None] * 5


def test_every_postcode_of_the_table_leads_to_a_city() -> None:
    asked = [
        Address(country, None, prefix)
        for country, prefixes in postcode_prefixes().items()
        for prefix in prefixes
    ]
    lost = [one for one, found in zip(asked, locate_all(asked), strict=True) if found is None]
    assert not lost
    assert len(asked) > 250
