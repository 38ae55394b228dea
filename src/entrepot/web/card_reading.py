"""A rate card as sentences and tables: how it weighs, what each zone costs, what is added."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from entrepot.carriers.rating.cards import (
    FirstStep,
    FirstStepThenBands,
    HalfWeight,
    KgBand,
    KgBands,
    MaxWeight,
    PerCubicMetre,
    Price,
    RatioWeight,
    RegistrationPlusKg,
    Service,
    SideWeight,
    SumWeight,
    Surcharge,
    Tax,
    Volume,
    When,
)
from entrepot.web import card_words, languages, words
from entrepot.web.visits import Visit

Money = Callable[[int], str]


class PriceRow(msgspec.Struct, frozen=True):
    """One row of a zone's price: for which weights, and how much."""

    weights: str
    price: str


class ZoneRows(msgspec.Struct, frozen=True):
    """A zone with the countries in it, its days and its price rows."""

    zone: str
    countries: list[str]
    days: tuple[int, int] | None
    rows: list[PriceRow]


class Added(msgspec.Struct, frozen=True):
    """A surcharge or tax: its own name, when it falls due and what it costs."""

    code: str
    names: dict[str, str]
    when: str
    price: str


class CardReading(msgspec.Struct, frozen=True):
    """Everything that a page shows of one card."""

    service: Service
    weighing: list[str]
    zones: list[ZoneRows]
    surcharges: list[Added]
    taxes: list[Added]
    fuel: list[tuple[str, str]]


def read_card(visit: Visit, service: Service) -> CardReading:
    """The card in the reader's language."""
    card = service.rate

    def money(minor: int) -> str:
        return languages.show_money(minor, card.currency, visit.language)

    fuel = [] if card.fuel is None else card.fuel.permille
    return CardReading(
        service=service,
        weighing=list(_weighing(visit, service)),
        zones=[_zone(visit, service, zone, price, money) for zone, price in card.price.items()],
        surcharges=[_surcharge(visit, one, money) for one in card.surcharges],
        taxes=[_tax(visit, one, money) for one in card.tax],
        fuel=[
            (languages.show_date(row.valid_from, visit.language), _percent(row.permille))
            for row in fuel
        ],
    )


def _percent(permille: int) -> str:
    return f"{permille / 10:g} %"


def _weight(visit: Visit, grams: int) -> str:
    return languages.show_weight(grams, visit.language)


def _weighing(visit: Visit, service: Service) -> Iterator[str]:
    """How the chargeable weight arises, sentence by sentence."""
    rule = service.rate.weight
    method = str(rule.__struct_config__.tag)
    yield visit.say(card_words.METHOD[method], limit=_limit(visit, rule))
    if not isinstance(rule, Volume) and rule.divisor is not None:
        number = languages.show_number(rule.divisor, visit.language)
        yield visit.say("Size counts as length × width × height ÷ %(divisor)s.", divisor=number)
    if card_words.DIMS[rule.dims]:
        yield visit.say(card_words.DIMS[rule.dims])
    yield visit.say(card_words.PIECES[rule.pieces])
    if isinstance(rule, Volume):
        return
    yield visit.say("At least %(weight)s are charged.", weight=_weight(visit, rule.min_g))
    for row in rule.round:
        step = _weight(visit, row.step_g)
        if row.upto_g is not None:
            upto = _weight(visit, row.upto_g)
            yield visit.say("Up to %(upto)s rounded up to full %(step)s.", upto=upto, step=step)
        elif len(rule.round) == 1:
            yield visit.say("Rounded up to full %(step)s.", step=step)
        else:
            yield visit.say("Above that rounded up to full %(step)s.", step=step)


def _limit(visit: Visit, rule: object) -> str:
    match rule:
        case SideWeight(side_mm=side):
            return f"{languages.show_length(side, visit.language)} cm"
        case SumWeight(sum_mm=total):
            return f"{languages.show_length(total, visit.language)} cm"
        case RatioWeight(k_permille=ratio):
            return f"{ratio / 1000:g}"
        case MaxWeight() | HalfWeight() | Volume() | _:
            return ""


def _zone(visit: Visit, service: Service, zone: str, price: Price, money: Money) -> ZoneRows:
    if service.zones is None:
        countries = [zone]
    else:
        countries = sorted(code for code, name in service.zones.items() if name == zone)
    countries += [
        f"{rule.country} {rule.state or ', '.join(rule.postcodes or [])}".strip()
        for rule in service.zone_rules
        if rule.zone == zone
    ]
    days = service.transit_days.get(zone) or service.transit_days.get("*")
    return ZoneRows(zone, countries, days, list(_rows(visit, price, money)))


