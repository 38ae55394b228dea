"""Stock under many hands at once: last units, hot SKUs, kits, carts, two processes, crashes.

Whatever happens, the invariant views stay empty, and what was promised never exceeds what lay
there: each test counts promises as they are given, not only at the end.
"""

import asyncio
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Awaitable

import msgspec
import pytest

from entrepot.access.flow import Stamp
from entrepot.flows.create_channel import create_channel
from entrepot.flows.expire_reservations import expire_reservations
from entrepot.flows.post_movements import post_movements
from entrepot.flows.reserve_stock import reserve_stock
from entrepot.kernel.refusals import Conflict, Refusal
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.platform import faults
from entrepot.platform.settings import Settings
from entrepot.stock.types import NewMovements, NewReservation, NewReservationLine
from tests.flows.trade import stamp
from tests.postgres_fixture import InstalledServer
from tests.stock.house import Stock, heard_deadlocks, open_stock

pytestmark = pytest.mark.usefixtures("whole")


async def outcomes(*calls: Awaitable[object]) -> Counter[str]:
    """How often each code came; anything but a refusal is a bug and is raised."""
    counted: Counter[str] = Counter()
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(result, Refusal):
            counted[result.code] += 1
        elif isinstance(result, BaseException):
            raise result
        else:
            counted["done"] += 1
    return counted


async def test_of_n_buyers_for_one_unit_less_one_goes_without(stock: Stock) -> None:
    for buyers in (2, 5, 17):
        sku = await stock.stocked(buyers - 1)
        counted = await outcomes(*(stock.reserve((sku, 1)) for _ in range(buyers)))
        assert counted == {"done": buyers - 1, "insufficient_stock": 1}


async def test_two_hundred_buyers_for_fifty_units(stock: Stock) -> None:
    sku = await stock.sku()
    for node, units in (("N1", 20), ("N2", 20), ("N3", 10)):
        await stock.receive(sku, units, node)
    counted = await outcomes(*(stock.reserve((sku, 1)) for _ in range(200)))
    assert counted == {"done": 50, "insufficient_stock": 150}
    assert await stock.available(sku) == [0]


async def test_a_hot_sku_with_64_clients_that_come_and_go(stock: Stock) -> None:
    sku = await stock.stocked(40)
    held = most = 0

    async def client(n: int) -> None:
        nonlocal held, most
        for turn in range(6):
            try:
                made = await stock.reserve((sku, 1 + n % 3))
            except Conflict:
                continue
            held += made.lines[0].qty
            most = max(most, held)
            if turn % 2:
                held -= made.lines[0].qty  # before it is free, so that the count is never low
                await stock.release(made.id)

    await asyncio.gather(*(client(n) for n in range(64)))
    assert most <= 40
    assert (await stock.guard(sku)).reserved == held


async def test_kits_that_share_a_component(stock: Stock) -> None:
    screw = await stock.stocked(60)
    kits = [await stock.sku((screw, n)) for n in (2, 3, 5)]
    made = await asyncio.gather(
        *(stock.reserve((kits[n % 3], 1), (kits[(n + 1) % 3], 1)) for n in range(30)),
        return_exceptions=True,
    )
    promised = sum(one.lines[0].qty for one in made if not isinstance(one, BaseException))
    assert 60 - 8 < promised <= 60


async def test_channels_with_quotas_and_buffers_never_take_more_than_there_is(
    stock: Stock,
) -> None:
    sku = await stock.sku()
    await stock.receive(sku, 30, "N1")
    await stock.receive(sku, 30, "N2")
    await stock.levels(sku, "N1", safety=3)
    await stock.channel_levels("SHOP", [{"sku": sku, "quota": 20}])
    await stock.channel_levels("WEB", [{"sku": sku, "buffer": 7}])
    buyers = [stock.reserve((sku, 1), channel=("WEB", "SHOP")[n % 2]) for n in range(120)]
    assert (await outcomes(*buyers))["done"] <= 57
    web, shop = (await stock.available(sku))[0], (await stock.available(sku, channel="SHOP"))[0]
    assert (web, shop) == (0, 0)
    left = [(await stock.guard(sku, node)).available for node in ("N1", "N2")]
    assert sum(left) == 60 - 20 - (60 - 3 - 20 - 7)


