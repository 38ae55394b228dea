"""Why each option was not chosen: the rule that excludes it, or what forcing it would cost.

`delta` is the cost of the cheapest plan that uses the option, less the cost of the chosen plan.
It is read off the bounds where the plan they point to breaks no rule; elsewhere the order is
solved again with one more piece that only this option can carry.
"""

import msgspec
import numpy as np

from entrepot.routing.engine.asking import Left, Question, ask
from entrepot.routing.engine.bounding import pool_bounds
from entrepot.routing.engine.deciding import instance_of, solve
from entrepot.routing.engine.excluding import exclusion, idle_reason
from entrepot.routing.engine.format import Candidate, Order, OrderPlan
from entrepot.routing.engine.items import Demand, Item
from entrepot.routing.engine.lattice import CEILING, SMALL_PAIRS, Lattice, lattice_for, pairs_of
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.plans import Found
from entrepot.routing.engine.searching import Instance


def explain(
    network: Network, order: Order, left: Left, plan: OrderPlan, *, budget: int
) -> tuple[Candidate, ...]:
    """One candidate per option of the network, in canonical order."""
    question = ask(network, order, left)
    place = {int(option): row for row, option in enumerate(question.eligible.option)}
    forced = _forced_costs(question, budget)
    candidates = []
    for option, service in enumerate(network.services):
        excluded = exclusion(network, order, option)
        delta = None
        if excluded is None:
            row = place[option]
            cost = forced.get(row)
            excluded = None if cost is not None else idle_reason(question, row)
            delta = None if cost is None else cost - plan.cost
        candidates.append(Candidate(service.node, service.id, excluded, delta))
    return tuple(candidates)


def _forced_costs(question: Question, budget: int) -> dict[int, int]:
    """The cheapest plan's cost with each eligible row in it; rows in no plan are left out."""
    counts = tuple(item.count for item in question.demand.items)
    known: dict[int, int] = {}
    if pairs_of(counts) <= SMALL_PAIRS:
        known = _read_off(question, lattice_for(counts))
    costs = {}
    for row in np.nonzero(question.demand.can.any(axis=1))[0].tolist():
        if row in known:
            costs[row] = known[row]
        else:
            found = solve(_with_errand(question, row), budget).found
            if found is not None:
                costs[row] = found.value // question.radix
    return costs


def _with_errand(question: Question, row: int) -> Question:
    """The same order with one weightless piece that only this row can carry."""
    demand = question.demand
    errand = np.zeros((len(demand.can), 1), np.int64)
    errand[row] = 1
    most = question.order.max_shipments
    pieces = sum(item.count for item in demand.items) + 1
    changed = Demand(
        (*demand.items, Item(1, (), (), None)),
        np.hstack([demand.handling, np.zeros_like(errand)]),
        np.hstack([demand.can, errand]),
        np.hstack([demand.node_can, np.ones((len(demand.node_can), 1), np.int64)]),
        np.append(demand.grams, 0),
        np.hstack([demand.dim_grams, np.zeros((len(demand.dim_grams), 1), np.int64)]),
        np.append(demand.units, 0),
    )
    return msgspec.structs.replace(
        question, demand=changed, most=pieces if most is None else min(most, pieces)
    )


def _read_off(question: Question, lattice: Lattice) -> dict[int, int]:
    """Forced costs that the bounds show and a plan confirms."""
    instance = instance_of(question, lattice)
    cheapest = instance.cost.min(axis=0, initial=CEILING * 2)
    bound = pool_bounds(lattice, cheapest, instance.shorts, None)[-1]
    total = instance.cost + bound[::-1]
    known = {}
    for at, row in enumerate(instance.rows):
        part = int(total[at].argmin())
        value = int(total[at, part])
        if value > CEILING:
            continue
        plan = _trace(instance, cheapest, bound, at, part, value)
        if plan is not None and instance.rules.better(None, plan) and _in_stock(instance, plan):
            known[row] = value // question.radix
    return known


def _trace(
    instance: Instance, cheapest: Ints, bound: Ints, at: int, part: int, value: int
) -> Found | None:
    """The plan that a bound stands for, starting with one shipment."""
    lattice = instance.lattice
    picked = [(at, part)]
    state = lattice.size - 1 - part
    while state:
        short = _short_step(instance, bound, state)
        if short is not None:
            state = short
            continue
        parts, rests = lattice.parts(state)
        fitting = np.nonzero(cheapest[parts] + bound[rests] == bound[state])[0]
        if not len(fitting):
            return None
        step = int(fitting[0])
        part = int(parts[step])
        picked.append((int(instance.cost[:, part].argmin()), part))
        state = int(rests[step])
    shipments = sorted(
        (instance.rows[at], tuple(lattice.vectors[p].tolist()), int(instance.cost[at, p]))
        for at, p in picked
    )
    return Found(value, tuple(shipments))


def _short_step(instance: Instance, bound: Ints, state: int) -> int | None:
    """The state after leaving one piece short, if the bound does so."""
    vector = instance.lattice.vectors[state]
    for d, price in enumerate(instance.shorts):
        if price is not None and vector[d]:
            rest = state - instance.lattice.strides[d]
            if int(bound[rest]) + price == int(bound[state]):
                return rest
    return None


def _in_stock(instance: Instance, plan: Found) -> bool:
    """Whether no row is used twice and each node has what all its shipments take."""
    rows = [row for row, _, _ in plan.shipments]
    if len(set(rows)) < len(rows):
        return False
    node_of = dict(zip(instance.rows, instance.nodes, strict=True))
    taken: dict[int, Ints] = {}
    for row, pieces, _ in plan.shipments:
        node = node_of[row]
        taken[node] = taken.get(node, np.zeros(len(pieces), np.int64)) + np.array(pieces)
    return all((units <= instance.stock[node]).all() for node, units in taken.items())
