"""Running the tests that a policy carries: each order decided alone, and what differs told."""

from collections.abc import Iterator, Sequence

import msgspec

from entrepot.kernel.refusals import Refusal
from entrepot.routing.policy.applying import moment_of
from entrepot.routing.policy.deciding import Ruled, route_under
from entrepot.routing.policy.document import Policy, PolicyTest
from entrepot.routing.policy.examples import problem_of_test


class Tried(msgspec.Struct, frozen=True):
    """One test: what came out otherwise (`wrong`, empty when it passed) and the rules that held."""

    test: str
    wrong: tuple[str, ...]
    rules: tuple[str, ...]


def try_policy(policy: Policy) -> list[Tried]:
    """Every test of a checked policy, in document order."""
    return [_try(policy, test) for test in policy.tests]


def untried(policy: Policy, tried: Sequence[Tried]) -> list[str]:
    """Ids of the rules that hold for the order of none of the tests."""
    held = {rule for one in tried for rule in one.rules}
    return [rule.id for rule in policy.rules if rule.id not in held]


def _try(policy: Policy, test: PolicyTest) -> Tried:
    try:
        problem = problem_of_test(test)
        found = route_under(policy, problem, at=moment_of(problem), explained=True)
    except Refusal as refusal:
        return Tried(test.id, (f"refused: {refusal.message} ({refusal.code})",), ())
    return Tried(test.id, tuple(_differences(test, found)), found.outcomes[0].rules)


def _differences(test: PolicyTest, found: Ruled) -> Iterator[str]:
    plan, outcome = found.plan.orders[0], found.outcomes[0]
    ships = sorted({shipment.node for shipment in plan.shipments})
    if test.nodes is not None and sorted(test.nodes) != ships:
        yield f"nodes: expected {sorted(test.nodes)}, found {ships}"
    if test.shipments is not None and test.shipments != len(plan.shipments):
        yield f"shipments: expected {test.shipments}, found {len(plan.shipments)}"
    if test.fallback is not None and test.fallback != outcome.fallback:
        yield f"fallback: expected {test.fallback}, found {outcome.fallback or 'none'}"
    told = _codes(found)
    for node, code in (test.excluded or {}).items():
        seen = sorted(told.get(node, ()))
        if code not in seen:
            yield f"excluded: expected {code} at {node}, found {', '.join(seen) or 'nothing'}"


def _codes(found: Ruled) -> dict[str, set[str]]:
    """Every code told at each node, by the policy and by the engine."""
    told: dict[str, set[str]] = {}
    for excluded in found.exclusions:
        told.setdefault(excluded.node, set()).add(excluded.code)
    for candidate in found.plan.orders[0].candidates or ():
        if candidate.excluded is not None:
            told.setdefault(candidate.node, set()).add(candidate.excluded.code)
    return told
