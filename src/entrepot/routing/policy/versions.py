"""Which version of a policy is in force: by date and channel."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from entrepot.routing.policy.document import Policy

_HEAD: Final = ("channel", "zone", "effective_until", "systems", "tests")


def is_in_force(policy: Policy, at: datetime) -> bool:
    """Whether the policy's dates include the moment; the end is the first moment without it."""
    ended = policy.effective_until is not None and policy.effective_until <= at
    return policy.effective_from <= at and not ended


def in_force(policies: Iterable[Policy], *, at: datetime, channel: str) -> Policy | None:
    """The policy for a channel at a moment: its own before the one for all channels (`*`), then
    the one that came into force last, then the highest version."""
    found = [p for p in policies if is_in_force(p, at) and p.channel in (channel, "*")]
    return max(
        found, key=lambda p: (p.channel == channel, p.effective_from, p.version), default=None
    )


def changes(old: Policy | None, new: Policy) -> list[str]:
    """What a version changes: rules added (+), changed (~) and removed (-), fields of the head."""
    before = {} if old is None else {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    told = [] if old is None else [n for n in _HEAD if getattr(old, n) != getattr(new, n)]
    told += [f"+{name}" for name in after if name not in before]
    told += [f"~{name}" for name, rule in after.items() if before.get(name, rule) != rule]
    told += [f"-{name}" for name in before if name not in after]
    kept = [
        [name for name in rules if name in before and name in after] for rules in (before, after)
    ]
    return told if kept[0] == kept[1] else [*told, "order of rules"]
