"""Replay: a folder of records decided again, under their own policy or another one.

    every record read and checked -> each decided again -> totals, and every order that changes

Each order sees the stock that it saw then: what another order would have left under the new
policy is not carried over. One record is held at a time, so a folder may be of any size.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid, Refusal
from entrepot.routing.engine.format import Observed, OrderPlan
from entrepot.routing.engine.routing import ENGINE
from entrepot.routing.judging import Rows, broken_in_order
from entrepot.routing.plugins.patching import charge_on
from entrepot.routing.policy.document import Policy
from entrepot.routing.records.counterfactuals import choice
from entrepot.routing.records.deciding import Decided, as_priced, decide_rows
from entrepot.routing.records.files import MOST_ERRORS, names_in, read_policy_of, read_record
from entrepot.routing.records.format import Record, record_bytes
from entrepot.routing.records.recording import again, setting_of


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the old plan is not the new one.

    `closed`: the option may not be used, `rule` (of the policy) or `code` says why. `broken`: it
    breaks a rule of the order's, `code` says which. `no_stock`: too little is left to use.
    `dearer`: it could be kept and would cost `observed` where the new plan costs `required`.
    `no_plan` and `new_plan`: one of the two is missing.
    """

    kind: str
    node: str | None = None
    service: str | None = None
    rule: str | None = None
    code: str | None = None
    observed: Observed = None
    required: Observed = None


class Side(msgspec.Struct, frozen=True):
    """An order's decision: `money` at its own prices, whether the order's own deadline is kept."""

    status: str
    money: int
    kept: bool | None
    shipments: tuple[tuple[str, str, dict[str, int]], ...]
    short: dict[str, int]


class Change(msgspec.Struct, frozen=True):
    """An order that is decided otherwise, with the reasons."""

    record: str
    order: str
    before: Side
    after: Side
    reasons: tuple[Reason, ...]


class Load(msgspec.Struct, frozen=True):
    """What a node has to do."""

    shipments: int
    units: int


class Totals(msgspec.Struct, frozen=True):
    """One side summed. `split`: orders in several shipments; `promised`: orders with a deadline,
    `kept`: those of them that arrive whole and in time."""

    money: int
    shipments: int
    split: int
    promised: int
    kept: int
    short_units: int
    infeasible: int
    load: dict[str, Load]


class Report(msgspec.Struct, frozen=True):
    """What a replay comes to."""

    format: str
    engine: str
    policy: tuple[str, int] | None
    records: int
    changed: int
    before: Totals
    after: Totals


