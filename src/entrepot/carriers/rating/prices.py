"""Base prices: each price kind as a function from chargeable weight to minor units.

Bands are by whole weight, not marginal. `break_weight` takes the next band at its least weight
when that is cheaper. Every function also names the row that it priced by, and None means that no
band holds the weight.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from entrepot.carriers.rating.cards import (
    FirstStep,
    FirstStepThenBands,
    KgBand,
    KgBands,
    PerCubicMetre,
    RegistrationPlusKg,
)
from entrepot.carriers.rating.cards import Price as PriceRow
from entrepot.carriers.rating.currency import half_up

Scale = Callable[[int], int]
"""Turns an amount of the card's currency into the base currency."""

Pricer = Callable[[int], tuple[int, str] | None]
"""Chargeable grams (or cubic centimetres) → amount and the row that gave it."""


def compile_price(price: PriceRow, row: str, scale: Scale) -> Pricer:
    """The pricer of one zone's price; `row` is its place in the card."""
    match price:
        case FirstStep():
            return _first_step(price, row, scale)
        case FirstStepThenBands():
            return _first_step_then_bands(price, row, scale)
        case RegistrationPlusKg():
            return _registration(price, row, scale)
        case KgBands():
            return _kg_bands(price.bands, row, scale, break_weight=price.break_weight)
        case PerCubicMetre():
            rate = scale(price.per_cbm_minor)
            return lambda cm3: (half_up(cm3 * rate, 10**6), row)


def _first_step(price: FirstStep | FirstStepThenBands, row: str, scale: Scale) -> Pricer:
    first, step = price.first_g, price.step_g
    first_minor, step_minor = scale(price.first_minor), scale(price.step_minor)

    def charge(grams: int) -> tuple[int, str]:
        if grams <= first:
            return first_minor, row
        return first_minor + -(-(grams - first) // step) * step_minor, row

    return charge


def _first_step_then_bands(price: FirstStepThenBands, row: str, scale: Scale) -> Pricer:
    below = _first_step(price, row, scale)
    above = _kg_bands(price.bands, row, scale, break_weight=False)
    start = price.bands[0].from_g
    return lambda grams: below(grams) if grams < start else above(grams)


def _registration(price: RegistrationPlusKg, row: str, scale: Scale) -> Pricer:
    tops = [band.to_g for band in price.bands]
    fees = [
        (scale(band.registration_minor), scale(band.per_kg_minor), f"{row}.bands[{index}]")
        for index, band in enumerate(price.bands)
    ]

    def charge(grams: int) -> tuple[int, str] | None:
        index = bisect_left(tops, grams)
        if index == len(tops):
            return None
        registration, per_kg, place = fees[index]
        return registration + (2 * per_kg * grams + 1000) // 2000, place

    return charge


def _kg_bands(bands: list[KgBand], row: str, scale: Scale, *, break_weight: bool) -> Pricer:
    starts = [band.from_g for band in bands]
    rates = [(scale(band.per_kg_minor), f"{row}.bands[{i}]") for i, band in enumerate(bands)]

    def charge(grams: int) -> tuple[int, str] | None:
        index = bisect_right(starts, grams)
        if index == 0:
            return None
        per_kg, place = rates[index - 1]
        own = (2 * per_kg * grams + 1000) // 2000, place
        if not break_weight or index == len(rates):
            return own
        next_kg, next_place = rates[index]
        following = (2 * next_kg * starts[index] + 1000) // 2000, next_place
        return following if following[0] < own[0] else own

    return charge


def breaks(price: PriceRow) -> tuple[int, ...]:
    """The chargeable weights at which the price's row changes, ascending, in grams."""
    match price:
        case FirstStepThenBands(bands=bands) | KgBands(bands=bands):
            return tuple(band.from_g for band in bands)
        case RegistrationPlusKg(bands=bands):
            return tuple(band.to_g + 1 for band in bands[:-1])
        case FirstStep() | PerCubicMetre():
            return ()
