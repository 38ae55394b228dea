"""Chargeable weight: from measured pieces to what each waybill is charged for.

Per piece: sides rounded by the card's rule, volumetric grams = ceil(L × W × H / divisor) (mm³ over
the divisor is grams), then the card's method decides what counts. Pieces are then charged each on
a waybill of its own, or summed; the minimum comes before the rounding, and the rounding row is
chosen by the weight before rounding. Side conditions of a method look at the measured sides.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from entrepot.carriers.rating.cards import (
    ActualWeight,
    Dims,
    HalfWeight,
    MaxWeight,
    PerCubicMetre,
    RatioWeight,
    SideWeight,
    SumWeight,
    Volume,
    WeightRule,
)
from entrepot.carriers.rating.requests import Piece, Waybill

Sides = tuple[int, int, int]
Weighed = MaxWeight | ActualWeight | SideWeight | SumWeight | RatioWeight | HalfWeight
Counting = Callable[[int, int, Sides], int]
Weigher = Callable[[Sequence[Piece]], tuple[Waybill, ...]]


def ceil_to(value: int, step: int) -> int:
    """The smallest multiple of `step` that is at least `value`."""
    return -(-value // step) * step


def rounded_product(mm: Sides, dims: Dims) -> int:
    """The volume in mm³ of a piece whose sides are rounded by the card's rule."""
    length, width, height = mm
    if dims == "up_cm":
        return 1000 * -(-length // 10) * -(-width // 10) * -(-height // 10)
    if dims == "half_up_cm":
        return 1000 * ((length + 5) // 10) * ((width + 5) // 10) * ((height + 5) // 10)
    return length * width * height


def volumetric_g(mm: Sides, rule: Weighed) -> int:
    """Volumetric grams of a piece, rounded up; 0 for a rule without divisor.

    Cubic inches to the pound are exact: 1 in = 25.4 mm, 1 lb = 453.59237 g (1959), so 1 in³ is
    16 387.064 mm³.
    """
    divisor = rule.divisor
    if not divisor:
        return 0
    if rule.divisor_unit == "cm3_per_kg":
        return -(-rounded_product(mm, rule.dims) // divisor)
    if rule.dims == "exact":
        return -(-mm[0] * mm[1] * mm[2] * 45_359_237 // (1_638_706_400 * divisor))
    up = rule.dims == "up_in"
    length, width, height = (
        -(-side * 10 // 254) if up else (side * 10 + 127) // 254 for side in mm
    )
    return -(-length * width * height * 45_359_237 // (100_000 * divisor))


def compile_weigher(rule: WeightRule, cubic: PerCubicMetre | None = None) -> Weigher:
    """The function from pieces to waybills. `cubic` is the price of a card by volume."""
    if isinstance(rule, Volume):
        if cubic is None:
            raise ValueError("a card by volume needs a price per cubic metre")
        return _volume_weigher(rule, cubic)
    count = compile_counting(rule)
    rounding = compile_rounding(rule)
    if rule.pieces == "max_of_sums":
        return _sums_weigher(rule, count, rounding)
    least = rule.min_piece_g or 0
    each = rule.pieces == "each"

    def weigh(pieces: Sequence[Piece]) -> tuple[Waybill, ...]:
        waybills = []
        actual = volumetric = total = 0
        for index, piece in enumerate(pieces):
            grams = volumetric_g(piece.mm, rule)
            counted = max(count(piece.g, grams, piece.mm), least)
            if each:
                waybills.append(Waybill((index,), piece.g, grams, counted, rounding(counted)))
            actual += piece.g
            volumetric += grams
            total += counted
        if each:
            return tuple(waybills)
        return (Waybill(tuple(range(len(pieces))), actual, volumetric, total, rounding(total)),)

    return weigh


def _sums_weigher(
    rule: Weighed,
    count: Counting,
    rounding: Callable[[int], int],
) -> Weigher:
    """The method applied to the sums of actual and volumetric weight (not piece by piece)."""

    def weigh(pieces: Sequence[Piece]) -> tuple[Waybill, ...]:
        actual = sum(piece.g for piece in pieces)
        grams = sum(volumetric_g(piece.mm, rule) for piece in pieces)
        counted = count(actual, grams, pieces[0].mm)
        members = tuple(range(len(pieces)))
        return (Waybill(members, actual, grams, counted, rounding(counted)),)

    return weigh


def compile_counting(rule: WeightRule) -> Counting:
    """What of actual and volumetric grams counts, for measured sides."""
    match rule:
        case MaxWeight():
            return lambda actual, vol, mm: max(actual, vol)
        case SideWeight(side_mm=side):
            return lambda actual, vol, mm: max(actual, vol) if max(mm) >= side else actual
        case SumWeight(sum_mm=limit):
            return lambda actual, vol, mm: actual if sum(mm) <= limit else max(actual, vol)
        case RatioWeight(k_permille=k):
            return lambda actual, vol, mm: vol if 1000 * vol > k * actual else actual
        case HalfWeight():
            return lambda actual, vol, mm: actual + max(0, (vol - actual + 1) // 2)
        case ActualWeight() | Volume():
            return lambda actual, vol, mm: actual


def compile_rounding(rule: WeightRule) -> Callable[[int], int]:
    """Minimum, then up to the step of the row that the weight before rounding falls into."""
    if isinstance(rule, Volume):
        raise ValueError("a card by volume rounds cubic centimetres, not grams")
    least = rule.min_g
    if len(rule.round) == 1:
        step = rule.round[0].step_g
        return lambda grams: -(-max(grams, least) // step) * step
    tops = [row.upto_g for row in rule.round if row.upto_g is not None]
    steps = [row.step_g for row in rule.round]

    def rounding(grams: int) -> int:
        grams = max(grams, least)
        return ceil_to(grams, steps[bisect_left(tops, grams)])

    return rounding


def _volume_weigher(rule: Volume, cubic: PerCubicMetre) -> Weigher:
    def charge(members: tuple[int, ...], grams: int, product_mm3: int) -> Waybill:
        by_weight = -(-grams * 1000 // cubic.kg_per_cbm)
        volume = max(-(-product_mm3 // 1000), by_weight, cubic.min_cm3)
        return Waybill(members, grams, 0, grams, 0, ceil_to(volume, cubic.step_cm3))

    def weigh(pieces: Sequence[Piece]) -> tuple[Waybill, ...]:
        products = [rounded_product(piece.mm, rule.dims) for piece in pieces]
        if rule.pieces == "each":
            parts = zip(pieces, products, strict=True)
            return tuple(charge((i,), piece.g, mm3) for i, (piece, mm3) in enumerate(parts))
        everything = tuple(range(len(pieces)))
        return (charge(everything, sum(piece.g for piece in pieces), sum(products)),)

    return weigh
