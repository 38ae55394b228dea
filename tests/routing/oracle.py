"""An independent solver: the rules of `routing-problem/1` as a mixed integer model for HiGHS.

Written from the format's nine rules over the plain JSON document; shares no code with the
engine. Solves one order on untouched stock and capacities.
"""

import math
from typing import Any, NamedTuple

import highspy
import numpy as np

Document = dict[str, Any]
INFINITY = highspy.kHighsInf


def kilometres(dest: Document, node: Document) -> float:
    """Haversine with R = 6371.0 km."""
    lat1, lon1, lat2, lon2 = map(math.radians, (dest["lat"], dest["lon"], node["lat"], node["lon"]))
    a = math.sin((lat2 - lat1) / 2) ** 2
    a += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(a))


def usable_options(problem: Document, order: Document) -> list[Document]:
    """Rules 1 to 3: the options with their rate, ETA and lateness."""
    nodes = {node["id"]: node for node in problem["nodes"]}
    start = max(problem["now"], order["ready"])
    found = []
    for service in problem["services"]:
        node = nodes[service["node"]]
        if order.get("cod") and not service.get("cod"):
            continue
        if order["dest"]["region"] in node.get("regions_blocked", []):
            continue
        far = kilometres(order["dest"], node)
        rate = service["rates"][sum(limit < far for limit in problem["zone_km"])]
        departure = next((d for d in service["departures"] if d[0] >= start), None)
        if rate is None or departure is None:
            continue
        eta = departure[1] + departure[2] + rate[4]
        late = 0
        deadline = order.get("deliver_by")
        if deadline is not None and eta > deadline:
            if order.get("late", "hard") == "hard":
                continue
            late = order.get("late_day", 0) * math.ceil((eta - deadline) / 1440)
        found.append({"node": node, "service": service, "rate": rate, "eta": eta, "late": late})
    return found


def may_carry(line: Document, option: Document) -> bool:
    """Rule 2, per line."""
    tags = set(line.get("tags", []))
    return tags <= set(option["node"].get("tags", [])) and tags <= set(
        option["service"].get("tags", [])
    )


def usable_stock(node: Document, sku: str) -> int:
    """Rule 6: atp less safety, never below zero."""
    row = node.get("stock", {}).get(sku)
    return max(0, row[0] - row[1]) if row else 0


class Model:
    """Rows and columns collected for HiGHS."""

    def __init__(self) -> None:
        self.cost: list[float] = []
        self.high: list[float] = []
        self.rows: list[tuple[float, dict[int, float], float]] = []

    def column(self, cost: float, high: float) -> int:
        self.cost.append(cost)
        self.high.append(high)
        return len(self.cost) - 1

    def row(self, low: float, terms: dict[int, float], high: float) -> None:
        self.rows.append((low, terms, high))

    def solve(self) -> float | None:
        """The proven optimum, None when infeasible; anything else is an error."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.rows)
        lp.col_cost_ = np.array(self.cost)
        lp.col_lower_ = np.zeros(len(self.cost))
        lp.col_upper_ = np.array(self.high)
        lp.row_lower_ = np.array([row[0] for row in self.rows])
        lp.row_upper_ = np.array([row[2] for row in self.rows])
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(self.cost)
        starts, index, value = [0], [], []
        for _, terms, _ in self.rows:
            index += list(terms)
            value += list(terms.values())
            starts.append(len(index))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(starts)
        lp.a_matrix_.index_ = np.array(index)
        lp.a_matrix_.value_ = np.array(value, dtype=float)
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", 0.4)
        solver.setOptionValue("time_limit", 120.0)
        solver.passModel(lp)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise AssertionError(f"the oracle did not finish: {status}")
        return solver.getInfo().objective_function_value


class Entered(NamedTuple):
    """One order's columns in a model: its options, whether each is used, units by line."""

    order: Document
    options: list[Document]
    used: list[int]
    carried: list[dict[int, int]]


def model_of(problem: Document, order: Document) -> tuple[Model, list[dict[int, int]]]:
    """All rules for one order; also each option's columns by line."""
    model = Model()
    entered = _enter(model, problem, order)
    _stock_rows(model, [entered])
    _capacity_rows(model, problem, [entered])
    return model, entered.carried


def least_joint_cost(problem: Document) -> int | None:
    """The optimum of all orders together on shared stock and capacities."""
    model = Model()
    entered = [_enter(model, problem, order) for order in problem["orders"]]
    _stock_rows(model, entered)
    _capacity_rows(model, problem, entered)
    value = model.solve()
    return None if value is None else round(value)


