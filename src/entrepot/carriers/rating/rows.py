"""Findings inside one card: bands, rounding rows, fuel days, surcharges, and circles of taxes."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from entrepot.carriers.rating.cards import (
    ActualWeight,
    Card,
    FirstStep,
    FirstStepThenBands,
    KgBand,
    KgBands,
    PerCubicMetre,
    RegisteredBand,
    RegistrationPlusKg,
    Service,
    SideWeight,
    SumWeight,
    Surcharge,
    Tax,
    Volume,
)
from entrepot.carriers.rating.cards import Price as PriceRow
from entrepot.carriers.rating.weights import compile_rounding
from entrepot.carriers.rating.zones import entry_findings
from entrepot.kernel.refusals import FieldError

BASIS_WORDS = frozenset({"declared_value", "base", "dynamic", "fuel"})
RESERVED = BASIS_WORDS | {"tier_discount", "insurance", "storage", "coupon"}
"""Codes of lines that the engine writes itself."""


def card_findings(service: Service, place: str) -> list[FieldError]:
    """Every overlap, gap, loop and contradiction inside the service's card."""
    card = service.rate
    found = list(_weight(card, f"{place}.weight"))
    for zone, price in card.price.items():
        found += _price(card, price, f"{place}.price.{zone}")
    found += _fuel(card, f"{place}.fuel.permille")
    for index, surcharge in enumerate(card.surcharges):
        found += _surcharge(card, surcharge, f"{place}.surcharges[{index}]")
    found += _same_codes(card, place)
    found += _taxes(card.tax, f"{place}.tax")
    return found


def _weight(card: Card, place: str) -> Iterator[FieldError]:
    rule = card.weight
    if isinstance(rule, Volume):
        return
    rows = rule.round
    for index, row in enumerate(rows):
        last = index == len(rows) - 1
        if row.upto_g is None and not last:
            text = "only the last row may have no upper end"
            yield FieldError(f"{place}.round[{index}].upto_g", "overlap", text)
        if last and row.upto_g is not None:
            text = f"no rounding above {row.upto_g} g: the last row has upto_g null"
            yield FieldError(f"{place}.round[{index}].upto_g", "gap", text)
    tops = [(row.upto_g, index) for index, row in enumerate(rows) if row.upto_g is not None]
    for (first, _), (second, index) in pairwise(tops):
        if second <= first:
            text = "rounding rows must climb"
            yield FieldError(f"{place}.round[{index}].upto_g", "overlap", text)
    if rule.pieces == "max_of_sums" and isinstance(rule, SideWeight | SumWeight):
        text = "a method that looks at one piece's sides cannot work on sums"
        yield FieldError(f"{place}.pieces", "bad_value", text)
    if rule.min_piece_g is not None and rule.pieces != "sum_then_round":
        text = "a minimum per piece goes with sum_then_round only (else use min_g)"
        yield FieldError(f"{place}.min_piece_g", "bad_value", text)
    inches = rule.dims in ("half_up_in", "up_in")
    if rule.dims != "exact" and inches != (rule.divisor_unit == "in3_per_lb"):
        text = "sides in inches and a divisor in cubic inches to the pound go together"
        yield FieldError(f"{place}.dims", "bad_value", text)
    if isinstance(rule, ActualWeight) and rule.dims != "exact":
        yield FieldError(f"{place}.dims", "bad_value", "actual weight does not round sides")


