"""Where a shipment goes: postcodes, and which zone of a card they fall into.

Postcodes are compared in upper case, letters and digits only. An entry is a prefix (`998`), a
range of prefixes of equal length (`995..999`), or an exception to the entries beside it
(`!99950`). British postcodes match by outward code: `KW15` is that district only, `KW` (letters
only) the whole area, so `KW1` is not a prefix of `KW15 1AA`.
Most specific wins: a longer prefix before a shorter one, a prefix before a range of its length,
a narrower range before a wider one, any postcode before a state, a state before the country.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from entrepot.carriers.rating.cards import Service, ZoneRule
from entrepot.kernel.refusals import FieldError

_GB = re.compile(r"([A-Z]{1,2})(?:([0-9][A-Z0-9]?)(?:[0-9][A-Z]{2}|[0-9])?)?")
_DIGITS = {char: rank for rank, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def normal_postcode(text: str) -> str:
    """Upper case, ASCII letters and digits only."""
    return "".join(char for char in text.upper() if char in _DIGITS)


class Entry(msgspec.Struct, frozen=True):
    """A postcode entry: prefixes from `low` to `high` (the same for a single prefix)."""

    low: str
    high: str
    exception: bool

    def covers(self, prefix: str) -> bool:
        """Whether a postcode's first characters, as many as the entry has, lie in the entry."""
        return self.low <= prefix <= self.high

    def rank(self) -> tuple[int, int]:
        """The larger, the more specific: length, then narrowness."""
        return len(self.low), -(_number(self.high) - _number(self.low))


def _number(text: str) -> int:
    value = 0
    for char in text:
        value = value * 36 + _DIGITS[char]
    return value


def parse_entry(text: str) -> Entry:
    """A postcode entry as written in a card. Raises ValueError saying what is wrong with it."""
    exception = text.startswith("!")
    low, dots, high = text.removeprefix("!").partition("..")
    low, high = normal_postcode(low), normal_postcode(high) if dots else normal_postcode(low)
    if not low or not high:
        raise ValueError("a postcode entry needs letters or digits")
    if len(low) != len(high):
        raise ValueError("the ends of a postcode range must be equally long")
    if low > high:
        raise ValueError("the postcode range runs backwards")
    return Entry(low, high, exception)


def entry_findings(entries: Sequence[str], place: str) -> Iterator[FieldError]:
    """Entries that cannot be read, stand twice, or leave nothing but exceptions."""
    seen: dict[tuple[str, str], int] = {}
    for index, text in enumerate(entries):
        try:
            entry = parse_entry(text)
        except ValueError as error:
            yield FieldError(f"{place}[{index}]", "bad_value", str(error))
            continue
        key = entry.low, entry.high
        if key in seen:
            yield FieldError(f"{place}[{index}]", "overlap", f"the same as entry {seen[key]}")
        seen.setdefault(key, index)
    if entries and all(text.startswith("!") for text in entries):
        yield FieldError(place, "gap", "only exceptions: nothing is left for them to except")


def keys_of(country: str, postcode: str | None) -> tuple[str, ...]:
    """What entries of this country are compared with: the prefixes of the postcode.

    For GB only the outward code and its area letters; nothing when it has no such shape.
    """
    if not postcode:
        return ()
    text = normal_postcode(postcode)
    if country == "GB":
        match = _GB.fullmatch(text)
        return (match[1], match[1] + (match[2] or "")) if match else ()
    return tuple(text[:length] for length in range(1, len(text) + 1))


Matcher = Callable[[tuple[str, ...]], tuple[int, int] | None]


def compile_entries(entries: Sequence[Entry]) -> Matcher:
    """A function from `keys_of` to the rank of the best matching entry, or None.

    An exception that is at least as specific as the best entry undoes the match.
    """
    exact: dict[str, tuple[tuple[int, int], bool]] = {}
    ranges: list[tuple[Entry, tuple[int, int]]] = []
    for entry in sorted(entries, key=lambda item: item.exception):
        if entry.low == entry.high:
            exact[entry.low] = entry.rank(), entry.exception
        else:
            ranges.append((entry, entry.rank()))

    def match(keys: tuple[str, ...]) -> tuple[int, int] | None:
        best: tuple[tuple[int, int], bool] | None = None
        for key in keys:
            found = exact.get(key)
            if found is not None and (best is None or found >= best):
                best = found
            for entry, rank in ranges:
                if len(entry.low) == len(key) and entry.covers(key):
                    candidate = rank, entry.exception
                    if best is None or candidate >= best:
                        best = candidate
        return None if best is None or best[1] else best[0]

    return match


class _Part(msgspec.Struct, frozen=True):
    zone: str | None
    state: str | None
    match: Matcher | None


Resolver = Callable[[str, str | None, str | None], str | None]


def compile_zones(service: Service) -> Resolver:
    """A function (country, state, postcode) → zone, or None where the service does not go.

    A service without `zones` prices by country: the rows of its price are named after them.
    """
    countries = service.zones or {name: name for name in service.rate.price}
    parts: dict[str, list[_Part]] = {}
    for rule in service.zone_rules:
        parts.setdefault(rule.country, []).append(_part(rule))
    if not parts:
        return lambda country, state, postcode: countries.get(country)

    def resolve(country: str, state: str | None, postcode: str | None) -> str | None:
        zone = countries.get(country)
        own = parts.get(country)
        if own is None:
            return zone
        keys = keys_of(country, postcode)
        region = normal_state(state)
        best = (-1, (0, 0))
        for part in own:
            rank = _rank(part, region, keys)
            if rank is not None and rank > best:
                best, zone = rank, part.zone
        return zone

    return resolve


def normal_state(state: str | None) -> str | None:
    """A state's code as compared: upper case without outer spaces; None when empty."""
    return (state or "").strip().upper() or None


def _part(rule: ZoneRule) -> _Part:
    entries = [parse_entry(text) for text in rule.postcodes or ()]
    return _Part(rule.zone, normal_state(rule.state), compile_entries(entries) if entries else None)


def _rank(
    part: _Part, state: str | None, keys: tuple[str, ...]
) -> tuple[int, tuple[int, int]] | None:
    """How specific the part is for this address, or None when it is not for it."""
    if part.state is not None and part.state != state:
        return None
    if part.match is None:
        return (1 if part.state else 0), (0, 0)
    found = part.match(keys)
    return None if found is None else (2, found)
