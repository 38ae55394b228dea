"""All of lint."""

from datetime import datetime

from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.lint.costly import costly
from entrepot.routing.policy.lint.gaps import overdue, uncovered
from entrepot.routing.policy.lint.proving import Finding
from entrepot.routing.policy.lint.quarrels import conflicting
from entrepot.routing.policy.lint.silent import dead, shadowed
from entrepot.routing.policy.lint.untested import failing, untested


def lint(policy: Policy, *, at: datetime) -> list[Finding]:
    """Every finding that its proof confirms: overdue, rule by rule, uncovered, tests."""
    found = list(overdue(policy, at=at))
    for number, rule in enumerate(policy.rules):
        silent = dead(policy, rule, at=at)
        if silent is not None:
            found.append(silent)
            continue
        covered = shadowed(policy, number, at=at)
        if covered is not None:
            found.append(covered)
        for other in policy.rules[:number]:
            found += conflicting(policy, other, rule, at=at)
    found += uncovered(policy, at=at)
    return [*found, *untested(policy, at=at), *failing(policy), *costly(policy, at=at)]
