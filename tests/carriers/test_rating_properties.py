"""What holds for every price: sums, order of pieces, splitting, replay, allocation."""

import random
from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.carriers.rating.cards import Amount
from entrepot.carriers.rating.currency import half_up
from entrepot.carriers.rating.pricing import card_for, rate
from entrepot.carriers.rating.quotes import quote_all
from entrepot.carriers.rating.requests import Coupon, Excluded, Piece, Price, Request
from entrepot.carriers.rating.settlement import accepts_extra, settle
from entrepot.carriers.rating.weights import compile_rounding
from entrepot.kernel.amounts import allocate
from tests.carriers.rating_tables import NOON, demo_tariff

SERVICES = sorted(demo_tariff().services)
COUNTRIES = ["HK", "TW", "JP", "SG", "AU", "US", "GB", "DE"]
SUMMED = ["MX-EXP", "US-SEA", "SG-LINE", "SG-SEA", "TW-SEA", "TW-AIR", "HK-TRUCK"]
EACH = [name for name in SERVICES if name not in SUMMED]

sides = st.integers(10, 1100)
pieces = st.builds(
    Piece, g=st.integers(1, 21000), mm=st.tuples(sides, sides, sides), tags=st.just(("general",))
)
requests = st.builds(
    Request,
    service=st.sampled_from(SERVICES),
    country=st.sampled_from(COUNTRIES),
    ship_date=st.dates(date(2026, 11, 1), date(2027, 6, 30)),
    postcode=st.sampled_from([None, "99801", "900-0015", "ZE1 0AA", "0872", "880", "10437"]),
    pieces=st.lists(pieces, min_size=1, max_size=6).map(tuple),
    declared=st.builds(Amount, st.integers(0, 20000), st.sampled_from(["CNY", "EUR", "JPY"])),
    hs6=st.sampled_from([None, ("610910",), ("610910", "640411")]),
    tier=st.sampled_from([None, "V0", "V1", "V3"]),
    coupon=st.none() | st.builds(Coupon, st.integers(0, 1000), st.none() | st.integers(0, 5000)),
    insured_minor=st.none() | st.integers(0, 1_000_000),
    vas=st.dictionaries(st.sampled_from(["photo", "wood"]), st.integers(0, 3)),
)


def home(name: str, request: Request) -> Request:
    """The request for a service in a country that it serves."""
    prices = demo_tariff().services[name][0]
    country = request.country
    if prices.resolve(country, None, None) is None:
        country = next(c for c in COUNTRIES if prices.resolve(c, None, None) is not None)
    return msgspec.structs.replace(request, service=name, country=country)


@settings(max_examples=400, deadline=None)
@given(requests)
def test_the_total_is_the_sum_of_its_lines(request: Request) -> None:
    outcome = rate(demo_tariff(), home(str(request.service), request))
    if isinstance(outcome, Excluded):
        return
    assert outcome.total_minor == sum(line.minor for line in outcome.lines)
    assert outcome.lines[0].code == "base"
    assert all(line.minor for line in outcome.lines[1:])
    assert outcome.total_minor >= 0
    codes = [line.code for line in outcome.lines]
    assert len(codes) == len(set(codes))
    for line in outcome.lines:
        assert (line.minor < 0) == (line.code in {"tier_discount", "coupon"} and line.minor != 0)
        assert line.row


@settings(max_examples=200, deadline=None)
@given(requests, st.randoms(use_true_random=False))
def test_the_order_of_pieces_does_not_matter(request: Request, rng: random.Random) -> None:
    request = home(str(request.service), request)
    turned = list(request.pieces)
    rng.shuffle(turned)
    first = rate(demo_tariff(), request)
    second = rate(demo_tariff(), msgspec.structs.replace(request, pieces=tuple(turned)))
    assert isinstance(first, Price) == isinstance(second, Price)
    if isinstance(first, Price) and isinstance(second, Price):
        assert [(x.code, x.minor) for x in first.lines] == [(x.code, x.minor) for x in second.lines]


@settings(max_examples=200, deadline=None)
@given(requests, st.sampled_from(EACH))
def test_waybills_of_their_own_add_up(request: Request, name: str) -> None:
    request = home(name, request)
    whole = rate(demo_tariff(), request)
    if isinstance(whole, Excluded):
        return
    parts = [
        rate(demo_tariff(), msgspec.structs.replace(request, pieces=(piece,)))
        for piece in request.pieces
    ]
    bases = [part.lines[0].minor for part in parts if isinstance(part, Price)]
    assert whole.lines[0].minor == sum(bases)
    assert len(whole.waybills) == len(request.pieces)


