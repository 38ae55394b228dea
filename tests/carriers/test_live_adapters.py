"""Every adapter keeps the contract, and the contract notices adapters that do not."""

import asyncio
import importlib.util
import signal
import sys
import time

import msgspec
import pytest

from entrepot.carriers.adapter_contract import (
    ContractCase,
    ask,
    bare_tariff,
    check_adapter,
    warmed,
)
from entrepot.carriers.adapters.karrio_threads import KarrioThreads
from entrepot.carriers.adapters.plain_json import PlainJson
from entrepot.carriers.adapters.protocol import (
    LiveOffer,
    LiveOffers,
    LiveRefusal,
    LiveRequest,
    Misconfigured,
    Nonsense,
    Wiring,
)
from entrepot.carriers.adapters.registry import adapter_names, make_carrier
from entrepot.carriers.emulator import FakeCarrier, Reply, answer_rates
from entrepot.platform.outgoing import NotAnswered, Outgoing
from tests.carriers.live_cases import CASES, HARBOUR, PLAIN, SENDLE

needs_karrio = pytest.mark.skipif(
    importlib.util.find_spec("karrio") is None, reason="the extra karrio is not installed"
)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c.name, marks=needs_karrio if c is SENDLE else ()) for c in CASES],
)
async def test_the_adapter_keeps_the_contract(case: ContractCase) -> None:
    assert await check_adapter(case) == []


class Careless(PlainJson):
    """Breaks promises: catches everything and makes up a price, and keeps its token."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        try:
            return await super().rates(request, deadline=deadline)
        except (NotAnswered, Nonsense):
            return LiveOffers((LiveOffer("EXPRESS", 1, "CNY", reference=self._token),))


class Late(PlainJson):
    """Does not heed its cancellation."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        ends = time.monotonic() + 3
        while time.monotonic() < ends:
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                continue
        return LiveOffers(())


async def test_a_careless_adapter_is_found_out() -> None:
    breaches = await check_adapter(msgspec.structs.replace(PLAIN, make=Careless))
    assert any("became a price" in breach for breach in breaches)
    assert any("credential" in breach for breach in breaches)
    assert any(breach.startswith("html: called None") for breach in breaches)


async def test_an_adapter_that_heeds_nothing_holds_nobody_up() -> None:
    start = time.monotonic()
    async with FakeCarrier(PLAIN.good) as carrier:
        case = msgspec.structs.replace(PLAIN, make=Late)
        heard = await ask(case, carrier, tariff=bare_tariff())
    assert heard.trouble == "carrier_timed_out"
    assert time.monotonic() - start < 2.9, "it goes on for three seconds"


class Broken(PlainJson):
    """Raises what no adapter should."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        raise ZeroDivisionError("a bug")


class Untyped(PlainJson):
    """Returns values of wrong types, as untyped code may."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        return LiveOffers((LiveOffer("EXPRESS", 90.5, "CNY"),))  # type: ignore[arg-type]


class Absent(PlainJson):
    """Returns nothing."""

    async def rates(self, request: LiveRequest, *, deadline: float) -> LiveOffers | LiveRefusal:
        return None  # type: ignore[return-value]


@pytest.mark.parametrize("maker", [Broken, Untyped, Absent])
async def test_a_broken_adapter_is_an_excluded_line(maker: type[PlainJson]) -> None:
    async with FakeCarrier(PLAIN.good) as carrier:
        case = msgspec.structs.replace(PLAIN, make=maker)
        heard = await ask(case, carrier, tariff=bare_tariff())
    assert heard.trouble == "carrier_nonsense"


async def test_what_is_missing_is_named_and_not_shown() -> None:
    case = msgspec.structs.replace(HARBOUR, options={}, credentials={"user": "entrepot"})
    async with FakeCarrier(HARBOUR.good) as carrier:
        heard = await ask(case, carrier, tariff=bare_tariff())
    assert heard.trouble == "carrier_misconfigured"
    assert heard.said == "the connection lacks contract"
    assert carrier.heard == []


async def test_nothing_personal_and_no_float_is_sent() -> None:
    async with FakeCarrier(PLAIN.good) as carrier:
        await ask(PLAIN, carrier, tariff=bare_tariff())
    sent = msgspec.json.decode(carrier.heard[0].body)
    assert set(sent) == {"ship_date", "origin", "destination", "pieces", "declared"}
    assert sent["pieces"][0] == {"g": 1201, "mm": [301, 202, 103], "tags": ["general"]}
    assert carrier.heard[0].headers["authorization"] == "Bearer tok-secret-1"