class _Sum:
    """One side's totals, order by order."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.shipments: Counter[str] = Counter()
        self.units: Counter[str] = Counter()

    def add(self, side: Side) -> None:
        self.counts["money"] += side.money
        self.counts["shipments"] += len(side.shipments)
        self.counts["split"] += len(side.shipments) > 1
        self.counts["promised"] += side.kept is not None
        self.counts["kept"] += side.kept is True
        self.counts["short"] += sum(side.short.values())
        self.counts["infeasible"] += side.status == "infeasible"
        for node, _, units in side.shipments:
            self.shipments[node] += 1
            self.units[node] += sum(units.values())

    def totals(self) -> Totals:
        load = {
            node: Load(self.shipments[node], self.units[node]) for node in sorted(self.shipments)
        }
        c = self.counts
        return Totals(
            c["money"], c["shipments"], c["split"], c["promised"], c["kept"], c["short"],
            c["infeasible"], load,
        )  # fmt: skip


def check(folder: Path) -> list[str]:
    """Read every record and its policy once. Returns their names; Invalid tells every fault."""
    names, errors = names_in(folder), list[FieldError]()
    for name in names:
        try:
            read_policy_of(folder, read_record(folder, name), name)
        except Refusal as refusal:
            errors += refusal.errors
    if errors:
        shown = errors[:MOST_ERRORS]
        more = len(errors) - len(shown)
        if more:
            shown.append(FieldError("", "more_errors", f"{more} more are not listed"))
        raise Invalid("not every record can be replayed", code="bad_records", errors=shown)
    return names


def reproduce(folder: Path) -> int:
    """Decide every record again as it was; how many gave the same bytes: all.

    Raises Invalid naming each that does not.
    """
    names = check(folder)
    errors = []
    for name in names:
        errors += _not_reproduced(folder, name)
    if errors:
        raise Invalid("not every record is reproduced", code="not_reproduced", errors=errors)
    return len(names)


def _not_reproduced(folder: Path, name: str) -> list[FieldError]:
    record = read_record(folder, name)
    if record.engine != ENGINE:
        return [FieldError(f"{name}: engine", "other_engine", f"decided by {record.engine}")]
    try:
        made = again(record, read_policy_of(folder, record, name))
    except Refusal as refusal:
        return [FieldError(name, refusal.code, refusal.message)]
    if record_bytes(made) == record_bytes(record):
        return []
    return [FieldError(name, "not_reproduced", "deciding it again gives other bytes")]


def replay(folder: Path, policy: Policy, *, tell: Callable[[Change], None]) -> Report:
    """Decide every record under `policy`; `tell` gets each order that changes, in turn.

    Raises Invalid before anything is told when a record or the policy cannot be used.
    """
    names = check(folder)
    before, after, changed = _Sum(), _Sum(), 0
    for name in names:
        record = read_record(folder, name)
        decided = _under(record, policy, name)
        old, new = side_of(record, record.plan), side_of(record, decided.plan)
        before.add(old)
        after.add(new)
        if choice(decided.plan) != choice(record.plan) or old.short != new.short:
            changed += 1
            reasons = tuple(reasons_for(record, decided))
            tell(Change(name, record.order, old, new, reasons))
    return Report(
        "routing-replay/1", ENGINE, (policy.id, policy.version), len(names), changed,
        before.totals(), after.totals(),
    )  # fmt: skip


def _under(record: Record, policy: Policy, name: str) -> Decided:
    try:
        return decide_rows(record.rows, setting_of(record, policy))
    except Refusal as refusal:
        refusal.errors = [
            FieldError(f"{name}: {error.path}", error.code, error.message)
            for error in refusal.errors or [FieldError("rows", refusal.code, refusal.message)]
        ]
        raise


def side_of(record: Record, plan: OrderPlan) -> Side:
    """A plan of the record's order at the record's own prices."""
    rows, order = record.rows, record.rows.orders[0]
    book, free = Rows(rows), msgspec.structs.replace(order, late="soft")
    money = 0
    if plan.status != "infeasible":
        money = as_priced(rows, free, plan).cost
    for shipment in plan.shipments:
        money += charge_on(book.services[shipment.node, shipment.service], record.rules)
    kept = None
    if order.deliver_by is not None:
        late = any(shipment.eta > order.deliver_by for shipment in plan.shipments)
        kept = plan.status != "infeasible" and not plan.short and not late
    shipments = tuple((s.node, s.service, s.units) for s in plan.shipments)
    return Side(plan.status, money, kept, shipments, plan.short)


def reasons_for(record: Record, decided: Decided) -> Iterator[Reason]:
    """Why the recorded plan is not the new one."""
    old, new, problem = record.plan, decided.plan, decided.problem
    if old.status == "infeasible" or new.status == "infeasible":
        yield Reason("new_plan" if old.status == "infeasible" else "no_plan")
        if old.status == "infeasible":
            return
    closed = list(_closed(old, decided))
    yield from closed
    if closed:
        return
    book, order = Rows(problem), problem.orders[0]
    broken = list(broken_in_order(book, order, old, ""))
    yield from (Reason("broken", code=fault.code, observed=fault.message) for fault in broken)
    if broken:
        return
    book.draw(order, old)
    lacking = list(book.overdrawn())
    yield from (Reason("no_stock", code=fault.code, observed=fault.message) for fault in lacking)
    if not lacking and new.status != "infeasible":
        cost = as_priced(problem, order, old).cost
        yield Reason("dearer", observed=cost, required=new.cost)


def _closed(old: OrderPlan, decided: Decided) -> Iterator[Reason]:
    """Options of the old plan that may not carry what they carried."""
    by_policy = {(told.node, told.service, sku): told for told in reversed(decided.by_policy)
                 for sku in told.skus}  # fmt: skip
    excluded = {(one.node, one.service): one.excluded for one in decided.excluded}
    for shipment in old.shipments:
        at = shipment.node, shipment.service
        told = next(
            (by_policy[(*at, sku)] for sku in shipment.units if (*at, sku) in by_policy), None
        )
        reason = excluded.get(at)
        if told is not None:
            yield Reason("closed", *at, told.rule, told.code, told.observed, told.required)
        elif reason is not None:
            yield Reason("closed", *at, None, reason.code, reason.observed, reason.required)
