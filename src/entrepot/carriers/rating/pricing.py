"""One request on one service: excluded for the first reason, or priced line by line.

Order of the lines: base, tier discount, dynamic surcharges, fuel, taxes, post-tax (surcharges,
options, insurance, value-added services, storage), coupon. In a tax or fuel basis, base means base
minus tier discount. Every line is rounded by itself; the total is their sum; lines of zero are
left out, except base.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from entrepot.carriers.rating.cards import MOST_MINOR, Amount
from entrepot.carriers.rating.compiling import CardPrices, Extra, Tariff, TaxLine
from entrepot.carriers.rating.currency import half_up, to_base
from entrepot.carriers.rating.requests import (
    Excluded,
    Line,
    Price,
    Request,
    Waybill,
)
from entrepot.carriers.rating.zones import keys_of
from entrepot.kernel.refusals import FieldError, Invalid

Amounts = dict[str, int]


def rate(tariff: Tariff, request: Request) -> Price | Excluded:
    """The price of the request's service, or the first reason why it is excluded.

    A missing declared value counts as zero here (a quote refuses it). Raises Invalid for a tier,
    a value-added service or a currency that the tariff does not know, or a missing service.
    """
    check_request(tariff, request)
    if request.service is None:
        raise Invalid("which service?", errors=[FieldError("service", "missing", "required")])
    prices = card_for(tariff, request.service, request.ship_date)
    reason = next(service_reasons(tariff, request.service, prices, request), None)
    if reason is not None or prices is None:
        return reason or Excluded("no_valid_card")
    outcome = price_card(tariff, prices, request)
    return outcome if isinstance(outcome, Price) else outcome[0]


LAST_SHIP_YEAR = 9990


def check_request(tariff: Tariff, request: Request) -> None:
    """Refuse what names something that the tariff does not have; all errors at once."""
    errors = [
        FieldError(f"vas.{code}", "unknown_vas", "no such value-added service")
        for code in request.vas
        if code not in tariff.vas
    ]
    if request.tier is not None and request.tier not in tariff.tiers:
        errors.append(FieldError("tier", "unknown_tier", "no such member tier"))
    declared = request.declared
    if declared is not None and declared.currency not in {tariff.fx.base, *tariff.fx.rates_e6}:
        errors.append(FieldError("declared.currency", "no_rate", "no rate for this currency"))
    # A sum of declarations was never read as an amount, and a quote must be readable again.
    if declared is not None and declared.minor > MOST_MINOR:
        errors.append(FieldError("declared.minor", "out_of_range", "more than any amount"))
    # Arrivals are counted from it, some years at most.
    if request.ship_date.year > LAST_SHIP_YEAR:
        errors.append(FieldError("ship_date", "out_of_range", "no calendar goes so far"))
    if errors:
        raise Invalid("the request has errors", errors=errors)


def card_for(tariff: Tariff, service: str, day: date) -> CardPrices | None:
    """The version of a service's card that is valid on a ship date, or None."""
    for prices in tariff.services.get(service, ()):
        card = prices.card
        if card.valid_from <= day and (card.valid_to is None or day <= card.valid_to):
            return prices
    return None


def service_reasons(
    tariff: Tariff, service: str, prices: CardPrices | None, request: Request
) -> Iterator[Excluded]:
    """Reasons before any card is looked at: unknown, option not offered, no valid card."""
    if service not in tariff.services:
        yield Excluded("unknown_service")
        return
    offered = tariff.options[service]
    if prices is not None and request.options:
        offered = frozenset(x.code for x in prices.dynamic + prices.post_tax if x.option)
    if not offered.issuperset(request.options):
        yield Excluded("option_not_offered")
    if prices is None:
        yield Excluded("no_valid_card")


def price_card(
    tariff: Tariff, prices: CardPrices, request: Request
) -> Price | tuple[Excluded, ...]:
    """The price on one card, or every reason against it, in the order of the rules."""
    country = request.country.strip().upper()
    zone = prices.resolve(country, request.state, request.postcode)
    reasons = list(_reasons(tariff, prices, request, zone))
    if zone is None:
        return tuple(reasons)
    ours = prices.zones[zone]
    waybills = ours.weigh(request.pieces)
    base = 0
    rows: dict[str, None] = {}
    for waybill in waybills:
        units = waybill.chargeable_cm3 if ours.cubic else waybill.chargeable_g
        charged = ours.charge(units or 0)
        if charged is None:
            reasons.append(Excluded("no_weight_band"))
            break
        base += charged[0]
        rows[charged[1]] = None
    if (request.insured_minor or 0) > tariff.insurance_minor[1]:
        reasons.append(Excluded("insured_over_cap"))
    if reasons:
        return tuple(reasons)
    arrival: list[Line] = []
    gross = (base, ", ".join(rows))
    lines = tuple(_lines(tariff, prices, request, zone, waybills, gross, arrival))
    return Price(
        prices.service.id,
        prices.card.card,
        prices.card.version,
        zone,
        tariff.fx.base,
        lines,
        sum(line.minor for line in lines),
        waybills,
        tuple(arrival),
    )


