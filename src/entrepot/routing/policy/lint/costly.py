"""A policy that asks more than its time budget allows, shown on an order of ordinary size."""

from collections.abc import Iterator
from datetime import datetime

from entrepot.routing.policy.costing import MOST_ASKED, asked
from entrepot.routing.policy.document import Policy
from entrepot.routing.policy.lint.proving import Finding
from entrepot.routing.policy.lint.thinking import Thought
from entrepot.routing.policy.lint.worlds import World, world_of

_NODES = 20
_LINES = 3


def costly(policy: Policy, *, at: datetime) -> Iterator[Finding]:
    """Whether an order of 3 lines with 20 options can be asked more than `MOST_ASKED` tests."""
    world = ordinary(policy, at=at)
    counts = asked(policy, world.problem, at=world.at, all_hold=True)
    total = sum(counts.values())
    if total > MOST_ASKED:
        dearest = max(counts, key=lambda rule: counts[rule])
        why = f"{total} tests of fields an order, the budget is {MOST_ASKED}; {dearest} asks most"
        yield Finding("costly", "", (), why, world.problem, world.at)


def ordinary(policy: Policy, *, at: datetime) -> World:
    """An order of 3 lines with 20 options."""
    others: tuple[Thought, ...] = tuple({} for _ in range(_NODES - 1))
    world = world_of({"order.lines": _LINES}, at=at, zone=policy.zone, others=others)
    assert world is not None
    return world
