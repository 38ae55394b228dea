"""A stock house for each module that asks for one, and the look at its books after each test."""

from collections.abc import AsyncIterator

import pytest

from entrepot.platform import faults
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, open_stock


@pytest.fixture(scope="module")
async def stock(server: InstalledServer) -> Stock:
    return await open_stock(server)


@pytest.fixture
async def whole(stock: Stock) -> AsyncIterator[None]:
    """Begins at the hour of now with nothing armed; whatever was done, the books agree after it."""
    stock.at[0] = 0.0
    yield
    faults._armed.clear()
    assert await stock.violations() == {}
