"""Units and pack sizes, exact: a unit is a ratio of whole numbers to the SKU's base unit. Pure.

Quantities in the ledger are whole base units. A pack of 8 is 8/1; with drums as base unit a
third of a drum is 1/3, and three of them are one drum, however the lines of an order add up:
`total` sums before it asks whether the sum is whole. Nothing is ever rounded; what cannot be
said in whole base units is refused.
"""

import re
from collections.abc import Iterable
from fractions import Fraction

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid

MOST_TERM = 1_000_000_000
MOST_QUANTITY = 2**53 - 1
_RATIO = re.compile(r"([0-9]{1,10})(?:/([0-9]{1,10}))?\Z")


class Unit(msgspec.Struct, frozen=True):
    """One unit is `base_numerator / base_denominator` base units, in lowest terms."""

    name: str
    base_numerator: int
    base_denominator: int = 1

    @property
    def ratio(self) -> Fraction:
        """Base units in one unit."""
        return Fraction(self.base_numerator, self.base_denominator)


def read_unit(name: str, ratio: str) -> Unit:
    """A unit from a ratio such as `8` or `1/3`; ValueError for zero or what is no ratio."""
    found = _RATIO.match(ratio)
    if found is None:
        raise ValueError("must be a whole number or a fraction such as 1/3")
    terms = int(found[1]), int(found[2] or 1)
    if 0 in terms or max(terms) > MOST_TERM:
        raise ValueError(f"both terms must be from 1 to {MOST_TERM}")
    lowest = Fraction(*terms)
    return Unit(name, lowest.numerator, lowest.denominator)


def write_ratio(unit: Unit) -> str:
    """The ratio as people write it: `8`, `1/3`."""
    return str(unit.ratio)


def to_base(quantity: int, unit: Unit) -> int:
    """Whole base units in `quantity` units. Raises Invalid when that is no whole number."""
    return total([(quantity, unit)])


def total(quantities: Iterable[tuple[int, Unit]]) -> int:
    """The sum in whole base units; parts may be fractions as long as the sum is not."""
    given = list(quantities)
    if any(quantity < 0 for quantity, _ in given):
        raise _refused("negative", "a quantity cannot be negative")
    summed = sum((quantity * unit.ratio for quantity, unit in given), Fraction(0))
    if summed.denominator != 1:
        raise _refused("not_whole", f"{summed} base units is no whole number")
    if summed > MOST_QUANTITY:
        raise _refused("too_large", f"at most {MOST_QUANTITY} base units")
    return summed.numerator


def whole_units(base_quantity: int, unit: Unit) -> tuple[int, Fraction]:
    """How many whole units are in a base quantity, and the base units that are left over."""
    count = base_quantity // unit.ratio
    return count, base_quantity - count * unit.ratio


def break_down(base_quantity: int, units: Iterable[Unit]) -> list[tuple[int, Unit | None]]:
    """A base quantity in units, the largest first; what fits none comes last, unit None.

    A unit is taken as often as whole base units remain, so thirds go out in threes.
    """
    left = base_quantity
    found: list[tuple[int, Unit | None]] = []
    for unit in sorted(units, key=lambda one: (-one.ratio, one.name)):
        step = unit.base_denominator
        count = left // (unit.ratio * step) * step
        if count:
            found.append((count, unit))
            left -= int(count * unit.ratio)
    return [*found, (left, None)] if left else found


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("quantity", code, message)])
