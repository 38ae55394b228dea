"""What shops do without an engine: take stock from nodes in a fixed order until all is found.

Nearest-first orders nodes by distance, priority-first by id. At each node the cheapest service
that may carry what is taken is used. Every plan is priced by the format's own rules.
"""

from typing import Any

from tests.routing.oracle import kilometres, may_carry, usable_options, usable_stock

Document = dict[str, Any]


def nearest_first(problem: Document, order: Document) -> int:
    """Cost of going through the nodes by distance."""
    return _in_turn(
        problem, order, sorted(problem["nodes"], key=lambda n: kilometres(order["dest"], n))
    )


def priority_first(problem: Document, order: Document) -> int:
    """Cost of going through the nodes by id."""
    return _in_turn(problem, order, sorted(problem["nodes"], key=lambda n: str(n["id"])))


def _in_turn(problem: Document, order: Document, nodes: list[Document]) -> int:
    options = usable_options(problem, order)
    left = {line["sku"]: line["qty"] for line in order["lines"]}
    cost = 0
    for node in nodes:
        best: tuple[int, int, dict[str, int]] | None = None
        for option in options:
            if option["node"]["id"] == node["id"]:
                units = _most(option, order, left)
                if units:
                    offer = (-sum(units.values()), _price(option, order, units), units)
                    best = offer if best is None or offer[:2] < best[:2] else best
        if best is not None:
            cost += best[1]
            for sku, amount in best[2].items():
                left[sku] -= amount
    return cost + sum(line["short"] * left[line["sku"]] for line in order["lines"])


def _most(option: Document, order: Document, left: dict[str, int]) -> dict[str, int]:
    """As many units as stock, capability and the weight limit let this option take."""
    units: dict[str, int] = {}
    for line in order["lines"]:
        if not may_carry(line, option):
            continue
        here = min(left[line["sku"]], usable_stock(option["node"], line["sku"]))
        while (
            here
            and _weight(option, order, {**units, line["sku"]: here}) > (option["service"]["max_g"])
        ):
            here -= 1
        if here:
            units[line["sku"]] = here
    return units


def _weight(option: Document, order: Document, units: dict[str, int]) -> int:
    divisor = option["service"]["divisor"]
    lines = {line["sku"]: line for line in order["lines"]}
    grams = sum(n * lines[sku]["g"] for sku, n in units.items())
    return int(
        max(grams, sum(n * -(-lines[sku]["cm3"] * 1000 // divisor) for sku, n in units.items()))
    )


def _price(option: Document, order: Document, units: dict[str, int]) -> int:
    node = option["node"]
    first_g, first_price, step_g, step_price, _ = option["rate"]
    steps = max(0, -(-(_weight(option, order, units) - first_g) // step_g))
    handling = sum(n * (node["unit"] + node["stock"][sku][2]) for sku, n in units.items())
    fixed = node["fix"] + node["penalty"] + option["late"]
    return int(fixed + first_price + step_price * steps + handling)
