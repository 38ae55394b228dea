"""A record as the chain of decisions it was: each stage with what went in and what came out.

    read -> packages -> policy -> promise -> feasible -> assigned -> priced -> proven

The promise is told before feasibility, and feasibility before the assignment, because that is
the order in which they are computed: an option's arrival decides whether it is open at all.
"""

from collections import Counter

import msgspec

from entrepot.routing.judging import Rows
from entrepot.routing.records.format import Record

Value = str | int | None | list[str] | dict[str, int]


class Stage(msgspec.Struct, frozen=True):
    """One stage; `inputs` and `outputs` by name."""

    name: str
    inputs: dict[str, Value]
    outputs: dict[str, Value]


def stages(record: Record) -> tuple[Stage, ...]:
    """The eight stages of a decision, in order."""
    return (
        _read(record),
        _packages(record),
        _policy(record),
        _promise(record),
        _feasible(record),
        _assigned(record),
        _priced(record),
        _proven(record),
    )


def _read(record: Record) -> Stage:
    rows = record.rows
    units = sum(
        node.stock[line.sku].usable
        for node in rows.nodes
        for line in rows.orders[0].lines
        if line.sku in node.stock
    )
    versions: dict[str, Value] = {f"version of {name}": to for name, to in record.versions.items()}
    return Stage(
        "read",
        {"order": record.order, "now": rows.now, "instant0": rows.instant0.isoformat(), **versions},
        {
            "rows": record.rows_hash,
            "nodes": len(rows.nodes),
            "options": len(rows.services),
            "lines": len(rows.orders[0].lines),
            "usable units": units,
        },
    )


def _packages(record: Record) -> Stage:
    said = record.rules
    return Stage(
        "packages",
        {"rules": [f"{one.rule} ({one.package} {one.package_version})" for one in said]},
        {
            "masked": sum(len(one.masks) for one in said),
            "charged": sum(len(one.charges) for one in said),
            "silent": [f"{one.rule}: {one.failure}" for one in said if one.failure is not None],
        },
    )


def _policy(record: Record) -> Stage:
    policy, outcome = record.policy, record.outcome
    return Stage(
        "policy",
        {
            "policy": None if policy is None else f"{policy.id} version {policy.version}",
            "hash": None if policy is None else policy.hash,
        },
        {
            "rules that hold": [] if outcome is None else list(outcome.rules),
            "gave way": [] if outcome is None else list(outcome.yielded),
            "closed": dict(sorted(Counter(one.code for one in record.by_policy).items())),
        },
    )


def _promise(record: Record) -> Stage:
    """Every option's arrival, before anything is closed for it."""
    order = record.rows.orders[0]
    book, free = Rows(record.rows), msgspec.structs.replace(order, deliver_by=None)
    found = [book.option(free, *at) for at in sorted(book.services)]
    arrivals = [option.eta for option in found if not isinstance(option, str)]
    return Stage(
        "promise",
        {"ready": order.ready, "due": order.deliver_by, "late": order.late},
        {
            "options with an arrival": len(arrivals),
            "earliest": min(arrivals, default=None),
            "latest": max(arrivals, default=None),
        },
    )


def _feasible(record: Record) -> Stage:
    closed = {(one.node, one.service) for one in record.excluded}
    closed |= {(one.node, one.service) for one in record.by_policy if one.whole}
    every = [(service.node, service.id) for service in record.rows.services]
    left = [at for at in every if at not in closed]
    codes = Counter(one.excluded.code for one in record.excluded if one.excluded is not None)
    return Stage(
        "feasible",
        {"options": len(every)},
        {
            "open options": len(left),
            "open nodes": sorted({node for node, _ in left}),
            "closed": dict(sorted(codes.items())),
        },
    )


def _assigned(record: Record) -> Stage:
    asked = record.allocator
    chosen_by = asked.allocator if asked is not None and asked.followed else record.engine
    return Stage(
        "assigned",
        {"decided by": chosen_by, "budget": record.budget},
        {
            "shipments": [f"{one.node} by {one.service}" for one in record.plan.shipments],
            "short": dict(record.plan.short),
            "work": record.work,
        },
    )


def _priced(record: Record) -> Stage:
    return Stage(
        "priced",
        {"shipments": len(record.plan.shipments)},
        {
            "terms": [msgspec.json.encode(cost).decode() for cost in record.costs],
            "money": record.money if record.plan.status != "infeasible" else None,
        },
    )


def _proven(record: Record) -> Stage:
    plan = record.plan
    return Stage("proven", {"cost": plan.cost}, {"status": plan.status, "bound": plan.lower_bound})
