"""Orders for which a policy says nothing (uncovered), and what is past its date (overdue)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from entrepot.routing.policy.deciding import route_under
from entrepot.routing.policy.document import AnyRule, Fallback, Objective, Policy
from entrepot.routing.policy.lint.proving import (
    Finding,
    applied,
    holds_in,
    prove,
    ran,
    thought_of,
)
from entrepot.routing.policy.lint.quarrels import without_stock
from entrepot.routing.policy.lint.thinking import speaks
from entrepot.routing.policy.lint.worlds import World
from entrepot.routing.policy.pricing import PLAIN


def uncovered(policy: Policy, *, at: datetime) -> Iterator[Finding]:
    """Orders without a fallback, and orders without an objective where others have one."""
    fallbacks = [rule for rule in policy.rules if isinstance(rule, Fallback)]
    found = [
        thought
        for thought in thought_of(fallbacks) or ()
        if not any(speaks(rule, thought.get) for rule in fallbacks)
    ]
    world = prove(policy, found, partial(_left_alone, policy), at=at)
    if world is not None:
        why = "an order without a plan is left without a fallback"
        problem = without_stock(world).problem
        yield Finding("uncovered", "", (), why, problem, world.at)
    objectives = [rule for rule in policy.rules if isinstance(rule, Objective)]
    found = [
        thought
        for thought in (thought_of(objectives) or () if objectives else ())
        if not any(speaks(rule, thought.get) for rule in objectives)
    ]
    world = prove(policy, found, partial(_only_money, policy), at=at)
    if world is not None:
        why = "no objective holds for this order: only money counts"
        yield Finding("uncovered", "", (), why, world.problem, world.at)


def _left_alone(policy: Policy, world: World) -> bool:
    outcome = route_under(policy, without_stock(world).problem, at=world.at).outcomes[0]
    return outcome.fallback_rule is None and outcome.money == 0


def _only_money(policy: Policy, world: World) -> bool:
    standing = applied(policy, world).orders[0]
    objectives = {rule.id for rule in policy.rules if isinstance(rule, Objective)}
    return standing.tiers == PLAIN and not objectives & set(standing.rules)


def overdue(policy: Policy, *, at: datetime) -> Iterator[Finding]:
    """A review or an end that has passed; the proof is an order decided at `at`."""
    late = []
    if policy.review < at.date():
        late.append(f"the review of {policy.review} is overdue")
    if policy.effective_until is not None and policy.effective_until <= at:
        late.append(f"the policy ended on {policy.effective_until.isoformat()}")
    for why in late:
        world = prove(policy, [{}], lambda world: bool(applied(policy, world).orders), at=at)
        if world is not None:
            yield Finding("overdue", "", (), why, world.problem, world.at)
    for rule in policy.rules:
        if rule.until is not None and rule.until <= at:
            yield from _ended(policy, rule, rule.until, at)


def _ended(policy: Policy, rule: AnyRule, end: datetime, at: datetime) -> Iterator[Finding]:
    """The rule's last order: it held a minute before the end, it does not any more."""
    found = [thought for thought in thought_of([rule]) or () if speaks(rule, thought.get)]
    before = end - timedelta(minutes=1)

    def held(world: World) -> bool:
        return holds_in(policy, rule, world)

    world = prove(policy, found, held, at=before)
    if world is not None:
        now = World(world.problem, at)
        if ran(lambda world: not holds_in(policy, rule, world), now):
            why = f"the rule ended on {end.isoformat()}"
            yield Finding("overdue", rule.id, (), why, world.problem, at)