def _enter(model: Model, problem: Document, order: Document) -> Entered:
    """Columns and rows of one order, without what it shares."""
    options = usable_options(problem, order)
    lines = order["lines"]
    short = [
        model.column(line["short"] or 0, line["qty"] if line.get("short") is not None else 0)
        for line in lines
    ]
    used: list[int] = []
    carried: list[dict[int, int]] = []
    for option in options:
        used.append(_shipment(model, problem, order, option, carried))
    for i, line in enumerate(lines):
        terms = {take[i]: 1.0 for take in carried if i in take}
        model.row(line["qty"], {**terms, short[i]: 1.0}, line["qty"])
    _stay_together(model, order, used, carried, short)
    if order.get("max_shipments") is not None:
        model.row(-INFINITY, dict.fromkeys(used, 1.0), order["max_shipments"])
    return Entered(order, options, used, carried)


def _shipment(
    model: Model,
    problem: Document,
    order: Document,
    option: Document,
    carried: list[dict[int, int]],
) -> int:
    """Rules 4 and 5 for one option: its columns and its weight rows."""
    node, service = option["node"], option["service"]
    first_g, first_price, step_g, step_price, _ = option["rate"]
    fixed = node.get("fix", 0) + node.get("penalty", 0) + option["late"] + first_price
    used = model.column(fixed, 1)
    steps = model.column(step_price, INFINITY)
    grams, volumes, take = {}, {}, {}
    for i, line in enumerate(order["lines"]):
        most = min(line["qty"], usable_stock(node, line["sku"]))
        if most <= 0 or not may_carry(line, option):
            continue
        row = node["stock"][line["sku"]]
        take[i] = model.column(node.get("unit", 0) + row[2], most)
        model.row(-INFINITY, {take[i]: 1.0, used: -float(most)}, 0)
        grams[take[i]] = float(line["g"])
        volumes[take[i]] = float(math.ceil(line["cm3"] * 1000 / service["divisor"]))
    for weights in (grams, volumes):
        model.row(-INFINITY, {**weights, used: -float(service["max_g"])}, 0)
        model.row(-INFINITY, {**weights, steps: -float(step_g)}, first_g)
    carried.append(take)
    return used


def _stay_together(
    model: Model,
    order: Document,
    used: list[int],
    carried: list[dict[int, int]],
    short: list[int],
) -> None:
    """Rules 7 and 8: lines, kits and orders that ship whole or are wholly short."""
    lines = order["lines"]
    sets: list[list[int]] = []
    if order.get("ship_complete"):
        sets = [list(range(len(lines)))]
    else:
        kits: dict[str, list[int]] = {}
        for i, line in enumerate(lines):
            if line.get("group") is not None:
                kits.setdefault(line["group"], []).append(i)
            elif not order.get("split_lines", True):
                sets.append([i])
        sets += kits.values()
    for members in sets:
        choices = {}
        for take in carried:
            whole = model.column(0, 1 if all(i in take for i in members) else 0)
            choices[whole] = 1.0
            for i in members:
                if i in take:
                    model.row(0, {take[i]: 1.0, whole: -float(lines[i]["qty"])}, 0)
        none = model.column(0, 1)
        for i in members:
            model.row(0, {short[i]: 1.0, none: -float(lines[i]["qty"])}, 0)
        model.row(1, {**choices, none: 1.0}, 1)


def _stock_rows(model: Model, orders: list[Entered]) -> None:
    rows: dict[tuple[str, str], dict[int, float]] = {}
    left: dict[tuple[str, str], int] = {}
    for entered in orders:
        for option, take in zip(entered.options, entered.carried, strict=True):
            for i, column in take.items():
                key = (option["node"]["id"], entered.order["lines"][i]["sku"])
                rows.setdefault(key, {})[column] = 1.0
                left[key] = usable_stock(option["node"], key[1])
    for key, terms in rows.items():
        model.row(-INFINITY, terms, left[key])


def _capacity_rows(model: Model, problem: Document, orders: list[Entered]) -> None:
    rows: dict[str, dict[int, float]] = {}
    left = {capacity["id"]: capacity["left"] for capacity in problem.get("capacities", [])}
    for entered in orders:
        for option, flag, take in zip(entered.options, entered.used, entered.carried, strict=True):
            node = option["node"]
            uses = [*node.get("uses", []), *option["service"].get("uses", [])]
            if node.get("cap_units") is not None:
                own = f"units of {node['id']}"
                left[own] = node["cap_units"]
                uses.append([own, 0, 1, 0])
            for capacity, per_shipment, per_unit, per_g in uses:
                terms = rows.setdefault(capacity, {})
                terms[flag] = terms.get(flag, 0.0) + per_shipment
                for i, column in take.items():
                    amount = per_unit + per_g * entered.order["lines"][i]["g"]
                    terms[column] = terms.get(column, 0.0) + amount
    for capacity, terms in rows.items():
        model.row(-INFINITY, terms, left[capacity])


def least_cost(problem: Document, order: Document) -> int | None:
    """The optimum of one order in minor units; None when no plan exists."""
    value = model_of(problem, order)[0].solve()
    return None if value is None else round(value)
