"""One tenant for each module of the access tests."""

import pytest

from tests.access.house import House, open_house
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> House:
    return await open_house(server)
