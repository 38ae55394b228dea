"""The network for a routing decision, as the tables have it."""

from collections.abc import Sequence
from datetime import time

from entrepot.access.flow import query
from entrepot.kernel.attributes import demands
from entrepot.kernel.calendars import Calendar
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.nodes import working
from entrepot.nodes.working_types import NodeDetail
from entrepot.parcels.scope import scope_of
from entrepot.platform.database import ReadTx
from entrepot.routing.engine.format import Attributes
from entrepot.routing.policy.fields import lane_key
from entrepot.routing.types import (
    Closure,
    Counted,
    DailyLimit,
    Labour,
    Network,
    NetworkNode,
    Shift,
)


@query(permission="nodes:read", callers=(ApiKey, Staff, Job))
async def get_network(
    tx: ReadTx, *, channel: str | None = None, regions: Sequence[str] = ()
) -> Network:
    """Open nodes as `routing.compile` reads them; with `channel` those of its pool, in order.

    `regions`: where the orders in question go; a node that serves named regions only is blocked
    for the others among them. Nodes without coordinates cannot be decided about and are left
    out. Stock and services are added by who asks: they belong to other rooms.
    """
    nodes = await working.list_details(
        tx, warehouses=scope_of(tx.principal).warehouses, channel=channel
    )
    return network_of(nodes, regions)


def network_of(nodes: Sequence[NodeDetail], regions: Sequence[str]) -> Network:
    """The network of nodes that were read, as `get_network` gives it."""
    known = [node for node in nodes if node.lat is not None and node.lon is not None]
    limits = tuple(
        DailyLimit(f"{limit.counts} at {node.code}", node.code, Counted(limit.counts),
                   limit.daily_limit)
        for node in known
        for limit in node.capacities
    )  # fmt: skip
    return Network(tuple(_node(node, regions) for node in known), (), limits)


def _node(node: NodeDetail, regions: Sequence[str]) -> NetworkNode:
    unserved = set(regions) - set(node.regions_served) if node.regions_served else set()
    return NetworkNode(
        id=node.code,
        lat=node.lat or 0.0,
        lon=node.lon or 0.0,
        region=node.region or node.country or "",
        calendar=_calendar(node),
        type=node.kind,
        tags=tuple(sorted({*node.capabilities, *demands(node.attributes)})),
        regions_blocked=tuple(sorted({*node.regions_blocked, *unserved})),
        attrs=dict(node.attributes) | _lanes(node),
        labour=_labour(node),
        closures=tuple(Closure(one.starts_at, one.ends_at) for one in node.closures),
    )


def _lanes(node: NodeDetail) -> Attributes:
    """What is true of carriers by region; conditions read it as `lane.attrs.<name>`."""
    return {
        lane_key(lane.carrier, lane.region, name): value
        for lane in node.lanes
        for name, value in lane.attributes.items()
    }


def _calendar(node: NodeDetail) -> Calendar:
    return Calendar(
        zone=node.zone,
        weekdays=frozenset(node.weekdays),
        holidays=frozenset(node.holidays),
        opens=time.fromisoformat(node.opens or "00:00"),
        closes=time.fromisoformat(node.closes or "23:59:59"),
    )


def _labour(node: NodeDetail) -> Labour | None:
    """Staffed hours bound the work only where it is known how long work takes."""
    if not node.staffed or node.minutes_per_shipment is None:
        return None
    shifts = tuple(
        Shift(one.weekday, time.fromisoformat(one.opens), time.fromisoformat(one.closes),
              one.people)
        for one in node.staffed
    )  # fmt: skip
    return Labour(shifts, node.minutes_per_shipment, node.minutes_per_unit or 0)
