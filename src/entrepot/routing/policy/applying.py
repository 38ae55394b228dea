"""Applying a policy to a problem: another problem, which the engine decides without knowing of it.

How each thing a policy can say is put into `routing-problem/1`:

- forbidden options: a made-up tag on the line which only the allowed services (and all nodes)
  have; a NUL begins it, so that no tag of a document should collide with it;
- promises and limits: the order's own fields;
- tiers, charges, preferences: one whole number added to a service's first price, to a stock's
  shadow, to a line's price of being short. Orders that see other prices per shipment get services
  of their own (a NUL and a number after the id) on the same stock and capacities;
- stock held or freed: the stock's safety; capacities of a policy: capacities of the node.

Several orders in one problem share stock: where a policy gives their common stock or capacities
different numbers, no single problem can say so. `apply` refuses that (`orders_differ`), and
`deciding.route_under` decides such orders one by one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from entrepot.kernel.refusals import Conflict, Invalid
from entrepot.routing.engine.checking import contradictions
from entrepot.routing.engine.format import (
    Capacity,
    Line,
    Node,
    Order,
    Problem,
    Rate,
    Service,
    Stock,
    Use,
)
from entrepot.routing.policy.document import Policy, TermName
from entrepot.routing.policy.excluding import Excluded
from entrepot.routing.policy.pricing import MAX_AMOUNT, Priced, weigh
from entrepot.routing.policy.program import program_of
from entrepot.routing.policy.ruling import Action, Ruling, ruling_of
from entrepot.routing.policy.stocking import NOTHING_SPENT

MARK: Final = "\0"
"""Begins every name that a policy makes up."""
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2999
_MOST_SERVICES: Final = 50_000


class Standing(msgspec.Struct, frozen=True):
    """How an order stands under a policy: the rules that hold for it and what they come to.

    `weights` belong to `tiers`; the plan's costs are sums of tier times weight. `charges`: real
    money that the policy adds, rows of (node, service, per shipment) and (node, SKU, per unit).
    """

    order: str
    rules: tuple[str, ...]
    yielding: tuple[str, ...]
    tiers: tuple[TermName, ...]
    weights: tuple[int, ...]
    fallback: Action | None
    fallback_rule: str | None
    deliver_by: int | None
    late_day: int
    lane_charges: tuple[tuple[str, str, int], ...]
    unit_charges: tuple[tuple[str, str, int], ...]


class Applied(msgspec.Struct, frozen=True):
    """A problem with the policy in it. `exclusions`: order by order, in the order of services."""

    problem: Problem
    exclusions: tuple[Excluded, ...]
    orders: tuple[Standing, ...]


def moment_of(problem: Problem) -> datetime:
    """The instant of the problem's `now`. Raises Invalid when no clock shows it."""
    try:
        moment = problem.instant0 + timedelta(minutes=problem.now)
    except OverflowError:
        moment = problem.instant0.replace(year=1)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Invalid("the problem's moment is out of range", code="instant_out_of_range")
    return moment


def apply(
    policy: Policy,
    problem: Problem,
    *,
    at: datetime,
    without: frozenset[str] = frozenset(),
    spent: Mapping[str, int] = NOTHING_SPENT,
) -> Applied:
    """The problem under a policy at an instant. `without`: ids of rules left out.

    `spent`: what orders decided before have used of the policy's own capacities, by capacity id.
    The policy's own dates are not asked (`versions.in_force` chooses a version); its rules' are.
    Raises Invalid (`objective_too_wide`, `unusable_name`) or Conflict (`orders_differ`).
    """
    if any(MARK in service.id for service in problem.services):
        raise Invalid("a service's id contains NUL", code="unusable_name")
    program = program_of(policy)
    rulings = [
        ruling_of(program, problem, order, at=at, without=without, spent=spent)
        for order in problem.orders
    ]
    if not rulings:
        return Applied(problem, (), ())
    prices = weigh([ruling.terms for ruling in rulings])
    return Applied(
        _put_in(problem, rulings, prices),
        tuple(excluded for ruling in rulings for excluded in _told(ruling)),
        tuple(_standing(*pair) for pair in zip(rulings, prices, strict=True)),
    )


