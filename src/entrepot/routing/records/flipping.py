"""The smallest change that flips a choice, in money, in minutes and in units.

For each option that was not chosen: how much cheaper it would have to be (`money`: from there on
a plan that uses it is cheaper than the chosen one), or how much later the order could be due for
the rule against it to fall (`minutes`). For the order: the least later deadline and the least
stock at one place that make a cheaper plan possible. More stock or more time never makes the best
plan dearer, so the least amount is found by halving; under a policy, which may look at stock or
deadlines itself, the first 64 amounts are tried in turn.
"""

import bisect
import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from entrepot.routing.engine.format import Candidate, Problem
from entrepot.routing.engine.routing import ENGINE
from entrepot.routing.judging import Rows
from entrepot.routing.policy.document import Policy
from entrepot.routing.records.comparing import Compared, compared
from entrepot.routing.records.counterfactuals import decided, forced, with_deadline, with_more
from entrepot.routing.records.format import Record, record_bytes

DAY: Final = 1440
NEW_PLAN: Final = 2**50
"""The saving when there was no plan at all before: more than any cost."""
_MOST_DAYS: Final = 60
_MOST_TRIED: Final = 64


class Flip(msgspec.Struct, frozen=True, omit_defaults=True):
    """What it would take for one option. `closed_by`: the rule's code when no price would do.

    `minutes`: how much later the order would have to be due to open an option that is too late.
    `units` of `sku`: the least more at its node with which a cheaper plan uses the option.
    """

    node: str
    service: str
    chosen: bool = False
    money: int | None = None
    minutes: int | None = None
    units: int | None = None
    sku: str | None = None
    closed_by: str | None = None


class MoreStock(msgspec.Struct, frozen=True):
    """So many units more at a node and the best plan changes and is cheaper by `saving`."""

    node: str
    sku: str
    units: int
    saving: int
    services: tuple[str, ...]
    """Services of this node that the cheaper plan uses."""


class MoreTime(msgspec.Struct, frozen=True):
    """So many minutes more until the deadline and the best plan is cheaper by `saving`."""

    minutes: int
    saving: int