def _reasons(
    tariff: Tariff, prices: CardPrices, request: Request, zone: str | None
) -> Iterator[Excluded]:
    if zone is None:
        yield Excluded("country_not_served")
    limits = prices.service.limits
    for index, piece in enumerate(request.pieces):
        if not prices.taken.issuperset(piece.tags or ("general",)):
            yield Excluded("goods_refused", index)
        if piece.g > limits.max_piece_g:
            yield Excluded("piece_too_heavy", index)
        if max(piece.mm) > limits.max_longest_mm:
            yield Excluded("piece_too_long", index)
    if over_value(tariff, prices, request.declared):
        yield Excluded("value_over_limit")


def over_value(tariff: Tariff, prices: CardPrices, declared: Amount | None) -> bool:
    """Whether the declared value is above the line's limit (compared in the limit's currency
    when it is the same, else both in the base currency)."""
    limit, limit_base = prices.service.limits.max_value, prices.max_value_base
    if limit is None or limit_base is None or declared is None:
        return False
    if declared.currency == limit.currency:
        value, most = declared.minor, limit.minor
    else:
        value, most = to_base(tariff.fx, declared.minor, declared.currency), limit_base
    return value > most or (value == most and not limit.inclusive)


def _lines(
    tariff: Tariff,
    prices: CardPrices,
    request: Request,
    zone: str,
    waybills: Sequence[Waybill],
    base: tuple[int, str],
    arrival: list[Line],
) -> Iterator[Line]:
    """The lines of the price in order; what the receiver pays is put into `arrival`."""
    card, version = prices.card.card, prices.card.version
    gross, row = base
    yield Line("base", gross, card, version, row)
    net = gross
    if request.tier is not None:
        permille, place = tariff.tiers[request.tier]
        discount = half_up(gross * permille, 1000)
        net -= discount
        if discount:
            yield Line("tier_discount", -discount, "member_tiers", tariff.shared_version, place)
    dynamic = fuelable = 0
    for extra, minor in _extras(prices, prices.dynamic, request, zone, waybills):
        dynamic += minor
        fuelable += minor if extra.fuelable else 0
        yield Line(extra.code, minor, card, version, extra.row)
    fuel = 0
    for fuel_rate in prices.fuel:
        if fuel_rate.valid_from <= request.ship_date:
            fuel = half_up((net + fuelable) * fuel_rate.permille, 1000)
            if fuel:
                yield Line("fuel", fuel, card, version, fuel_rate.row)
            break
    if prices.taxes:
        known = {"base": net, "dynamic": dynamic, "fuel": fuel}
        for tax, minor in _taxes(tariff, prices, request, known):
            line = Line(tax.code, minor, card, version, tax.row)
            if tax.on_arrival:
                arrival.append(line)
            else:
                yield line
    for extra, minor in _extras(prices, prices.post_tax, request, zone, waybills):
        yield Line(extra.code, minor, card, version, extra.row)
    yield from service_lines(tariff, request)
    yield from coupon_lines(request, gross, most=net)


def coupon_lines(request: Request, gross: int, *, most: int) -> Iterator[Line]:
    """What the coupon takes off a gross base price, as one line or none; never more than `most`,
    what the member's tier has left of the base: a price below zero owes nobody anything."""
    if request.coupon is not None:
        off = min(half_up(gross * request.coupon.permille, 1000), most)
        if request.coupon.max_minor is not None:
            off = min(off, request.coupon.max_minor)
        if off:
            yield Line("coupon", -off, "request", "", "coupon")