@settings(max_examples=200, deadline=None)
@given(requests, st.sampled_from([name for name in SUMMED if name != "MX-EXP"]))
def test_summed_pieces_are_never_charged_more_than_apart(request: Request, name: str) -> None:
    """Chargeable weight, not price: a price may fall with weight. It does not hold for MX-EXP:
    its steps are coarser above 20.5 kg, so 21.1 kg as one is 22 kg, in two 21.5 kg."""
    request = home(name, request)
    whole = rate(demo_tariff(), request)
    if isinstance(whole, Excluded):
        return
    apart = 0
    for piece in request.pieces:
        part = rate(demo_tariff(), msgspec.structs.replace(request, pieces=(piece,)))
        assert isinstance(part, Price)
        apart += part.waybills[0].chargeable_cm3 or part.waybills[0].chargeable_g
    ours = whole.waybills[0].chargeable_cm3 or whole.waybills[0].chargeable_g
    assert ours <= apart


@settings(max_examples=300, deadline=None)
@given(requests)
def test_the_same_request_gives_the_same_price_again(request: Request) -> None:
    request = home(str(request.service), request)
    assert rate(demo_tariff(), request) == rate(demo_tariff(), request)


@settings(max_examples=150, deadline=None)
@given(requests)
def test_advice_to_add_weight_keeps_its_word(request: Request) -> None:
    """Who follows the hint pays exactly so much less."""
    request = msgspec.structs.replace(home(str(request.service), request), hs6=())
    quote = quote_all(demo_tariff(), request, now=NOON)
    for offer in quote.offers:
        for hint in offer.hints:
            if hint.code == "add_weight":
                assert hint.piece is not None
                assert offer.price is not None
                pieces = list(request.pieces)
                piece = pieces[hint.piece]
                pieces[hint.piece] = msgspec.structs.replace(piece, g=piece.g + (hint.add_g or 0))
                heavier = rate(
                    demo_tariff(), msgspec.structs.replace(request, pieces=tuple(pieces))
                )
                assert isinstance(heavier, Price)
                assert offer.price.total_minor - heavier.total_minor == hint.saves_minor
                assert (hint.saves_minor or 0) > 0


@given(st.sampled_from(SERVICES), st.integers(1, 200_000))
def test_rounded_weight_never_falls_and_stays_on_its_step(name: str, grams: int) -> None:
    prices = card_for(demo_tariff(), name, date(2026, 11, 22))
    assert prices is not None
    if name == "SG-SEA":
        return
    rounding = compile_rounding(prices.card.weight)
    assert rounding(grams) >= grams
    assert rounding(grams) <= rounding(grams + 1)
    assert rounding(rounding(grams)) == rounding(grams)


def test_allocation_of_100_000_amounts() -> None:
    rng = random.Random(20261122)
    for _ in range(100_000):
        weights = [rng.randrange(0, 5000) for _ in range(rng.randrange(1, 8))]
        weights[rng.randrange(len(weights))] += 1
        total = rng.randrange(-(10**9), 10**9)
        parts = allocate(total, weights)
        assert sum(parts) == total
        exact = [total * weight / sum(weights) for weight in weights]
        assert all(abs(part - share) < 1.001 for part, share in zip(parts, exact, strict=True))


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_halves_go_away_from_zero(numerator: int, denominator: int) -> None:
    quotient = half_up(numerator, denominator)
    assert half_up(-numerator, denominator) == -quotient
    rest = 2 * (abs(numerator) - abs(quotient) * denominator)
    assert -denominator < rest <= denominator or (rest == -denominator)
    assert rest != denominator


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_settlement_balances(hold: int, actual: int) -> None:
    done = settle(hold_minor=hold, actual_minor=actual)
    assert done.capture_minor + done.release_minor == hold
    assert done.capture_minor + done.extra_minor == actual
    assert min(done.release_minor, done.extra_minor) == 0


def test_accepted_extra_is_the_smaller_of_5_percent_and_20() -> None:
    assert accepts_extra(hold_minor=10000, extra_minor=500)
    assert not accepts_extra(hold_minor=10000, extra_minor=501)
    assert accepts_extra(hold_minor=100000, extra_minor=2000)
    assert not accepts_extra(hold_minor=100000, extra_minor=2001)


def test_a_coupon_takes_no_more_than_the_tier_has_left() -> None:
    request = Request(
        service="EMS",
        country="HK",
        ship_date=date(2026, 11, 1),
        pieces=(Piece(1, (10, 10, 10), ("general",)),),
        tier="V3",
        coupon=Coupon(965, None),
    )
    price = rate(demo_tariff(), request)
    assert not isinstance(price, Excluded)
    off = {line.code: line.minor for line in price.lines}
    assert off["coupon"] == -(off["base"] + off["tier_discount"])
    assert price.total_minor == sum(off.values())
