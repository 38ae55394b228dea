"""What a policy makes dearer or cheaper: tiers of terms become one whole number per option, per
unit of stock and per unit short.

Tiers are compared one after the other: a tier's weight is more than all tiers below it together
can differ (a radix), so that no gain below ever outweighs a loss above.
"""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.routing.engine.format import MAX_COST, Line, Order
from entrepot.routing.policy.document import Charge, Objective, Prefer, StockPolicy, TermName
from entrepot.routing.policy.program import Live
from entrepot.routing.policy.scenes import Lane, OrderFacts, Scene, late_days, whole_km

MAX_WEIGHT: Final = 2**62
MAX_AMOUNT: Final = 10**12
PLAIN: Final[tuple[TermName, ...]] = ("money",)
_DAY: Final = 1440


class Term(msgspec.Struct, frozen=True):
    """One thing to be kept small: amounts per lane, per unit of (node, SKU), per unit short.

    `shorts` has one entry per line. Money counts what the problem itself prices as well; its
    entries here are only what the policy adds, `reach` bounds all of it.
    """

    lanes: list[int]
    units: dict[tuple[str, str], int]
    shorts: list[int]
    reach: int


class Terms(msgspec.Struct, frozen=True):
    """An order's tiers, the most important first, and their amounts."""

    order: str
    tiers: tuple[TermName, ...]
    terms: tuple[Term, ...]


class Priced(msgspec.Struct, frozen=True):
    """The sum of all tiers: `money` multiplies every price of the problem; the rest is added."""

    money: int
    lanes: list[int]
    units: dict[tuple[str, str], int]
    shorts: list[int]
    tiers: tuple[TermName, ...]
    weights: tuple[int, ...]


def tiers_of(live: Sequence[Live]) -> tuple[TermName, ...]:
    """The tiers of the first objective that holds; money comes last when it is not named."""
    for rule in live:
        if isinstance(rule.rule, Objective):
            tiers = rule.rule.tiers
            return tiers if "money" in tiers else (*tiers, "money")
    return PLAIN


def terms_of(facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live]) -> Terms:
    """Every tier's amounts. `facts.order` is the order with its promises and limits."""
    tiers = tiers_of(live)
    alone = "preference" in tiers
    return Terms(
        facts.order.id, tiers, tuple(term(name, facts, lanes, live, alone=alone) for name in tiers)
    )


def weigh(orders: Sequence[Terms]) -> list[Priced]:
    """The tiers of orders that share a problem, weighed alike: by the widest reach of any.

    Raises Conflict (`orders_differ`) for other tiers, Invalid (`objective_too_wide`).
    """
    tiers = orders[0].tiers
    if any(order.tiers != tiers for order in orders):
        raise Conflict("the orders have other objectives", code="orders_differ")
    weights, above = [], 1
    for at in reversed(range(len(tiers))):
        weights.append(above)
        above *= max(order.terms[at].reach for order in orders) + 1
    weights.reverse()
    if len(tiers) > 1 and above > min(MAX_WEIGHT, MAX_COST):
        raise Invalid(
            "the tiers of the objective do not fit whole numbers",
            code="objective_too_wide",
            order=orders[0].order,
            tiers=list(tiers),
        )
    return [_weigh(order, tuple(weights)) for order in orders]


def _weigh(order: Terms, weights: tuple[int, ...]) -> Priced:
    units: dict[tuple[str, str], int] = {}
    for weight, found in zip(weights, order.terms, strict=True):
        for key, amount in found.units.items():
            units[key] = units.get(key, 0) + weight * amount
    return Priced(
        weights[order.tiers.index("money")],
        _weighed(weights, [found.lanes for found in order.terms]),
        units,
        _weighed(weights, [found.shorts for found in order.terms]),
        order.tiers,
        weights,
    )


def _weighed(weights: Sequence[int], columns: list[list[int]]) -> list[int]:
    return [
        sum(weight * amount for weight, amount in zip(weights, row, strict=True))
        for row in zip(*columns, strict=True)
    ]


