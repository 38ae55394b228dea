"""One house with pages for each module."""

import pytest

from entrepot.platform.live import Live
from tests.flows.trade import open_trade
from tests.postgres_fixture import InstalledServer
from tests.web.page_house import PageHouse, page_app


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> PageHouse:
    """A forwarder with two warehouses, its pages in process."""
    trade = await open_trade(server)
    live = Live(server.directory)
    return PageHouse(trade, page_app(server, trade, live), live)
