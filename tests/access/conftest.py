"""One tenant for each module of the access tests; cheap password hashes."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from entrepot.access import passwords
from tests.access.house import House, open_house
from tests.postgres_fixture import InstalledServer


@pytest.fixture(scope="module")
async def house(server: InstalledServer) -> House:
    return await open_house(server)


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[PasswordHasher]:
    """Log-ins by the dozen would take a minute with the product's parameters, yielded here."""
    real = passwords._HASHER
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    passwords._hash_of_nothing.cache_clear()
    yield real
    passwords._HASHER = real
    passwords._hash_of_nothing.cache_clear()
