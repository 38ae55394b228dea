"""The scan at the dock: FLOWS 1, the answers of the issue, one effect for one key."""

import pytest

from tests.flows.trade import Trade, number, open_trade
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


async def test_a_pre_alerted_parcel_needs_its_number_only(trade: Trade) -> None:
    owner = await trade.customer()
    sf = number()
    expected = await trade.announce(owner, sf)
    assert expected.status == "expected"
    received = await trade.scan(sf)
    assert received.parcel.id == expected.id
    assert received.parcel.status == "received"
    assert received.parcel.customer is not None
    assert received.parcel.customer.suite_code == owner.suite_code
    assert received.parcel.bin == "R"
    assert (received.match.by, received.match.certainty, received.match.candidates) == (
        "pre_alert", "sure", 1,
    )  # fmt: skip
    assert received.already is None
    assert received.next.step == "put_away"
    assert await trade.violations() == {}
