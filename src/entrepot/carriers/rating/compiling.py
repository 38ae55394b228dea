"""Cards compiled once into look-up structures, so that a price is a few look-ups.

A `Tariff` is a whole card file ready to price. Amounts of cards in another currency are turned
into the base currency here, once, without the customer's margin.
"""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from entrepot.carriers.rating.cards import (
    Amount,
    Card,
    CardFile,
    DutyThreshold,
    Exchange,
    Insurance,
    PerCubicMetre,
    Service,
    Surcharge,
    Volume,
    When,
)
from entrepot.carriers.rating.currency import to_base
from entrepot.carriers.rating.prices import Pricer, Scale, breaks, compile_price
from entrepot.carriers.rating.requests import Piece
from entrepot.carriers.rating.weights import Weigher, compile_weigher
from entrepot.carriers.rating.zones import (
    Matcher,
    Resolver,
    compile_entries,
    compile_zones,
    parse_entry,
)

Fits = Callable[[Piece], bool]


class ZonePrice(msgspec.Struct, frozen=True):
    """One zone of a card: how it weighs, what it costs, where its bands begin."""

    weigh: Weigher
    charge: Pricer
    breaks: tuple[int, ...]
    cubic: bool


class Extra(msgspec.Struct, frozen=True):
    """A compiled surcharge: amounts in the base currency; `rates` by zone, None for `minor`."""

    code: str
    row: str
    per: str
    minor: int
    rates: dict[str, int] | None
    least: int
    fits: Fits | None
    valid: tuple[date, date] | None
    fuelable: bool
    group: str | None
    places: dict[str, Matcher] | None
    option: bool


class TaxLine(msgspec.Struct, frozen=True):
    """A compiled tax; `minor` is per distinct tariff line when `permille` is None."""

    code: str
    row: str
    permille: int | None
    minor: int
    basis: tuple[str, ...]
    least: int
    above: Amount | None
    upto: Amount | None
    on_arrival: bool


class FuelRate(msgspec.Struct, frozen=True):
    """A fuel rate from a day on."""

    valid_from: date
    permille: int
    row: str


class CardPrices(msgspec.Struct, frozen=True):
    """One service with one version of its card, compiled."""

    service: Service
    card: Card
    resolve: Resolver
    zones: dict[str, ZonePrice]
    taken: frozenset[str]
    dynamic: tuple[Extra, ...]
    post_tax: tuple[Extra, ...]
    fuel: tuple[FuelRate, ...]
    taxes: tuple[TaxLine, ...]
    max_value_base: int | None
    grouped: bool


class Tariff(msgspec.Struct, frozen=True):
    """A card file ready to price. `services` holds the versions of each id by first day;
    `shared_version` names the tiers, insurance and services that all cards share."""

    services: dict[str, tuple[CardPrices, ...]]
    options: dict[str, frozenset[str]]
    fx: Exchange
    insurance: Insurance
    insurance_minor: tuple[int, int]
    tiers: dict[str, tuple[int, str]]
    vas: dict[str, tuple[int, int, str]]
    thresholds: tuple[DutyThreshold, ...]
    shared_version: str
    sha256: str


def compile_tariff(file: CardFile) -> Tariff:
    """The file as a tariff. The file must have passed `checks.findings` (no findings)."""
    versions: dict[str, list[CardPrices]] = {}
    for service in file.services:
        versions.setdefault(service.id, []).append(compile_card(service, file.fx))
    services = {
        name: tuple(sorted(cards, key=lambda prices: prices.card.valid_from))
        for name, cards in versions.items()
    }
    shared = (file.fx, file.insurance, file.member_tiers, file.value_added_services)
    return assemble(file, services, shared_version=_digest(shared)[:12], sha256=_digest(file))


def assemble(
    shared: CardFile,
    services: dict[str, tuple[CardPrices, ...]],
    *,
    shared_version: str,
    sha256: str,
) -> Tariff:
    """Compiled cards (each service's by first day) and the rules of `shared` as one tariff.

    The services of `shared` are not looked at; the cards must be compiled with its `fx`.
    """
    cover = shared.insurance
    return Tariff(
        services=services,
        options={name: _options(cards) for name, cards in services.items()},
        fx=shared.fx,
        insurance=cover,
        insurance_minor=(
            to_base(shared.fx, cover.min_minor, cover.currency),
            to_base(shared.fx, cover.max_insured_minor, cover.currency),
        ),
        tiers={
            tier.tier: (tier.base_discount_permille, f"member_tiers[{index}]")
            for index, tier in enumerate(shared.member_tiers)
        },
        vas={
            item.code: (item.minor, item.plus_per_kg_minor, f"value_added_services[{index}]")
            for index, item in enumerate(shared.value_added_services)
        },
        thresholds=tuple(shared.duty_thresholds),
        shared_version=shared_version,
        sha256=sha256,
    )


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def _options(cards: tuple[CardPrices, ...]) -> frozenset[str]:
    extras = (extra for prices in cards for extra in prices.dynamic + prices.post_tax)
    return frozenset(extra.code for extra in extras if extra.option)


