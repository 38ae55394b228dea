"""Findings and the running of their proofs."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from entrepot.kernel.refusals import Refusal
from entrepot.routing.engine.format import Problem
from entrepot.routing.policy.applying import Applied, apply
from entrepot.routing.policy.document import AnyRule, Policy
from entrepot.routing.policy.lint.thinking import Thought, conditions_of, thoughts
from entrepot.routing.policy.lint.worlds import World, world_of

FindingKind = Literal[
    "dead", "shadowed", "conflicting", "uncovered", "overdue", "untested", "failing", "costly"
]
MOST_TRIALS: Final = 60
"""So many orders are made and run in search of a proof."""


class Finding(msgspec.Struct, frozen=True):
    """Something wrong with a rule (`rule` empty: with the whole policy).

    `others`: the rules that shadow or contradict it. `proof`: a problem of one order that shows
    it when it is decided under the policy at `at`.
    """

    kind: FindingKind
    rule: str
    others: tuple[str, ...]
    message: str
    proof: Problem
    at: datetime


def prove(
    policy: Policy,
    candidates: Iterator[Thought] | Sequence[Thought],
    confirmed: Callable[[World], bool],
    *,
    at: datetime,
) -> World | None:
    """The first world made of a candidate that running confirms."""
    for trial, thought in enumerate(candidates):
        if trial == MOST_TRIALS:
            break
        world = world_of(thought, at=at, zone=policy.zone)
        if world is not None and ran(confirmed, world):
            return world
    return None


def ran(confirmed: Callable[[World], bool], world: World) -> bool:
    """Whether running confirms; a world that the policy refuses to be applied to does not."""
    try:
        return confirmed(world)
    except Refusal:
        return False


def applied(policy: Policy, world: World, *without: str) -> Applied:
    """The world under the policy without some rules."""
    return apply(policy, world.problem, at=world.at, without=frozenset(without))


def idle(policy: Policy, rule: AnyRule, world: World) -> bool:
    """Whether the rule changes nothing in this world."""
    with_it, without_it = applied(policy, world), applied(policy, world, rule.id)
    return _effect(with_it) == _effect(without_it)


def _effect(found: Applied) -> tuple[object, ...]:
    standing = found.orders[0]
    return found.problem, found.exclusions, standing.fallback_rule, standing.tiers


def holds_in(policy: Policy, rule: AnyRule, world: World) -> bool:
    """Whether the rule is among those that hold for the order."""
    return rule.id in applied(policy, world).orders[0].rules


def moment_in(rules: Sequence[AnyRule], at: datetime) -> datetime | None:
    """A moment in the dates of all rules, `at` if it is one."""
    start = max((rule.starts for rule in rules if rule.starts is not None), default=None)
    end = min((rule.until for rule in rules if rule.until is not None), default=None)
    found = at if start is None else max(at, start)
    if end is not None and found >= end:
        found = end - timedelta(minutes=1)
    return None if start is not None and found < start else found


def thought_of(rules: Sequence[AnyRule]) -> list[Thought] | None:
    """Every order that the rules can tell apart; None when there are too many."""
    found = thoughts(conditions_of(rules))
    return None if found is None else list(found)
