"""What if: a record's order decided once more with one thing changed.

Costs are the objective's: money, unless a policy ranks other things above it. All else is as
recorded, the verdicts of rule packages included.
"""

from typing import Literal

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.routing.engine.format import (
    Candidate,
    Node,
    OrderPlan,
    Problem,
    Service,
    Shipment,
    Status,
    Stock,
)
from entrepot.routing.policy.document import Policy
from entrepot.routing.records.deciding import decide_rows
from entrepot.routing.records.format import Record
from entrepot.routing.records.recording import setting_of

Kind = Literal["deadline", "level", "one_more", "closed", "policy"]


class WhatIf(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change and what it would come to. `delta` is None when one of the two has no plan.

    `subject`: the minutes, the level, (node, SKU, units), the node, or the policy's version.
    """

    kind: Kind
    subject: tuple[str | int, ...]
    status: Status
    cost: int
    delta: int | None
    same_choice: bool
    shipments: tuple[Shipment, ...]
    short: dict[str, int]


def forced(record: Record, policy: Policy | None) -> tuple[Candidate, ...]:
    """Every option: the rule that closes it, or what a plan with it costs more than the chosen."""
    plan = decide_rows(record.rows, setting_of(record, policy), explained=True).plan
    off = plan.cost - record.plan.cost
    return tuple(
        one if one.delta is None else msgspec.structs.replace(one, delta=one.delta + off)
        for one in plan.candidates or ()
    )


def deadline(record: Record, policy: Policy | None, *, minutes: int) -> WhatIf:
    """The order's deadline so many minutes later (earlier: negative)."""
    order = record.rows.orders[0]
    if order.deliver_by is None:
        raise _unfit("deliver_by", "the order has no deadline")
    rows = with_deadline(record.rows, order.deliver_by + minutes)
    return _what_if(record, policy, rows, "deadline", (minutes,))


def level(record: Record, policy: Policy | None, *, level: str) -> WhatIf:
    """Only services of this level."""
    services = [service for service in record.rows.services if service.level == level]
    if not services:
        raise _unfit("level", f"no service has the level {level!r}")
    rows = msgspec.structs.replace(record.rows, services=services)
    return _what_if(record, policy, rows, "level", (level,))


def one_more(
    record: Record, policy: Policy | None, *, node: str, sku: str, units: int = 1
) -> WhatIf:
    """So many more usable units of a SKU at a node."""
    _known_node(record, node)
    if sku not in {line.sku for line in record.rows.orders[0].lines}:
        raise _unfit("sku", f"the order has no line {sku!r}")
    rows = with_more(record.rows, node, sku, units)
    return _what_if(record, policy, rows, "one_more", (node, sku, units))


def closed(record: Record, policy: Policy | None, *, node: str) -> WhatIf:
    """A node that ships nothing."""
    _known_node(record, node)
    rows = without_node(record.rows, node)
    return _what_if(record, policy, rows, "closed", (node,))


def under(record: Record, policy: Policy | None, *, other: Policy) -> WhatIf:
    """Another policy, or another version of it. The recorded policy does not matter here."""
    return _what_if(record, other, record.rows, "policy", (other.id, other.version))


def with_deadline(rows: Problem, deliver_by: int) -> Problem:
    """The rows with the order due at another minute."""
    order = msgspec.structs.replace(rows.orders[0], deliver_by=deliver_by)
    return msgspec.structs.replace(rows, orders=[order])


def with_more(rows: Problem, node: str, sku: str, units: int) -> Problem:
    """The rows with more usable units; stock that was less than nothing is filled up first."""

    def filled(place: Node) -> Node:
        if place.id != node:
            return place
        old = place.stock.get(sku, Stock(0, 0, 0))
        stock = {**place.stock, sku: Stock(old.usable + old.safety + units, old.safety, old.shadow)}
        return msgspec.structs.replace(place, stock=dict(sorted(stock.items())))

    return msgspec.structs.replace(rows, nodes=[filled(place) for place in rows.nodes])


def without_node(rows: Problem, node: str) -> Problem:
    """The rows with a node's services gone."""

    def stays(service: Service) -> bool:
        return service.node != node

    return msgspec.structs.replace(rows, services=list(filter(stays, rows.services)))


def decided(record: Record, policy: Policy | None, rows: Problem) -> OrderPlan:
    """The plan for changed rows, all else as recorded."""
    return decide_rows(rows, setting_of(record, policy)).plan


def _what_if(
    record: Record,
    policy: Policy | None,
    rows: Problem,
    kind: Kind,
    subject: tuple[str | int, ...],
) -> WhatIf:
    plan = decided(record, policy, rows)
    both = "infeasible" not in (plan.status, record.plan.status)
    return WhatIf(
        kind, subject, plan.status, plan.cost, plan.cost - record.plan.cost if both else None,
        choice(plan) == choice(record.plan), plan.shipments, plan.short,
    )  # fmt: skip


def choice(plan: OrderPlan) -> tuple[object, ...]:
    """What goes from where by which service; not when it arrives or what it costs."""
    shipments = tuple((s.node, s.service, tuple(sorted(s.units.items()))) for s in plan.shipments)
    return plan.status == "infeasible", shipments


def _known_node(record: Record, node: str) -> None:
    if node not in {place.id for place in record.rows.nodes}:
        raise _unfit("node", f"there is no node {node!r}")


def _unfit(path: str, message: str) -> Invalid:
    return Invalid(message, code="bad_question", errors=[FieldError(path, "does_not_fit", message)])