def _rows(visit: Visit, price: Price, money: Money) -> Iterator[PriceRow]:
    match price:
        case FirstStep() | FirstStepThenBands():
            first = _weight(visit, price.first_g)
            yield PriceRow(visit.say("first %(weight)s", weight=first), money(price.first_minor))
            step = _weight(visit, price.step_g)
            text = visit.say("each further %(weight)s", weight=step)
            yield PriceRow(text, money(price.step_minor))
            if isinstance(price, FirstStepThenBands):
                yield from _bands(visit, price.bands, money)
        case KgBands(bands=bands):
            yield from _bands(visit, bands, money)
        case RegistrationPlusKg(bands=bands):
            for band in bands:
                weights = visit.say("up to %(weight)s", weight=_weight(visit, band.to_g))
                per_kg, fee = money(band.per_kg_minor), money(band.registration_minor)
                text = visit.say("%(price)s a kg + %(fee)s a parcel", price=per_kg, fee=fee)
                yield PriceRow(weights, text)
        case PerCubicMetre():
            yield PriceRow(visit.say("each m³"), money(price.per_cbm_minor))
            yield PriceRow(visit.say("at least"), f"{price.min_cm3 / 1_000_000:g} m³")
            heavy = languages.show_weight(price.kg_per_cbm * 1000, visit.language)
            yield PriceRow(visit.say("one m³ weighs at most"), heavy)


def _bands(visit: Visit, bands: list[KgBand], money: Money) -> Iterator[PriceRow]:
    followers: list[KgBand | None] = [after for _, after in pairwise(bands)]
    for band, after in zip(bands, [*followers, None], strict=True):
        start = _weight(visit, band.from_g)
        if after is None:
            weights = visit.say("from %(weight)s on", weight=start)
        else:
            weights = visit.say(
                "%(start)s to below %(end)s", start=start, end=_weight(visit, after.from_g)
            )
        yield PriceRow(weights, visit.say("%(price)s a kg", price=money(band.per_kg_minor)))


def _surcharge(visit: Visit, one: Surcharge, money: Money) -> Added:
    whens = list(_whens(visit, one.when)) if one.when else []
    if one.postcodes:
        whens.append(visit.say("to certain postcodes of %(where)s", where=", ".join(one.postcodes)))
    if one.valid:
        first, last = (languages.show_date(day, visit.language) for day in one.valid)
        whens.append(visit.say("%(first)s to %(last)s", first=first, last=last))
    if one.option:
        whens.append(visit.say("if the customer wants it"))
    if one.exclusive_group:
        whens.append(visit.say("only the dearest of its group"))
    price = money(one.minor or one.minor_per_kg or 0)
    if one.rate_minor_per_kg:
        price = _by_zone(one.rate_minor_per_kg, money)
    price = f"{price} {visit.say(card_words.PER[one.per])}"
    if one.min_minor:
        price += visit.say(", at least %(price)s", price=money(one.min_minor))
    return Added(one.code, _names(one), "; ".join(whens) or visit.say("always"), price)


def _by_zone(rates: dict[str, int], money: Money) -> str:
    """Rates with the zones that share them: `Z1, Z2 ¥2.00 · Z4 ¥18.00`."""
    zones: dict[int, list[str]] = {}
    for zone, rate in rates.items():
        zones.setdefault(rate, []).append(zone)
    if len(zones) == 1:
        return money(next(iter(zones)))
    return " · ".join(f"{', '.join(names)} {money(rate)}" for rate, names in zones.items())


def _names(one: Surcharge | Tax) -> dict[str, str]:
    return {tag: name for tag, name in (("en", one.en), ("zh-CN", one.zh)) if name}


def _whens(visit: Visit, when: When) -> Iterator[str]:
    def cm(length: int) -> str:
        return f"{languages.show_length(length, visit.language)} cm"

    if when.longest_mm_gt is not None:
        yield visit.say("longest side over %(limit)s", limit=cm(when.longest_mm_gt))
    if when.sides_sum_mm_gt is not None:
        yield visit.say("three sides over %(limit)s", limit=cm(when.sides_sum_mm_gt))
    if when.piece_g_gt is not None:
        yield visit.say("heavier than %(limit)s", limit=_weight(visit, when.piece_g_gt))
    if when.piece_g_ge is not None:
        yield visit.say("%(limit)s and heavier", limit=_weight(visit, when.piece_g_ge))
    if when.piece_g_le is not None:
        yield visit.say("%(limit)s and lighter", limit=_weight(visit, when.piece_g_le))
    if when.tag_any:
        tags = ", ".join(tag_name(visit, tag) for tag in when.tag_any)
        yield visit.say("with %(goods)s", goods=tags)


def tag_name(visit: Visit, tag: str) -> str:
    """A kind of goods in the reader's language."""
    return visit.say(words.TAG[tag]) if tag in words.TAG else tag


def _tax(visit: Visit, one: Tax, money: Money) -> Added:
    if one.permille is None:
        amount = languages.show_money(one.minor or 0, one.currency or "CNY", visit.language)
        return Added(one.code, _names(one), visit.say("for each kind of goods"), amount)
    parts = [visit.say(card_words.TAXED[w]) if w in card_words.TAXED else w for w in one.basis]
    price = _percent(one.permille)
    if one.min_minor:
        price += visit.say(", at least %(price)s", price=money(one.min_minor))
    return Added(one.code, _names(one), visit.say("on %(basis)s", basis=" + ".join(parts)), price)