def _price(card: Card, price: PriceRow, place: str) -> Iterator[FieldError]:
    by_volume = isinstance(card.weight, Volume)
    if by_volume != isinstance(price, PerCubicMetre):
        text = "a price per cubic metre and a weight by volume go together"
        yield FieldError(place, "bad_value", text)
    match price:
        case FirstStep():
            return
        case RegistrationPlusKg(bands=bands):
            yield from _climb([band.to_g for band in bands], f"{place}.bands", "to_g")
            yield from _priced(bands, f"{place}.bands")
        case FirstStepThenBands(bands=bands):
            yield from _climb([band.from_g for band in bands], f"{place}.bands", "from_g")
            yield from _priced(bands, f"{place}.bands")
            if bands[0].from_g <= price.first_g:
                text = "the bands begin inside the first weight"
                yield FieldError(f"{place}.bands[0].from_g", "overlap", text)
        case KgBands(bands=bands):
            yield from _climb([band.from_g for band in bands], f"{place}.bands", "from_g")
            yield from _priced(bands, f"{place}.bands")
            yield from _lowest(card, bands[0], place)
        case PerCubicMetre():
            if price.min_cm3 % price.step_cm3:
                text = "the least volume is no whole number of steps"
                yield FieldError(f"{place}.min_cm3", "bad_value", text)


def _lowest(card: Card, band: KgBand, place: str) -> Iterator[FieldError]:
    if isinstance(card.weight, Volume) or not card.weight.round:
        return
    if any(row.upto_g is None for row in card.weight.round[:-1]):
        return
    least = compile_rounding(card.weight)(1)
    if band.from_g > least:
        text = f"no price from {least} g to {band.from_g - 1} g"
        yield FieldError(f"{place}.bands[0].from_g", "gap", text)


def _climb(edges: list[int], place: str, field: str) -> Iterator[FieldError]:
    for index, (first, second) in enumerate(pairwise(edges), start=1):
        if second <= first:
            text = f"bands must climb: {second} after {first}"
            yield FieldError(f"{place}[{index}].{field}", "overlap", text)


def _priced(bands: Sequence[KgBand | RegisteredBand], place: str) -> Iterator[FieldError]:
    for index, band in enumerate(bands):
        match band:
            case RegisteredBand():
                free = band.per_kg_minor == 0 and band.registration_minor == 0
            case KgBand():
                free = band.per_kg_minor == 0
        if free:
            yield FieldError(f"{place}[{index}]", "bad_value", "a band without any price")


def _fuel(card: Card, place: str) -> Iterator[FieldError]:
    if card.fuel is None:
        return
    days = [row.valid_from for row in card.fuel.permille]
    for index, (first, second) in enumerate(pairwise(days), start=1):
        if second <= first:
            text = "fuel rows must be in order of their days"
            yield FieldError(f"{place}[{index}].valid_from", "overlap", text)
    if min(days) > card.valid_from:
        text = f"no fuel rate from {card.valid_from} on"
        yield FieldError(f"{place}[0].valid_from", "gap", text)


def _surcharge(card: Card, surcharge: Surcharge, place: str) -> Iterator[FieldError]:
    stated = [
        name
        for name in ("minor", "minor_per_kg", "rate_minor_per_kg")
        if getattr(surcharge, name) is not None
    ]
    by_kg = surcharge.per.startswith("chargeable_kg")
    if len(stated) != 1 or (stated == ["minor"]) == by_kg:
        wanted = "minor_per_kg or rate_minor_per_kg" if by_kg else "minor"
        yield FieldError(place, "bad_value", f"per {surcharge.per} takes exactly {wanted}")
    if by_kg and isinstance(card.weight, Volume):
        yield FieldError(f"{place}.per", "bad_value", "a card by volume charges no kilograms")
    if surcharge.rate_minor_per_kg is not None:
        for zone in sorted(set(card.price) - set(surcharge.rate_minor_per_kg)):
            yield FieldError(f"{place}.rate_minor_per_kg", "gap", f"no rate for zone {zone}")
        for zone in sorted(set(surcharge.rate_minor_per_kg) - set(card.price)):
            text = "no such zone in the price"
            yield FieldError(f"{place}.rate_minor_per_kg.{zone}", "unreachable", text)
    if surcharge.per != "piece" and (surcharge.when or surcharge.exclusive_group):
        text = "conditions and exclusive groups are for surcharges per piece"
        yield FieldError(f"{place}.per", "bad_value", text)
    if surcharge.when is not None:
        least, most = surcharge.when.piece_g_ge or 0, surcharge.when.piece_g_le
        if most is not None and max(least, (surcharge.when.piece_g_gt or -1) + 1) > most:
            yield FieldError(f"{place}.when", "unreachable", "no piece has such a weight")
    if surcharge.fuelable and surcharge.phase != "dynamic":
        yield FieldError(f"{place}.fuelable", "bad_value", "fuel is counted before post-tax lines")
    if surcharge.valid is not None and surcharge.valid[0] > surcharge.valid[1]:
        yield FieldError(f"{place}.valid", "out_of_range", "ends before it begins")
    for country, entries in (surcharge.postcodes or {}).items():
        yield from entry_findings(entries, f"{place}.postcodes.{country}")


