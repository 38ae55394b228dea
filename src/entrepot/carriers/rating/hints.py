"""Hints beside a price: add weight and pay less, values near a limit, splits, thresholds."""

from bisect import bisect_right
from collections.abc import Iterator

import msgspec

from entrepot.carriers.rating.compiling import CardPrices, Tariff
from entrepot.carriers.rating.currency import to_base
from entrepot.carriers.rating.pricing import price_card
from entrepot.carriers.rating.requests import Hint, Piece, Price, Request

NEAR_PERMILLE = 900
"""From this part of a limit on, a value is called near it."""

MOST_WAYBILLS = 12
"""Added weight is looked for in so many waybills of a shipment: each costs a price of its own."""


def hints_for(
    tariff: Tariff, prices: CardPrices, request: Request, price: Price
) -> tuple[Hint, ...]:
    """What the buyer of this priced service should know."""
    found = list(_add_weight(tariff, prices, request, price))
    found += _near_limit(tariff, prices, request)
    found += _thresholds(tariff, request)
    missing = set(prices.service.needs) - set(request.identities or ())
    if missing:
        found.append(Hint("identity", needs=tuple(sorted(missing))))
    return tuple(found)


def _add_weight(
    tariff: Tariff, prices: CardPrices, request: Request, price: Price
) -> Iterator[Hint]:
    """The best saving, found by pricing the request again with one piece made heavier.

    Tried is the next weight at which the row changes: the last piece of the waybill grows to the
    least weight that is charged at it. Everything else (limits, surcharges) is priced as it is.
    """
    zone = prices.zones[price.zone]
    best: Hint | None = None
    for waybill in price.waybills[:MOST_WAYBILLS] if zone.breaks else ():
        following = bisect_right(zone.breaks, waybill.chargeable_g)
        if following == len(zone.breaks):
            continue
        index = waybill.pieces[-1]
        together = tuple(request.pieces[number] for number in waybill.pieces)
        grams = _least_grams(prices, price.zone, together, zone.breaks[following])
        if grams is None:
            continue
        outcome = price_card(tariff, prices, _heavier(request, index, grams))
        saved = price.total_minor - outcome.total_minor if isinstance(outcome, Price) else 0
        if saved > (best.saves_minor or 0 if best else 0):
            added = grams - request.pieces[index].g
            best = Hint("add_weight", piece=index, add_g=added, saves_minor=saved)
    if best is not None:
        yield best


def _heavier(request: Request, index: int, grams: int) -> Request:
    pieces = list(request.pieces)
    pieces[index] = msgspec.structs.replace(pieces[index], g=grams)
    return msgspec.structs.replace(request, pieces=tuple(pieces))


def _least_grams(
    prices: CardPrices, zone: str, together: tuple[Piece, ...], target: int
) -> int | None:
    """The least weight of a waybill's last piece at which the waybill is charged at least
    `target`, within the line's limit; None when the limit does not let it. Charging never falls
    with weight, and a waybill is weighed by its own pieces only."""
    weigh = prices.zones[zone].weigh
    others, last = together[:-1], together[-1]
    low, high = last.g, prices.service.limits.max_piece_g

    def reaches(grams: int) -> bool:
        heavier = (*others, msgspec.structs.replace(last, g=grams))
        return weigh(heavier)[0].chargeable_g >= target

    if high < low or not reaches(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _near_limit(tariff: Tariff, prices: CardPrices, request: Request) -> Iterator[Hint]:
    limit, most = prices.service.limits.max_value, prices.max_value_base
    if limit is None or most is None or request.declared is None:
        return
    value = to_base(tariff.fx, request.declared.minor, request.declared.currency)
    if value * 1000 >= most * NEAR_PERMILLE:
        yield Hint("near_value_limit", limit_minor=limit.minor, currency=limit.currency)


def _thresholds(tariff: Tariff, request: Request) -> Iterator[Hint]:
    """Thresholds of the destination that the declared value passes."""
    if request.declared is None:
        return
    value = to_base(tariff.fx, request.declared.minor, request.declared.currency)
    country = request.country.strip().upper()
    for row in tariff.thresholds:
        if row.country == country and value > to_base(tariff.fx, row.minor, row.currency):
            yield Hint("duty_threshold", limit_minor=row.minor, currency=row.currency)


def split_hint(tariff: Tariff, prices: CardPrices, request: Request) -> tuple[Hint, ...]:
    """How many shipments would bring each under the line's value limit."""
    limit, most = prices.service.limits.max_value, prices.max_value_base
    if limit is None or most is None or request.declared is None:
        return ()
    value = to_base(tariff.fx, request.declared.minor, request.declared.currency)
    most -= 0 if limit.inclusive else 1
    if most <= 0:
        return ()
    count = -(-value // most)
    return (Hint("split_value", limit_minor=limit.minor, currency=limit.currency, shipments=count),)