@needs_karrio
async def test_loading_karrio_holds_up_nobody_else() -> None:
    """karrio takes a second to load: in a fresh process the event loop goes on meanwhile.

    Judged by what the import itself takes in the same process, so that a busy machine is no fault.
    """
    program = (
        "import asyncio, time\n"
        "from tests.carriers.live_cases import SENDLE\n"
        "from entrepot.carriers.adapter_contract import ask, bare_tariff\n"
        "from entrepot.carriers.emulator import FakeCarrier\n"
        "async def main():\n"
        "    began = last = time.monotonic()\n"
        "    worst = 0.0\n"
        "    async with FakeCarrier(SENDLE.good) as carrier:\n"
        "        task = asyncio.create_task(ask(SENDLE, carrier, tariff=bare_tariff()))\n"
        "        while not task.done():\n"
        "            await asyncio.sleep(0.005)\n"
        "            now = time.monotonic(); worst, last = max(worst, now - last), now\n"
        "    print(worst / (last - began))\n"
        "asyncio.run(main())\n"
    )
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await run.communicate()
    assert run.returncode == 0
    # The interpreter's lock lets the loop in every few milliseconds: no gap is most of the whole.
    assert float(printed.split()[-1]) < 0.6


@needs_karrio
async def test_karrio_speaks_the_carriers_own_protocol_and_never_weighs_less() -> None:
    await warmed(SENDLE, bare_tariff())
    async with FakeCarrier(SENDLE.good) as carrier:
        await ask(SENDLE, carrier, tariff=bare_tariff())
    targets = sorted(one.target for one in carrier.heard)
    assert all(target.startswith("/api/products?") for target in targets)
    assert any("weight_value=1.21&" in target for target in targets)
    assert all("sender_postcode=2010" in target for target in targets)
    assert all(one.headers["authorization"].startswith("Basic ") for one in carrier.heard)


QUESTION = LiveRequest(
    ship_date=SENDLE.request.ship_date, origin=SENDLE.origin, destination=SENDLE.origin,
    pieces=SENDLE.request.pieces,
)  # fmt: skip


@needs_karrio
async def test_karrio_sends_nothing_outside_a_quote() -> None:
    import karrio.lib as lib

    wiring = Wiring("http://127.0.0.1:9", SENDLE.options, SENDLE.credentials, Outgoing())
    with pytest.raises(NotAnswered):
        await KarrioThreads(wiring).rates(QUESTION, deadline=time.monotonic() + 5)
    with pytest.raises(OSError, match="outside a quote"):
        lib.request(url="http://127.0.0.1:9/", method="GET")


@needs_karrio
async def test_karrio_leaves_through_our_door_only() -> None:
    """With the rules of production a carrier on loopback is not reached by karrio either."""
    wiring = Wiring("http://127.0.0.1:9999", SENDLE.options, SENDLE.credentials, Outgoing())
    case = msgspec.structs.replace(SENDLE, make=lambda _: KarrioThreads(wiring))
    async with FakeCarrier(SENDLE.good) as carrier:
        heard = await ask(case, carrier, tariff=bare_tariff())
    assert (heard.trouble, heard.said) == ("carrier_misconfigured", "bad_url")
    assert carrier.heard == []


async def test_the_demo_carrier_speaks_the_small_protocol() -> None:
    async with FakeCarrier(answer_rates) as carrier:
        case = msgspec.structs.replace(PLAIN, credentials={"token": "demo"})
        heard = await ask(case, carrier, tariff=bare_tariff())
    assert [(o.service, o.total_minor) for o in heard.offers] == [
        ("EXPRESS", 9000), ("ECONOMY", 5400),
    ]  # fmt: skip


async def test_the_demo_carrier_can_be_started_by_hand() -> None:
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "entrepot.carriers.emulator", stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    url = (await running.stdout.readline()).decode().split()[-1]
    wiring = Wiring(url, {}, {"token": "demo"}, Outgoing(loopback=True))
    found = await PlainJson(wiring).rates(QUESTION, deadline=time.monotonic() + 5)
    running.send_signal(signal.SIGINT)
    assert await running.wait() == 0
    assert isinstance(found, LiveOffers)


def test_adapters_are_found_by_name() -> None:
    assert {"plain_json", "karrio"} <= adapter_names()
    with pytest.raises(Misconfigured, match="no adapter"):
        make_carrier("nowhere", Wiring("", {}, {}, Outgoing()))
    with pytest.raises(Misconfigured, match="karrio's name"):
        make_carrier("karrio", Wiring("", {"carrier": "../os"}, {}, Outgoing()))


def test_a_reply_for_another_path_is_not_given() -> None:
    carrier = FakeCarrier([Reply(b"x", path="/other")])
    assert carrier.heard == []
