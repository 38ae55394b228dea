"""One kind of node against another: what the order would cost and when it would arrive.

For each node type (`warehouse`, `store`, …) the option that is cheapest by force, so that staff
see what shipping from a store would have meant beside what was decided.
"""

from collections.abc import Iterable

import msgspec

from entrepot.routing.engine.format import Candidate
from entrepot.routing.judging import Rows
from entrepot.routing.records.format import Record


class Compared(msgspec.Struct, frozen=True, omit_defaults=True):
    """The best option of one node type: `delta` above the chosen plan (0: part of it or as good),
    arrival, minutes early (late: negative) where there is a deadline. No option open: `closed`
    counts the rules' codes."""

    type: str
    node: str | None = None
    service: str | None = None
    delta: int | None = None
    eta: int | None = None
    early_min: int | None = None
    closed: dict[str, int] = {}


def compared(record: Record, candidates: Iterable[Candidate]) -> tuple[Compared, ...]:
    """One entry per node type, by type. `candidates` are those of `counterfactuals.forced`."""
    types = {node.id: node.type for node in record.rows.nodes}
    found: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(types[candidate.node], []).append(candidate)
    return tuple(_best(record, kind, found[kind]) for kind in sorted(found))


def _best(record: Record, kind: str, candidates: list[Candidate]) -> Compared:
    priced = [one for one in candidates if one.delta is not None]
    if not priced:
        codes = [one.excluded.code for one in candidates if one.excluded is not None]
        return Compared(kind, closed={code: codes.count(code) for code in sorted(set(codes))})
    best = min(priced, key=lambda one: (one.delta or 0, one.node, one.service))
    order = record.rows.orders[0]
    free = msgspec.structs.replace(order, deliver_by=None)
    option = Rows(record.rows).option(free, best.node, best.service)
    eta = None if isinstance(option, str) else option.eta
    due = order.deliver_by
    early = None if due is None or eta is None else due - eta
    return Compared(kind, best.node, best.service, best.delta, eta, early)
