"""`routing-record/1`: one order's decision with everything it was made from.

`rows` is a `routing-problem/1` of this one order: nodes with the stock of its SKUs and the
capacities as they were left for it, all services, the clock (`instant0`, `now`), in canonical
order. Whoever decides `rows` under the same policy with the same engine gets the same bytes.
Records hold ids, codes, coordinates and numbers; callers keep names and addresses out of `attrs`.
"""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from entrepot.routing.allocators.asking import Outcome as Asked
from entrepot.routing.engine.format import Candidate, OrderPlan, Problem
from entrepot.routing.judging import Terms
from entrepot.routing.plugins.outcomes import RuleOutcome
from entrepot.routing.policy.deciding import Outcome
from entrepot.routing.policy.excluding import Excluded

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Versions = dict[str, str | int]


class PolicyName(Struct, frozen=True, forbid_unknown_fields=True):
    """Which policy decided; `hash`: SHA-256 of its canonical JSON."""

    id: str
    version: int
    hash: Hash


class ShipmentCost(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one shipment of the plan costs: the problem's own prices by term, what rule packages
    charge, and `policy`: what the policy's tiers, charges and preferences make of it besides."""

    terms: Terms
    rules: int = 0
    policy: int = 0


class Record(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A decision. `versions`: of what was read, as the reader counts them (epochs, row versions).

    `spent`: what earlier orders had used of capacities that the policy itself makes. `excluded`:
    options closed by the format's rules or by a package; `by_policy`: those the policy closes.
    """

    format: Literal["routing-record/1"]
    engine: str
    budget: Annotated[int, Meta(ge=1)]
    rows: Problem
    rows_hash: Hash
    versions: Versions = {}
    policy: PolicyName | None = None
    spent: dict[str, int] = {}
    rules: tuple[RuleOutcome, ...] = ()
    allocator: Asked | None = None
    work: int
    plan: OrderPlan
    costs: tuple[ShipmentCost, ...] = ()
    outcome: Outcome | None = None
    excluded: tuple[Candidate, ...] = ()
    by_policy: tuple[Excluded, ...] = ()

    @property
    def order(self) -> str:
        """The order's id."""
        return self.rows.orders[0].id

    @property
    def money(self) -> int:
        """What the plan costs at the problem's own prices and the packages' charges."""
        prices = {line.sku: line.short or 0 for line in self.rows.orders[0].lines}
        shipped = sum(cost.terms.total + cost.rules for cost in self.costs)
        return shipped + sum(units * prices[sku] for sku, units in self.plan.short.items())


def record_bytes(record: Record) -> bytes:
    """The record as canonical JSON."""
    return msgspec.json.encode(record, order="deterministic")


def hash_of(rows: Problem) -> str:
    """SHA-256 of the canonical JSON of what was read."""
    return hashlib.sha256(msgspec.json.encode(rows, order="deterministic")).hexdigest()
