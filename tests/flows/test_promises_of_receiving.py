"""Promises about receiving, in the words of their acceptance texts (S1.7, S1.8, S1.12, S1.16)."""

import json
import random
from pathlib import Path
from uuid import UUID

import pytest

from entrepot.flows.announce_parcels import announce_parcels
from entrepot.flows.get_parcel import get_parcel
from entrepot.flows.list_parcels import list_parcels
from entrepot.flows.put_away_parcel import put_away_parcel
from entrepot.flows.receiving_addresses import receiving_addresses
from entrepot.flows.shopper_home import shopper_home
from entrepot.parcels.types import PastedPreAlerts, PutAway
from tests.flows.trade import Trade, number, open_trade, stamp
from tests.postgres_fixture import InstalledServer

DEMO = json.loads(
    (Path(__file__).parents[2] / "demo" / "demo-data.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


async def test_parcels_of_many_couriers_land_in_one_inbox(trade: Trade) -> None:
    """S1.7: ≥ 5 couriers (SF, YTO, ZTO, STO, Yunda, JD, EMS), all in one inbox."""
    owner = await trade.customer()
    samples = [sample for _, sample in DEMO["sample_tracking_numbers"]] + ["EE123456785CN"]
    for place, sample in enumerate(samples):
        if place % 2:
            await trade.announce(owner, sample)
            received = await trade.scan(sample)
        else:
            received = await trade.scan(sample, label={"text": f"青港仓 {owner.suite_code}"})
        assert received.parcel.customer is not None
        assert received.parcel.customer.id == owner.id
    home = await shopper_home(trade.db, trade.shopper(owner))
    assert len(home.arrived) == len(samples)
    assert {"sf", "yto", "zto", "sto", "yunda", "jd", "ems"} <= {p.courier for p in home.arrived}


async def test_a_parcel_sent_to_the_personal_address_is_received(trade: Trade) -> None:
    """S1.8: each customer has an address per warehouse; what arrives with its code is theirs."""
    owners = [await trade.customer(name) for name in ("Ann One", "Ben Two")]
    seen: set[str] = set()
    for owner in owners:
        for address in await receiving_addresses(trade.db, trade.shopper(owner)):
            for line in address.lines.values():
                seen.add(line)
                received = await trade.scan(number(), address.warehouse, label={"text": line})
                assert received.parcel.customer is not None
                assert received.parcel.customer.id == owner.id
                assert received.parcel.warehouse == address.warehouse
    assert len(seen) == 4


async def test_a_pre_alerted_parcel_needs_no_typed_field(trade: Trade) -> None:
    """S1.12 at the door of the flow: the scan holds the scanned code and the station's place."""
    owner = await trade.customer()
    sf = number()
    await trade.announce(owner, sf)
    received = await trade.scan(sf)
    assert (received.match.certainty, received.next.step) == ("sure", "put_away")


@pytest.mark.slow
async def test_a_customer_can_always_say_where_a_parcel_is(trade: Trade) -> None:
    """S1.16: of 1,000 parcels all return state, last event, place and time to their customer."""
    dice = random.Random(16)
    owners = [await trade.customer() for _ in range(2)]
    for owner in owners:
        numbers = [number() for _ in range(500)]
        paste = PastedPreAlerts(text="\n".join(numbers), customer_id=owner.id, warehouse="SZX1")
        await announce_parcels(trade.db, trade.staff, stamp(), paste=paste)
        for sf in dice.sample(numbers, 120):
            received = await trade.scan(sf, dice.choice(["SZX1", "YIW1"]))
            if dice.random() < 0.5:
                bin_code = "A-01-01-1" if received.parcel.warehouse == "SZX1" else "Y-01-01-1"
                await put_away_parcel(
                    trade.db, trade.staff, stamp(), parcel_id=received.parcel.id,
                    put=PutAway(bin=bin_code),
                )  # fmt: skip
    answered = 0
    for owner in owners:
        shopper = trade.shopper(owner)
        after: UUID | None = None
        while page := await list_parcels(trade.db, shopper, after=after, most=100):
            after = page[-1].id
            for listed in page:
                parcel = await get_parcel(trade.db, shopper, parcel_id=listed.id)
                assert parcel.status in ("expected", "received", "stored")
                assert parcel.last_event == parcel.timeline[-1] == listed.last_event
                assert parcel.last_event.place is not None
                assert parcel.last_event.place.warehouse in ("SZX1", "YIW1")
                assert parcel.last_event.at <= trade.db.clock()
                answered += 1
    assert answered == 1000
