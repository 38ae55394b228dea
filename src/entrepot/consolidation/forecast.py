"""What a packing will weigh and cost, as a range, before anyone packs; and whether it held.

The low end is pieces and cartons alone, the high end is with all voids filled. A price may fall
with weight (a cheaper band), so the range of prices is taken over steps between the two ends, all
cartons filled alike. Pure.
"""

import msgspec

from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.pricing import rate
from entrepot.carriers.rating.requests import Excluded, Piece, Price, Request
from entrepot.consolidation.packing.types import PackedCarton, Packing, Sides

STEPS = 20


class Span(msgspec.Struct, frozen=True):
    """Outer sizes and weights of the cartons, and what the line will cost at least and at most."""

    outer_mm: tuple[Sides, ...]
    low_g: int
    high_g: int
    low_minor: int
    high_minor: int


class Forecast(Span, frozen=True):
    """A span with the price at its dear end: what a customer is asked to hold."""

    hold: Price


def forecast(
    tariff: Tariff,
    request: Request,
    packing: Packing,
    tags: dict[str, tuple[str, ...]],
) -> Forecast | Excluded:
    """The forecast of a packing on the request's service; `tags` are those of each piece's goods.

    The request's own pieces are replaced by the cartons. Excluded as soon as any weight of the
    range is: what may turn out too heavy is not offered. Raises Invalid like `rate`.
    """
    prices: list[Price] = []
    for step in range(STEPS + 1):
        pieces = tuple(_piece(carton, tags, step) for carton in packing.cartons)
        outcome = rate(tariff, msgspec.structs.replace(request, pieces=pieces))
        if isinstance(outcome, Excluded):
            return outcome
        prices.append(outcome)
    totals = [price.total_minor for price in prices]
    return Forecast(
        outer_mm=tuple(carton.outer_mm for carton in packing.cartons),
        low_g=sum(carton.gross_g for carton in packing.cartons),
        high_g=sum(carton.gross_max_g for carton in packing.cartons),
        low_minor=min(totals),
        high_minor=max(totals),
        hold=max(prices, key=lambda price: price.total_minor),
    )


def _piece(carton: PackedCarton, tags: dict[str, tuple[str, ...]], step: int) -> Piece:
    inside = {tag for placement in carton.placements for tag in tags[placement.id]}
    grams = carton.gross_g + (carton.gross_max_g - carton.gross_g) * step // STEPS
    return Piece(grams, carton.outer_mm, tuple(sorted(inside)))


class Outcome(msgspec.Struct, frozen=True):
    """How a forecast did: whether weight, sizes and price were inside it, and by how much not
    (negative: below the range)."""

    weight_held: bool
    size_held: bool
    price_held: bool
    over_g: int
    over_minor: int


def compare(
    forecast: Span, *, outer_mm: tuple[Sides, ...], gross_g: int, total_minor: int
) -> Outcome:
    """A forecast against what was packed. Cartons may come in any order and be turned."""
    over_g = _over(gross_g, forecast.low_g, forecast.high_g)
    over_minor = _over(total_minor, forecast.low_minor, forecast.high_minor)
    return Outcome(
        weight_held=over_g == 0,
        size_held=_sizes(outer_mm) == _sizes(forecast.outer_mm),
        price_held=over_minor == 0,
        over_g=over_g,
        over_minor=over_minor,
    )


def _over(value: int, low: int, high: int) -> int:
    return max(value - high, 0) + min(value - low, 0)


def _sizes(outer_mm: tuple[Sides, ...]) -> list[list[int]]:
    return sorted(sorted(sides) for sides in outer_mm)