def _standing(ruling: Ruling, prices: Priced) -> Standing:
    rule, action = ruling.fallback if ruling.fallback is not None else (None, None)
    order = ruling.order
    soft = order.late == "soft"
    return Standing(
        order.id, ruling.rules, ruling.yielding, prices.tiers, prices.weights, action, rule,
        order.deliver_by, order.late_day if soft else 0, _rows(ruling.lane_charges),
        _rows(ruling.unit_charges),
    )  # fmt: skip


def _rows(amounts: Mapping[tuple[str, str], int]) -> tuple[tuple[str, str, int], ...]:
    return tuple((*key, amount) for key, amount in sorted(amounts.items()))


def _told(ruling: Ruling) -> list[Excluded]:
    """Every reason, lines with the same one together."""
    found = []
    lines = ruling.order.lines
    for lane, forbidden in zip(ruling.lanes, ruling.forbidden, strict=True):
        grouped: dict[str, list[int]] = {}
        for line in sorted(forbidden):
            rule, why = forbidden[line]
            grouped.setdefault(f"{rule}\0{why}", []).append(line)
        whole = len(forbidden) == len(lines)
        for members in grouped.values():
            rule, why = forbidden[members[0]]
            found.append(
                Excluded(
                    ruling.order.id, lane.node.id, lane.service.id,
                    tuple(lines[i].sku for i in members), whole, rule, why.code, why.observed,
                    why.required,
                )
            )  # fmt: skip
    return found


def _put_in(problem: Problem, rulings: Sequence[Ruling], prices: Sequence[Priced]) -> Problem:
    masks = _Masks(rulings)
    classes = _marked(list(dict.fromkeys(tuple(price.lanes) for price in prices)))
    if len(classes) * len(problem.services) > _MOST_SERVICES:
        raise Conflict("too many kinds of orders for one problem", code="orders_differ")
    money = prices[0].money
    services = [
        _service(service, money, extra[i], masks.of_service(i) + mark, suffix)
        for extra, (mark, suffix) in classes.items()
        for i, service in enumerate(problem.services)
    ]
    marks = masks.tags + [tag for mark, _ in classes.values() for tag in mark]
    nodes, capacities = _nodes(problem, rulings, prices, marks)
    orders = [
        _order(ruling, price, masks.of_order(at), classes[tuple(price.lanes)][0])
        for at, (ruling, price) in enumerate(zip(rulings, prices, strict=True))
    ]
    made = msgspec.structs.replace(
        problem, nodes=nodes, services=services, orders=orders,
        capacities=[*problem.capacities, *capacities],
    )  # fmt: skip
    _check(made)
    return made


def _check(problem: Problem) -> None:
    """Amounts that a policy made too large for the engine."""
    amounts = [rate.first_price for s in problem.services for rate in s.rates if rate]
    amounts += [rate.step_price for s in problem.services for rate in s.rates if rate]
    amounts += [node.fix + node.penalty + node.unit for node in problem.nodes]
    amounts += [abs(stock.shadow) for node in problem.nodes for stock in node.stock.values()]
    amounts += [order.late_day for order in problem.orders]
    amounts += [line.short or 0 for order in problem.orders for line in order.lines]
    errors = list(contradictions(problem))
    if errors or max(amounts, default=0) > MAX_AMOUNT:
        raise Invalid(
            "the amounts of this policy are too large to be summed", code="objective_too_wide",
            errors=errors,
        )  # fmt: skip


def _marked(classes: list[tuple[int, ...]]) -> dict[tuple[int, ...], tuple[list[str], str]]:
    """Each class of prices with its tag and the suffix of its services; none when alone."""
    if len(classes) == 1:
        return {classes[0]: ([], "")}
    return {c: ([f"{MARK}class {k}"], f"{MARK}{k}") for k, c in enumerate(classes)}


