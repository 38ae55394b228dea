"""Ask an allocator for a plan, judge it, price it, follow it or fall back.

    problem -> theirs (deadline) -> read -> every rule -> costs and times made ours -> followed
                   \\_ too late, unreadable, a rule broken, nothing found _> our engine's plan

Our engine decides in any case: it is the fallback, and bounds the plan that is followed.
Nothing an allocator says of cost, time, bound or proof is believed.
"""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from entrepot.kernel.refusals import FieldError, Refusal
from entrepot.platform.documents import decode_json
from entrepot.platform.outgoing import NotAnswered, Trouble
from entrepot.routing.engine.asking import untouched
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide
from entrepot.routing.engine.format import Plan, Problem
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.routing import route, status_of
from entrepot.routing.judging import broken_rules, repriced

MOST_FAULTS: Final = 20

Post = Callable[[bytes], bytes]
"""Sends a problem, returns what was answered with status 200. Raises NotAnswered or Declined."""
Reason = Trouble | Literal["declined", "unreadable", "broken_plan", "found_nothing"]
"""Why an allocator was not followed: it was not reached, answered another status than 200,
answered no `routing-plan/1`, broke a rule, or left orders out that can be filled."""


class Declined(Exception):
    """The allocator answered with a status that is not 200."""


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What came of asking: followed, or why not, and what either plan costs."""

    allocator: str
    followed: bool
    our_cost: int
    their_cost: int | None = None
    reason: Reason | None = None
    detail: str = ""
    faults: tuple[FieldError, ...] = ()


class Allocation(msgspec.Struct, frozen=True):
    """The plan to act on, and how it came about."""

    plan: Plan
    outcome: Outcome


class _NotFollowed(Exception):
    def __init__(self, reason: Reason, detail: str, faults: tuple[FieldError, ...] = ()) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.detail = detail
        self.faults = faults


def allocate(
    problem: Problem, *, allocator: str, post: Post, budget: int = DEFAULT_BUDGET
) -> Allocation:
    """The allocator's plan if it may be followed, else ours. `allocator`: its name for records."""
    ours = route(problem, budget=budget)
    try:
        theirs = _bounded(problem, _answered(problem, ours, post), ours, budget)
    except _NotFollowed as fault:
        outcome = Outcome(
            allocator, False, ours.cost, None, fault.reason, fault.detail, fault.faults
        )
        return Allocation(ours, outcome)
    return Allocation(theirs, Outcome(allocator, True, ours.cost, theirs.cost))


def _answered(problem: Problem, ours: Plan, post: Post) -> Plan:
    """Their plan, unbroken and priced by us."""
    try:
        raw = post(msgspec.json.encode(problem, order="deterministic"))
    except NotAnswered as trouble:
        raise _NotFollowed(trouble.trouble, "") from None
    except Declined as declined:
        raise _NotFollowed("declined", str(declined)) from None
    try:
        plan = decode_json(raw, Plan)
    except Refusal as refusal:
        raise _NotFollowed("unreadable", "", tuple(refusal.errors[:MOST_FAULTS])) from None
    faults = list(_first(problem, plan))
    if faults:
        raise _NotFollowed("broken_plan", "", tuple(faults))
    lost = [
        FieldError(f"orders[{i}]", "found_nothing", "this order can be filled")
        for i, (mine, given) in enumerate(zip(ours.orders, plan.orders, strict=True))
        if given.status == "infeasible" and mine.status != "infeasible"
    ]
    if lost:
        raise _NotFollowed("found_nothing", "", tuple(lost[:MOST_FAULTS]))
    return repriced(problem, plan)


def _first(problem: Problem, plan: Plan) -> list[FieldError]:
    faults = []
    for fault in broken_rules(problem, plan):
        faults.append(fault)
        if len(faults) == MOST_FAULTS:
            break
    return faults


def _bounded(problem: Problem, theirs: Plan, ours: Plan, budget: int) -> Plan:
    """Their plan with bounds that we have proven: what each order would cost alone on all stock.

    A plan that reaches its bound is optimal, whoever made it.
    """
    network = Network(problem)
    everything = untouched(network)
    orders, total = [], 0
    for order, answer in zip(problem.orders, theirs.orders, strict=True):
        bound = decide(network, order, everything, budget).plan.lower_bound
        total += bound
        if answer.status != "infeasible":
            proven = answer.cost <= bound
            answer = msgspec.structs.replace(
                answer, status="optimal" if proven else "bounded", lower_bound=bound
            )
        orders.append(answer)
    bound = min(total, theirs.cost)
    return msgspec.structs.replace(
        theirs,
        engine=ours.engine,
        lower_bound=bound,
        status=status_of(orders, theirs.cost, bound),
        orders=tuple(orders),
        work=ours.work,
    )