class Flips(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it for one record, by one version of the engine.

    `record`: SHA-256 of its bytes. `money`, `units`, `minutes`: the smallest of each kind.
    `slack_min`: how much earlier the order could be due (hard deadlines only) with the chosen
    plan still in time. `types`: kinds of nodes beside one another.
    """

    record: str
    engine: str
    options: tuple[Flip, ...]
    money: Flip | None
    units: MoreStock | None
    minutes: MoreTime | None
    slack_min: int | None
    types: tuple[Compared, ...] = ()


def flips_of(record: Record, policy: Policy | None) -> Flips:
    """Computed from the record alone. Raises what deciding raises."""
    candidates = forced(record, policy)
    chosen = {(shipment.node, shipment.service) for shipment in record.plan.shipments}
    stock = sorted(_more_stock(record, policy), key=lambda more: (more.units, more.sku))
    options = tuple(
        _stocked_flip(_flip(candidate, chosen, record), stock) for candidate in candidates
    )
    priced = [option for option in options if option.money is not None and not option.chosen]
    return Flips(
        _hash(record),
        ENGINE,
        options,
        min(priced, key=lambda o: (o.money or 0, o.node, o.service), default=None),
        min(stock, key=lambda more: (more.units, -more.saving, more.node, more.sku), default=None),
        _more_time(record, policy),
        _slack(record),
        compared(record, candidates),
    )


def _hash(record: Record) -> str:
    return hashlib.sha256(record_bytes(record)).hexdigest()


def _flip(candidate: Candidate, chosen: set[tuple[str, str]], record: Record) -> Flip:
    node, service, excluded = candidate.node, candidate.service, candidate.excluded
    if (node, service) in chosen:
        return Flip(node, service, chosen=True)
    if excluded is None:
        return Flip(node, service, money=max(0, (candidate.delta or 0) + 1))
    minutes = None
    due = record.rows.orders[0].deliver_by
    if excluded.code == "too_late" and isinstance(excluded.observed, int):
        required = excluded.required
        minutes = excluded.observed - required if isinstance(required, int) else None
    return Flip(
        node, service, minutes=minutes if due is not None else None, closed_by=excluded.code
    )


def _stocked_flip(flip: Flip, stock: list[MoreStock]) -> Flip:
    """The flip with the least stock that brings its option into a cheaper plan."""
    fitting = (one for one in stock if one.node == flip.node and flip.service in one.services)
    more = None if flip.chosen else next(fitting, None)
    if more is None:
        return flip
    return msgspec.structs.replace(flip, units=more.units, sku=more.sku)


def _more_stock(record: Record, policy: Policy | None) -> Iterable[MoreStock]:
    """For each node and line, the least units more that make a cheaper plan."""
    for node in record.rows.nodes:
        for line in record.rows.orders[0].lines:
            row = node.stock.get(line.sku)
            lacking = line.qty - (row.usable if row is not None else 0)
            if lacking > 0 and set(line.tags) <= set(node.tags):
                changed = _stocked(record, node.id, line.sku)
                cheaper = _cheaper(record, policy, range(1, lacking + 1), changed)
                if cheaper is not None:
                    plan = decided(record, policy, changed(cheaper[0]))
                    services = tuple(s.service for s in plan.shipments if s.node == node.id)
                    yield MoreStock(node.id, line.sku, *cheaper, services)


def _stocked(record: Record, node: str, sku: str) -> Callable[[int], Problem]:
    return lambda units: with_more(record.rows, node, sku, units)


def _more_time(record: Record, policy: Policy | None) -> MoreTime | None:
    """The least later deadline that makes a cheaper plan; only the order's own deadline."""
    due = record.rows.orders[0].deliver_by
    if due is None:
        return None
    moments = sorted({moment for moment in _moments(record.rows) if moment > due})
    cheaper = _cheaper(record, policy, moments, lambda moment: with_deadline(record.rows, moment))
    return None if cheaper is None else MoreTime(cheaper[0] - due, cheaper[1])


def _moments(rows: Problem) -> Iterable[int]:
    """Deadlines at which something changes: arrivals, for soft orders also whole days before."""
    book, order = Rows(rows), rows.orders[0]
    free = msgspec.structs.replace(order, deliver_by=None)
    for service in rows.services:
        option = book.option(free, service.node, service.id)
        if not isinstance(option, str):
            days = _MOST_DAYS if order.late == "soft" and order.late_day else 0
            yield from (option.eta - DAY * day for day in range(days + 1))


def _cheaper(
    record: Record, policy: Policy | None, amounts: "range | list[int]",
    changed: Callable[[int], Problem],
) -> tuple[int, int] | None:  # fmt: skip
    """The least amount with which the best plan costs less, and how much less."""
    before = record.plan

    def saving(amount: int) -> int:
        plan = decided(record, policy, changed(amount))
        if plan.status == "infeasible":
            return 0
        return NEW_PLAN if before.status == "infeasible" else before.cost - plan.cost

    if policy is not None:
        tried = ((amount, saving(amount)) for amount in amounts[:_MOST_TRIED])
        return next(((amount, saved) for amount, saved in tried if saved > 0), None)
    if not amounts or saving(amounts[-1]) <= 0:
        return None
    at = bisect.bisect_left(amounts, 1, key=lambda amount: int(saving(amount) > 0))
    return amounts[at], saving(amounts[at])


def _slack(record: Record) -> int | None:
    order, shipments = record.rows.orders[0], record.plan.shipments
    if order.deliver_by is None or order.late != "hard" or not shipments:
        return None
    return order.deliver_by - max(shipment.eta for shipment in shipments)


def kept_flips(folder: Path, name: str, record: Record, policy: Policy | None) -> Flips:
    """The flips of a record: from beside it if this engine made them, else made and kept."""
    path = folder / name.replace(".json.gz", ".flips.json")
    found = _kept(path)
    if found is not None and (found.record, found.engine) == (_hash(record), ENGINE):
        return found
    made = flips_of(record, policy)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(msgspec.json.encode(made, order="deterministic"))
    os.replace(partial, path)
    return made


def _kept(path: Path) -> Flips | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Flips)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