def _same_codes(card: Card, place: str) -> Iterator[FieldError]:
    """One code may stand again only on other days; tax codes and the engine's own never."""
    seen: list[tuple[str, date, date]] = []
    for index, surcharge in enumerate(card.surcharges):
        first, last = surcharge.valid or (date.min, date.max)
        at = f"{place}.surcharges[{index}].code"
        if surcharge.code in RESERVED or surcharge.code.startswith("vas:"):
            yield FieldError(at, "bad_value", "this code belongs to a line of the engine")
        if any(code == surcharge.code and first <= b and a <= last for code, a, b in seen):
            yield FieldError(at, "overlap", f"{surcharge.code} stands twice on the same days")
        seen.append((surcharge.code, first, last))
    names = {surcharge.code for surcharge in card.surcharges}
    for index, tax in enumerate(card.tax):
        at = f"{place}.tax[{index}].code"
        if tax.code in RESERVED or tax.code.startswith("vas:"):
            yield FieldError(at, "bad_value", "this code belongs to a line of the engine")
        if tax.code in names:
            yield FieldError(at, "overlap", f"{tax.code} stands twice")
        names.add(tax.code)


def _taxes(taxes: list[Tax], place: str) -> Iterator[FieldError]:
    circle = _circle(taxes)
    codes = [tax.code for tax in taxes]
    for index, tax in enumerate(taxes):
        at = f"{place}[{index}]"
        by_line = tax.per == "distinct_hs6"
        if by_line and (tax.minor is None or tax.permille is not None or tax.basis):
            yield FieldError(at, "bad_value", "per distinct_hs6 takes minor, no rate, no basis")
        if not by_line and (tax.permille is None or tax.minor is not None or not tax.basis):
            yield FieldError(at, "bad_value", "a rate takes permille and a basis, no minor")
        if tax.above is not None and tax.upto is not None:
            same = tax.above.currency == tax.upto.currency
            if not same or tax.above.minor >= tax.upto.minor:
                yield FieldError(
                    at, "out_of_range", "above must be less than upto, of one currency"
                )
        for word in tax.basis:
            if tax.basis.count(word) > 1:
                yield FieldError(f"{at}.basis", "overlap", f"{word} stands twice")
            if word in BASIS_WORDS:
                continue
            if word not in codes:
                yield FieldError(f"{at}.basis", "gap", f"there is no {word} to tax")
            elif tax.code in circle and word in circle:
                yield FieldError(f"{at}.basis", "loop", f"{tax.code} and {word} tax each other")
            elif codes.index(word) >= index:
                yield FieldError(f"{at}.basis", "bad_value", f"{word} must stand before it")
            elif tax.paid_by == "sender" != taxes[codes.index(word)].paid_by:
                text = f"{word} is the receiver's: the sender pays no tax on it"
                yield FieldError(f"{at}.basis", "bad_value", text)


def _circle(taxes: list[Tax]) -> set[str]:
    """The codes of taxes that lie on, or lead only into, a circle of bases."""
    codes = {tax.code for tax in taxes}
    left = {tax.code: {name for name in tax.basis if name in codes} for tax in taxes}
    while ready := [code for code, needs in left.items() if not needs & set(left)]:
        for code in ready:
            del left[code]
    return set(left)
