"""Decides small orders by trying every plan, from rules written as plain Python.

Shares no code with the engine or with policies: a scenario (`worlds`) states its rules as
functions over plain documents, and every way to divide the units is priced and compared.
"""

import math
from collections import Counter
from itertools import product
from typing import Any, NamedTuple, Protocol

Document = dict[str, Any]
Reason = tuple[str, str, Any, Any]
"""Rule id, code, observed, required."""
Key = tuple[str, str]


class Lane(NamedTuple):
    """A service as one order sees it."""

    node: Document
    service: Document
    rate: list[int] | None
    km: int
    eta: int | None

    @property
    def key(self) -> Key:
        return self.node["id"], self.service["id"]


class Terms(NamedTuple):
    """An order with its limits: what the rules of a scenario make of it."""

    deliver_by: int | None = None
    hard: bool = True
    late_day: int = 0
    most: int = 10**6
    complete: bool = False
    whole_lines: bool = False
    together: tuple[frozenset[str], ...] = ()
    exceptions: tuple[str, ...] = ()


class Room(NamedTuple):
    """What a node may still do."""

    rule: str
    left: int
    per_shipment: int
    per_unit: int


class Rules(Protocol):
    """The rules of a scenario, in plain Python."""

    tiers: tuple[str, ...]

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        """The first rule that keeps this line from this lane."""

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        """Deadlines and limits, without the dropped rules."""

    def yielding(self, order: Document) -> list[str]:
        """The limits that hold and give way, the first first."""

    def per_shipment(self, order: Document, lane: Lane) -> int:
        """Money added to a shipment."""

    def per_unit(self, order: Document, line: Document, node: Document) -> int:
        """Money added to a unit."""

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        """Units that stay, and the rule that says so (empty: the problem itself)."""

    def rooms(self, order: Document, node: Document) -> list[Room]:
        """What the node may still do for this order."""

    def fallback(self, order: Document) -> tuple[str, str] | None:
        """Action and rule when there is no plan."""


def lanes_of(world: Document, order: Document) -> list[Lane]:
    """Every service as the order sees it, in canonical order."""
    nodes = {node["id"]: node for node in world["nodes"]}
    start = max(world["now"], order["ready"])
    lanes = []
    for service in sorted(world["services"], key=lambda s: (s["node"], s["id"])):
        node = nodes[service["node"]]
        km = _kilometres(order["dest"], node)
        rate = service["rates"][sum(limit < km for limit in world["zone_km"])]
        truck = next((d for d in service["departures"] if d[0] >= start), None)
        eta = None if truck is None or rate is None else truck[1] + truck[2] + rate[4]
        lanes.append(Lane(node, service, rate, math.ceil(km), eta))
    return lanes


def _kilometres(dest: Document, node: Document) -> float:
    a, b, c, d = (math.radians(x) for x in (dest["lat"], dest["lon"], node["lat"], node["lon"]))
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(h))


def decide(world: Document, order: Document, rules: Rules) -> Document:
    """What must come out: plan, reasons, exceptions, fallback."""
    lanes = lanes_of(world, order)
    yielding = rules.yielding(order)
    best, dropped = None, 0
    for dropped in range(len(yielding) + 1):
        best = _best(order, lanes, rules, rules.terms(order, frozenset(yielding[:dropped])))
        if best is not None:
            break
    gone = yielding[:dropped] if best is not None else []
    terms = rules.terms(order, frozenset(gone))
    expected: Document = {
        "order": order["id"],
        "excluded": _reasons(order, lanes, rules),
        "barred": {
            "/".join(lane.key): code
            for lane in lanes
            if (code := _order_wide(order, lane, terms)) is not None
        },
        "yielded": gone,
    }
    if best is None:
        action = rules.fallback(order)
        return expected | {"plan": None, "fallback": None if action is None else list(action)}
    tiers, plan = best
    return expected | {
        "plan": {"/".join(key): units for key, units in plan.items()},
        "tiers": list(tiers),
    }


def _order_wide(order: Document, lane: Lane, terms: Terms) -> str | None:
    """Rules of the format that keep a whole order from a lane."""
    if order["dest"]["region"] in lane.node.get("regions_blocked", []):
        return "region_blocked"
    if order.get("cod") and not lane.service.get("cod"):
        return "no_cod"
    if lane.rate is None:
        return "zone_not_served"
    if lane.eta is None:
        return "no_departure"
    if terms.deliver_by is not None and terms.hard and lane.eta > terms.deliver_by:
        return "too_late"
    return None


def _why(order: Document, line: Document, lane: Lane, rules: Rules) -> Reason | None:
    """The policy's reason against a line on a lane: a rule, stock held back, a full node."""
    found = rules.forbids(order, line, lane)
    if found is not None:
        return found
    stock = lane.node["stock"].get(line["sku"])
    kept, rule = rules.safety(order, line, lane.node)
    if rule and stock is not None and stock[0] > stock[1] and stock[0] <= kept:
        return rule, "stock_held", stock[0], kept + 1
    for room in rules.rooms(order, lane.node):
        least = room.per_shipment + room.per_unit
        if room.left < least:
            return room.rule, "capacity_used_up", room.left, least
    return None


def _reasons(order: Document, lanes: list[Lane], rules: Rules) -> list[list[Any]]:
    """[node, service, SKUs, rule, code, observed, required]; SKUs with one reason together."""
    found: dict[str, list[Any]] = {}
    for lane in lanes:
        for line in order["lines"]:
            why = _why(order, line, lane, rules)
            if why is not None:
                row = found.setdefault(repr((lane.key, why)), [*lane.key, [], *why])
                row[2].append(line["sku"])
    return list(found.values())


