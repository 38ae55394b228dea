"""One order decided: options, items, bounds, search, plan.

    resolve options -> make items -> price all parts -> bound -> search
                                                         ^         |
                                        a node whose stock was used twice becomes a stage

Small orders list all their parts and bound every rest of the order by dynamic programming.
Larger ones list only the parts that some option can take and bound by prices per piece.
"""

from typing import Final

import msgspec
import numpy as np

from entrepot.kernel.refusals import Unavailable
from entrepot.routing.engine.asking import Left, Question, ask
from entrepot.routing.engine.bounding import Stage, stage_for, staged_bounds
from entrepot.routing.engine.closing import Closing
from entrepot.routing.engine.columns import Columns, columns_for, drawn
from entrepot.routing.engine.descending import Descent, packing_for
from entrepot.routing.engine.filling import fill, floor, unfillable
from entrepot.routing.engine.format import Order, OrderPlan
from entrepot.routing.engine.greedy import greedy_plan
from entrepot.routing.engine.lattice import (
    CEILING,
    FAR,
    MAX_PAIRS,
    SMALL_PAIRS,
    Lattice,
    lattice_for,
    pairs_of,
)
from entrepot.routing.engine.network import Ints, Network
from entrepot.routing.engine.planning import plan_of, unplannable
from entrepot.routing.engine.plans import Found, binding_capacities, rules_of
from entrepot.routing.engine.pricing import Relaxation, prices_for
from entrepot.routing.engine.resting import rests_for
from entrepot.routing.engine.searching import Instance, Search
from entrepot.routing.engine.table import cost_table

DEFAULT_BUDGET: Final = 12_000
"""Work units per order: expanded states, simplex steps, and 16,384 numbers priced."""
_MAX_STAGES: Final = 12
_QUICK_TRY: Final = 2_500
_FIRST_SLACK: Final = 4
"""The rests are listed first for plans within a 16th (2 ** -4) above the bound."""
_NUMBERS: Final = 16_384
_RESCUE: Final = 20_000
"""States for finding any plan after the budget has ended."""


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
    """The best plan of one order on what is left, proven unless the budget ends first.

    Raises Unavailable when the budget ended before any plan was found.
    """
    question = ask(network, order, left)
    answer = solve(question, budget)
    if answer.found is None:
        if answer.bound <= CEILING:
            raise Unavailable(
                "no plan was found within the budget", code="budget_exhausted", order=order.id
            )
        return Decision(unplannable(order), answer.work)
    return Decision(plan_of(question, answer.found, answer.bound), answer.work)


def solve(question: Question, budget: int) -> Answer:
    """Dynamic programming for small orders, prices per piece for large ones.

    Between the two, prices get a short try first: they mostly settle it.
    """
    if unfillable(question):
        return Answer(None, FAR, 1)
    counts = tuple(item.count for item in question.demand.items)
    pairs = pairs_of(counts)
    if pairs <= SMALL_PAIRS:
        answer = _solve_listed(question, lattice_for(counts), budget)
        if answer.found is None and answer.bound <= CEILING:
            priced = _solve_priced(question, counts, budget)
            answer = msgspec.structs.replace(priced, work=answer.work + priced.work)
        return answer
    if pairs > MAX_PAIRS:
        return _solve_priced(question, counts, budget)
    quick = _solve_priced(question, counts, budget)
    if quick.found is None or quick.bound >= quick.found.value or budget <= quick.work:
        return quick
    slow = _solve_listed(question, lattice_for(counts), budget)
    work = quick.work + slow.work
    if slow.found is not None and slow.found.value <= quick.found.value:
        return Answer(slow.found, max(slow.bound, quick.bound), work)
    return Answer(quick.found, max(slow.bound, quick.bound), work)


def _solve_listed(question: Question, lattice: Lattice, budget: int) -> Answer:
    """Bound exactly, search at the bound; stage crowded nodes until a plan fits."""
    instance = instance_of(question, lattice)
    stages: tuple[Stage, ...] = ()
    work, slack = instance.cost.size // _NUMBERS, 0
    while True:
        bounds = staged_bounds(lattice, instance.cost, instance.shorts, question.most, stages)
        work += (lattice.pairs * (2 + len(stages))) // _NUMBERS + 1
        least = int(bounds.after[0][-1])
        if least > CEILING:
            return Answer(None, FAR, work)
        limit = min(least + slack, CEILING)
        search = Search(instance, bounds, limit, budget - work)
        found = search.run()
        if not search.complete:
            dive = found or Search(instance, bounds, CEILING, _RESCUE).run()
            return Answer(dive, least, budget)
        work = budget - search.nodes_left
        if found is not None:
            return Answer(found, found.value, work)
        fresh = sorted(search.crowded - {stage.node for stage in stages})
        if fresh and len(stages) < _MAX_STAGES:
            stages = (*stages, _stage(instance, fresh[0]))
        elif limit == CEILING:
            return Answer(None, FAR, work)
        else:
            slack = max(question.radix, 8 * slack, least >> 8)


def instance_of(question: Question, lattice: Lattice) -> Instance:
    """All parts of an order priced, as the search wants them."""
    rows = np.nonzero(question.demand.can.any(axis=1))[0]
    table = cost_table(
        question.network,
        question.eligible,
        question.demand,
        lattice,
        rows=rows,
        radix=question.radix,
        capacity_left=question.left.capacity,
    )
    return Instance(
        lattice,
        table.cost,
        tuple(rows.tolist()),
        tuple(question.eligible.node[rows].tolist()),
        question.demand.node_can,
        _shorts(question),
        question.most,
        rules_of(question),
    )


