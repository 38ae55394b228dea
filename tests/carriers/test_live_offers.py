"""Live offers as lines of a quote: what is believed, what not, and that a kept answer replays."""

import time
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID

import msgspec
import pytest

from entrepot.carriers.adapter_contract import services_of
from entrepot.carriers.adapters.protocol import (
    LiveLine,
    LiveOffer,
    LivePlace,
    Wiring,
)
from entrepot.carriers.adapters.registry import make_carrier
from entrepot.carriers.emulator import FakeCarrier, Reply, answer_rates
from entrepot.carriers.live import OpenConnection, ask_all
from entrepot.carriers.live_offers import Heard, LiveService, offers_from, reasons_against
from entrepot.carriers.rating.cards import Amount, MaxValue
from entrepot.carriers.rating.compiling import Tariff
from entrepot.carriers.rating.files import read_tariff
from entrepot.carriers.rating.quotes import quote_all, with_live
from entrepot.carriers.rating.requests import Coupon, Piece, Request
from entrepot.platform.outgoing import Outgoing
from tests.carriers.rating_tables import demo

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
REQUEST = Request(
    country="JP", postcode="1000001", ship_date=date(2026, 11, 23),
    pieces=(Piece(g=2100, mm=(300, 200, 100)),), declared=Amount(20_000, "CNY"),
)  # fmt: skip


@pytest.fixture(scope="module")
def tariff() -> Tariff:
    return read_tariff(msgspec.json.encode(demo()))


def heard(*offers: LiveOffer, services: tuple[LiveService, ...] = (), **fields: object) -> Heard:
    kept = Heard(
        connection=UUID(int=7), code="harbour", adapter="plain_json", asked_at=NOW, took_ms=12,
        services=services or services_of("EXPRESS"), offers=offers,
    )  # fmt: skip
    return msgspec.structs.replace(kept, **fields)


EXPRESS = LiveOffer("EXPRESS", 9_000, "CNY", (2, 4), reference="q-1")


def test_an_offer_is_a_priced_line_that_names_its_source(tariff: Tariff) -> None:
    (line,) = offers_from(tariff, REQUEST, heard(EXPRESS))
    assert line.price is not None
    assert [(x.code, x.minor, x.card, x.version, x.row) for x in line.price.lines] == [
        ("base", 9_000, "live:harbour", "q-1", "offers[0]")
    ]
    assert (line.price.total_minor, line.price.currency) == (9_000, "CNY")
    assert (line.service, line.transit_days) == ("live_express", (2, 4))
    assert line.arrives == (date(2026, 11, 25), date(2026, 11, 27))


def test_other_currencies_are_converted_and_markup_and_extras_added(tariff: Tariff) -> None:
    (service,) = services_of("EXPRESS")
    marked = msgspec.structs.replace(service, markup_permille=125)
    request = msgspec.structs.replace(
        REQUEST, insured_minor=50_000, vas={"photo": 2}, coupon=Coupon(100, 500)
    )
    offer = LiveOffer("EXPRESS", 1_000, "USD")
    (line,) = offers_from(tariff, request, heard(offer, services=(marked,)))
    assert line.price is not None
    found = {x.code: x.minor for x in line.price.lines}
    rate = tariff.fx.rates_e6["USD"]
    base = (1_000 * rate * 2 + 10**6) // (2 * 10**6)
    assert found["base"] == base
    assert found["markup"] == (base * 125 * 2 + 1000) // 2000
    assert found["vas:photo"] == 2 * tariff.vas["photo"][0]
    assert found["insurance"] > 0
    assert found["coupon"] == -500
    assert line.price.total_minor == sum(found.values())


@pytest.mark.parametrize(
    ("offers", "code"),
    [
        ((), "carrier_no_offer"),
        ((EXPRESS, EXPRESS), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", 0, "CNY"),), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", -1, "CNY"),), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", 9_000, "XTS"),), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", 9_000, "CNY", (4, 2)),), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", 9_000, "CNY", lines=(LiveLine("a", 8_999),)),), "carrier_nonsense"),
        ((LiveOffer("EXPRESS", 1, "VND"),), "carrier_nonsense"),
    ],
)
def test_what_is_not_believed_is_an_excluded_line(
    tariff: Tariff, offers: tuple[LiveOffer, ...], code: str
) -> None:
    (line,) = offers_from(tariff, REQUEST, heard(*offers))
    assert line.price is None
    assert [reason.code for reason in line.reasons] == [code]


@pytest.mark.parametrize(
    "trouble",
    ["carrier_timed_out", "carrier_unreachable", "carrier_refused", "carrier_nonsense",
     "carrier_misconfigured"],
)  # fmt: skip
def test_trouble_excludes_every_service_of_the_connection(tariff: Tariff, trouble: str) -> None:
    kept = heard(services=services_of("EXPRESS", "ECONOMY"), trouble=trouble)
    lines = offers_from(tariff, REQUEST, kept)
    assert [[r.code for r in line.reasons] for line in lines] == [[trouble], [trouble]]


