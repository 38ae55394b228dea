"""Quotes with live carriers: asked once with no transaction open, kept as received, replayed."""

import asyncio
import time
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest

from entrepot.carriers.asking import Acceptance, NewQuote
from entrepot.carriers.connections import NewConnection
from entrepot.carriers.emulator import FakeCarrier, HeardRequest, Reply, answer_rates
from entrepot.carriers.live import LiveDoor
from entrepot.carriers.live_offers import LiveService
from entrepot.carriers.rating.cards import Goods, Limits
from entrepot.carriers.rating.requests import Offer, Piece
from entrepot.carriers.types import QuoteView
from entrepot.flows import quote_shipment as quote_shipment_file
from entrepot.flows.accept_quote import accept_quote
from entrepot.flows.connect_carrier import connect_carrier
from entrepot.flows.list_carrier_connections import list_carrier_connections
from entrepot.flows.quote_shipment import quote_shipment
from entrepot.flows.replay_quote import replay_quote
from entrepot.kernel.principals import Principal
from entrepot.kernel.refusals import Conflict, Forbidden, Invalid, NotFound, Unavailable
from entrepot.platform.outgoing import Outgoing
from entrepot.platform.secrets import read_key
from entrepot.tenancy.entrances import at, connect
from tests.api.harness import api_app, key_for
from tests.flows.drafts import change_parcel, load_demo_lines, parcel_of
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer

NEW = NewQuote(warehouse="SZX1", country="JP", pieces=[Piece(g=2100, mm=(300, 200, 100))])
SERVICES = tuple(
    LiveService(
        id=f"DEMO-{code}", code=code, carrier="Demo carrier", name={"en": code.title()},
        kind="express", goods=Goods(["general"], []), limits=Limits(50_000, 2000),
    )
    for code in ("EXPRESS", "ECONOMY")
)  # fmt: skip


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1", "YIW1")
    return trade


def door(trade: Trade, **limits: float) -> LiveDoor:
    sealing = read_key(trade.server.settings.key_file, env="test")
    return LiveDoor(sealing, Outgoing(loopback=True), **limits)


async def connected(trade: Trade, url: str, **fields: Any) -> Any:
    """The module's only connection, pointed at a carrier."""
    new = NewConnection(
        adapter="plain_json", base_url=url, services=SERVICES, credentials={"token": "demo"}
    )
    new = msgspec.structs.replace(new, **fields)
    return await connect_carrier(
        trade.db, trade.staff, stamp(), code="demo", new=new, live=door(trade)
    )


async def quoted(
    trade: Trade, new: NewQuote = NEW, *, by: Principal | None = None, **limits: float
) -> QuoteView:
    return await quote_shipment(
        trade.db, by or trade.staff, stamp(), new=new, live=door(trade, **limits)
    )


def live_of(quote: QuoteView) -> dict[str, Offer]:
    return {offer.service: offer for offer in quote.offers if "DEMO" in offer.service}


def reasons(quote: QuoteView) -> set[str]:
    return {reason.code for offer in live_of(quote).values() for reason in offer.reasons}


async def test_live_lines_stand_among_the_others_and_replay_when_the_carrier_is_gone(
    trade: Trade,
) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        quote = await quoted(trade)
    live = live_of(quote)
    assert {name: offer.price and offer.price.total_minor for name, offer in live.items()} == {
        "DEMO-EXPRESS": 9000, "DEMO-ECONOMY": 5400,
    }  # fmt: skip
    assert len(quote.offers) == 17
    priced = [offer.price.total_minor for offer in quote.offers if offer.price]
    assert priced == sorted(priced)
    assert sum("cheapest" in offer.marks for offer in quote.offers) == 1
    await connected(trade, "http://127.0.0.1:9999", enabled=False)
    assert (await replay_quote(trade.db, trade.staff, quote_id=quote.id)).same
    assert await trade.violations() == {}


