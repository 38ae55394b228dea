"""One order decided: options, items, bounds, search, plan.

    resolve options -> make items -> price all parts -> bound -> search
                                                         ^         |
                                        a node whose stock was used twice becomes a stage

For small orders all parts are priced and bounded by dynamic programming. Orders with too many
parts for that go to `pricing`, which bounds them by prices per piece.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Left, Question, ask
from entrepot.routing.engine.bounding import Bounds, Stage, stage_for, staged_bounds
from entrepot.routing.engine.format import Order, OrderPlan
from entrepot.routing.engine.lattice import CEILING, FAR, Lattice, lattice_for
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.planning import plan_of, unplannable
from entrepot.routing.engine.searching import Chosen, Found, Instance, Search
from entrepot.routing.engine.table import Table, cost_table

DEFAULT_BUDGET: Final = 200_000
"""Work units per order: expanded states, priced table entries / 1024, simplex steps."""


class Answer(msgspec.Struct, frozen=True):
    """The best plan found (None: there is none), a true bound of its value, and the work."""

    found: Found | None
    bound: int
    work: int


class Decision(msgspec.Struct, frozen=True):
    """An order's plan with the work it took."""

    plan: OrderPlan
    work: int


def decide(network: Network, order: Order, left: Left, budget: int = DEFAULT_BUDGET) -> Decision:
    """The best plan of one order on what is left, proven unless the budget ends first."""
    question = ask(network, order, left)
    answer, table = solve(question, budget)
    if answer.found is None:
        return Decision(unplannable(order), answer.work)
    return Decision(
        plan_of(question, table, answer.found, answer.bound), answer.work
    )


def solve(question: Question, budget: int) -> tuple[Answer, Table]:
    """Dynamic programming where all parts can be listed, prices per piece elsewhere."""
    counts = tuple(item.count for item in question.demand.items)
    lattice = lattice_for(counts)
    rows = np.nonzero(question.demand.can.any(axis=1))[0]
    table = price(question, lattice, rows)
    return solve_small(question, lattice, table, budget), table


def price(question: Question, lattice: Lattice, rows: Ints) -> Table:
    """The cost table of these eligible rows."""
    return cost_table(
        question.network,
        question.eligible,
        question.demand,
        lattice,
        rows=rows,
        radix=question.radix,
        capacity_left=question.left.capacity,
    )


def solve_small(question: Question, lattice: Lattice, table: Table, budget: int) -> Answer:
    """Bound exactly, search at the bound; stage crowded nodes until a plan fits."""
    instance = instance_of(question, lattice, table)
    stages: tuple[Stage, ...] = ()
    work = table.cost.size // 1024
    slack = 0
    while True:
        bounds = staged_bounds(lattice, table.cost, instance.shorts, question.most, stages)
        work += (lattice.pairs * (2 + len(stages))) // 1024 + 1
        least = int(bounds.after[0][-1])
        if least > CEILING:
            return Answer(None, FAR, work)
        limit = min(least + slack, CEILING)
        search = Search(instance, bounds, limit, budget - work)
        found = search.run()
        work = budget - search.nodes_left
        if found is not None and search.complete:
            return Answer(found, found.value, work)
        if not search.complete:
            return _give_up(instance, bounds, least, budget, found)
        staged = {stage.node for stage in stages}
        fresh = sorted(search.crowded - staged)
        if fresh and len(stages) < 12:
            stages = (*stages, _stage(instance, fresh[0]))
        else:
            if limit == CEILING:
                return Answer(None, FAR, work)
            slack = max(question.radix, 8 * slack, least >> 8)


def _stage(instance: Instance, node: int) -> Stage:
    rows = tuple(row for row, at in enumerate(instance.nodes) if at == node)
    return stage_for(instance.lattice, node, rows, instance.cost, instance.stock[node])


def _give_up(
    instance: Instance, bounds: Bounds, least: int, budget: int, found: Found | None
) -> Answer:
    """The budget has ended: keep what was found, or dive for any plan at all."""
    dive = found or Search(instance, bounds, CEILING, max(1000, budget // 10)).run()
    return Answer(dive, least, budget)


def instance_of(question: Question, lattice: Lattice, table: Table) -> Instance:
    """The search's view of a question."""
    demand = question.demand
    shorts = tuple(
        None if item.short is None else item.short * question.radix for item in demand.items
    )
    return Instance(
        lattice,
        table.cost,
        tuple(question.eligible.node[table.rows].tolist()),
        demand.node_can,
        shorts,
        question.most,
        _quantities(question, lattice),
        _capacity_check(question, lattice, table),
    )


def _quantities(question: Question, lattice: Lattice) -> Callable[[Chosen], tuple[int, ...]]:
    """A plan's units in (SKU, option) order."""
    lines = question.order.lines
    by_sku = sorted(
        (lines[i].sku, d, each)
        for d, item in enumerate(question.demand.items)
        for i, each in zip(item.lines, item.each, strict=True)
    )

    def quantities(chosen: Chosen) -> tuple[int, ...]:
        vectors = [lattice.vectors[part] for _, part in chosen]
        return tuple(int(vector[d]) * each for _, d, each in by_sku for vector in vectors)

    return quantities


def _capacity_check(
    question: Question, lattice: Lattice, table: Table
) -> Callable[[Chosen], bool] | None:
    """Whether shipments fit the capacities together; None when none could ever bind."""
    uses, left = question.network.uses, question.left.capacity
    if uses.width == 0:
        return None
    option = question.eligible.option[table.rows]
    units = lattice.vectors @ question.demand.units
    grams = lattice.vectors @ question.demand.grams
    worst = np.zeros(len(left), np.int64)
    reach = (
        uses.per_shipment[option] * question.most
        + uses.per_unit[option] * int(units[-1])
        + uses.per_g[option] * int(grams[-1])
    )
    used = uses.capacity[option]
    np.maximum.at(worst, used[used >= 0], reach[used >= 0])
    if (worst <= left).all():
        return None

    def fits(chosen: Chosen) -> bool:
        total = np.zeros(len(left), np.int64)
        for row, part in chosen:
            at = int(option[row])
            real = uses.capacity[at] >= 0
            need = uses.per_shipment[at] + uses.per_unit[at] * units[part]
            np.add.at(total, uses.capacity[at][real], (need + uses.per_g[at] * grams[part])[real])
        return bool((total <= left).all())

    return fits
