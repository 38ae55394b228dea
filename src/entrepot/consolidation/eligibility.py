"""Which of a customer's parcels may join a draft consolidation, and why the others may not.

The rules are data (`Rules`), the reasons are stable codes; a page lists all of them for a parcel,
in the order below. Pure: what a parcel is like comes in as plain facts.
"""

from typing import Literal

import msgspec

Reason = Literal[
    "other_customer",
    "other_warehouse",
    "not_arrived",
    "wrong_status",
    "held",
    "prohibited",
    "not_measured",
    "not_declared",
    "overdue_fee",
    "in_another_draft",
    "incomplete_set",
]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of a parcel. `statuses` may join, `coming` are still on their way here.

    `complete_sets`: cartons of one waybill wait for each other unless their owner names them.
    """

    statuses: frozenset[str] = frozenset({"received", "inspected", "stored"})
    coming: frozenset[str] = frozenset({"expected"})
    measured: bool = True
    declared: bool = True
    refused_tags: frozenset[str] = frozenset({"prohibited"})
    most_overdue_minor: int | None = 0
    complete_sets: bool = True


class Facts(msgspec.Struct, frozen=True):
    """A parcel as far as joining is concerned. `draft` is the draft that has claimed it; `mine`
    tells whether it still belongs to the draft's customer, `asked` whether the owner named it."""

    warehouse: str | None
    status: str
    held: bool
    weight_g: int | None
    size_mm: tuple[int, int, int] | None
    declared: bool
    tags: frozenset[str] = frozenset()
    overdue_minor: int = 0
    draft: str | None = None
    mine: bool = True
    incomplete: bool = False
    asked: bool = False


_BEING_MERGED = frozenset({"consolidating", "packed"})
"""Statuses that a parcel has because of the consolidation that has claimed it."""


def reasons_against(
    facts: Facts, *, warehouse: str, rules: Rules, draft: str | None = None
) -> tuple[Reason, ...]:
    """Why the parcel may not join a draft in this warehouse; empty when it may. `draft` is the
    draft in question: a parcel already in it has nothing against it for that."""
    found: list[Reason] = []
    if not facts.mine:
        return ("other_customer",)
    if facts.status in rules.coming:
        found.append("not_arrived")
    elif facts.warehouse != warehouse:
        found.append("other_warehouse")
    if facts.status not in rules.statuses | rules.coming and not _merging(facts, draft):
        taken = facts.draft is not None and not _own(facts, draft)
        found.append("in_another_draft" if taken else "wrong_status")
    elif facts.draft is not None and not _own(facts, draft):
        found.append("in_another_draft")
    if facts.held:
        found.append("held")
    if not rules.refused_tags.isdisjoint(facts.tags):
        found.append("prohibited")
    if rules.measured and "not_arrived" not in found and not _measured(facts):
        found.append("not_measured")
    if rules.declared and not facts.declared:
        found.append("not_declared")
    most = rules.most_overdue_minor
    if most is not None and facts.overdue_minor > most:
        found.append("overdue_fee")
    if rules.complete_sets and facts.incomplete and not facts.asked:
        found.append("incomplete_set")
    return tuple(found)


def _own(facts: Facts, draft: str | None) -> bool:
    return draft is not None and facts.draft == draft


def _merging(facts: Facts, draft: str | None) -> bool:
    return _own(facts, draft) and facts.status in _BEING_MERGED


def _measured(facts: Facts) -> bool:
    return facts.weight_g is not None and facts.size_mm is not None