async def test_five_channels_never_take_more_than_there_is(stock: Stock) -> None:
    """T2.70: two nodes, five channels with a buffer or a quota each, all at once."""
    pool = [PoolNode("N1", 1), PoolNode("N2", 2)]
    for code in ("APP", "VIP", "EXPO"):
        new = NewChannel(code=code, pool=pool)
        await create_channel(stock.db, stock.staff, stamp(), new=new)
    sku = await stock.sku()
    await stock.receive(sku, 40, "N1")
    await stock.receive(sku, 25, "N2")
    await stock.levels(sku, "N1", safety=4, protected=6)
    quotas = {"SHOP": 9, "APP": 14}
    buffers = {"WEB": 12, "EXPO": 30}
    for channel, quota in quotas.items():
        await stock.channel_levels(channel, [{"sku": sku, "quota": quota}])
    for channel, buffer in buffers.items():
        await stock.channel_levels(channel, [{"sku": sku, "buffer": buffer}])
    await stock.channel_levels("VIP", uses_protected=True)
    taken: Counter[str] = Counter()

    async def buyer(channel: str, qty: int) -> None:
        try:
            made = await stock.reserve((sku, qty), channel=channel)
        except Conflict:
            return
        taken[channel] += sum(line.qty for line in made.lines)

    channels = ("WEB", "SHOP", "APP", "VIP", "EXPO")
    await asyncio.gather(*(buyer(channels[n % 5], 1 + n % 2) for n in range(150)))
    assert sum(taken.values()) <= 65 - 4, "never what is kept for safety"
    assert all(taken[channel] <= quota for channel, quota in quotas.items())
    assert all(taken.values()), "each channel got something"
    shown = {code: (await stock.available(sku, channel=code))[0] for code in channels}
    guards = [await stock.guard(sku, node) for node in ("N1", "N2")]
    open_ = sum(max(0, guard.available - guard.safety) for guard in guards)
    assert max(shown.values()) <= open_
    assert sum(guard.reserved for guard in guards) == sum(taken.values())
    assert shown["EXPO"] == 0


async def test_a_cart_that_lapses_against_an_order(stock: Stock) -> None:
    for _ in range(10):
        stock.at[0] = 0.0
        sku = await stock.stocked(1)
        await stock.reserve((sku, 1), reference="cart", hours=1)
        stock.at[0] = 2.0
        counted = await outcomes(
            stock.reserve((sku, 1), hours=1),
            expire_reservations(stock.db, stock.job, stamp()),
            stock.reserve((sku, 1), hours=1),
        )
        assert counted["done"] <= 2
        assert (await stock.guard(sku)).reserved <= 1
        assert await stock.violations() == {}


async def test_a_transfer_against_a_pick(stock: Stock) -> None:
    for _ in range(10):
        sku = await stock.stocked(3)
        made = await stock.reserve((sku, 2))
        away = {"sku": sku, "qty": 2, "reason": "transfer_out", "from": {"node": "N1"}}
        counted = await outcomes(stock.fulfil(made.id), stock.move(away))
        assert counted == {"done": 1, "promised_to_others": 1} or counted == {
            "done": 1, "not_there": 1,
        }  # fmt: skip
        assert (await stock.guard(sku)).on_hand == 1


async def test_first_goods_of_a_sku_come_to_two_nodes_at_once(stock: Stock) -> None:
    for _ in range(10):
        sku = await stock.sku()
        await asyncio.gather(
            stock.receive(sku, 5, "N1"), stock.receive(sku, 7, "N2"), stock.receive(sku, 3, "N1")
        )
        assert await stock.available(sku) == [15]
        assert (await stock.guard(sku)).on_hand == 8


async def test_two_who_end_one_reservation(stock: Stock) -> None:
    for _ in range(10):
        sku = await stock.stocked(2)
        made = await stock.reserve((sku, 2))
        counted = await outcomes(
            stock.fulfil(made.id), stock.release(made.id), stock.fulfil(made.id)
        )
        assert counted == {"done": 1, "wrong_state": 2}


