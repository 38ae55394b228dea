"""`routing-policy/1`: the document as typed values.

Conditions are data: tests of named fields (`fields.FIELDS`), joined by all, any and not. A test
of something that is not there, or is of another type, is false. Unknown fields are refused.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Minor = Annotated[int, Meta(ge=0, le=10**9)]
Count = Annotated[int, Meta(ge=0, le=10**6)]
Minutes = Annotated[int, Meta(ge=0, le=10**6)]
Instant = Annotated[datetime, Meta(tz=True)]
Scalar = Annotated[str, Meta(max_length=200)] | Annotated[int, Meta(ge=-(10**12), le=10**12)] | bool


class _Node(Struct, frozen=True, forbid_unknown_fields=True, tag_field="is"):
    pass


class All(_Node, frozen=True, tag="all"):
    """Holds when each part holds."""

    of: Annotated[tuple["Condition", ...], Meta(min_length=1, max_length=50)]


class AnyOf(_Node, frozen=True, tag="any"):
    """Holds when at least one part holds."""

    of: Annotated[tuple["Condition", ...], Meta(min_length=1, max_length=50)]


class Not(_Node, frozen=True, tag="not"):
    """Holds when the part does not."""

    of: "Condition"


class Comparison(_Node, frozen=True, omit_defaults=True):
    """A field against a `value`, or against another field (`as`): one of the two."""

    field: Text
    value: Scalar | None = None
    other: Text | None = msgspec.field(default=None, name="as")


class Equal(Comparison, frozen=True, tag="eq"):
    """The field is the value."""


class Unequal(Comparison, frozen=True, tag="ne"):
    """The field is there and is not the value."""


class Less(Comparison, frozen=True, tag="lt"):
    """The number is below the value."""


class AtMost(Comparison, frozen=True, tag="le"):
    """The number is the value or below."""


class More(Comparison, frozen=True, tag="gt"):
    """The number is above the value."""


class AtLeast(Comparison, frozen=True, tag="ge"):
    """The number is the value or above."""


class Has(Comparison, frozen=True, tag="has"):
    """The list contains the value."""


class Within(_Node, frozen=True, tag="in"):
    """The field is one of `values`; of a list field: one of its entries is."""

    field: Text
    values: Annotated[tuple[Scalar, ...], Meta(min_length=1, max_length=500)]


class Exists(_Node, frozen=True, tag="exists"):
    """The field is there."""

    field: Text


Test = Equal | Unequal | Less | AtMost | More | AtLeast | Has | Within | Exists
Condition = (
    All | AnyOf | Not | Equal | Unequal | Less | AtMost | More | AtLeast | Has | Within | Exists
)


class Rule(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True,
    omit_defaults=True,
):  # fmt: skip
    """What every rule has. `when` looks at the order, `lines` chooses lines of it (none: all)."""

    id: Slug
    when: Condition | None = None
    lines: Condition | None = None
    starts: Instant | None = msgspec.field(default=None, name="from")
    until: Instant | None = None
    owner: Text | None = None


TermName = Literal[
    "money", "preference", "shipments", "km", "priority", "late_days", "hours", "short_units",
    "depth", "age", "life", "slow",
]  # fmt: skip


class Objective(Rule, frozen=True, kw_only=True, tag="objective"):
    """What is minimised first, second, …; the first objective that holds for an order counts."""

    tiers: Annotated[tuple[TermName, ...], Meta(min_length=1, max_length=6)]


class Exclude(Rule, frozen=True, kw_only=True, tag="exclude"):
    """Options that may not carry the lines; `unless` names what makes them allowed all the same."""

    options: Condition | None = None
    unless: Condition | None = None
    code: Slug = "excluded_by_policy"


class Prefer(Rule, frozen=True, kw_only=True, tag="prefer"):
    """A shipment by any option but these counts as so much dearer."""

    options: Condition
    minor_per_shipment: Minor


class Charge(Rule, frozen=True, kw_only=True, tag="charge"):
    """Real money that these options cost besides: taxes, surcharges, fees."""

    options: Condition | None = None
    minor_per_shipment: Minor = 0
    minor_per_unit: Minor = 0


class Limit(Rule, frozen=True, kw_only=True, tag="limit"):
    """How an order may be divided; the strictest of several counts.

    `together`: the lines travel in one shipment. `yields`: the limit gives way when the order
    has no plan with it; the decision then names it as an exception.
    """

    max_shipments: Annotated[int, Meta(ge=1, le=10**6)] | None = None
    whole_lines: bool = False
    ship_complete: bool = False
    together: bool = False
    yields: bool = False


class StockPolicy(Rule, frozen=True, kw_only=True, tag="stock"):
    """What stock is for: units held back, freed, cheapened, made dearer, or too old to be sold.

    `options` reads node and stock fields only. `min_life_days` is compared with the stock's
    attribute `life_days`.
    """

    options: Condition | None = None
    hold_units: Count | None = None
    release_safety: bool = False
    credit_minor_per_unit: Minor = 0
    charge_minor_per_unit: Minor = 0
    min_life_days: Count | None = None


class NodeCapacity(Rule, frozen=True, kw_only=True, tag="node_capacity"):
    """What a node may still do for these orders; `taken` names its attribute with what is done.

    One of `units`, `shipments`, `labour_min`; labour is used by shipment and by unit.
    """

    options: Condition | None = None
    units: Count | None = None
    shipments: Count | None = None
    labour_min: Count | None = None
    min_per_shipment: Count = 0
    min_per_unit: Count = 0
    taken: Slug | None = None


class ByDay(Struct, frozen=True, forbid_unknown_fields=True):
    """A local time so many local days after the decision: 1 and 23:59 is «next day»."""

    days: Annotated[int, Meta(ge=0, le=366)]
    clock: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Text


class Promise(Rule, frozen=True, kw_only=True, tag="promise"):
    """When an order must (hard) or should (soft) arrive; the earliest of several counts."""

    within_min: Minutes | None = None
    by_day: ByDay | None = None
    late: Literal["hard", "soft"] = "hard"
    late_day_minor: Minor = 0


class Pickup(Rule, frozen=True, kw_only=True, tag="pickup"):
    """Collection: an order whose attribute names a node is served there by services of `level`.

    No other order may use those services.
    """

    node_attr: Slug = "pickup_node"
    level: Text = "pickup"


class Marketplace(Rule, frozen=True, kw_only=True, tag="marketplace"):
    """Sales channels with rules of their own.

    Orders of `channels` (attribute `channel`) use only nodes that serve them (attribute `pools`
    of the node), only `carriers` if any are named, and no node whose stock was told longer ago
    than `stale_after_min` (attribute `feed_age_min`); nodes of type `marketplace` serve no other
    channel than their pools'. `buffer_units` stay back there.
    """

    channels: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=100)]
    carriers: tuple[Text, ...] = ()
    stale_after_min: Minutes | None = None
    buffer_units: Count = 0


class Fallback(Rule, frozen=True, kw_only=True, tag="fallback"):
    """What becomes of an order without a plan; the first that holds counts."""

    action: Literal["backorder", "cancel", "manual"]


AnyRule = (
    Objective | Exclude | Prefer | Charge | Limit | StockPolicy | NodeCapacity | Promise | Pickup
    | Marketplace | Fallback
)  # fmt: skip


class PolicyTest(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An order and what must come of it, decided alone under the policy at the problem's moment.

    The order stands in a `problem` (`routing-problem/1`) or in an `example` on the shelf; `order`
    names it, none: the first. `nodes`: those that ship; `excluded`: node → code of a reason told
    there; `fallback`: of an order without a plan.
    """

    id: Slug
    example: Slug | None = None
    problem: dict[str, Any] | None = None
    order: Text | None = None
    nodes: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=1000)] | None = None
    shipments: Count | None = None
    excluded: Annotated[dict[Text, Slug], Meta(min_length=1, max_length=1000)] | None = None
    fallback: Literal["backorder", "cancel", "manual"] | None = None


class Policy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A whole `routing-policy/1`. `zone`: IANA zone in which `time.*` is told.

    `systems`: which system owns what the rules read, by field; a fact with two masters has none.
    """

    format: Literal["routing-policy/1"]
    id: Slug
    version: Annotated[int, Meta(ge=1, le=10**6)]
    owner: Text
    review: date
    effective_from: Instant
    effective_until: Instant | None = None
    channel: Text = "*"
    zone: Text = "UTC"
    systems: Annotated[dict[Text, Text], Meta(max_length=200)] = {}
    rules: Annotated[tuple[AnyRule, ...], Meta(max_length=500)] = ()
    tests: Annotated[tuple[PolicyTest, ...], Meta(max_length=500)] = ()
