"""Routing under a policy: apply, decide, tell the plan in the words of the original problem.

Orders are decided one by one in the given order, each on what those before it left. A limit that
`yields` is dropped, the first one first, when the order has no plan with it. Or together, as a
wave (`wave_under`), where no limit gives way.
"""

from datetime import datetime

import msgspec

from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.format import Candidate, Exclusion, Order, OrderPlan, Plan, Problem
from entrepot.routing.engine.routing import ENGINE, route, status_of
from entrepot.routing.engine.waves import Watch, route_wave
from entrepot.routing.policy.accounting import money_of, remaining
from entrepot.routing.policy.applying import MARK, Applied, Standing, apply
from entrepot.routing.policy.bounding import bound_alone
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.excluding import Excluded


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order's decision under a policy, beside its plan.

    `money`: what the plan costs at the problem's own prices and the policy's charges, without
    tiers, preferences and the credits of stock rules. `yielded`: limits that gave way.
    `fallback`: what becomes of the order when it has no plan; `fallback_rule` says so.
    """

    order: str
    rules: tuple[str, ...]
    money: int
    yielded: tuple[str, ...] = ()
    fallback: str | None = None
    fallback_rule: str | None = None


class Ruled(msgspec.Struct, frozen=True):
    """A plan under a policy. Costs of `plan` are the objective's (see `Standing.weights`)."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    standings: tuple[Standing, ...]
    exclusions: tuple[Excluded, ...]


def route_under(
    policy: Policy,
    problem: Problem,
    *,
    at: datetime,
    budget: int = DEFAULT_BUDGET,
    explained: bool = False,
) -> Ruled:
    """Decide every order of a checked problem under a policy at an instant."""
    left = problem
    spent: dict[str, int] = {}
    plans, outcomes, standings, work, bound = [], [], [], 0, 0
    excluded: list[Excluded] = []
    for order in problem.orders:
        alone = msgspec.structs.replace(left, orders=[order])
        applied, whole, yielded = decide_one(policy, alone, at, spent, budget, explained)
        plan = restored(whole.orders[0], applied)
        plans.append(plan)
        standings.append(applied.orders[0])
        excluded += applied.exclusions
        work += whole.work
        outcomes.append(_outcome(left, order, plan, applied.orders[0], yielded))
        if left is problem and not spent:
            bound += plan.lower_bound
        else:
            first = msgspec.structs.replace(problem, orders=[order])
            free = apply(policy, first, at=at, without=frozenset(yielded))
            bound += bound_alone(applied, free, budget=budget)
        left = remaining(left, order, plan)
        spend(spent, applied, plan)
    cost = sum(plan.cost for plan in plans)
    every = Plan(
        "routing-plan/1", ENGINE, status_of(plans, cost, bound), cost, bound, work, tuple(plans)
    )
    return Ruled(every, tuple(outcomes), tuple(standings), tuple(excluded))


def _outcome(
    problem: Problem, order: Order, plan: OrderPlan, standing: Standing, yielded: tuple[str, ...]
) -> Outcome:
    if plan.status == "infeasible":
        return Outcome(
            order.id, standing.rules, 0, yielded, standing.fallback, standing.fallback_rule
        )
    return Outcome(order.id, standing.rules, money_of(problem, order, plan, standing), yielded)


def wave_under(
    policy: Policy,
    problem: Problem,
    *,
    at: datetime,
    budget: int = DEFAULT_BUDGET,
    watch: Watch | None = None,
) -> Ruled:
    """Decide all orders together. Raises Conflict (`orders_differ`, see `applying`)."""
    applied = apply(policy, problem, at=at)
    whole = route_wave(applied.problem, budget=budget, watch=watch)
    plans = tuple(restored(plan, applied) for plan in whole.orders)
    outcomes = tuple(
        _outcome(problem, order, plan, standing, ())
        for order, plan, standing in zip(problem.orders, plans, applied.orders, strict=True)
    )
    told = msgspec.structs.replace(whole, orders=plans)
    return Ruled(told, outcomes, applied.orders, applied.exclusions)


def decide_one(
    policy: Policy,
    problem: Problem,
    at: datetime,
    spent: dict[str, int],
    budget: int,
    explained: bool,
) -> tuple[Applied, Plan, tuple[str, ...]]:
    """A problem of one order: applied, decided, and the limits that gave way.

    The plan speaks of the applied problem (see `restored`). `spent`: as in `applying.apply`.
    """
    applied = apply(policy, problem, at=at, spent=spent)
    plan = route(applied.problem, budget=budget, explained=explained)
    yielding, dropped = applied.orders[0].yielding, 0
    while plan.status == "infeasible" and dropped < len(yielding):
        dropped += 1
        without = frozenset(yielding[:dropped])
        softer = apply(policy, problem, at=at, spent=spent, without=without)
        found = route(softer.problem, budget=budget, explained=explained)
        if found.status != "infeasible":
            return softer, found, yielding[:dropped]
    return applied, plan, ()


def restored(plan: OrderPlan, applied: Applied) -> OrderPlan:
    """A plan of the applied problem with the original names and the policy's reasons."""
    shipments = tuple(
        msgspec.structs.replace(shipment, service=_plain(shipment.service))
        for shipment in plan.shipments
    )
    candidates = None
    if plan.candidates is not None:
        reasons = {
            (told.node, told.service): told
            for told in reversed(applied.exclusions)
            if told.order == plan.id and told.whole
        }
        told_once: dict[tuple[str, str], Candidate] = {}
        for candidate in plan.candidates:
            plain = _candidate(candidate, reasons)
            key = plain.node, plain.service
            if key not in told_once or told_once[key].excluded is not None:
                told_once[key] = plain
        candidates = tuple(told_once.values())
    return msgspec.structs.replace(plan, shipments=shipments, candidates=candidates)


def _candidate(candidate: Candidate, reasons: dict[tuple[str, str], Excluded]) -> Candidate:
    service = _plain(candidate.service)
    excluded = candidate.excluded
    told = reasons.get((candidate.node, service))
    if excluded is not None and excluded.code == "not_capable":
        if told is not None:
            excluded = Exclusion(told.code, told.observed, told.required)
        else:
            seen, wanted = _without_marks(excluded.observed), _without_marks(excluded.required)
            excluded = Exclusion(excluded.code, seen, wanted)
    return Candidate(candidate.node, service, excluded, candidate.delta)


def _without_marks(told: object) -> list[str]:
    return [tag for tag in told if not tag.startswith(MARK)] if isinstance(told, list) else []


def _plain(service: str) -> str:
    return service.partition(MARK)[0]


def spend(spent: dict[str, int], applied: Applied, plan: OrderPlan) -> None:
    """Add what a restored plan uses of the policy's capacities."""
    nodes = {node.id: node for node in applied.problem.nodes}
    for shipment in plan.shipments:
        for use in nodes[shipment.node].uses:
            if use.capacity.startswith(MARK):
                amount = use.per_shipment + use.per_unit * sum(shipment.units.values())
                spent[use.capacity] = spent.get(use.capacity, 0) + amount
