"""Rules for which none of the policy's own tests speaks, and tests that fail."""

from collections.abc import Iterator
from datetime import datetime

from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.document import AnyRule, Policy
from entrepot.routing.policy.examples import problem_of_test
from entrepot.routing.policy.lint.proving import (
    Finding,
    applied,
    holds_in,
    moment_in,
    prove,
    thought_of,
)
from entrepot.routing.policy.lint.thinking import Thought, speaks
from entrepot.routing.policy.trying import try_policy, untried


def untested(policy: Policy, *, at: datetime) -> Iterator[Finding]:
    """The whole policy when it has no test, else each rule that no test reaches.

    The proof is an order that the rule holds for, so one to make the test of.
    """
    if not policy.tests:
        world = prove(policy, [{}], lambda world: bool(applied(policy, world).orders), at=at)
        if world is not None:
            yield Finding("untested", "", (), "the policy has no tests", world.problem, world.at)
        return
    left = set(untried(policy, try_policy(policy)))
    for rule in policy.rules:
        if rule.id in left:
            yield from _unreached(policy, rule, at)


def _unreached(policy: Policy, rule: AnyRule, at: datetime) -> Iterator[Finding]:
    moment = moment_in([rule], at)
    found: list[Thought] = [t for t in thought_of([rule]) or ({},) if speaks(rule, t.get)]
    if moment is None:
        return
    world = prove(policy, found, lambda world: holds_in(policy, rule, world), at=moment)
    if world is not None:
        why = "no test has an order that this rule holds for"
        yield Finding("untested", rule.id, (), why, world.problem, world.at)


def failing(policy: Policy) -> Iterator[Finding]:
    """Tests whose order comes out otherwise; the proof is the test's own order."""
    tests = {test.id: test for test in policy.tests}
    for tried in try_policy(policy):
        if tried.wrong:
            problem = problem_of_test(tests[tried.test])
            why = f"test {tried.test}: {'; '.join(tried.wrong)}"
            yield Finding("failing", "", (), why, problem, moment_of(problem))