def term(
    name: TermName,
    facts: OrderFacts,
    lanes: Sequence[Lane],
    live: Sequence[Live],
    *,
    alone: bool,
) -> Term:
    """One tier's amounts. `alone`: preferences are a tier of their own, else part of money."""
    nothing = [0] * len(facts.order.lines)
    if name == "money":
        return _money(facts, lanes, live, preferred=not alone)
    if name == "short_units":
        return Term([0] * len(lanes), {}, [1] * len(nothing), facts.units)
    if name in _BY_STOCK:
        units = _BY_STOCK[name](facts, lanes)
        return Term([0] * len(lanes), units, nothing, _reach_of_units(facts.order, units))
    each = [_PER_SHIPMENT[name](facts, lane) for lane in lanes]
    if name == "preference":
        each = _preferences(facts, lanes, live)
    return Term(each, {}, nothing, max(each, default=0) * most_shipments(facts, lanes))


def most_shipments(facts: OrderFacts, lanes: Sequence[Lane]) -> int:
    """No plan of the order has more shipments."""
    open_lanes = sum(lane.eta is not None for lane in lanes)
    limit = facts.order.max_shipments
    return min(open_lanes, facts.units, facts.units if limit is None else limit)


def _hours(facts: OrderFacts, lane: Lane) -> int:
    return 0 if lane.eta is None else max(0, -(-(lane.eta - facts.now) // 60))


def _priority(facts: OrderFacts, lane: Lane) -> int:
    """The node's attribute `priority`, 1 first; nodes without one come last."""
    rank = lane.node.attrs.get("priority")
    return min(max(rank, 0), LAST) if type(rank) is int else LAST


LAST: Final = 1000
_PER_SHIPMENT: Final[dict[str, Callable[[OrderFacts, Lane], int]]] = {
    "shipments": lambda facts, lane: 1,
    "km": lambda facts, lane: whole_km(lane),
    "priority": _priority,
    "late_days": late_days,
    "hours": _hours,
    "preference": lambda facts, lane: 0,
}


def _preferences(facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live]) -> list[int]:
    amounts = [0] * len(lanes)
    for rule in live:
        if isinstance(rule.rule, Prefer):
            for i, lane in enumerate(lanes):
                if not rule.compiled.options(Scene(facts, None, lane)):
                    amounts[i] += rule.rule.minor_per_shipment
    return amounts


def _stocked(
    facts: OrderFacts, lanes: Sequence[Lane], amount: Callable[[Lane, Line], int]
) -> dict[tuple[str, str], int]:
    """An amount for each line's SKU at each node that has it."""
    nodes = {lane.node.id: lane for lane in lanes}
    return {
        (node, line.sku): amount(lane, line)
        for node, lane in nodes.items()
        for line in facts.order.lines
        if line.sku in lane.node.stock
    }


def _depth(facts: OrderFacts, lanes: Sequence[Lane]) -> dict[tuple[str, str], int]:
    """Units that the deepest node has more: 0 at the node with most."""
    most = {
        line.sku: max(
            (lane.node.stock[line.sku].usable for lane in lanes if line.sku in lane.node.stock),
            default=0,
        )
        for line in facts.order.lines
    }
    return _stocked(
        facts, lanes, lambda lane, line: most[line.sku] - lane.node.stock[line.sku].usable
    )


def _attribute(lane: Lane, line: Line, name: str) -> int | None:
    value = lane.node.stock_attrs.get(line.sku, {}).get(name)
    return min(max(value, 0), _MOST_DAYS) if type(value) is int else None


_MOST_DAYS: Final = 10_000


def _age(facts: OrderFacts, lanes: Sequence[Lane]) -> dict[tuple[str, str], int]:
    """Days that the oldest stock is older (attribute `age_days`; unknown counts as new)."""
    found = _stocked(facts, lanes, lambda lane, line: _attribute(lane, line, "age_days") or 0)
    oldest: dict[str, int] = {}
    for (_, sku), days in found.items():
        oldest[sku] = max(days, oldest.get(sku, 0))
    return {key: oldest[key[1]] - days for key, days in found.items()}


def _life(facts: OrderFacts, lanes: Sequence[Lane]) -> dict[tuple[str, str], int]:
    """Days of life left (attribute `life_days`): first expired, first out; unknown comes last."""
    return _stocked(
        facts,
        lanes,
        lambda lane, line: (
            _MOST_DAYS if (days := _attribute(lane, line, "life_days")) is None else days
        ),
    )


def _slow(facts: OrderFacts, lanes: Sequence[Lane]) -> dict[tuple[str, str], int]:
    """1 for units that are not slow-moving (attribute `slow`)."""
    return _stocked(
        facts,
        lanes,
        lambda lane, line: int(lane.node.stock_attrs.get(line.sku, {}).get("slow") is not True),
    )


_BY_STOCK: Final[dict[str, Callable[[OrderFacts, Sequence[Lane]], dict[tuple[str, str], int]]]] = {
    "depth": _depth, "age": _age, "life": _life, "slow": _slow,
}  # fmt: skip


def _reach_of_units(order: Order, units: dict[tuple[str, str], int]) -> int:
    """How much plans can differ in an amount per unit."""
    reach = 0
    for line in order.lines:
        amounts = [amount for (_, sku), amount in units.items() if sku == line.sku]
        reach += line.qty * (max([0, *amounts]) - min([0, *amounts]))
    return reach


def _money(
    facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live], *, preferred: bool
) -> Term:
    """What the policy adds to the problem's own prices, and how far all money can differ."""
    each, units = charges(facts, lanes, live)
    if preferred:
        each = [sum(pair) for pair in zip(each, _preferences(facts, lanes, live), strict=True)]
    for rule in live:
        if isinstance(rule.rule, StockPolicy):
            amount = rule.rule.charge_minor_per_unit - rule.rule.credit_minor_per_unit
            _per_unit(units, facts, lanes, rule, amount)
    order = facts.order
    handling = {
        (lane.node.id, line.sku): lane.node.unit
        + lane.node.stock[line.sku].shadow
        + units.get((lane.node.id, line.sku), 0)
        for lane in lanes
        for line in order.lines
        if line.sku in lane.node.stock
    }
    shorts = sum(line.qty * (line.short or 0) for line in order.lines)
    base = [_base(facts, lane) + extra for lane, extra in zip(lanes, each, strict=True)]
    reach = _reach_of_units(order, handling) + shorts + _steps(facts, lanes)
    reach += max(base, default=0) * most_shipments(facts, lanes)
    return Term(each, units, [0] * len(order.lines), reach)