async def test_the_answer_is_kept_as_received_and_not_shown(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        customer = await trade.customer()
        quote = await quoted(trade, by=trade.shopper(customer))
    assert live_of(quote)["DEMO-EXPRESS"].price is not None
    assert quote.versions.live == ()
    owner = await trade.server.owner(trade.tenant)
    try:
        kept = await owner.fetchval(
            "select versions from carriers.quote where quote_id = $1", quote.id
        )
    finally:
        await owner.close()
    (heard,) = msgspec.json.decode(kept)["live"]
    assert [offer["total_minor"] for offer in heard["offers"]] == [9000, 5400]
    assert heard["code"] == "demo"


async def test_credentials_are_sealed_and_never_shown(trade: Trade) -> None:
    secret = "token-that-nobody-may-see"
    async with FakeCarrier(answer_rates) as carrier:
        made = await connected(trade, carrier.url, credentials={"token": secret})
    listed = await list_carrier_connections(trade.db, trade.staff)
    assert made.has_credentials
    assert [one.code for one in listed] == ["demo"]
    assert secret not in msgspec.json.encode([made, *listed]).decode()
    owner = await trade.server.owner(trade.tenant)
    try:
        tables = await owner.fetch(
            "select schemaname || '.' || tablename as name from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        for table in tables:
            rows = await owner.fetch(f"select t::text as row from {table['name']} as t")
            assert not any(secret in row["row"] for row in rows), table["name"]
            assert not any(secret.encode().hex() in row["row"] for row in rows), table["name"]
    finally:
        await owner.close()


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"base_url": "http://127.0.0.1:9999"},
        {"adapter": "karrio"},
        {"options": {"carrier": "mine"}},
    ],
)
async def test_kept_credentials_do_not_go_elsewhere(
    trade: Trade, elsewhere: dict[str, Any]
) -> None:
    """Who may connect carriers, but never knew a credential, cannot have it sent to themselves."""
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        with pytest.raises(Invalid) as refused:
            await connected(
                trade, **{"url": carrier.url, "credentials": None, **_renamed(elsewhere)}
            )
        assert [error.path for error in refused.value.errors] == ["credentials"]
        moved = {"options": {"origin_city": "Yiwu"}}
        assert (await connected(trade, carrier.url, credentials=None, **moved)).has_credentials
        assert "EXPRESS" in str(live_of(await quoted(trade)))
        assert (await connected(trade, **_renamed({"url": carrier.url} | elsewhere))).enabled
        await connected(trade, carrier.url)


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {"url" if name == "base_url" else name: value for name, value in fields.items()}


