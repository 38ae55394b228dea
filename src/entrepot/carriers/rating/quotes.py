"""A quote: every service side by side, with marks, hints, and all reasons against the others.

Marks among the priced services: `cheapest` by total, `fastest` by most days then least days,
`best_value` by the least sum of (total ÷ cheapest total) and (most days ÷ fastest's most days);
ties go to the cheaper, then to the first by id.
Arrival: the parcel leaves on the first working day of the warehouse on or after the ship date,
transit days are calendar days, and the door is on a working day of the destination.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.hints import hints_for, split_hint
from entrepot.carriers.rating.pricing import (
    card_for,
    check_request,
    price_card,
    service_reasons,
    tax_falls,
)
from entrepot.carriers.rating.requests import Excluded, Offer, Price, Quote, Request
from entrepot.kernel.calendars import Calendar
from entrepot.kernel.refusals import FieldError, Invalid


def quote_all(
    tariff: Tariff,
    request: Request,
    *,
    now: datetime,
    services: Sequence[str] | None = None,
    leaves: Calendar | None = None,
    arrives: Calendar | None = None,
    with_hints: bool = True,
) -> Quote:
    """Every service (or those named, as the warehouse offers them) priced or excluded.

    Raises Invalid when the request names what the tariff does not have, or when an offered line
    taxes a declared value or tariff lines that the request does not state.
    """
    check_request(tariff, request)
    names = list(tariff.services) if services is None else list(services)
    if request.service is not None:
        names = [name for name in names if name == request.service] or [request.service]
    offers = [_offer(tariff, name, request, leaves, arrives) for name in names]
    _need_values(tariff, request, offers)
    if with_hints:
        offers = [_with_hints(tariff, offer, request) for offer in offers]
    offers = _marked(offers)
    offers.sort(key=_position)
    return Quote(
        offers=tuple(offers),
        currency=tariff.fx.base,
        cards_sha256=tariff.sha256,
        quoted_at=now,
        expires_at=now + timedelta(minutes=tariff.fx.lock_minutes),
    )


def with_live(quote: Quote, live: Sequence[Offer]) -> Quote:
    """The quote with live carriers' offers among the others: one order, one set of marks.

    Of two offers of one name the first counts: the cards' own, then the first connection's.
    """
    named: dict[str, Offer] = {}
    for offer in (*quote.offers, *live):
        named.setdefault(offer.service, offer)
    offers = _marked(list(named.values()))
    return msgspec.structs.replace(quote, offers=tuple(sorted(offers, key=_position)))


def _position(offer: Offer) -> tuple[bool, int, str]:
    return offer.price is None, offer.price.total_minor if offer.price else 0, offer.service


def _offer(
    tariff: Tariff,
    name: str,
    request: Request,
    leaves: Calendar | None,
    arrives: Calendar | None,
) -> Offer:
    prices = card_for(tariff, name, request.ship_date)
    reasons = list(service_reasons(tariff, name, prices, request))
    if prices is None:
        return _unpriced(tariff, name, reasons)
    outcome = price_card(tariff, prices, request)
    if not isinstance(outcome, Price):
        reasons += outcome
    service = prices.service
    if request.identities is not None and set(service.needs) - set(request.identities):
        reasons.append(Excluded("identity_missing"))
    price = outcome if isinstance(outcome, Price) and not reasons else None
    days = None
    if isinstance(outcome, Price):
        days = service.transit_days.get(outcome.zone) or service.transit_days.get("*")
    when = None if days is None else arrival(request.ship_date, days, leaves, arrives)
    return Offer(
        service=name,
        carrier=service.carrier,
        name=service.name,
        kind=service.kind,
        price=price,
        reasons=tuple(reasons),
        transit_days=days,
        arrives=when,
        needs=tuple(service.needs),
        incoterm=service.incoterm,
    )


def _unpriced(tariff: Tariff, name: str, reasons: list[Excluded]) -> Offer:
    known = tariff.services.get(name)
    if not known:
        return Offer(name, "", {}, "", None, tuple(reasons), None, None, (), None)
    service = known[-1].service
    return Offer(
        name, service.carrier, service.name, service.kind, None, tuple(reasons), None, None,
        tuple(service.needs), service.incoterm,
    )  # fmt: skip


def arrival(
    ship_date: date,
    days: tuple[int, int],
    leaves: Calendar | None = None,
    arrives: Calendar | None = None,
) -> tuple[date, date]:
    """First and last day at the door. A calendar without working days in a year is ignored."""
    start = (leaves and leaves.next_working_day(ship_date)) or ship_date
    first, last = (start + timedelta(days=count) for count in days)
    if arrives is None:
        return first, last
    return arrives.next_working_day(first) or first, arrives.next_working_day(last) or last


def _need_values(tariff: Tariff, request: Request, offers: Sequence[Offer]) -> None:
    """A taxed line cannot be quoted from a value that nobody stated."""
    errors = []
    for offer in offers:
        prices = card_for(tariff, offer.service, request.ship_date)
        if offer.price is None or prices is None:
            continue
        # What the receiver pays is an estimate: without a value there is none.
        taxes = [tax for tax in prices.taxes if not tax.on_arrival]
        valued = ("declared_value" in tax.basis or tax.above or tax.upto for tax in taxes)
        if request.declared is None and any(valued):
            text = f"{offer.service} taxes the declared value"
            errors.append(FieldError("declared", "missing", text))
        by_line = (tax for tax in taxes if tax.permille is None)
        if request.hs6 is None and any(tax_falls(tariff, t, request.declared) for t in by_line):
            text = f"{offer.service} has a duty for each tariff line"
            errors.append(FieldError("hs6", "missing", text))
    if errors:
        raise Invalid("the quote needs more to go by", errors=errors)


def _with_hints(tariff: Tariff, offer: Offer, request: Request) -> Offer:
    prices = card_for(tariff, offer.service, request.ship_date)
    if prices is None:
        return offer
    if offer.price is not None:
        found = hints_for(tariff, prices, request, offer.price)
    elif any(reason.code == "value_over_limit" for reason in offer.reasons):
        found = split_hint(tariff, prices, request)
    else:
        return offer
    return msgspec.structs.replace(offer, hints=found) if found else offer


def _marked(offers: list[Offer]) -> list[Offer]:
    """The same offers with cheapest, fastest and best value marked."""
    priced = [
        (offer.price.total_minor, offer.transit_days, offer.service)
        for offer in offers
        if offer.price is not None and offer.transit_days is not None
    ]
    if not priced:
        return offers
    cheapest = min(priced, key=lambda item: (item[0], item[2]))
    fastest = min(priced, key=lambda item: (item[1][1], item[1][0], item[0], item[2]))
    low, quick = max(cheapest[0], 1), max(fastest[1][1], 1)
    best = min(priced, key=lambda item: (item[0] * quick + item[1][1] * low, item[0], item[2]))
    marks = (("cheapest", cheapest[2]), ("fastest", fastest[2]), ("best_value", best[2]))
    return [
        msgspec.structs.replace(
            offer, marks=tuple(mark for mark, name in marks if name == offer.service)
        )
        if offer.price is not None
        else offer
        for offer in offers
    ]