async def test_the_same_key_at_the_same_time_is_one_reservation(stock: Stock) -> None:
    sku = await stock.stocked(50)
    one = stamp()
    made = await asyncio.gather(
        *(stock.reserve((sku, 2), reference="same", stamped=one) for _ in range(8))
    )
    assert len({reservation.id for reservation in made}) == 1
    assert await stock.available(sku) == [48]


async def test_the_same_reference_at_the_same_time_is_held_once(stock: Stock) -> None:
    sku = await stock.stocked(5)
    counted = await outcomes(*(stock.reserve((sku, 5), reference="one") for _ in range(6)))
    assert counted == {"done": 6}
    assert await stock.available(sku) == [0]


async def test_one_who_breaks_a_batch_breaks_it_for_nobody_else(stock: Stock) -> None:
    """A text that no database keeps passes no door, but a batch must survive it all the same."""
    sku = await stock.stocked(50)
    bad = NewReservation("a\x00b", "WEB", [NewReservationLine(sku, 1)])
    calls = [stock.reserve((sku, 1)) for _ in range(12)]
    broken = reserve_stock(stock.db, stock.staff, stamp(), bad)
    results = await asyncio.gather(*calls[:6], broken, *calls[6:], return_exceptions=True)
    assert isinstance(results[6], Refusal)
    assert sum(1 for one in results if not isinstance(one, BaseException)) == 12
    assert await stock.available(sku) == [38]


async def test_orders_of_many_lines_in_any_order_wait_for_each_other(stock: Stock) -> None:
    skus = [await stock.stocked(200) for _ in range(6)]

    async def buyer(n: int) -> None:
        turned = skus[n % 6 :] + skus[: n % 6]
        for order in (turned, turned[::-1]):
            await stock.reserve(*((sku, 1) for sku in order))

    moves = [
        stock.move(*({"sku": s, "qty": 1, "reason": "receipt", "to": {"node": "N1"}} for s in p))
        for p in (skus, skus[::-1], skus[3:] + skus[:3])
    ]
    await asyncio.gather(*(buyer(n) for n in range(24)), *moves)
    assert await stock.available(*skus) == [200 - 48 + 3] * 6


async def test_lanes_that_know_nothing_of_each_other(stock: Stock) -> None:
    """Callers of other warehouses are carried apart: only the guarding row stands between."""
    scopes = [stock.staff, *(stock.staff_of("N1", other) for other in ("N2", "N3", "N4"))]
    for _ in range(12):
        sku = await stock.stocked(9)
        counted = await outcomes(*(stock.reserve((sku, 1), by=scopes[n % 4]) for n in range(24)))
        assert counted == {"done": 9, "insufficient_stock": 15}