async def test_credentials_copied_to_another_connection_do_not_open(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        owner = await trade.server.owner(trade.tenant)
        try:
            await owner.execute("update carriers.connection set sealed_version = 99")
            assert reasons(await quoted(trade)) == {"carrier_misconfigured"}
            assert carrier.heard == []
        finally:
            await owner.execute("update carriers.connection set sealed_version = 1")
            await owner.close()
        await connected(trade, carrier.url)


async def test_one_request_asks_once_however_often_it_comes(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        same = stamp()
        first = await quote_shipment(trade.db, trade.staff, same, new=NEW, live=door(trade))
        again = await quote_shipment(trade.db, trade.staff, same, new=NEW, live=door(trade))
    assert first == again
    assert len(carrier.heard) == 1


async def test_two_at_once_with_one_key_are_one_quote(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        same = stamp()
        quotes = await asyncio.gather(*(
            quote_shipment(trade.db, trade.staff, same, new=NEW, live=door(trade))
            for _ in range(4)
        ))  # fmt: skip
    assert len({quote.id for quote in quotes}) == 1
    assert await trade.violations() == {}


async def test_a_replayed_signature_makes_no_call(server: InstalledServer) -> None:
    trade = await open_trade(server)
    await load_demo_lines(trade, "SZX1")
    app = api_app(server, outgoing=Outgoing(loopback=True))
    key = await key_for(server, app, trade.tenant.tenant)
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        body = msgspec.json.encode({
            "warehouse": "SZX1", "country": "JP", "pieces": [{"g": 900, "mm": [100, 100, 100]}],
        })  # fmt: skip
        headers = key.signed("POST", "/api/v1/quotes", body)
        answers = [
            await key.client.post("/api/v1/quotes", content=body, headers=headers) for _ in range(3)
        ]
    assert [answer.status_code for answer in answers] == [201, 401, 401]
    assert len(carrier.heard) == 1


async def test_no_transaction_is_open_while_carriers_are_asked(trade: Trade) -> None:
    seen: list[int] = []
    watcher = await connect(at(trade.server.superuser, trade.tenant.database_name))
    asked, looked = asyncio.Event(), asyncio.Event()

    def slowly(request: HeardRequest) -> Reply:
        asked.set()
        return answer_rates(request)

    class Waiting(FakeCarrier):
        def _reply_to(self, request: HeardRequest) -> Reply:
            return super()._reply_to(request)

        async def _accept(self, reader: Any, writer: Any) -> None:
            asked.set()
            await looked.wait()
            await super()._accept(reader, writer)

    try:
        async with Waiting(slowly) as carrier:
            await connected(trade, carrier.url)
            quoting = asyncio.create_task(quoted(trade))
            await asked.wait()
            seen.append(
                await watcher.fetchval(
                    "select count(*) from pg_stat_activity where datname = $1"
                    " and xact_start is not null and pid <> pg_backend_pid()",
                    trade.tenant.database_name,
                )
            )
            looked.set()
            quote = await quoting
    finally:
        await watcher.close()
    assert seen == [0]
    assert live_of(quote)["DEMO-EXPRESS"].price is not None


async def test_a_silent_carrier_costs_the_deadline_and_no_line_of_others(trade: Trade) -> None:
    async with FakeCarrier([Reply(b"", fault="silent")]) as carrier:
        await connected(trade, carrier.url)
        start = time.monotonic()
        quote = await quoted(trade, deadline_s=0.3)
        assert time.monotonic() - start < 1.5
    assert reasons(quote) == {"carrier_timed_out"}
    assert any(offer.price for offer in quote.offers)
    assert (await replay_quote(trade.db, trade.staff, quote_id=quote.id)).same


async def test_where_a_connection_does_not_hold_it_is_not_asked(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url, warehouses=["YIW1"])
        assert live_of(await quoted(trade)) == {}
        elsewhere = msgspec.structs.replace(NEW, warehouse="YIW1")
        assert len(live_of(await quoted(trade, elsewhere))) == 2
        await connected(trade, carrier.url, enabled=False)
        assert live_of(await quoted(trade, elsewhere)) == {}
        assert len(carrier.heard) == 1


async def test_a_refused_request_asks_nobody(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        with pytest.raises(NotFound):
            await quoted(trade, msgspec.structs.replace(NEW, warehouse="NOWHERE"))
        with pytest.raises(NotFound):
            await quoted(trade, by=trade.staff_of("YIW1"))
        assert carrier.heard == []


async def test_a_live_line_can_be_accepted(trade: Trade) -> None:
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        quote = await quoted(trade)
    taken = await accept_quote(
        trade.db, trade.staff, stamp(), quote_id=quote.id, taken=Acceptance("DEMO-ECONOMY")
    )
    assert (taken.status, taken.accepted_service) == ("accepted", "DEMO-ECONOMY")


async def test_goods_that_change_meanwhile_are_not_priced_by_old_answers(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await trade.customer()
    parcel = await parcel_of(trade, customer)
    ask = quote_shipment_file.ask_all  # type: ignore[attr-defined]

    async def changing(*args: Any, **kwargs: Any) -> Any:
        heard = await ask(*args, **kwargs)
        await change_parcel(trade, parcel, "weight_g = 4900")
        return heard

    new = NewQuote(warehouse="SZX1", country="JP", customer_id=customer.id, parcels=[parcel])
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url)
        with monkeypatch.context() as patched:
            patched.setattr(quote_shipment_file, "ask_all", changing)
            with pytest.raises(Unavailable):
                await quoted(trade, new)
        quote = await quoted(trade, new)
    price = live_of(quote)["DEMO-EXPRESS"].price
    assert price is not None
    assert price.total_minor == 5 * 3000


async def test_a_service_named_like_a_card_s_never_takes_its_place(trade: Trade) -> None:
    (express, _) = SERVICES
    usurper = msgspec.structs.replace(express, id="MX-EXP")
    async with FakeCarrier(answer_rates) as carrier:
        await connected(trade, carrier.url, services=(usurper,))
        quote = await quoted(trade)
    (offer,) = [offer for offer in quote.offers if offer.service == "MX-EXP"]
    assert offer.price is not None
    assert offer.price.card.startswith("MX-EXP")


async def test_who_works_in_some_warehouses_connects_nothing(trade: Trade) -> None:
    new = NewConnection(adapter="karrio", services=SERVICES)
    for attempt in (
        connect_carrier(
            trade.db, trade.staff_of("SZX1"), stamp(), code="x", new=new, live=door(trade)
        ),
        list_carrier_connections(trade.db, trade.staff_of("SZX1")),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_everything_wrong_with_a_connection_is_said_at_once(trade: Trade) -> None:
    express, economy = SERVICES
    twice = msgspec.structs.replace(economy, id=express.id)
    new = NewConnection(adapter="nobody", base_url="ftp://x", services=(express, twice))
    with pytest.raises(Invalid) as error:
        await connect_carrier(trade.db, trade.staff, stamp(), code="x", new=new, live=door(trade))
    assert {fault.path for fault in error.value.errors} == {
        "adapter", "base_url", "services[1].id",
    }  # fmt: skip


async def test_an_address_that_is_not_public_is_refused_at_registration(trade: Trade) -> None:
    async def inside(host: str, port: int) -> list[Any]:
        return [ip_address("10.0.0.7")]

    sealing = read_key(trade.server.settings.key_file, env="test")
    live = LiveDoor(sealing, Outgoing(resolve=inside))
    new = NewConnection(
        adapter="plain_json", base_url="https://carrier.net", services=SERVICES, credentials={}
    )
    with pytest.raises(Invalid) as error:
        await connect_carrier(trade.db, trade.staff, stamp(), code="x", new=new, live=live)
    assert [(e.path, e.code) for e in error.value.errors] == [("base_url", "private_address")]


async def test_one_connection_made_twice_at_once_is_made_once(trade: Trade) -> None:
    new = NewConnection(adapter="karrio", services=SERVICES, enabled=False)
    results = await asyncio.gather(
        *(
            connect_carrier(trade.db, trade.staff, stamp(), code="twice", new=new, live=door(trade))
            for _ in range(6)
        ),
        return_exceptions=True,
    )
    made = [one for one in results if not isinstance(one, BaseException)]
    assert made
    assert all(isinstance(one, Conflict) for one in results if isinstance(one, BaseException))
    assert len({one.id for one in made}) == 1
    assert await trade.violations() == {}
