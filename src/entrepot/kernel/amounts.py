"""Money, quantities, weights and lengths: whole numbers with their unit, never floats.

Money counts minor units of an ISO 4217 currency; weight counts grams; length millimetres.
"""

from collections.abc import Sequence

import msgspec

_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
"""Currencies whose minor unit is not a hundredth (ISO 4217, list one)."""


def minor_digits(currency: str) -> int:
    """How many decimal digits the currency's minor unit stands for (CNY 2, JPY 0, KWD 3)."""
    return _EXPONENTS.get(currency, 2)


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units of one currency. Adding two currencies is an error."""

    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __str__(self) -> str:
        digits = minor_digits(self.currency)
        sign = "-" if self.amount_minor < 0 else ""
        whole, rest = divmod(abs(self.amount_minor), 10**digits)
        return f"{sign}{whole}{f'.{rest:0{digits}d}' if digits else ''} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by `weights` so that the parts sum to the whole (largest remainder first).

        Ties go to the earlier part. A negative amount splits like its positive twin.
        Raises ValueError when a weight is negative or all are zero.
        """
        return [Money(part, self.currency) for part in allocate(self.amount_minor, weights)]


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split a whole number by weights, largest remainder first; the parts sum to `total`."""
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative and must not all be zero")
    sign = -1 if total < 0 else 1
    shares = [divmod(abs(total) * weight, whole) for weight in weights]
    left = abs(total) - sum(share for share, _ in shares)
    order = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
    extra = set(order[:left])
    return [sign * (share + (i in extra)) for i, (share, _) in enumerate(shares)]


class Quantity(msgspec.Struct, frozen=True, order=True):
    """A count of a SKU's base unit."""

    units: int


class Weight(msgspec.Struct, frozen=True, order=True):
    """A weight in grams."""

    weight_g: int


class Size(msgspec.Struct, frozen=True):
    """The three sides of a box in millimetres, as measured (not sorted)."""

    length_mm: int
    width_mm: int
    height_mm: int