def test_an_offer_nobody_asked_for_is_seen_and_never_sold(tariff: Tariff) -> None:
    lines = offers_from(tariff, REQUEST, heard(EXPRESS, LiveOffer("SLOW", 1, "CNY")))
    assert [(line.service, line.price is None) for line in lines] == [
        ("live_express", False), ("harbour:SLOW", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pieces": (Piece(g=1, mm=(1, 1, 1), tags=("battery_alone",)),)}, "goods_refused"),
        ({"pieces": (Piece(g=50_001, mm=(1, 1, 1)),)}, "piece_too_heavy"),
        ({"pieces": (Piece(g=1, mm=(1, 2_001, 1)),)}, "piece_too_long"),
        ({"options": ("signature",)}, "option_not_offered"),
        ({"country": "KP"}, "country_not_served"),
        ({"declared": Amount(100_001, "CNY")}, "value_over_limit"),
        ({"insured_minor": 10**11}, "insured_over_cap"),
        ({"identities": ()}, "identity_missing"),
    ],
)
def test_what_a_service_cannot_take_is_not_even_asked(
    tariff: Tariff, change: dict[str, object], code: str
) -> None:
    (plain,) = services_of("EXPRESS")
    service = msgspec.structs.replace(
        plain, countries=["JP"], needs=("tw_ez_way",),
        limits=msgspec.structs.replace(plain.limits, max_value=MaxValue(100_000, "CNY")),
    )  # fmt: skip
    request = msgspec.structs.replace(REQUEST, **change)
    assert [reason.code for reason in reasons_against(tariff, service, request)] == [code]
    (line,) = offers_from(tariff, request, heard(EXPRESS, services=(service,)))
    assert line.price is None
    assert not list(reasons_against(tariff, service, REQUEST))


def test_one_gram_and_one_millimetre_more_are_too_much(tariff: Tariff) -> None:
    (service,) = services_of("EXPRESS")
    fits = msgspec.structs.replace(REQUEST, pieces=(Piece(g=50_000, mm=(2_000, 1, 1)),))
    assert not list(reasons_against(tariff, service, fits))


def test_live_and_own_lines_share_order_and_marks(tariff: Tariff) -> None:
    cards = quote_all(tariff, REQUEST, now=NOW)
    cheap = offers_from(tariff, REQUEST, heard(LiveOffer("EXPRESS", 1, "CNY", (0, 1))))
    joined = with_live(cards, cheap)
    assert joined.offers[0].service == "live_express"
    assert joined.offers[0].marks == ("cheapest", "fastest", "best_value")
    assert not any(offer.marks for offer in joined.offers[1:])
    assert len(joined.offers) == len(cards.offers) + 1
    dear = offers_from(tariff, REQUEST, heard(LiveOffer("EXPRESS", 10**9, "CNY", (90, 91))))
    marks = {offer.service: offer.marks for offer in with_live(cards, dear).offers}
    assert marks.pop("live_express") == ()
    assert marks == {offer.service: offer.marks for offer in cards.offers}


def test_a_kept_answer_replays_to_the_same_line(tariff: Tariff) -> None:
    kept = heard(EXPRESS, LiveOffer("SLOW", 1, "CNY"))
    again = msgspec.json.decode(msgspec.json.encode(kept), type=Heard)
    assert again == kept
    assert offers_from(tariff, REQUEST, again) == offers_from(tariff, REQUEST, kept)


def connected(carrier: FakeCarrier, number: int, token: str = "demo") -> OpenConnection:
    wiring = Wiring(carrier.url, {}, {"token": token}, Outgoing(loopback=True))
    return OpenConnection(
        UUID(int=number), f"c{number}", "plain_json", services_of("EXPRESS", "ECONOMY"),
        LivePlace("CN"), partial(make_carrier, "plain_json", wiring),
    )  # fmt: skip


async def test_all_are_asked_at_once_and_none_harms_another(tariff: Tariff) -> None:
    silent = [Reply(b"", fault="silent")]
    async with (
        FakeCarrier(answer_rates) as good,
        FakeCarrier(silent) as slow,
        FakeCarrier(silent) as other,
    ):
        start = time.monotonic()
        found = await ask_all(
            tariff, REQUEST,
            [connected(slow, 1), connected(good, 2), connected(other, 3), connected(good, 4, "x")],
            now=NOW, deadline_s=1.0,
        )  # fmt: skip
        assert time.monotonic() - start < 1.9, "one after the other they take two seconds"
    assert [one.trouble for one in found] == [
        "carrier_timed_out", None, "carrier_timed_out", "carrier_refused",
    ]  # fmt: skip
    assert [offer.total_minor for offer in found[1].offers] == [9_000, 5_400]


async def test_a_shipment_that_nobody_takes_is_asked_of_nobody(tariff: Tariff) -> None:
    pieces = (Piece(g=500, mm=(1, 1, 1), tags=("knife",)),)
    async with FakeCarrier(answer_rates) as carrier:
        (kept,) = await ask_all(
            tariff, msgspec.structs.replace(REQUEST, pieces=pieces),
            [connected(carrier, 1)], now=NOW,
        )  # fmt: skip
    assert (kept.said, kept.offers, carrier.heard) == ("not_asked", (), [])