def _extras(
    prices: CardPrices,
    extras: Iterable[Extra],
    request: Request,
    zone: str,
    waybills: Sequence[Waybill],
) -> Iterator[tuple[Extra, int]]:
    """The surcharges that fall on this shipment, with their amounts; zero ones left out."""
    if not extras:
        return
    day = request.ship_date
    active = [
        extra
        for extra in extras
        if (extra.valid is None or extra.valid[0] <= day <= extra.valid[1])
        and (not extra.option or extra.code in request.options)
        and (extra.places is None or _is_there(extra, request))
    ]
    dearest = _dearest(active, request) if prices.grouped else None
    for extra in active:
        minor = _amount(extra, request, zone, waybills, dearest)
        if minor:
            yield extra, minor


def _is_there(extra: Extra, request: Request) -> bool:
    country = request.country.strip().upper()
    match = (extra.places or {}).get(country)
    return match is not None and match(keys_of(country, request.postcode)) is not None


def _dearest(active: Sequence[Extra], request: Request) -> dict[str, int]:
    """How often each surcharge of an exclusive group is its piece's dearest, by its row."""
    counts: dict[str, int] = {}
    groups = {extra.group for extra in active if extra.group}
    for group in groups:
        members = [extra for extra in active if extra.group == group]
        for piece in request.pieces:
            fitting = [extra for extra in members if extra.fits is None or extra.fits(piece)]
            if fitting:
                first = max(fitting, key=lambda extra: extra.minor)
                counts[first.row] = counts.get(first.row, 0) + 1
    return counts


def _amount(
    extra: Extra,
    request: Request,
    zone: str,
    waybills: Sequence[Waybill],
    dearest: dict[str, int] | None,
) -> int:
    if extra.per == "piece":
        if extra.group and dearest is not None:
            count = dearest.get(extra.row, 0)
        elif extra.fits is None:
            count = len(request.pieces)
        else:
            fits = extra.fits
            count = sum(1 for piece in request.pieces if fits(piece))
        return max(count * extra.minor, extra.least) if count else 0
    if extra.per == "shipment":
        return max(extra.minor, extra.least)
    minor = extra.minor if extra.rates is None else extra.rates[zone]
    if extra.per == "chargeable_kg_started":
        return max(minor * sum(-(-bill.chargeable_g // 1000) for bill in waybills), extra.least)
    return max(half_up(minor * sum(bill.chargeable_g for bill in waybills), 1000), extra.least)


def _taxes(
    tariff: Tariff, prices: CardPrices, request: Request, known: Amounts
) -> Iterator[tuple[TaxLine, int]]:
    declared = request.declared
    known["declared_value"] = (
        0 if declared is None else to_base(tariff.fx, declared.minor, declared.currency)
    )
    for tax in prices.taxes:
        if not tax_falls(tariff, tax, declared) or (tax.on_arrival and declared is None):
            known[tax.code] = 0
            continue
        if tax.permille is None:
            minor = tax.minor * len(set(request.hs6 or ()))
        else:
            minor = half_up(sum(known[name] for name in tax.basis) * tax.permille, 1000)
        minor = max(minor, tax.least)
        known[tax.code] = minor
        if minor:
            yield tax, minor


def tax_falls(tariff: Tariff, tax: TaxLine, declared: Amount | None) -> bool:
    """Whether the declared value is one that the tax is for; none stated counts as zero."""
    if tax.above is not None and (declared is None or not _exceeds(tariff, declared, tax.above)):
        return False
    return tax.upto is None or declared is None or not _exceeds(tariff, declared, tax.upto)


def _exceeds(tariff: Tariff, value: Amount, limit: Amount) -> bool:
    """Compared in the limit's currency when it is the same, else both in the base currency."""
    if value.currency == limit.currency:
        return value.minor > limit.minor
    mine = to_base(tariff.fx, value.minor, value.currency)
    return mine > to_base(tariff.fx, limit.minor, limit.currency)


def service_lines(tariff: Tariff, request: Request) -> Iterator[Line]:
    """What is the same on every line: insurance, value-added services, storage."""
    version = tariff.shared_version
    insured = request.insured_minor or 0
    if insured:
        premium = max(half_up(insured * tariff.insurance.permille, 1000), tariff.insurance_minor[0])
        if premium:
            yield Line("insurance", premium, "insurance", version, "insurance")
    for code, quantity in request.vas.items():
        minor, per_kg, row = tariff.vas[code]
        if quantity:
            grams = sum(piece.g for piece in request.pieces)
            amount = quantity * minor + half_up(per_kg * grams, 1000)
            if amount:
                yield Line(f"vas:{code}", amount, "value_added_services", version, row)
    if request.storage_minor:
        yield Line("storage", request.storage_minor, "request", "", "storage_minor")