def _best(
    order: Document, lanes: list[Lane], rules: Rules, terms: Terms
) -> tuple[tuple[int, ...], dict[Key, dict[str, int]]] | None:
    """The first of all plans in canonical order, or None."""
    usable = [lane for lane in lanes if _order_wide(order, lane, terms) is None]
    choices = [
        _divisions(
            line["qty"],
            [i for i, lane in enumerate(usable) if _may(order, line, lane, rules)],
            whole=terms.whole_lines or terms.complete,
        )
        for line in order["lines"]
    ]
    best = None
    for picked in product(*choices):
        plan: dict[Key, dict[str, int]] = {}
        used: dict[Key, Lane] = {}
        for line, parts in zip(order["lines"], picked, strict=True):
            for i, units in parts:
                plan.setdefault(usable[i].key, {})[line["sku"]] = units
                used[usable[i].key] = usable[i]
        if not _allowed(order, plan, used, rules, terms):
            continue
        tiers = _price(order, lanes, plan, used, rules, terms)
        rank = (tiers, len(plan), sorted(plan), _quantities(order, plan))
        if best is None or rank < best[0]:
            best = (rank, plan)
    return None if best is None else (best[0][0], dict(sorted(best[1].items())))


def _may(order: Document, line: Document, lane: Lane, rules: Rules) -> bool:
    tags = set(line.get("tags", []))
    capable = tags <= set(lane.node.get("tags", [])) & set(lane.service.get("tags", []))
    return capable and _why(order, line, lane, rules) is None


def _divisions(qty: int, lanes: list[int], *, whole: bool) -> list[list[tuple[int, int]]]:
    """Every way to divide units over lanes."""
    if whole:
        return [[(lane, qty)] for lane in lanes]
    found: list[list[tuple[int, int]]] = []

    def fill(at: int, left: int, taken: list[tuple[int, int]]) -> None:
        if left == 0:
            found.append(taken)
        elif at < len(lanes):
            for units in range(left + 1):
                more = [*taken, (lanes[at], units)] if units else taken
                fill(at + 1, left - units, more)

    fill(0, qty, [])
    return found


def _quantities(order: Document, plan: dict[Key, dict[str, int]]) -> list[int]:
    skus = sorted(line["sku"] for line in order["lines"])
    return [plan[key].get(sku, 0) for sku in skus for key in sorted(plan)]


def _allowed(
    order: Document,
    plan: dict[Key, dict[str, int]],
    used: dict[Key, Lane],
    rules: Rules,
    terms: Terms,
) -> bool:
    """Limits, kits, weights, stock and rooms."""
    if len(plan) > (1 if terms.complete else terms.most):
        return False
    lines = {line["sku"]: line for line in order["lines"]}
    for kit in terms.together:
        if len({key for key, units in plan.items() if kit & set(units)}) > 1:
            return False
    taken: Counter[tuple[str, str]] = Counter()
    shipments: Counter[str] = Counter()
    for key, units in plan.items():
        lane = used[key]
        grams, volume = _weight(units, lines, lane)
        if max(grams, volume) > lane.service["max_g"]:
            return False
        shipments[key[0]] += 1
        for sku, n in units.items():
            taken[key[0], sku] += n
    nodes = {lane.node["id"]: lane.node for lane in used.values()}
    for (node, sku), n in taken.items():
        stock = nodes[node]["stock"].get(sku, [0, 0, 0])
        if n > max(0, stock[0] - rules.safety(order, lines[sku], nodes[node])[0]):
            return False
    for node, count in shipments.items():
        units_here = sum(n for (place, _), n in taken.items() if place == node)
        for room in rules.rooms(order, nodes[node]):
            if room.per_shipment * count + room.per_unit * units_here > room.left:
                return False
    return True


def _weight(units: dict[str, int], lines: dict[str, Document], lane: Lane) -> tuple[int, int]:
    grams = sum(n * lines[sku]["g"] for sku, n in units.items())
    volume = sum(
        n * math.ceil(lines[sku]["cm3"] * 1000 / lane.service["divisor"])
        for sku, n in units.items()
    )
    return grams, volume


def _price(
    order: Document,
    lanes: list[Lane],
    plan: dict[Key, dict[str, int]],
    used: dict[Key, Lane],
    rules: Rules,
    terms: Terms,
) -> tuple[int, ...]:
    """The tiers of a plan, the most important first."""
    lines = {line["sku"]: line for line in order["lines"]}
    oldest = {sku: max(_ages(lanes, sku).values(), default=0) for sku in lines}
    money = age = 0
    for key, units in plan.items():
        lane = used[key]
        assert lane.rate is not None and lane.eta is not None
        first_g, first, step_g, step, _ = lane.rate
        steps = max(0, math.ceil((max(_weight(units, lines, lane)) - first_g) / step_g))
        money += lane.node.get("fix", 0) + lane.node.get("penalty", 0) + first + step * steps
        if terms.deliver_by is not None and lane.eta > terms.deliver_by:
            money += terms.late_day * math.ceil((lane.eta - terms.deliver_by) / 1440)
        money += rules.per_shipment(order, lane)
        for sku, n in units.items():
            extra = rules.per_unit(order, lines[sku], lane.node)
            money += n * (lane.node.get("unit", 0) + lane.node["stock"][sku][2] + extra)
            age += n * (oldest[sku] - _ages(lanes, sku)[key[0]])
    values = {"money": money, "shipments": len(plan), "age": age}
    return tuple(values[tier] for tier in rules.tiers)


def _ages(lanes: list[Lane], sku: str) -> dict[str, int]:
    """Days in stock by node."""
    nodes = {lane.node["id"]: lane.node for lane in lanes if sku in lane.node["stock"]}
    return {
        name: node.get("stock_attrs", {}).get(sku, {}).get("age_days", 0)
        for name, node in nodes.items()
    }
