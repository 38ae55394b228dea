"""All of lint."""

from datetime import datetime

from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.lint.gaps import overdue, uncovered
from entrepot.routing.policy.lint.proving import Finding
from entrepot.routing.policy.lint.quarrels import conflicting
from entrepot.routing.policy.lint.silent import dead, shadowed


def lint(policy: Policy, *, at: datetime) -> list[Finding]:
    """Every finding that its proof confirms: overdue, then rule by rule, then uncovered."""
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
    return found + list(uncovered(policy, at=at))
