"""Stock and capacities under a policy: what is held back or freed, and what a node may still do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from entrepot.routing.engine.format import Exclusion, Use
from entrepot.routing.policy.document import Marketplace, NodeCapacity, StockPolicy
from entrepot.routing.policy.excluding import Reason, channel_of
from entrepot.routing.policy.program import Live
from entrepot.routing.policy.scenes import Lane, OrderFacts, Scene

NOTHING_SPENT: Final[Mapping[str, int]] = {}


class Room(msgspec.Struct, frozen=True):
    """A capacity that a policy gives a node: what is left of it and what a shipment uses."""

    node: str
    rule: str
    left: int
    use: Use


def safeties(
    facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live]
) -> dict[tuple[str, str], tuple[int, str]]:
    """New safety stock by (node, SKU), with the rule that said so last."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    nodes = {lane.node.id: lane for lane in lanes}
    for rule in live:
        if not isinstance(rule.rule, StockPolicy | Marketplace):
            continue
        for node, lane in nodes.items():
            for at in rule.lines:
                line = facts.order.lines[at]
                stock = lane.node.stock.get(line.sku)
                if stock is None:
                    continue
                before = found.get((node, line.sku), (stock.safety, ""))[0]
                after = _safety(rule, facts, lane, at, before)
                if after != before:
                    found[node, line.sku] = after, rule.rule.id
    return found


def _safety(live: Live, facts: OrderFacts, lane: Lane, line: int, before: int) -> int:
    rule = live.rule
    if isinstance(rule, Marketplace):
        sold_here = channel_of(facts.order) in rule.channels
        return before + rule.buffer_units if sold_here else before
    if not isinstance(rule, StockPolicy):
        return before
    if not live.compiled.options(Scene(facts, facts.order.lines[line], lane)):
        return before
    if rule.release_safety:
        return 0
    return before if rule.hold_units is None else max(before, rule.hold_units)


def held(
    facts: OrderFacts, lane: Lane, safety: Mapping[tuple[str, str], tuple[int, str]]
) -> Iterator[tuple[int, Reason]]:
    """The lines that could be served here but for stock that a rule holds back."""
    for at, line in enumerate(facts.order.lines):
        changed = safety.get((lane.node.id, line.sku))
        stock = lane.node.stock.get(line.sku)
        if changed is not None and stock is not None and stock.usable > 0:
            kept, rule = changed
            if stock.atp <= kept:
                yield at, (rule, Exclusion("stock_held", stock.atp, kept + 1))


def rooms(
    facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live], spent: Mapping[str, int]
) -> list[Room]:
    """Every capacity of the policy that this order would draw on, in the order of the rules."""
    found = []
    nodes = {lane.node.id: lane for lane in lanes}
    for rule in live:
        if isinstance(rule.rule, NodeCapacity):
            for node, lane in nodes.items():
                if rule.compiled.options(Scene(facts, None, lane)):
                    found.append(_room(rule.rule, node, lane, spent))
    return found


def _room(rule: NodeCapacity, node: str, lane: Lane, spent: Mapping[str, int]) -> Room:
    name = f"\0{rule.id} at {node}"
    taken = lane.node.attrs.get(rule.taken, 0) if rule.taken is not None else 0
    limit = next(n for n in (rule.units, rule.shipments, rule.labour_min) if n is not None)
    left = limit - (taken if type(taken) is int else 0) - spent.get(name, 0)
    if rule.labour_min is not None:
        use = Use(name, rule.min_per_shipment, rule.min_per_unit, 0)
    else:
        use = Use(name, int(rule.shipments is not None), int(rule.units is not None), 0)
    return Room(node, rule.id, max(0, left), use)


def used_up(spaces: Sequence[Room]) -> dict[str, Reason]:
    """By node: its first capacity that has no room for a single unit."""
    found: dict[str, Reason] = {}
    for room in spaces:
        least = room.use.per_shipment + room.use.per_unit
        if room.left < least:
            why = Exclusion("capacity_used_up", room.left, least)
            found.setdefault(room.node, (room.rule, why))
    return found