class _Masks:
    """The distinct sets of forbidden lanes, each with a tag that the allowed services have."""

    def __init__(self, rulings: Sequence[Ruling]) -> None:
        self._numbers: dict[frozenset[int], int] = {}
        self._lines: list[list[int | None]] = []
        for ruling in rulings:
            lines: list[int | None] = []
            for line in range(len(ruling.order.lines)):
                lanes = frozenset(i for i, no in enumerate(ruling.forbidden) if line in no)
                number = self._numbers.setdefault(lanes, len(self._numbers)) if lanes else None
                lines.append(number)
            self._lines.append(lines)
        self.tags = [f"{MARK}mask {number}" for number in self._numbers.values()]

    def of_service(self, lane: int) -> list[str]:
        return [self.tags[number] for lanes, number in self._numbers.items() if lane not in lanes]

    def of_order(self, at: int) -> list[list[str]]:
        return [[] if number is None else [self.tags[number]] for number in self._lines[at]]


def _service(service: Service, money: int, extra: int, tags: list[str], suffix: str) -> Service:
    if money == 1 and not (extra or tags or suffix):
        return service
    return msgspec.structs.replace(
        service,
        id=service.id + suffix,
        tags=service.tags + tags,
        rates=[None if rate is None else _rate(rate, money, extra) for rate in service.rates],
    )


def _rate(rate: Rate, money: int, extra: int) -> Rate:
    return Rate(
        rate.first_g, rate.first_price * money + extra, rate.step_g, rate.step_price * money,
        rate.transit_min,
    )  # fmt: skip


def _order(ruling: Ruling, price: Priced, masks: list[list[str]], mark: list[str]) -> Order:
    order, money = ruling.order, price.money
    lines: list[Line] = [
        msgspec.structs.replace(
            line,
            tags=line.tags + tags + mark,
            short=None if line.short is None else line.short * money + extra,
        )
        for line, tags, extra in zip(order.lines, masks, price.shorts, strict=True)
    ]
    return msgspec.structs.replace(order, lines=lines, late_day=order.late_day * money)


def _nodes(
    problem: Problem, rulings: Sequence[Ruling], prices: Sequence[Priced], marks: list[str]
) -> tuple[list[Node], list[Capacity]]:
    """The nodes with the policy's stock, marks and capacities."""
    rows = _stock_rows(problem, rulings, prices)
    spaces, money = rulings[0].rooms, prices[0].money
    if any(ruling.rooms != spaces for ruling in rulings):
        raise Conflict("the orders draw on other capacities", code="orders_differ")
    uses: dict[str, list[Use]] = {}
    for room in spaces:
        uses.setdefault(room.node, []).append(room.use)
    nodes = []
    for node in problem.nodes:
        stock = dict(node.stock)
        for sku, (safety, extra) in rows.get(node.id, {}).items():
            stock[sku] = Stock(stock[sku].atp, safety, stock[sku].shadow * money + extra)
        nodes.append(
            msgspec.structs.replace(
                node, stock=stock, tags=node.tags + marks, fix=node.fix * money,
                unit=node.unit * money, penalty=node.penalty * money,
                uses=[*node.uses, *uses.get(node.id, ())],
            )
        )  # fmt: skip
    return nodes, [Capacity(room.use.capacity, room.left) for room in spaces]


def _stock_rows(
    problem: Problem, rulings: Sequence[Ruling], prices: Sequence[Priced]
) -> dict[str, dict[str, tuple[int, int]]]:
    """By node and SKU of any line: safety, and the addition to its shadow."""
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for ruling, price in zip(rulings, prices, strict=True):
        for line in ruling.order.lines:
            for node in problem.nodes:
                stock, key = node.stock.get(line.sku), (node.id, line.sku)
                if stock is None:
                    continue
                safety, _ = ruling.safety.get(key, (stock.safety, ""))
                row = safety, price.units.get(key, 0)
                if rows.setdefault(node.id, {}).setdefault(line.sku, row) != row:
                    raise Conflict("the orders see other stock", code="orders_differ")
    return rows