def charges(
    facts: OrderFacts, lanes: Sequence[Lane], live: Sequence[Live]
) -> tuple[list[int], dict[tuple[str, str], int]]:
    """Real money of charge rules: per lane, and per unit of (node, SKU)."""
    each = [0] * len(lanes)
    units: dict[tuple[str, str], int] = {}
    for rule in live:
        if isinstance(rule.rule, Charge):
            _per_unit(units, facts, lanes, rule, rule.rule.minor_per_unit)
            for i, lane in enumerate(lanes):
                if rule.compiled.options(Scene(facts, None, lane)):
                    each[i] += rule.rule.minor_per_shipment
    return each, units


def _per_unit(
    units: dict[tuple[str, str], int],
    facts: OrderFacts,
    lanes: Sequence[Lane],
    live: Live,
    amount: int,
) -> None:
    """Add an amount to every stock that one rule speaks of."""
    nodes = {lane.node.id: lane for lane in lanes} if amount else {}
    for node, lane in nodes.items():
        for at in live.lines:
            line = facts.order.lines[at]
            if live.compiled.options(Scene(facts, line, lane)):
                units[node, line.sku] = units.get((node, line.sku), 0) + amount


def _base(facts: OrderFacts, lane: Lane) -> int:
    """Money of a shipment before weight and units."""
    if lane.rate is None or lane.eta is None:
        return 0
    late = late_days(facts, lane) * facts.order.late_day
    return lane.node.fix + lane.node.penalty + lane.rate.first_price + late


def _steps(facts: OrderFacts, lanes: Sequence[Lane]) -> int:
    """At least what all weight steps of any plan cost."""
    rates = [lane.rate for lane in lanes if lane.rate is not None]
    if not rates:
        return 0
    divisor = min(lane.service.divisor for lane in lanes)
    grams = sum(
        line.qty * max(line.g, -(-line.cm3 * 1000 // divisor)) for line in facts.order.lines
    )
    steps = grams // min(rate.step_g for rate in rates) + most_shipments(facts, lanes)
    return steps * max(rate.step_price for rate in rates)
