"""Rules that never speak (dead), or only where others have spoken already (shadowed)."""

from datetime import datetime
from functools import partial

from entrepot.routing.policy.conditions import holds
from entrepot.routing.policy.document import (
    AnyRule,
    Exclude,
    Fallback,
    Limit,
    Objective,
    Policy,
)
from entrepot.routing.policy.lint.proving import (
    Finding,
    holds_in,
    idle,
    moment_in,
    prove,
    thought_of,
)
from entrepot.routing.policy.lint.thinking import Thought, speaks
from entrepot.routing.policy.lint.worlds import World


def dead(policy: Policy, rule: AnyRule, *, at: datetime) -> Finding | None:
    """The rule can never do anything; the proof is the order that comes closest."""
    found = thought_of([rule])
    if found is None:
        return None
    never = not any(speaks(rule, thought.get) for thought in found)
    if not never and not _outside(policy, rule):
        return None
    found.sort(key=partial(_nearness, rule), reverse=True)
    moment = moment_in([rule], at) if never else policy.effective_from
    world = prove(policy, found, partial(idle, policy, rule), at=moment or at)
    if world is None:
        return None
    why = "no order can meet its conditions" if never else "its dates lie outside the policy's"
    return Finding("dead", rule.id, (), why, world.problem, world.at)


def _outside(policy: Policy, rule: AnyRule) -> bool:
    end = policy.effective_until
    late = rule.starts is not None and end is not None and rule.starts >= end
    return late or (rule.until is not None and rule.until <= policy.effective_from)


def _nearness(rule: AnyRule, thought: Thought) -> int:
    parts = (rule.when, rule.lines, getattr(rule, "options", None))
    return sum(holds(part, thought.get) for part in parts)


def shadowed(policy: Policy, number: int, *, at: datetime) -> Finding | None:
    """Wherever the rule speaks, a rule that counts before it speaks too."""
    rule = policy.rules[number]
    before = [
        other
        for place, other in enumerate(policy.rules)
        if place != number and _counts_before(other, rule, earlier=place < number)
        and _covers_dates(other, rule)
    ]  # fmt: skip
    found = thought_of([rule, *before]) if before else None
    if found is None:
        return None
    spoken = [thought for thought in found if speaks(rule, thought.get)]
    if not all(any(speaks(other, thought.get) for other in before) for thought in spoken):
        return None
    moment = moment_in([rule], at)
    world = prove(policy, spoken, partial(_silent_though_it_holds, policy, rule), at=moment or at)
    if world is None:
        return None
    others = tuple(other.id for other in before if any(speaks(other, t.get) for t in spoken))
    why = f"wherever it holds, {', '.join(others)} has decided already"
    return Finding("shadowed", rule.id, others, why, world.problem, world.at)


def _silent_though_it_holds(policy: Policy, rule: AnyRule, world: World) -> bool:
    return holds_in(policy, rule, world) and idle(policy, rule, world)


def _counts_before(other: AnyRule, rule: AnyRule, *, earlier: bool) -> bool:
    if isinstance(rule, Limit) and isinstance(other, Limit):
        return _as_strict(other, rule) and (earlier or not _as_strict(rule, other))
    first_wins = Objective | Fallback | Exclude
    return earlier and isinstance(rule, first_wins) and type(other) is type(rule)


def _as_strict(one: Limit, other: Limit) -> bool:
    """Whether one limit forbids all that the other does, for the lines of the other."""
    most = other.max_shipments
    return (
        not one.yields
        and (most is None or (one.max_shipments or most + 1) <= most)
        and one.whole_lines >= other.whole_lines
        and one.ship_complete >= other.ship_complete
        and one.together >= other.together
    )


def _covers_dates(other: AnyRule, rule: AnyRule) -> bool:
    starts = other.starts is None or (rule.starts is not None and other.starts <= rule.starts)
    ends = other.until is None or (rule.until is not None and other.until >= rule.until)
    return starts and ends