_PROCESS = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from entrepot.access.flow import Stamp
    from entrepot.access.permissions import PERMISSIONS
    from entrepot.flows.reserve_stock import reserve_stock
    from entrepot.kernel.ids import new_id, new_token
    from entrepot.kernel.principals import Staff
    from entrepot.kernel.refusals import Conflict
    from entrepot.platform.clock import system_clock
    from entrepot.platform.database import Database
    from entrepot.platform.pools import Pools
    from entrepot.platform.settings import Settings
    from entrepot.platform.secrets import read_key
    from entrepot.stock.types import NewReservation, NewReservationLine
    from entrepot.tenancy.directory import Directory

    async def main(home, tenant, sku, buyers):
        settings = Settings(home=Path(home), env="test")
        directory = Directory(settings, read_key(settings.key_file, env="test"))
        db = Database(Pools(directory, budget=10), system_clock)
        staff = Staff(tenant, new_id(system_clock()), PERMISSIONS)
        async def buy():
            new = NewReservation(new_token(9), "WEB", [NewReservationLine(sku, 1)])
            stamp = Stamp(request_id="x", key=new_token(12), fingerprint=b"x")
            try:
                await reserve_stock(db, staff, stamp, new)
            except Conflict:
                return 0
            return 1
        print(sum(await asyncio.gather(*(buy() for _ in range(int(buyers))))))

    asyncio.run(main(*sys.argv[1:]))
    """
)


async def test_two_processes_sell_each_unit_once(stock: Stock) -> None:
    sku = await stock.stocked(70)
    home = str(stock.server.settings.home)
    command = [sys.executable, "-c", _PROCESS, home, stock.tenant.tenant, sku, "60"]
    running = [
        await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE) for _ in range(2)
    ]
    told = await asyncio.gather(*(one.communicate() for one in running))
    assert sum(int(out) for out, _ in told) == 70
    assert await stock.available(sku) == [0]


async def test_after_a_failure_behind_the_commit_the_key_tells_what_was_done(
    stock: Stock,
) -> None:
    """The answer was lost: nobody knows, until the same key asks again."""
    sku = await stock.stocked(9)
    armed = {"batch.after_commit": faults.Fault(raises=True)}
    faults.arm(
        Settings(home=stock.server.settings.home, env="test"), armed, host="127.0.0.1",
        database_prefix="t_test_",
    )  # fmt: skip
    stamps = [stamp() for _ in range(4)]

    async def ask(n: int) -> object:
        return await stock.reserve((sku, 1), reference=f"order-{n}", stamped=stamps[n])

    first = await asyncio.gather(*(ask(n) for n in range(4)), return_exceptions=True)
    assert any(isinstance(one, faults.InjectedFault) for one in first)
    faults._armed.clear()
    second = await asyncio.gather(*(ask(n) for n in range(4)))
    assert len({one.id for one in second}) == 4
    assert await stock.available(sku) == [5]


async def test_a_post_that_fails_before_its_commit_leaves_nothing(stock: Stock) -> None:
    sku = await stock.sku()
    armed = {"post_movements.before_commit": faults.Fault(raises=True)}
    faults.arm(
        Settings(home=stock.server.settings.home, env="test"), armed, host="127.0.0.1",
        database_prefix="t_test_",
    )  # fmt: skip
    once = stamp()
    line = {"sku": sku, "qty": 4, "reason": "receipt", "to": {"node": "N1"}}
    document = msgspec.convert({"reference": "r", "lines": [line]}, NewMovements)

    async def post(stamped: Stamp) -> object:
        return await post_movements(stock.db, stock.staff, stamped, document=document)

    with pytest.raises(faults.InjectedFault):
        await post(once)
    faults._armed.clear()
    assert await stock.available(sku) == [0]
    await asyncio.gather(*(post(once) for _ in range(4)))
    assert await stock.available(sku) == [4]


async def test_another_tenants_stock_is_not_there(server: InstalledServer, stock: Stock) -> None:
    other = await open_stock(server)
    sku = await other.stocked(3)
    with pytest.raises(Refusal) as refused:
        await stock.reserve((sku, 1))
    assert refused.value.code == "unknown_sku"
    made = await other.reserve((sku, 1))
    with pytest.raises(Refusal) as foreign:
        await stock.release(made.id)
    assert foreign.value.code == "unknown_reservation"


async def test_goods_that_come_while_those_who_wait_give_up(stock: Stock) -> None:
    sku = await stock.sku()
    await stock.levels(sku, backorder_extra=12)
    await stock.receive(sku, 1)
    waiting = [await stock.reserve((sku, 1)) for _ in range(13)]
    await asyncio.gather(
        *(stock.receive(sku, 1) for _ in range(6)),
        *(stock.release(one.id) for one in waiting[::2]),
    )
    assert (await stock.guard(sku)).reserved + (await stock.guard(sku)).backordered == 6


async def test_goods_that_break_while_promises_of_them_are_given_up(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sku = await stock.stocked(30)
    held = [await stock.reserve((sku, 1)) for _ in range(30)]
    scrap = {"sku": sku, "qty": 1, "reason": "scrap", "from": {"node": "N1"}}
    calls = [call for one in held[::2] for call in (stock.post(scrap), stock.release(one.id))]
    heard = heard_deadlocks(monkeypatch)
    await asyncio.gather(*calls)
    assert heard == []
    assert (await stock.guard(sku)).on_hand == 15
