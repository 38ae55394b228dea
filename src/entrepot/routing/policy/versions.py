"""Which version of a policy is in force: by date and channel."""

from collections.abc import Iterable
from datetime import datetime

from entrepot.routing.policy.document import Policy


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
