"""What one order would get: its plan, its delivery options, the ways to part it. Pure.

The plan is the engine's under the policy that is named. Whoever shows it decides nothing: pages,
the API and shops read the same answer, which bears the digest of its plan.
"""

from datetime import datetime
from hashlib import sha256
from itertools import combinations

import msgspec

from entrepot.kernel.refusals import Invalid
from entrepot.routing.engine.checking import contradictions
from entrepot.routing.engine.format import OrderPlan, Plan, Problem, plan_bytes
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.shelf import from_shelf

MOST_NODES = 8
"""Of more nodes that hold something of the order, partitions are not listed."""


class Question(msgspec.Struct, frozen=True):
    """A problem of one order, the policy on the shelf (None: none), the moment."""

    problem: Problem
    policy: str | None
    at: datetime


class PlannedShipment(msgspec.Struct, frozen=True):
    """What a node would send; `eta` in minutes since the problem's instant0."""

    node: str
    service: str
    carrier: str
    level: str
    eta: int
    units: dict[str, int]


class DeliveryOption(msgspec.Struct, frozen=True):
    """The order by services of one level alone: when the last shipment arrives, what it costs."""

    level: str
    eta: int
    cost_minor: int
    shipments: int


class Partition(msgspec.Struct, frozen=True):
    """Nodes that fill the order together, and none of them can be left out; their best plan."""

    nodes: list[str]
    shipments: int
    cost_minor: int


class Preview(msgspec.Struct, frozen=True):
    """The answer. `least_shipments`: with fewer no plan exists (proven), None without a plan.

    `partitions`: every smallest set of nodes, None when more than `MOST_NODES` hold something.
    `digest`: SHA-256 of the plan's canonical bytes.
    """

    status: str
    cost_minor: int
    shipments: list[PlannedShipment]
    short: dict[str, int]
    fallback: str | None
    options: list[DeliveryOption]
    cod_offered: bool
    least_shipments: int | None
    partitions: list[Partition] | None
    digest: str


def answer(given: bytes) -> bytes:
    """`preview` on JSON, for the process that computes."""
    return msgspec.json.encode(preview(msgspec.json.decode(given, type=Question)))


def preview(question: Question) -> Preview:
    """Decide the order, and what a shop offers and shows of it.

    Raises Invalid for a problem that contradicts itself, NotFound for an unknown policy.
    """
    errors = list(contradictions(question.problem))
    if errors:
        raise Invalid("the order cannot be decided", errors=errors)
    judge = _Judge(question)
    plan, money, fallback, digest = judge.decided()
    least = judge.least() if _filled(plan) else None
    services = {service.id: service for service in question.problem.services}
    shipments = [
        PlannedShipment(
            one.node, one.service, services[one.service].carrier, services[one.service].level,
            one.eta, one.units,
        )
        for one in plan.shipments
    ]  # fmt: skip
    return Preview(
        plan.status, money, shipments, plan.short, fallback, judge.options(),
        _filled(judge.plan(cod=True)[0]), least, judge.partitions() if least else [], digest,
    )  # fmt: skip


def _filled(plan: OrderPlan) -> bool:
    return plan.status != "infeasible" and not plan.short


class _Judge:
    """Decides variations of one question."""

    def __init__(self, question: Question) -> None:
        self._problem = question.problem
        self._order = question.problem.orders[0]
        self._at = question.at
        self._policy: Policy | None = None
        if question.policy is not None:
            self._policy = from_shelf(question.policy)

    def decided(self) -> tuple[OrderPlan, int, str | None, str]:
        """The plan, its money, what becomes of the order without one, the plan's digest."""
        whole, money, fallback = self._route(self._problem)
        return whole.orders[0], money, fallback, sha256(plan_bytes(whole)).hexdigest()

    def _route(self, problem: Problem) -> tuple[Plan, int, str | None]:
        if self._policy is None:
            whole = route(problem)
            return whole, whole.cost, None
        ruled = route_under(self._policy, problem, at=self._at)
        return ruled.plan, ruled.outcomes[0].money, ruled.outcomes[0].fallback

    def plan(
        self,
        *,
        nodes: frozenset[str] | None = None,
        level: str | None = None,
        most: int | None = None,
        cod: bool | None = None,
    ) -> tuple[OrderPlan, int]:
        """The plan with some nodes or one level alone, or with at most so many shipments; its
        money."""
        services = [
            one
            for one in self._problem.services
            if (nodes is None or one.node in nodes) and level in (None, one.level)
        ]
        order = self._order
        if cod is not None:
            order = msgspec.structs.replace(order, cod=cod)
        if most is not None:
            most = min(most, order.max_shipments or most)
            order = msgspec.structs.replace(order, max_shipments=most)
        problem = msgspec.structs.replace(self._problem, services=services, orders=[order])
        whole, money, _ = self._route(problem)
        return whole.orders[0], money

    def least(self) -> int | None:
        """The fewest shipments that fill the order."""
        for most in range(1, len(self._problem.services) + 1):
            if _filled(self.plan(most=most)[0]):
                return most
        return None

    def options(self) -> list[DeliveryOption]:
        """By level, what fills the order whole; the earliest first."""
        found = []
        for level in sorted({service.level for service in self._problem.services}):
            plan, money = self.plan(level=level)
            if _filled(plan):
                eta = max(one.eta for one in plan.shipments)
                found.append(DeliveryOption(level, eta, money, len(plan.shipments)))
        return sorted(found, key=lambda one: (one.eta, one.cost_minor, one.level))

    def partitions(self) -> list[Partition] | None:
        """Every smallest set of nodes that fills the order."""
        wanted = {line.sku for line in self._order.lines}
        holding = sorted(
            node.id
            for node in self._problem.nodes
            if any(sku in wanted and held.usable for sku, held in node.stock.items())
        )
        if len(holding) > MOST_NODES:
            return None
        found: list[Partition] = []
        for size in range(1, len(holding) + 1):
            for nodes in combinations(holding, size):
                if any(set(one.nodes) <= set(nodes) for one in found):
                    continue
                plan, money = self.plan(nodes=frozenset(nodes))
                if _filled(plan):
                    found.append(Partition(list(nodes), len(plan.shipments), money))
        return found
