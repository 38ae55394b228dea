"""The order of one record decided: packages' verdicts laid over the rows, policy, engine, costs.

    rows -> verdicts of rule packages -> policy -> engine -> plan -> cost by term, closed options

Pure: the verdicts come in as they were given, so that a record can be decided again without the
packages that spoke when it was made.
"""

from collections.abc import Iterator, Mapping

import msgspec

from entrepot.kernel.refusals import Invalid
from entrepot.routing.engine.asking import ask, untouched
from entrepot.routing.engine.checking import contradictions
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.excluding import exclusion, idle_reason
from entrepot.routing.engine.format import Candidate, Order, OrderPlan, Problem
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.routing import route
from entrepot.routing.judging import Rows, reprice_order, terms_of
from entrepot.routing.plugins.outcomes import RuleOutcome
from entrepot.routing.plugins.patching import charge_on, masked, patched
from entrepot.routing.policy.accounting import money_of
from entrepot.routing.policy.applying import Applied, moment_of
from entrepot.routing.policy.deciding import Outcome, decide_one, restored, spend
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.excluding import Excluded
from entrepot.routing.records.format import ShipmentCost


class Setting(msgspec.Struct, frozen=True):
    """Under what an order is decided, besides its rows."""

    policy: Policy | None = None
    rules: tuple[RuleOutcome, ...] = ()
    spent: Mapping[str, int] = {}
    budget: int = DEFAULT_BUDGET


class Decided(msgspec.Struct, frozen=True):
    """A decision. `problem` is what the engine was given: rows, verdicts and policy in one."""

    plan: OrderPlan
    work: int
    problem: Problem
    costs: tuple[ShipmentCost, ...]
    outcome: Outcome | None
    excluded: tuple[Candidate, ...]
    by_policy: tuple[Excluded, ...]
    spent: dict[str, int]


def decide_rows(rows: Problem, setting: Setting, *, explained: bool = False) -> Decided:
    """Decide the one order of `rows`. Raises Unavailable (`budget_exhausted`), Invalid when the
    packages charge more than can be summed, and what a policy that does not fit the rows raises.

    `explained` adds every option as a candidate, with its price by force.
    """
    given = patched(rows, setting.rules)
    if given is not rows and not sound(given):
        raise Invalid("the rules charge too much to be summed", code="charges_too_wide")
    if setting.policy is None:
        whole = route(given, budget=setting.budget, explained=explained)
        return _decided(rows, setting, given, whole.orders[0], whole.work, None, ())
    spent = dict(setting.spent)
    applied, whole, yielded = decide_one(
        setting.policy, given, moment_of(rows), spent, setting.budget, explained
    )
    plan = restored(whole.orders[0], applied)
    decided = _decided(rows, setting, applied.problem, plan, whole.work, applied, yielded)
    spend(spent, applied, plan)
    return msgspec.structs.replace(decided, spent=spent)


def decide_given(rows: Problem, setting: Setting, plan: OrderPlan) -> Decided:
    """Somebody else's unbroken plan for the order of `rows`, read as ours would be."""
    given = patched(rows, setting.rules)
    return _decided(rows, setting, given, plan, 0, None, ())


def _decided(
    rows: Problem,
    setting: Setting,
    problem: Problem,
    plan: OrderPlan,
    work: int,
    applied: Applied | None,
    yielded: tuple[str, ...],
) -> Decided:
    by_policy = applied.exclusions if applied is not None else ()
    closed = {(told.node, told.service) for told in by_policy}
    closed_by_rules = tuple(masked(rows, setting.rules))
    bare = [one for one in _idle(problem) if (one.node, one.service) not in closed]
    return Decided(
        plan,
        work,
        problem,
        tuple(_costs(rows, setting, plan, _weight(applied))),
        None if applied is None else _outcome(patched(rows, setting.rules), applied, plan, yielded),
        tuple(sorted((*closed_by_rules, *bare), key=lambda one: (one.node, one.service))),
        by_policy,
        dict(setting.spent),
    )


def _outcome(
    given: Problem, applied: Applied, plan: OrderPlan, yielded: tuple[str, ...]
) -> Outcome:
    standing = applied.orders[0]
    if plan.status == "infeasible":
        return Outcome(
            plan.id, standing.rules, 0, yielded, standing.fallback, standing.fallback_rule
        )
    money = money_of(given, given.orders[0], plan, standing)
    return Outcome(plan.id, standing.rules, money, yielded)


def _weight(applied: Applied | None) -> int:
    """What one minor unit counts in the plan's cost."""
    if applied is None:
        return 1
    standing = applied.orders[0]
    return standing.weights[standing.tiers.index("money")]


def _costs(rows: Problem, setting: Setting, plan: OrderPlan, weight: int) -> Iterator[ShipmentCost]:
    """Each shipment by term at the prices of `rows`; lateness at the order's own price per day."""
    book = Rows(rows)
    order = msgspec.structs.replace(rows.orders[0], late="soft")
    for shipment in plan.shipments:
        option = book.option(order, shipment.node, shipment.service)
        if isinstance(option, str):
            raise ValueError(f"a plan uses what its rows do not offer: {option}")
        terms = terms_of(order, option, shipment.units)
        rules = charge_on(option.service, setting.rules)
        yield ShipmentCost(terms, rules, shipment.cost - weight * (terms.total + rules))


def _idle(problem: Problem) -> Iterator[Candidate]:
    """Options closed by the format's rules, as far as that is seen without deciding again."""
    network, order = Network(problem), problem.orders[0]
    question = ask(network, order, untouched(network))
    place = {int(option): row for row, option in enumerate(question.eligible.option)}
    for option, service in enumerate(network.services):
        reason = exclusion(network, order, option)
        if reason is None:
            reason = idle_reason(question, place[option])
        if reason.code != "no_plan":
            yield Candidate(service.node, service.id, reason)


def sound(problem: Problem) -> bool:
    """Whether the engine may be given this problem: no contradiction, no overflow."""
    return next(contradictions(problem), None) is None


def as_priced(problem: Problem, order: Order, plan: OrderPlan) -> OrderPlan:
    """A plan at the prices of another problem of the same order; it must break no rule there."""
    return reprice_order(Rows(problem), order, plan)
