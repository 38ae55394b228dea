"""Turns at the connections: shares and the budget hold exactly, and no turn is lost."""

import asyncio

import asyncpg
import pytest

from entrepot.kernel.ids import TenantId
from entrepot.kernel.refusals import TooMany, Unavailable
from entrepot.platform import pools as pools_module
from entrepot.platform.pools import Login, Pools, Seat, away

A, B = TenantId("aaaaaaaaaaaa"), TenantId("bbbbbbbbbbbb")


class FakeConnection:
    """As much of a connection as the pools look at."""

    def __init__(self) -> None:
        self.gone = False

    def is_closed(self) -> bool:
        return self.gone

    def is_in_transaction(self) -> bool:
        return False

    def terminate(self) -> None:
        self.gone = True

    async def close(self, timeout: float) -> None:
        self.gone = True


class FakeDirectory:
    async def login(self, tenant: TenantId, *, shopper: bool) -> Login:
        return Login("nowhere", 0, tenant, "", "")

    async def control_login(self) -> Login:
        return Login("nowhere", 0, "", "", "")

    def forget(self, tenant: TenantId) -> None:
        return None


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> list[FakeConnection]:
    made: list[FakeConnection] = []

    async def open_seat(login: Login, tenant: TenantId, *, shopper: bool) -> Seat:
        await asyncio.sleep(0)
        made.append(FakeConnection())
        return Seat(made[-1], tenant, shopper)  # type: ignore[arg-type]

    monkeypatch.setattr(pools_module, "open_seat", open_seat)
    monkeypatch.setattr(pools_module, "WAIT_S", 0.2)
    return made


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_newcomer_does_not_take_the_seat_of_one_who_waited() -> None:
    """The seat is given back and asked for again before the one who waited has woken up."""
    pools = Pools(FakeDirectory(), budget=1)
    seat = await pools.take(A)
    waiting = asyncio.create_task(pools.take(B))
    await soon()
    pools.give(A, seat, broken=False)
    newcomer = asyncio.create_task(pools.take(A))
    seat = await waiting
    assert seat.tenant == B and not newcomer.done()
    pools.give(B, seat, broken=False)
    pools.give(A, await newcomer, broken=False)
    assert pools.open_connections == 1


async def test_a_share_is_never_exceeded() -> None:
    pools = Pools(FakeDirectory(), budget=20, in_flight=3)
    at_once = most = 0

    async def work() -> None:
        nonlocal at_once, most
        for _ in range(5):
            seat = await pools.take(A)
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            at_once -= 1
            pools.give(A, seat, broken=False)

    await asyncio.gather(*[work() for _ in range(12)])
    assert most == 3


async def test_a_turn_that_came_too_late_goes_to_the_next() -> None:
    pools = Pools(FakeDirectory(), budget=1)
    seat = await pools.take(A)
    first = asyncio.create_task(pools.take(A))
    second = asyncio.create_task(pools.take(A))
    await soon()
    pools.give(A, seat, broken=False)
    first.cancel()  # its turn has come, and it does not know yet
    with pytest.raises(asyncio.CancelledError):
        await first
    seat = await second
    pools.give(A, seat, broken=False)
    pools.give(A, await pools.take(A), broken=False)


async def test_waiting_in_vain_says_why() -> None:
    pools = Pools(FakeDirectory(), budget=2, in_flight=1)
    mine, theirs = await pools.take(A), await pools.take(B)
    with pytest.raises(TooMany):
        await pools.take(A)
    with pytest.raises(Unavailable):
        await pools.take(TenantId("cccccccccccc"))
    pools.give(A, mine, broken=True)
    pools.give(B, theirs, broken=False)
    assert pools.open_connections == 1


async def test_what_comes_back_after_closing_is_closed(no_server: list[FakeConnection]) -> None:
    pools = Pools(FakeDirectory(), budget=2)
    seat = await pools.take(A)
    await pools.close()
    pools.give(A, seat, broken=False)
    assert pools.open_connections == 0 and no_server[0].gone


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_dying_backend_leaves_behind_is_503(error: Exception) -> None:
    """Seen with killed backends: the outcome is unknown, so the caller comes again."""
    refusal = away(error)
    assert refusal is not None and refusal.status == 503 and refusal.retry_after_s
