"""What sources tell about goods of lots and about pieces, and short ways to look at them."""

from datetime import timedelta

import msgspec

from entrepot.catalog.types import SkuDocument
from entrepot.flows.correct_drift import correct_drift
from entrepot.flows.list_drifts import list_drifts
from entrepot.flows.post_stock_events import post_stock_events
from entrepot.flows.post_stock_snapshots import post_stock_snapshots
from entrepot.flows.replace_sku import replace_sku
from entrepot.kernel.ids import new_token
from entrepot.kernel.principals import Staff
from entrepot.stock.feeds.types import (
    Drift,
    FeedPosted,
    NewFeedEvents,
    NewSnapshot,
    SnapshotPosted,
)
from tests.flows.trade import later, stamp
from tests.stock.house import Stock

Line = dict[str, object]
BEGAN = later(0)


def event(sequence: int, sku: str, delta: int, hours: float = -1, **more: object) -> Line:
    """A line of events; `hours` from the beginning, the same whenever it is told."""
    at = BEGAN + timedelta(hours=hours)
    return {"sequence": sequence, "sku": sku, "delta": delta, "at": at, **more}


async def tell(stock: Stock, feed: str, *events: Line, node: str = "N1") -> FeedPosted:
    new = msgspec.convert({"feed": feed, "node": node, "events": list(events)}, NewFeedEvents)
    return await post_stock_events(stock.db, stock.staff, stamp(), new=new)


def line(sku: str, qty: int, **more: object) -> Line:
    return {"sku": sku, "qty": qty, **more}


async def show(
    stock: Stock, feed: str, *lines: Line, at: float, node: str = "N1", counted: str = "gross"
) -> SnapshotPosted:
    given = {"feed": feed, "node": node, "as_of": later(at), "counted": counted,
             "lines": list(lines)}  # fmt: skip
    new = msgspec.convert(given, NewSnapshot)
    return await post_stock_snapshots(stock.db, stock.staff, stamp(), new=new)


async def drifts(stock: Stock, feed: str, by: Staff | None = None) -> list[Drift]:
    """Oldest first."""
    found = await list_drifts(
        stock.db, by or stock.staff, node=None, feed=feed, state=None, before=None, most=100
    )
    return found[::-1]


async def correct(stock: Stock, drift: Drift, by: Staff | None = None) -> Drift:
    return await correct_drift(stock.db, by or stock.staff, stamp(), drift_id=drift.id)


async def rows(stock: Stock, statement: str, *given: object) -> list[tuple[object, ...]]:
    owner = await stock.server.owner(stock.tenant)
    try:
        return [tuple(row) for row in await owner.fetch(statement, *given)]
    finally:
        await owner.close()


async def by_lot(stock: Stock, sku: str, node: str = "N1") -> dict[str, int]:
    """What lies in a node of each lot."""
    statement = """
        select b.lot, sum(b.on_hand)::int from stock.balance b
        join catalog.sku s using (sku_id) join nodes.node n using (node_id)
        where s.code = $1 and n.code = $2 and b.on_hand > 0 group by b.lot
    """
    return {str(lot): int(str(units)) for lot, units in await rows(stock, statement, sku, node)}


async def pieces(stock: Stock, sku: str, node: str = "N1") -> set[str]:
    """The serials that are in a node."""
    statement = """
        select r.serial from stock.serial r
        join catalog.sku s using (sku_id) join stock.place p using (place_id)
        join nodes.node n on n.node_id = p.node_id
        where s.code = $1 and n.code = $2
    """
    return {str(serial) for (serial,) in await rows(stock, statement, sku, node)}


async def track(stock: Stock, sku: str, *, lot_tracked: bool) -> None:
    document = msgspec.convert({"names": {"en": sku}, "lot_tracked": lot_tracked}, SkuDocument)
    await replace_sku(stock.db, stock.staff, stamp(), code=sku, document=document)


def a_feed() -> str:
    return "f" + new_token(9).replace("_", "x").replace("-", "y")
