"""What every adapter is held to: recorded answers read rightly, faults and nonsense survived.

    breaches = await check_adapter(CASE)     # in a test: assert breaches == []

A case names the adapter's maker and what the carrier really said once (recordings): an answer
with its expected offers, a refusal, and answers that make no sense. The emulator plays them, then
plays the first one with every fault. Each time the adapter is asked as a quote asks it.
"""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from entrepot.carriers.adapters.protocol import (
    LiveOffer,
    LivePlace,
    MakeCarrier,
    Wiring,
)
from entrepot.carriers.emulator import FAULTS, FakeCarrier, Reply
from entrepot.carriers.live import OpenConnection, ask_all
from entrepot.carriers.live_offers import Heard, LiveService, offers_from
from entrepot.carriers.rating.cards import (
    CardFile,
    Exchange,
    Goods,
    Insurance,
    Limits,
)
from entrepot.carriers.rating.compiling import Tariff, compile_tariff
from entrepot.carriers.rating.requests import Piece, Request
from entrepot.platform.outgoing import Outgoing

DEADLINE_S = 0.6
_SLACK_S = 0.5
_TROUBLES = {
    "silent": {"carrier_timed_out"},
    "slow_drip": {"carrier_timed_out"},
    "closed_at_once": {"carrier_nonsense", "carrier_unreachable"},
    "server_error": {"carrier_unreachable", "carrier_nonsense"},
}
"""What each fault must be called; all others are nonsense."""


class ContractCase(msgspec.Struct, frozen=True, kw_only=True):
    """One adapter with its recordings. `options` and `credentials` as a connection has them."""

    name: str
    make: MakeCarrier
    credentials: Mapping[str, str]
    options: Mapping[str, str] = {}
    good: tuple[Reply, ...]
    offers: tuple[LiveOffer, ...]
    refused: tuple[Reply, ...]
    nonsense: tuple[Reply, ...]
    request: Request = Request(
        country="JP", postcode="100-0001", ship_date=date(2026, 11, 23),
        pieces=(Piece(g=1201, mm=(301, 202, 103)), Piece(g=640, mm=(200, 150, 80))),
    )  # fmt: skip
    origin: LivePlace = LivePlace("CN", postcode="518000")


def bare_tariff() -> Tariff:
    """A tariff without cards: base CNY, rates for USD, EUR, JPY and AUD, no insurance."""
    rates = {"USD": 7_120_000, "EUR": 8_210_000, "JPY": 46_500, "AUD": 4_700_000}
    return compile_tariff(
        CardFile(
            services=[],
            fx=Exchange(rates, customer_margin_permille=0, lock_minutes=30, pay_rounding={}),
            insurance=Insurance(0, 0, 0, "CNY"),
            member_tiers=[],
            value_added_services=[],
        )
    )


def services_of(*codes: str) -> tuple[LiveService, ...]:
    """Services for a case: general goods, up to 50 kg and 2 m."""
    return tuple(
        LiveService(
            id=f"live_{code.lower()}", code=code, carrier="Contract", name={"en": code},
            kind="express", goods=Goods(["general"], []), limits=Limits(50_000, 2000),
        )
        for code in codes
    )  # fmt: skip


async def ask(case: ContractCase, carrier: FakeCarrier, *, tariff: Tariff) -> Heard:
    """One question through the live machinery."""
    wiring = Wiring(carrier.url, case.options, case.credentials, Outgoing(loopback=True))
    connection = OpenConnection(
        UUID(int=1), case.name, case.name,
        services_of(*sorted({offer.service for offer in case.offers})), case.origin,
        lambda: case.make(wiring),
    )  # fmt: skip
    (heard,) = await ask_all(
        tariff, case.request, [connection],
        now=datetime(2026, 11, 22, tzinfo=UTC), deadline_s=DEADLINE_S,
    )  # fmt: skip
    return heard


async def check_adapter(case: ContractCase) -> list[str]:
    """Every promise that the adapter breaks, in words; none when it keeps them all."""
    tariff = bare_tariff()
    await warmed(case, tariff)
    breaches = await _recorded(case, tariff)
    for index, reply in enumerate(case.nonsense):
        async with FakeCarrier([reply]) as carrier:
            heard = await ask(case, carrier, tariff=tariff)
        if _priced(case, tariff, heard):
            breaches.append(f"nonsense {index} became a price")
    for fault in FAULTS:
        spoilt = [msgspec.structs.replace(reply, fault=fault) for reply in case.good]
        start = time.monotonic()
        async with FakeCarrier(spoilt) as carrier:
            heard = await ask(case, carrier, tariff=tariff)
            if len(carrier.heard) > 2 * len(case.good):
                breaches.append(f"{fault}: asked {len(carrier.heard)} times")
        if time.monotonic() - start > DEADLINE_S + _SLACK_S:
            breaches.append(f"{fault}: the deadline was not kept")
        if heard.trouble not in _TROUBLES.get(fault, {"carrier_nonsense"}):
            breaches.append(f"{fault}: called {heard.trouble} ({heard.said})")
        if _priced(case, tariff, heard):
            breaches.append(f"{fault}: became a price")
        breaches += _secrets_in(case, fault, heard)
    return breaches


async def warmed(case: ContractCase, tariff: Tariff) -> None:
    """Let the adapter load what it loads once, which a short deadline would count against it."""
    async with FakeCarrier(case.good) as carrier:
        for _ in range(20):
            if (await ask(case, carrier, tariff=tariff)).trouble != "carrier_timed_out":
                return


async def _recorded(case: ContractCase, tariff: Tariff) -> list[str]:
    breaches = []
    async with FakeCarrier(case.good) as carrier:
        heard = await ask(case, carrier, tariff=tariff)
    if heard.trouble is not None or set(heard.offers) != set(case.offers):
        breaches.append(f"recorded answer: {heard.trouble} {heard.said} {heard.offers}")
    if _priced(case, tariff, heard) != len(case.offers):
        breaches.append("recorded answer: not every offer became a price")
    if not carrier.heard:
        breaches.append("recorded answer: nothing was asked")
    async with FakeCarrier(case.refused) as carrier:
        heard = await ask(case, carrier, tariff=tariff)
    if heard.trouble != "carrier_refused" or not heard.said:
        breaches.append(f"recorded refusal: {heard.trouble} {heard.said}")
    return breaches + _secrets_in(case, "recorded refusal", heard)


def _priced(case: ContractCase, tariff: Tariff, heard: Heard) -> int:
    lines = offers_from(tariff, case.request, heard)
    return sum(1 for line in lines if line.price is not None)


def _secrets_in(case: ContractCase, when: str, heard: Heard) -> list[str]:
    told = msgspec.json.encode(heard).decode()
    return [
        f"{when}: the credential {name} is in what is kept"
        for name, value in case.credentials.items()
        if len(value) > 3 and value in told
    ]
