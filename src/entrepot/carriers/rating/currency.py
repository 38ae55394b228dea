"""Rounding and currencies: half away from zero, rates of the file, margins for the customer.

Rates are units of the base currency for one unit of the other, times a million. Amounts inside
cards are converted without margin; the margin applies to what a customer pays.
"""

from datetime import datetime, timedelta

import msgspec

from entrepot.carriers.rating.cards import Exchange
from entrepot.kernel.amounts import minor_digits
from entrepot.kernel.refusals import Invalid

MILLION = 10**6


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest whole number, halves away from zero."""
    if numerator < 0:
        return -((2 * -numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def rate_e6(fx: Exchange, currency: str) -> int:
    """The rate of a currency against the base. Raises Invalid when the file has none."""
    if currency == fx.base:
        return MILLION
    rate = fx.rates_e6.get(currency)
    if rate is None:
        raise Invalid(f"no rate for {currency}", code="no_rate", currency=currency)
    return rate


def to_base(fx: Exchange, minor: int, currency: str) -> int:
    """An amount of a card, a limit or a declared value in minor units of the base currency."""
    if currency == fx.base:
        return minor
    scale = 10 ** minor_digits(fx.base)
    whole = MILLION * 10 ** minor_digits(currency)
    return half_up(minor * rate_e6(fx, currency) * scale, whole)


class LockedRate(msgspec.Struct, frozen=True):
    """A rate promised to a customer, margin included when paying, until `until`."""

    currency: str
    base: str
    rate_e6: int
    margin_permille: int
    unit_minor: int
    until: datetime


def pay_unit(fx: Exchange, currency: str) -> int:
    """The smallest amount the currency is paid in, in minor units (TWD 100, JPY 1, else 1).

    `pay_rounding` says "1", "1 dollar …" (whole units of the currency) or "minor unit".
    """
    words = fx.pay_rounding.get(currency, "minor unit").split()
    if words and words[0].isdigit() and int(words[0]) > 0:
        return int(words[0]) * int(10 ** minor_digits(currency))
    return 1


def lock_rate(fx: Exchange, currency: str, *, now: datetime) -> LockedRate:
    """Today's rate of the file, held for its `lock_minutes`."""
    margin = 0 if currency == fx.base else fx.customer_margin_permille
    until = now + timedelta(minutes=fx.lock_minutes)
    return LockedRate(
        currency, fx.base, rate_e6(fx, currency), margin, pay_unit(fx, currency), until
    )


def to_pay(rate: LockedRate, minor: int) -> int:
    """What a customer pays in the locked currency for an amount in the base currency."""
    numerator = minor * (1000 + rate.margin_permille) * MILLION * 10 ** minor_digits(rate.currency)
    denominator = 1000 * rate.rate_e6 * 10 ** minor_digits(rate.base)
    return half_up(numerator, denominator * rate.unit_minor) * rate.unit_minor
