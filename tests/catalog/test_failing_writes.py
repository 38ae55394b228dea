"""Writes that fail half way: before the commit nothing is there, behind it the key tells."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from entrepot.access.flow import Stamp
from entrepot.catalog.types import NewSku, SkuFile
from entrepot.flows.change_node import change_node
from entrepot.flows.create_channel import create_channel
from entrepot.flows.create_sku import create_sku
from entrepot.flows.get_network import get_network
from entrepot.flows.get_node import get_node
from entrepot.flows.import_nodes import import_nodes
from entrepot.flows.import_skus import import_skus
from entrepot.flows.list_skus import list_skus
from entrepot.nodes.channel_types import NewChannel, PoolNode
from entrepot.nodes.working_types import ChangedNode, NodeFile
from entrepot.platform import faults
from entrepot.platform.settings import Settings
from tests.flows.trade import Trade, open_trade, stamp
from tests.postgres_fixture import InstalledServer

Write = Callable[[Trade, Stamp], Awaitable[object]]
Count = Callable[[Trade], Awaitable[int]]


@pytest.fixture(scope="module")
async def trade(server: InstalledServer) -> Trade:
    return await open_trade(server)


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults._armed.clear()


def arm(trade: Trade, place: str) -> None:
    settings = Settings(home=trade.server.settings.home, env="test")
    armed = {place: faults.Fault(raises=True)}
    faults.arm(settings, armed, host="127.0.0.1", database_prefix="t_test_")


async def skus(trade: Trade) -> int:
    return len(await list_skus(trade.db, trade.staff, most=200))


async def versions(trade: Trade) -> int:
    nodes = await get_network(trade.db, trade.staff)
    node = await get_node(trade.db, trade.staff, code="SZX1")
    return node.version + 100 * len(nodes.nodes)


async def pools(trade: Trade) -> int:
    network = await get_network(trade.db, trade.staff, channel="SHOP")
    return len(network.nodes)


CHANGE = ChangedNode(country="CN", city="Shenzhen", region="CN-GD")
FILE = NodeFile(csv="code,zone,country,city\nBJS,Asia/Shanghai,CN,Beijing")
WRITES: dict[str, tuple[Write, Count]] = {
    "create_sku": (
        lambda trade, once: create_sku(trade.db, trade.staff, once, new=NewSku(code="ONE")),
        skus,
    ),
    "import_skus": (
        lambda trade, once: import_skus(
            trade.db, trade.staff, once, file=SkuFile(csv="code,weight_g\nTWO,1\nTHREE,2")
        ),
        skus,
    ),
    "change_node": (
        lambda trade, once: change_node(trade.db, trade.staff, once, code="SZX1", change=CHANGE),
        versions,
    ),
    "import_nodes": (
        lambda trade, once: import_nodes(trade.db, trade.staff, once, file=FILE),
        versions,
    ),
    "create_channel": (
        lambda trade, once: create_channel(
            trade.db, trade.staff, once, new=NewChannel(code="SHOP", pool=[PoolNode("SZX1", 1)])
        ),
        pools,
    ),
}


@pytest.mark.parametrize("name", list(WRITES))
async def test_a_write_happens_once_or_not_at_all(trade: Trade, name: str) -> None:
    write, count = WRITES[name]
    before, once = await count(trade), stamp()
    arm(trade, f"{name}.before_commit")
    with pytest.raises(faults.InjectedFault):
        await write(trade, once)
    assert await count(trade) == before
    arm(trade, f"{name}.after_commit")
    with pytest.raises(faults.InjectedFault):
        await write(trade, once)
    done = await count(trade)
    assert done > before
    faults._armed.clear()
    answer = await write(trade, once)
    assert await write(trade, once) == answer, "the same key, the same answer"
    assert await count(trade) == done
    assert await trade.violations() == {}