def _shorts(question: Question) -> tuple[int | None, ...]:
    return tuple(
        None if item.short is None else item.short * question.radix
        for item in question.demand.items
    )


def _stage(instance: Instance, node: int) -> Stage:
    rows = tuple(row for row, at in enumerate(instance.nodes) if at == node)
    return stage_for(instance.lattice, node, rows, instance.cost, instance.stock[node])


def _solve_priced(question: Question, counts: tuple[int, ...], budget: int) -> Answer:
    """Bound by prices per piece and search above the bound; what stays open is closed by rests."""
    columns = columns_for(question)
    if columns is None:
        return Answer(fill(question), floor(question), 1)
    binding = binding_capacities(question)
    relaxation = Relaxation(
        columns.part,
        columns.cost,
        counts,
        _shorts(question),
        question.eligible.node[columns.row],
        columns.row,
        question.demand.node_can,
        question.order.max_shipments,
        _drawn(question, columns, binding),
        question.left.capacity[binding],
    )
    prices = prices_for(relaxation)
    most_slack = _worst(relaxation) - prices.bound
    if most_slack < 0:
        return Answer(None, FAR, prices.steps)
    work = prices.steps * (1 + len(columns.cost) * len(counts) // _NUMBERS)
    descent = Descent(relaxation, prices, rules_of(question), packing_for(counts))
    first, left = question.radix * len(counts), max(0, budget - work)
    answer = _descend(descent, first, most_slack, min(left, _QUICK_TRY))
    work += answer.work
    if work < budget and answer.bound < (answer.found.value if answer.found else FAR):
        answer = _close(descent, answer, (first, most_slack), budget - work)
        work += answer.work
    return Answer(answer.found, answer.bound, work)


def _drawn(question: Question, columns: Columns, capacities: Ints) -> Ints:
    """What each column takes of each of these capacities: [C, M]."""
    rows = [drawn(question, columns, at) for at in capacities.tolist()]
    return np.array(rows, np.int64).reshape(len(rows), len(columns.cost))


def _close(descent: Descent, so_far: Answer, slacks: tuple[int, int], budget: int) -> Answer:
    """List the rests of plans ever further above the bound, until one of the plans is allowed.

    Few columns lie within a small slack, so starting there costs little.
    """
    prices, best = descent.prices, so_far.found
    first, most_slack = slacks
    most_slack = most_slack if best is None else best.value - prices.bound
    proven, left, slack = so_far.bound, budget, prices.bound >> _FIRST_SLACK
    while left > 0:
        slack = min(max(slack, proven - prices.bound), most_slack)
        rests = rests_for(descent.relaxation, prices, slack, left)
        if rests is None:
            answer = _descend(descent, first, most_slack, left)
            return msgspec.structs.replace(answer, bound=max(answer.bound, proven))
        closing = Closing(descent.relaxation, prices, descent.rules, rests, best)
        answer = _within(closing, left - rests.work)
        left -= rests.work + answer.work
        best, proven = answer.found, max(proven, answer.bound)
        if best is not None and proven >= best.value:
            return Answer(best, best.value, budget - left)
        if slack == most_slack and left > 0:
            return Answer(None, FAR, budget - left)
        slack = max(3 * slack, closing.least) if closing.least < FAR else most_slack
    return Answer(best, proven, budget)


def _within(closing: Closing, budget: int) -> Answer:
    """The best plan within the slack of the rests: searched from the least cost upwards."""
    bound, rests, left = closing.prices.bound, closing.rests, budget
    beyond = bound + rests.slack + 1
    if closing.hopeless:
        return Answer(closing.best, beyond, 0)
    slack, step = closing.least, 1 + (bound + closing.least >> 8)
    proven = bound + slack
    while True:
        slack = min(slack, rests.slack)
        complete = closing.run(slack, left)
        left, best = closing.nodes_left, closing.best
        if not complete:
            return Answer(best, proven, budget)
        if best is not None and best.value <= bound + slack:
            return Answer(best, best.value, budget - left)
        if slack == rests.slack:
            return Answer(best, beyond, budget - left)
        proven = bound + slack + 1
        slack, step = slack + step, 4 * step


def _worst(relaxation: Relaxation) -> int:
    """More than any plan can cost."""
    pieces = sum(relaxation.counts)
    shorts = sum(c * (p or 0) for c, p in zip(relaxation.counts, relaxation.short, strict=True))
    return pieces * max(0, int(relaxation.cost.max(initial=0))) + shorts + 1


def _descend(descent: Descent, slack: int, most_slack: int, budget: int) -> Answer:
    """One narrow search for a good plan, then all plans within a growing slack."""
    least = descent.prices.bound
    proven = least
    descent.run(most_slack, max(1, budget), width=2)
    left = descent.nodes_left
    while True:
        slack = min(slack, most_slack)
        complete = descent.run(slack, left)
        left, best = descent.nodes_left, descent.best
        if not complete:
            return Answer(_rescue(descent, most_slack), proven, budget)
        if best is not None and best.value <= least + slack:
            return Answer(best, best.value, budget - left)
        if slack == most_slack:
            return Answer(None, FAR, budget - left)
        proven = least + slack + 1
        slack = max(4 * slack, least >> 9)


def _rescue(descent: Descent, slack: int) -> Found | None:
    """The budget has ended: a decent plan, or any at all."""
    plan = greedy_plan(descent.relaxation, descent.prices, descent.rules)
    if plan is not None and descent.rules.better(descent.best, plan):
        descent.best = plan
    if descent.best is None:
        for width in (2, 4, 8):
            descent.run(slack, _RESCUE, width)
    return descent.best
