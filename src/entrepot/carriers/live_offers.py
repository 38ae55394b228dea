"""What live carriers said, made into lines of a quote: pure, so that a kept answer replays.

Nothing a carrier says is believed unseen. An offer becomes a priced line only when it is for a
service of the connection, costs more than nothing in a currency that has a rate, and its lines
sum to its total; all else is an excluded line with a stable code. The carrier's price is passed
on as the line `base`, converted at the tariff's rate, plus the connection's markup; insurance,
value-added services, storage and coupon are those of every line. Member tiers discount our own
cards, not a carrier's price.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from entrepot.carriers.adapters.protocol import LiveOffer
from entrepot.carriers.rating.cards import Code, Country, Goods, Limits, Names, Permille, Row
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.currency import half_up, to_base
from entrepot.carriers.rating.pricing import coupon_lines, service_lines
from entrepot.carriers.rating.quotes import arrival
from entrepot.carriers.rating.requests import (
    Excluded,
    ExclusionCode,
    Hint,
    Line,
    Offer,
    Price,
    Request,
)
from entrepot.kernel.calendars import Calendar

Trouble = Literal[
    "carrier_timed_out", "carrier_unreachable", "carrier_refused", "carrier_nonsense",
    "carrier_misconfigured",
]  # fmt: skip
Days = tuple[Annotated[int, Meta(ge=0, le=365)], Annotated[int, Meta(ge=0, le=365)]]


class LiveService(Row, frozen=True, kw_only=True):
    """One service of a connection: `code` is the carrier's, `id` ours. What it may carry is ours
    to say, because few carriers' price questions know of batteries."""

    id: Code
    code: Code
    carrier: Annotated[str, Meta(min_length=1, max_length=80)]
    name: Names
    kind: Code
    goods: Goods
    limits: Limits
    countries: list[Country] | None = None
    needs: tuple[Code, ...] = ()
    incoterm: Literal["DDP", "DAP", "DDU"] | None = None
    transit_days: Days | None = None
    markup_permille: Permille = 0


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One connection's answer as it was received, kept with the quote. Either `offers`, or
    `trouble` with what was behind it in `said` (a code of ours, or the carrier's own words)."""

    connection: UUID
    code: str
    adapter: str
    asked_at: datetime
    took_ms: int
    services: tuple[LiveService, ...]
    offers: tuple[LiveOffer, ...] = ()
    trouble: Trouble | None = None
    said: str = ""


def reasons_against(tariff: Tariff, service: LiveService, request: Request) -> Iterator[Excluded]:
    """Why a service need not be asked at all, in the order of the rules."""
    country = request.country.strip().upper()
    if request.options:
        yield Excluded("option_not_offered")
    if service.countries is not None and country not in service.countries:
        yield Excluded("country_not_served")
    allowed = set(service.goods.allowed)
    for index, piece in enumerate(request.pieces):
        if not allowed.issuperset(piece.tags or ("general",)):
            yield Excluded("goods_refused", index)
        if piece.g > service.limits.max_piece_g:
            yield Excluded("piece_too_heavy", index)
        if max(piece.mm) > service.limits.max_longest_mm:
            yield Excluded("piece_too_long", index)
    if _over_value(tariff, service, request):
        yield Excluded("value_over_limit")
    if (request.insured_minor or 0) > tariff.insurance_minor[1]:
        yield Excluded("insured_over_cap")
    if request.identities is not None and set(service.needs) - set(request.identities):
        yield Excluded("identity_missing")


def _over_value(tariff: Tariff, service: LiveService, request: Request) -> bool:
    limit, declared = service.limits.max_value, request.declared
    if limit is None or declared is None:
        return False
    if limit.currency == declared.currency:
        value, most = declared.minor, limit.minor
    elif not _has_rate(tariff, limit.currency):
        return True
    else:
        value = to_base(tariff.fx, declared.minor, declared.currency)
        most = to_base(tariff.fx, limit.minor, limit.currency)
    return value > most or (value == most and not limit.inclusive)


def _has_rate(tariff: Tariff, currency: str) -> bool:
    return currency == tariff.fx.base or currency in tariff.fx.rates_e6


def offers_from(
    tariff: Tariff,
    request: Request,
    heard: Heard,
    *,
    leaves: Calendar | None = None,
    arrives: Calendar | None = None,
) -> tuple[Offer, ...]:
    """Every service of the connection as a line, and every offer that nobody asked for."""
    ours = {service.code for service in heard.services}
    lines = [_line(tariff, request, heard, service, leaves, arrives) for service in heard.services]
    strangers = sorted({offer.service for offer in heard.offers} - ours)
    lines += [_stranger(heard, code) for code in strangers]
    return tuple(lines)


def _line(
    tariff: Tariff,
    request: Request,
    heard: Heard,
    service: LiveService,
    leaves: Calendar | None,
    arrives: Calendar | None,
) -> Offer:
    found = [
        (index, offer) for index, offer in enumerate(heard.offers) if offer.service == service.code
    ]
    reasons = list(reasons_against(tariff, service, request))
    price, days = None, service.transit_days
    if not reasons:
        trouble = heard.trouble or _fault(tariff, [offer for _, offer in found])
        if trouble is not None:
            reasons.append(Excluded(trouble))
        else:
            index, offer = found[0]
            days = offer.days or days
            price = _price(tariff, request, heard, service, offer, f"offers[{index}]")
    when = None if days is None else arrival(request.ship_date, days, leaves, arrives)
    missing = tuple(sorted(set(service.needs) - set(request.identities or ())))
    return Offer(
        service=service.id,
        carrier=service.carrier,
        name=service.name,
        kind=service.kind,
        price=price,
        reasons=tuple(reasons),
        transit_days=days,
        arrives=when,
        needs=service.needs,
        incoterm=service.incoterm,
        hints=(Hint("identity", needs=missing),) if missing and price else (),
    )


def _fault(tariff: Tariff, offers: Sequence[LiveOffer]) -> ExclusionCode | None:
    """What is wrong with the carrier's offers for one service, or None."""
    if not offers:
        return "carrier_no_offer"
    offer = offers[0]
    sums = not offer.lines or sum(line.minor for line in offer.lines) == offer.total_minor
    in_order = offer.days is None or offer.days[0] <= offer.days[1]
    known = _has_rate(tariff, offer.currency)
    if len(offers) > 1 or offer.total_minor <= 0 or not (sums and in_order and known):
        return "carrier_nonsense"
    # A price so small that it converts to nothing is none.
    base = to_base(tariff.fx, offer.total_minor, offer.currency)
    return None if base > 0 else "carrier_nonsense"


def _price(
    tariff: Tariff,
    request: Request,
    heard: Heard,
    service: LiveService,
    offer: LiveOffer,
    row: str,
) -> Price:
    card, version = f"live:{heard.code}", offer.reference or heard.asked_at.isoformat()
    base = to_base(tariff.fx, offer.total_minor, offer.currency)
    lines = [Line("base", base, card, version, row)]
    markup = half_up(base * service.markup_permille, 1000)
    if markup:
        lines.append(Line("markup", markup, card, version, f"services.{service.id}"))
    lines += service_lines(tariff, request)
    lines += coupon_lines(request, base + markup, most=base + markup)
    total = sum(line.minor for line in lines)
    return Price(service.id, card, version, "", tariff.fx.base, tuple(lines), total, ())


def _stranger(heard: Heard, code: str) -> Offer:
    """An offer for a service that the connection does not have: never sold, but seen."""
    name = f"{heard.code}:{code}"[:80]
    return Offer(
        name, heard.code, {}, "", None, (Excluded("carrier_nonsense"),), None, None, (), None
    )
