"""What a policy costs: how many tests of fields it asks, rule by rule, and the CPU of its stages.

The count is the same everywhere and every time; lint judges by it. Times come from the clock that
the caller brings.
"""

from collections.abc import Callable
from datetime import datetime
from statistics import median
from typing import Final

import msgspec

from entrepot.routing.engine.format import Problem
from entrepot.routing.engine.routing import route
from entrepot.routing.policy.applying import apply
from entrepot.routing.policy.conditions import Predicate, tests
from entrepot.routing.policy.document import Condition, Policy
from entrepot.routing.policy.program import Compiled, Program, compiled_anew, program_of
from entrepot.routing.policy.ruling import ruling_of
from entrepot.routing.policy.scenes import Scene

MOST_ASKED: Final = 10_000
"""Tests of fields that a policy may ask about one order of 3 lines with 20 options."""
MOST_APPLY_US: Final = 5_000
"""CPU microseconds that applying a policy may take an order, unless told otherwise."""
ROUNDS: Final = 7


class Stages(msgspec.Struct, frozen=True):
    """CPU microseconds an order, medians: reading the rules anew (once a policy), applying them,
    deciding the problem with them in it, and deciding it without any policy."""

    compile_us: int
    apply_us: int
    decide_us: int
    plain_us: int


def asked(
    policy: Policy, problem: Problem, *, at: datetime, all_hold: bool = False
) -> dict[str, int]:
    """Tests of fields asked for all orders, by rule; a test counts whether or not it was reached.

    `all_hold`: as if every rule held for every order and line: the most that orders can cost.
    """
    counts = {rule.id: 0 for rule in policy.rules}
    program = program_of(policy)
    counted = Program(
        program.zone, tuple(_counted(rule, counts, all_hold) for rule in program.rules)
    )
    for order in problem.orders:
        ruling_of(counted, problem, order, at=at, without=frozenset(), spent={})
    return counts


def _counted(rule: Compiled, counts: dict[str, int], all_hold: bool) -> Compiled:
    def counting(name: str, found: Predicate, hold: bool) -> Predicate:
        condition: Condition | None = getattr(rule.rule, name, None)
        size = 0 if condition is None else sum(1 for _ in tests(condition))

        def ask(scene: Scene) -> bool:
            counts[rule.rule.id] += size
            return hold or found(scene)

        return ask

    unless = None if rule.unless is None else counting("unless", rule.unless, False)
    return Compiled(
        rule.rule, counting("when", rule.when, all_hold), counting("lines", rule.lines, all_hold),
        counting("options", rule.options, False), unless, rule.by_line,
    )  # fmt: skip


def stages(policy: Policy, problem: Problem, *, at: datetime, clock: Callable[[], int]) -> Stages:
    """What each stage takes an order, by a clock of nanoseconds; each order is decided alone."""
    singles = [msgspec.structs.replace(problem, orders=[order]) for order in problem.orders]
    applied = [apply(policy, single, at=at).problem for single in singles]

    def taken(work: Callable[[], object], shared: int = 1) -> int:
        spans = []
        for _ in range(ROUNDS):
            before = clock()
            work()
            spans.append(clock() - before)
        return int(median(spans)) // (1000 * shared)

    count = max(1, len(singles))
    return Stages(
        taken(lambda: compiled_anew(policy)),
        taken(lambda: [apply(policy, single, at=at) for single in singles], count),
        taken(lambda: [route(single) for single in applied], count),
        taken(lambda: [route(single) for single in singles], count),
    )
