"""Recomputes a plan from the rules of the format and names every rule it breaks.

Reads the plain JSON documents; shares no code with the engine.
"""

import math
from collections import Counter
from typing import Any

from tests.routing.oracle import may_carry, usable_options, usable_stock

Document = dict[str, Any]


def broken_rules(problem: Document, plan: Document) -> list[str]:
    """Every broken rule of a whole plan, shared stock and capacities included."""
    broken: list[str] = []
    stock: Counter[tuple[str, str]] = Counter()
    capacity: Counter[str] = Counter()
    orders = {order["id"]: order for order in problem["orders"]}
    if [order["id"] for order in plan["orders"]] != list(orders):
        broken.append("orders missing or out of order")
    for answer in plan["orders"]:
        if answer["status"] != "infeasible":
            broken += _order(problem, orders[answer["id"]], answer, stock, capacity)
    nodes = {node["id"]: node for node in problem["nodes"]}
    for (node, sku), units in stock.items():
        if units > usable_stock(nodes[node], sku):
            broken.append(f"6: {units} of {sku} at {node}")
    left = {item["id"]: item["left"] for item in problem.get("capacities", [])}
    left |= {
        f"\0{n}": nodes[n]["cap_units"] for n in nodes if nodes[n].get("cap_units") is not None
    }
    broken += [f"6: {name} {used}" for name, used in capacity.items() if used > left[name]]
    if plan["cost"] != sum(answer["cost"] for answer in plan["orders"]):
        broken.append("9: total")
    if plan["lower_bound"] > plan["cost"] and plan["status"] != "infeasible":
        broken.append("bound above cost")
    return broken


def _order(
    problem: Document,
    order: Document,
    answer: Document,
    stock: Counter[tuple[str, str]],
    capacity: Counter[str],
) -> list[str]:
    broken = []
    options = {(o["node"]["id"], o["service"]["id"]): o for o in usable_options(problem, order)}
    lines = {line["sku"]: line for line in order["lines"]}
    shipped: Counter[str] = Counter()
    cost = 0
    seen = [(s["node"], s["service"]) for s in answer["shipments"]]
    if len(set(seen)) != len(seen):
        broken.append("1: an option used twice")
    if seen != sorted(seen):
        broken.append("shipments not in canonical order")
    for shipment in answer["shipments"]:
        option = options.get((shipment["node"], shipment["service"]))
        if option is None:
            broken.append(f"2/3: {shipment['service']} may not be used")
            continue
        price, faults = _shipment(shipment, option, lines)
        broken += faults
        cost += price
        shipped.update(shipment["units"])
        for sku, units in shipment["units"].items():
            stock[shipment["node"], sku] += units
        _draw(shipment, option, lines, capacity)
    for sku, line in lines.items():
        short = answer["short"].get(sku, 0)
        if shipped[sku] + short != line["qty"]:
            broken.append(f"6: {sku} {shipped[sku]} + {short}")
        if short and line.get("short") is None:
            broken.append(f"{sku} must ship")
        cost += short * (line.get("short") or 0)
    if cost != answer["cost"]:
        broken.append(f"9: cost {answer['cost']} is really {cost}")
    if answer["status"] == "optimal" and answer["lower_bound"] != answer["cost"]:
        broken.append("optimal without proof")
    if answer["lower_bound"] > answer["cost"]:
        broken.append("bound above cost")
    return broken + _whole(order, answer)


def _shipment(
    shipment: Document, option: Document, lines: dict[str, Document]
) -> tuple[int, list[str]]:
    """Rules 2, 3, 4 and 5 for one shipment: its true price and what it breaks."""
    node, service = option["node"], option["service"]
    first_g, first_price, step_g, step_price, _ = option["rate"]
    broken = []
    grams = volume = handling = 0
    if not shipment["units"]:
        broken.append("empty shipment")
    for sku, units in shipment["units"].items():
        line = lines[sku]
        if units < 1 or not may_carry(line, option):
            broken.append(f"2: {sku} on {service['id']}")
        grams += units * line["g"]
        volume += units * -(-line["cm3"] * 1000 // service["divisor"])
        stock = node.get("stock", {}).get(sku, [0, 0, 0])
        handling += units * (node.get("unit", 0) + stock[2])
    weight = max(grams, volume)
    if weight > service["max_g"]:
        broken.append(f"4: {weight} g on {service['id']}")
    steps = max(0, math.ceil((weight - first_g) / step_g))
    cost = node.get("fix", 0) + node.get("penalty", 0) + option["late"]
    cost += first_price + step_price * steps + handling
    if cost != shipment["cost"]:
        broken.append(f"5: {shipment['cost']} is really {cost}")
    if option["eta"] != shipment["eta"]:
        broken.append("3: eta")
    return cost, broken


def _draw(
    shipment: Document, option: Document, lines: dict[str, Document], capacity: Counter[str]
) -> None:
    units = sum(shipment["units"].values())
    grams = sum(n * lines[sku]["g"] for sku, n in shipment["units"].items())
    for uses in (option["node"].get("uses", []), option["service"].get("uses", [])):
        for name, per_shipment, per_unit, per_g in uses:
            capacity[name] += per_shipment + per_unit * units + per_g * grams
    if option["node"].get("cap_units") is not None:
        capacity[f"\0{option['node']['id']}"] += units


def _whole(order: Document, answer: Document) -> list[str]:
    """Rules 7 and 8."""
    broken = []
    lines = order["lines"]
    shipments = answer["shipments"]
    limit = order.get("max_shipments")
    if limit is not None and len(shipments) > limit:
        broken.append("8: too many shipments")
    together: dict[str, list[Document]] = {}
    for line in lines:
        if line.get("group") is not None:
            together.setdefault(f"kit {line['group']}", []).append(line)
        elif not order.get("split_lines", True):
            together[f"line {line['sku']}"] = [line]
    if order.get("ship_complete"):
        together = {"order": lines}
    for name, members in together.items():
        whole = any(
            all(s["units"].get(line["sku"]) == line["qty"] for line in members) for s in shipments
        )
        none = all(line["sku"] not in s["units"] for line in members for s in shipments)
        if not whole and not none:
            broken.append(f"7/8: {name} torn")
    return broken
