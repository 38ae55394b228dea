"""What a card file must hold together: no overlap, no gap, no loop; every finding has its place.

`findings` looks at a file that already has the right form (`cards`) and returns everything that
would make a price ambiguous, impossible or dependent on the order of rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from entrepot.carriers.rating.cards import Card, CardFile, Service
from entrepot.carriers.rating.rows import card_findings
from entrepot.carriers.rating.zones import entry_findings, normal_state, parse_entry
from entrepot.kernel.refusals import FieldError

CODES_IN_ORDER = [
    "unknown_service", "option_not_offered", "no_valid_card", "country_not_served",
    "goods_refused", "piece_too_heavy", "piece_too_long", "value_over_limit", "no_weight_band",
    "insured_over_cap",
]  # fmt: skip
"""The order of reasons that `pricing` follows; a file that states another one is refused."""


def findings(file: CardFile) -> list[FieldError]:
    """Every overlap, gap, loop and dangling name in the file, each with its place."""
    found: list[FieldError] = []
    for index, service in enumerate(file.services):
        place = f"services[{index}]"
        found += _service(service, place)
        found += card_findings(service, f"{place}.rate")
        found += _currencies(file, service.rate, place)
        limit = service.limits.max_value
        if limit is not None:
            found += _rate_known(file, limit.currency, f"{place}.limits.max_value.currency")
    found += _versions(file.services)
    found += _shared(file)
    return found


def _service(service: Service, place: str) -> Iterator[FieldError]:
    both = sorted(set(service.goods.allowed) & set(service.goods.refused))
    for tag in both:
        yield FieldError(f"{place}.goods", "overlap", f"{tag} is both allowed and refused")
    zones = set((service.zones or {name: name for name in service.rate.price}).values())
    zones |= {rule.zone for rule in service.zone_rules if rule.zone is not None}
    for zone in sorted(zones - set(service.rate.price)):
        yield FieldError(f"{place}.rate.price", "gap", f"zone {zone} has no price")
    for zone in sorted(set(service.rate.price) - zones):
        yield FieldError(f"{place}.rate.price.{zone}", "unreachable", "no address has this zone")
    if not service.zones:
        for name in service.rate.price:
            if len(name) != 2 or not name.isalpha() or name != name.upper():
                text = "without `zones` a price is named after its country"
                yield FieldError(f"{place}.rate.price.{name}", "bad_value", text)
    if "*" not in service.transit_days:
        for zone in sorted(zones - set(service.transit_days)):
            yield FieldError(f"{place}.transit_days", "gap", f"no days for zone {zone}")
    for zone, (least, most) in service.transit_days.items():
        if not 0 <= least <= most <= 365:
            text = "days run from the least to the most, at most 365"
            yield FieldError(f"{place}.transit_days.{zone}", "out_of_range", text)
        if zone != "*" and zone not in zones:
            yield FieldError(f"{place}.transit_days.{zone}", "unreachable", "no such zone")
    yield from _zone_rules(service, place)


def _zone_rules(service: Service, place: str) -> Iterator[FieldError]:
    """Rules that claim the same addresses equally specifically, for different zones."""
    claims: list[tuple[str, str | None, int, str, str, str | None, str]] = []
    for index, rule in enumerate(service.zone_rules):
        where = f"{place}.zone_rules[{index}]"
        state = normal_state(rule.state)
        if rule.postcodes is None:
            claims.append((rule.country, state, 0, "", "", rule.zone, where))
            continue
        yield from entry_findings(rule.postcodes, f"{where}.postcodes")
        for number, text in enumerate(rule.postcodes):
            entry = _entry(text)
            if entry is not None and not text.startswith("!"):
                at = f"{where}.postcodes[{number}]"
                low, high = entry
                claims.append((rule.country, state, len(low), low, high, rule.zone, at))
    for index, first in enumerate(claims):
        for second in claims[index + 1 :]:
            if first[:3] == second[:3] and _collide(first[3:5], second[3:5]):
                text = f"claims the same addresses as {first[6]}"
                yield FieldError(second[6], "overlap", text)


def _entry(text: str) -> tuple[str, str] | None:
    try:
        entry = parse_entry(text)
    except ValueError:
        return None
    return entry.low, entry.high


def _collide(first: tuple[str, str], second: tuple[str, str]) -> bool:
    """Whether two ranges of prefixes of one length meet and neither lies inside the other."""
    if first == second:
        return True
    if first[1] < second[0] or second[1] < first[0]:
        return False
    inside = second[0] >= first[0] and second[1] <= first[1]
    around = first[0] >= second[0] and first[1] <= second[1]
    return not (inside or around)


def _currencies(file: CardFile, card: Card, place: str) -> Iterator[FieldError]:
    yield from _rate_known(file, card.currency, f"{place}.rate.currency")
    for index, tax in enumerate(card.tax):
        at = f"{place}.rate.tax[{index}]"
        if tax.currency is not None:
            yield from _rate_known(file, tax.currency, f"{at}.currency")
        for name, limit in (("above", tax.above), ("upto", tax.upto)):
            if limit is not None:
                yield from _rate_known(file, limit.currency, f"{at}.{name}.currency")


def _rate_known(file: CardFile, currency: str, place: str) -> Iterator[FieldError]:
    if currency != file.fx.base and currency not in file.fx.rates_e6:
        yield FieldError(place, "no_rate", f"fx has no rate for {currency}")


def _versions(services: Sequence[Service]) -> Iterator[FieldError]:
    """Versions of one service must follow each other day by day."""
    by_id: dict[str, list[tuple[date, date, str]]] = {}
    for index, service in enumerate(services):
        card, place = service.rate, f"services[{index}].rate"
        last = card.valid_to or date.max
        if last < card.valid_from:
            yield FieldError(f"{place}.valid_to", "out_of_range", "ends before it begins")
            continue
        by_id.setdefault(service.id, []).append((card.valid_from, last, place))
    for spans in by_id.values():
        yield from chain_findings(sorted(spans))


def chain_findings(spans: Iterable[tuple[date, date, str]]) -> Iterator[FieldError]:
    """Neighbouring (from, to, place) spans that meet twice or leave days between them."""
    for (_, end, first), (start, _, place) in pairwise(spans):
        if start <= end:
            text = f"valid on days on which {first} is valid"
            yield FieldError(f"{place}.valid_from", "overlap", text)
        elif start > end + timedelta(days=1):
            text = f"no card from {end + timedelta(days=1)} on"
            yield FieldError(f"{place}.valid_from", "gap", text)


def _shared(file: CardFile) -> Iterator[FieldError]:
    yield from _twice([tier.tier for tier in file.member_tiers], "member_tiers", "tier")
    yield from _twice([vas.code for vas in file.value_added_services], "value_added_services")
    yield from _rate_known(file, file.insurance.currency, "insurance.currency")
    for index, threshold in enumerate(file.duty_thresholds):
        place = f"duty_thresholds[{index}].currency"
        yield from _rate_known(file, threshold.currency, place)
    excluded = file.pricing_rules.get("excluded")
    stated = excluded.get("codes_in_order") if isinstance(excluded, dict) else None
    if stated is not None and stated != CODES_IN_ORDER:
        place = "pricing_rules.excluded.codes_in_order"
        yield FieldError(place, "bad_value", f"prices are made in this order: {CODES_IN_ORDER}")


def _twice(names: Sequence[str], place: str, field: str = "code") -> Iterator[FieldError]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield FieldError(f"{place}[{index}].{field}", "overlap", f"{name} stands twice")
