"""Rules that contradict each other (conflicting)."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import msgspec

from entrepot.routing.engine.routing import route
from entrepot.routing.policy.conditions import holds
from entrepot.routing.policy.document import (
    AnyRule,
    Exclude,
    Policy,
    Prefer,
    Promise,
    StockPolicy,
)
from entrepot.routing.policy.lint.proving import (
    Finding,
    applied,
    holds_in,
    moment_in,
    prove,
    ran,
    thought_of,
)
from entrepot.routing.policy.lint.thinking import Thought, speaks
from entrepot.routing.policy.lint.worlds import World, world_of

_OF_OPTIONS = ("node.", "service.", "stock.")


def conflicting(policy: Policy, one: AnyRule, other: AnyRule, *, at: datetime) -> Iterator[Finding]:
    """What two rules, `one` before `other`, cannot both have."""
    moment = moment_in([one, other], at)
    if moment is None:
        return
    if isinstance(one, Exclude) and isinstance(other, Exclude):
        yield from _nothing_left(policy, one, other, moment)
    elif isinstance(one, Prefer) and isinstance(other, Exclude):
        yield from _preferred_but_excluded(policy, one, other, moment)
    elif isinstance(one, Exclude) and isinstance(other, Prefer):
        yield from _preferred_but_excluded(policy, other, one, moment)
    else:
        why = _opposite(one, other)
        if why is not None:
            yield from _both_speak(policy, one, other, why, moment)


def _opposite(one: AnyRule, other: AnyRule) -> str | None:
    if isinstance(one, Promise) and isinstance(other, Promise):
        return "one promise is hard, the other soft" if one.late != other.late else None
    if not (isinstance(one, StockPolicy) and isinstance(other, StockPolicy)):
        return None
    if {bool(one.hold_units), bool(other.hold_units)} == {True, False} and (
        one.release_safety or other.release_safety
    ):
        return "one holds the stock that the other frees"
    if (one.credit_minor_per_unit and other.charge_minor_per_unit) or (
        one.charge_minor_per_unit and other.credit_minor_per_unit
    ):
        return "one makes the stock cheap that the other makes dear"
    return None


def _both_speak(
    policy: Policy, one: AnyRule, other: AnyRule, why: str, moment: datetime
) -> Iterator[Finding]:
    found = thought_of([one, other])
    both = [t for t in found or () if speaks(one, t.get) and speaks(other, t.get)]
    world = prove(policy, both, partial(_pull_apart, policy, one, other), at=moment)
    if world is not None:
        yield Finding("conflicting", other.id, (one.id,), why, world.problem, world.at)


def _pull_apart(policy: Policy, one: AnyRule, other: AnyRule, world: World) -> bool:
    """Both hold, and without either the order is decided by other terms."""
    if not (holds_in(policy, one, world) and holds_in(policy, other, world)):
        return False
    alone = applied(policy, world, one.id).problem, applied(policy, world, other.id).problem
    return alone[0] != alone[1]


def _preferred_but_excluded(
    policy: Policy, prefer: Prefer, exclude: Exclude, moment: datetime
) -> Iterator[Finding]:
    """Every option that is preferred where both hold is excluded."""
    found = [
        thought
        for thought in thought_of([prefer, exclude]) or ()
        if holds(prefer.when, thought.get)
        and holds(prefer.lines, thought.get)
        and holds(prefer.options, thought.get)
        and holds(exclude.when, thought.get)
        and holds(exclude.lines, thought.get)
    ]
    if not found or not all(speaks(exclude, thought.get) for thought in found):
        return

    def excluded(world: World) -> bool:
        told = applied(policy, world)
        by_rule = any(e.rule == exclude.id and e.whole for e in told.exclusions)
        return by_rule and prefer.id in told.orders[0].rules

    world = prove(policy, found, excluded, at=moment)
    if world is not None:
        why = "everything it prefers is excluded"
        yield Finding("conflicting", prefer.id, (exclude.id,), why, world.problem, world.at)


def _nothing_left(
    policy: Policy, one: Exclude, other: Exclude, moment: datetime
) -> Iterator[Finding]:
    """An order to which each rule leaves an option, but both together leave none."""
    groups: dict[str, list[Thought]] = {}
    for thought in thought_of([one, other]) or ():
        asked = {k: v for k, v in thought.items() if not k.startswith(_OF_OPTIONS)}
        groups.setdefault(repr(asked), []).append(thought)
    pair = one.id, other.id
    for group in groups.values():
        said = [(speaks(one, t.get), speaks(other, t.get), t) for t in group]
        by_one = [t for a, b, t in said if a and not b]
        by_other = [t for a, b, t in said if b and not a]
        if by_one and by_other and all(a or b for a, b, _ in said):
            world = _two_nodes(policy, by_one, by_other, pair, moment)
            if world is not None:
                why = "each leaves a node, together they leave none"
                yield Finding("conflicting", other.id, (one.id,), why, world.problem, world.at)
                return


def _two_nodes(
    policy: Policy,
    by_one: list[Thought],
    by_other: list[Thought],
    pair: tuple[str, str],
    moment: datetime,
) -> World | None:
    """A world with a node that only the first excludes and one that only the second does."""
    for left in by_one[:8]:
        for right in by_other[:8]:
            world = world_of(left, at=moment, zone=policy.zone, others=(right,))
            if world is not None and ran(partial(_only_together, policy, pair), world):
                return world
    return None


def _only_together(policy: Policy, pair: tuple[str, str], world: World) -> bool:
    rest = [rule.id for rule in policy.rules if rule.id not in pair]
    plans = [
        route(applied(policy, world, *rest, *gone).problem).status
        for gone in ((), pair[:1], pair[1:])
    ]
    return plans[0] == "infeasible" and "infeasible" not in plans[1:]


def without_stock(world: World) -> World:
    """The same world, sold out."""
    nodes = [
        msgspec.structs.replace(
            node, stock={k: msgspec.structs.replace(v, atp=0) for k, v in node.stock.items()}
        )
        for node in world.problem.nodes
    ]
    return World(msgspec.structs.replace(world.problem, nodes=nodes), world.at)