def compile_card(service: Service, fx: Exchange) -> CardPrices:
    """One service's card as look-up structures, all amounts in the base currency."""
    card = service.rate

    def scale(minor: int) -> int:
        return to_base(fx, minor, card.currency)

    surcharges = [
        (surcharge.phase, _extra(surcharge, f"surcharges[{index}]", scale))
        for index, surcharge in enumerate(card.surcharges)
    ]
    limit = service.limits.max_value
    dynamic = tuple(extra for phase, extra in surcharges if phase == "dynamic")
    post_tax = tuple(extra for phase, extra in surcharges if phase == "post_tax")
    return CardPrices(
        service=service,
        card=card,
        resolve=compile_zones(service),
        zones=_zones(card, scale),
        taken=frozenset(service.goods.allowed) - frozenset(service.goods.refused),
        dynamic=dynamic,
        post_tax=tuple(sorted(post_tax, key=lambda extra: extra.option)),
        fuel=_fuel(card),
        taxes=_taxes(card, fx),
        max_value_base=None if limit is None else to_base(fx, limit.minor, limit.currency),
        grouped=any(extra.group for extra in dynamic + post_tax),
    )


def _zones(card: Card, scale: Scale) -> dict[str, ZonePrice]:
    shared = None if isinstance(card.weight, Volume) else compile_weigher(card.weight)
    zones = {}
    for zone, price in card.price.items():
        cubic = price if isinstance(price, PerCubicMetre) else None
        zones[zone] = ZonePrice(
            weigh=shared or compile_weigher(card.weight, cubic),
            charge=compile_price(price, f"price.{zone}", scale),
            breaks=breaks(price),
            cubic=cubic is not None,
        )
    return zones


def _extra(surcharge: Surcharge, row: str, scale: Scale) -> Extra:
    rates = surcharge.rate_minor_per_kg
    places = surcharge.postcodes
    return Extra(
        code=surcharge.code,
        row=row,
        per=surcharge.per,
        minor=scale(surcharge.minor_per_kg or surcharge.minor or 0),
        rates=None if rates is None else {zone: scale(minor) for zone, minor in rates.items()},
        least=scale(surcharge.min_minor),
        fits=None if surcharge.when is None else compile_when(surcharge.when),
        valid=surcharge.valid,
        fuelable=surcharge.fuelable and surcharge.phase == "dynamic",
        group=surcharge.exclusive_group,
        places=None
        if places is None
        else {
            country: compile_entries([parse_entry(text) for text in entries])
            for country, entries in places.items()
        },
        option=surcharge.option,
    )


def compile_when(when: When) -> Fits:
    """A test of a piece as measured; all stated conditions must hold."""
    tests: list[Fits] = []

    def add(limit: Any, test: Callable[[Piece, int], bool]) -> None:
        if limit is not None:
            tests.append(lambda piece: test(piece, limit))

    add(when.longest_mm_gt, lambda piece, limit: max(piece.mm) > limit)
    add(when.sides_sum_mm_gt, lambda piece, limit: sum(piece.mm) > limit)
    add(when.piece_g_gt, lambda piece, limit: piece.g > limit)
    add(when.piece_g_ge, lambda piece, limit: piece.g >= limit)
    add(when.piece_g_le, lambda piece, limit: piece.g <= limit)
    if when.tag_any is not None:
        tags = frozenset(when.tag_any)
        tests.append(lambda piece: not tags.isdisjoint(piece.tags))
    if len(tests) == 1:
        return tests[0]
    return lambda piece: all(test(piece) for test in tests)


def _fuel(card: Card) -> tuple[FuelRate, ...]:
    rows = [] if card.fuel is None else card.fuel.permille
    rates = [
        FuelRate(row.valid_from, row.permille, f"fuel.permille[{index}]")
        for index, row in enumerate(rows)
    ]
    return tuple(sorted(rates, key=lambda rate: rate.valid_from, reverse=True))


def _taxes(card: Card, fx: Exchange) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(
            code=tax.code,
            row=f"tax[{index}]",
            permille=tax.permille,
            minor=to_base(fx, tax.minor or 0, tax.currency or card.currency),
            basis=tuple(tax.basis),
            least=to_base(fx, tax.min_minor, tax.currency or card.currency),
            above=tax.above,
            upto=tax.upto,
            on_arrival=tax.paid_by == "receiver",
        )
        for index, tax in enumerate(card.tax)
    )
