"""Orders not yet released are handed back and decided once more together with new ones.

    standing plans -> still sound? -> new orders on what they leave            = keeping
                                   -> moved: one at a time, all together (a wave), or to make
                                      room for orders without a plan; then put back where it pays
    the cheapest of these, churn counted; every order with what became of it and why

Moving an order that somebody has seen or picked for costs `churn`. An order stays changed only if
holding it to its standing plan would make the whole dearer by more than that, or would leave an
order without a plan. A standing plan that is no longer possible is replaced whatever it costs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.routing.engine.asking import Left
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide
from entrepot.routing.engine.format import Order, OrderPlan, Plan, Problem
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.routing import ENGINE, fits, status_of, take
from entrepot.routing.engine.waves import Watch, route_wave
from entrepot.routing.judging import Rows, broken_in_order, reprice_order

Kind = Literal["new", "kept", "changed", "forced"]
Total = tuple[int, int]
"""Orders without a plan, cost of the others: compared in this order."""


class Fate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one order.

    `changed`: holding it to its standing plan would cost `saving` more (None: it would leave an
    order without a plan), which is more than the churn. `forced`: `code` names the rule that the
    standing plan now breaks. `before` and `after` are (node, service) of the shipments.
    """

    order: str
    kind: Kind
    saving: int | None = None
    code: str | None = None
    before: tuple[tuple[str, str], ...] = ()
    after: tuple[tuple[str, str], ...] = ()


class Reconsidered(msgspec.Struct, frozen=True):
    """The plan for all orders, and the fate of each. `keeping`: the cost if nothing were moved."""

    format: str
    plan: Plan
    churn: int
    keeping: int
    moved: int
    orders: tuple[Fate, ...]


class _Desk:
    """One network and the orders on it; plans are lists in the order of the orders."""

    def __init__(self, problem: Problem, budget: int) -> None:
        self.network = Network(problem)
        self.orders = problem.orders
        self.budget = budget
        self.work = 0
        skus = sorted({line.sku for order in problem.orders for line in order.lines})
        stock = {sku: self.network.stock(sku)[0] for sku in skus}
        self.everything = Left(stock, self.network.capacity_left)

    def left(self, plans: Sequence[OrderPlan | None]) -> Left:
        """What these plans leave."""
        left = self.everything
        for order, plan in zip(self.orders, plans, strict=True):
            if plan is not None:
                left = take(self.network, order, plan, left)
        return left

    def filled(self, plans: Sequence[OrderPlan | None]) -> list[OrderPlan]:
        """The plans, and one by one plans for the orders that have none, on what is left."""
        left, whole = self.left(plans), []
        for order, plan in zip(self.orders, plans, strict=True):
            if plan is None:
                plan = self._decided(order, left)
                left = take(self.network, order, plan, left)
            whole.append(plan)
        return whole

    def improved(self, at: int, plans: list[OrderPlan]) -> OrderPlan:
        """The best plan of one order on what the others leave."""
        others: list[OrderPlan | None] = [*plans]
        others[at] = None
        return self._decided(self.orders[at], self.left(others))

    def holding(
        self, at: int, plan: OrderPlan, plans: list[OrderPlan], held: set[int]
    ) -> list[OrderPlan]:
        """The plans with this one put back; who is in its way, unless held, is decided anew."""
        kept: list[OrderPlan | None] = [None] * len(plans)
        kept[at] = plan
        for i in held:
            kept[i] = plans[i]
        left = self.left(kept)
        for i, other in enumerate(plans):
            if kept[i] is None and fits(self.network, self.orders[i], other, left):
                kept[i] = other
                left = take(self.network, self.orders[i], other, left)
        return self.filled(kept)

    def alone(self, at: int) -> OrderPlan:
        """The best plan of one order on everything there is."""
        return self._decided(self.orders[at], self.everything)

    def bounded(self, at: int, plan: OrderPlan) -> OrderPlan:
        """The plan with what its order must cost even alone on everything."""
        if plan.status == "infeasible":
            return plan
        bound = self.alone(at).lower_bound
        status = "optimal" if plan.cost <= bound else "bounded"
        return msgspec.structs.replace(plan, status=status, lower_bound=bound)

    def _decided(self, order: Order, left: Left) -> OrderPlan:
        decision = decide(self.network, order, left, self.budget)
        self.work += decision.work
        return decision.plan


def reconsider(
    problem: Problem,
    standing: Mapping[str, OrderPlan],
    *,
    churn: int,
    budget: int = DEFAULT_BUDGET,
    watch: Watch | None = None,
) -> Reconsidered:
    """Decide unreleased and new orders together. Pure and deterministic.

    `standing`: the plans of unreleased orders by order id; their stock and capacities are back in
    `problem`. `churn`: what moving one such order costs, in minor units. Raises Invalid for
    standing plans of orders that the problem does not have, and what the engine raises.
    """
    _check(problem, standing, churn)
    desk = _Desk(problem, budget)
    sound, broken = _sound(desk, problem, standing)
    keeping = desk.filled([sound.get(order.id) for order in problem.orders])
    wave = route_wave(problem, budget=budget, watch=watch)
    moved = _held(desk, _aligned(wave.orders, keeping, sound), sound, churn)
    gained = _held(desk, _one_by_one(desk, keeping, sound, churn), sound, churn)
    roomy = _held(desk, _made_room(desk, keeping), sound, churn)
    best = min((keeping, gained, moved, roomy), key=lambda plans: _objective(plans, sound, churn))
    fates = tuple(_fates(desk, best, sound, broken, standing))
    return Reconsidered(
        "routing-handback/1",
        _whole(desk, best, wave),
        churn,
        _total(keeping)[1],
        sum(fate.kind == "changed" for fate in fates),
        fates,
    )


def _check(problem: Problem, standing: Mapping[str, OrderPlan], churn: int) -> None:
    known = {order.id for order in problem.orders}
    errors = [
        FieldError(f"orders[{i}].id", "unknown", f"the problem has no order {name!r}")
        for i, name in enumerate(standing)
        if name not in known
    ]
    if churn < 0:
        errors.append(FieldError("churn", "too_small", "expected at least 0"))
    if errors:
        raise Invalid("these plans do not belong to this problem", code="bad_plan", errors=errors)


def _sound(
    desk: _Desk, problem: Problem, standing: Mapping[str, OrderPlan]
) -> tuple[dict[str, OrderPlan], dict[str, str]]:
    """Standing plans that can still be carried out, at today's prices; the others with a code."""
    rows, left = Rows(problem), desk.everything
    sound, broken = dict[str, OrderPlan](), dict[str, str]()
    for order in problem.orders:
        plan = standing.get(order.id)
        if plan is None:
            continue
        fault = next(broken_in_order(rows, order, plan, ""), None)
        if plan.status == "infeasible":
            broken[order.id] = "no_plan"
        elif fault is not None:
            broken[order.id] = fault.code
        else:
            priced = reprice_order(rows, order, plan)
            if fits(desk.network, order, priced, left):
                sound[order.id] = priced
                left = take(desk.network, order, priced, left)
            else:
                broken[order.id] = "overdrawn"
    return sound, broken


def _aligned(
    wave: Iterable[OrderPlan], keeping: list[OrderPlan], sound: Mapping[str, OrderPlan]
) -> list[OrderPlan]:
    """The wave's plans; where one is the standing plan, the standing one."""
    return [
        sound[kept.id] if kept.id in sound and _same(plan, sound[kept.id]) else plan
        for plan, kept in zip(wave, keeping, strict=True)
    ]


def _one_by_one(
    desk: _Desk, keeping: list[OrderPlan], sound: Mapping[str, OrderPlan], churn: int
) -> list[OrderPlan]:
    """Each standing order in turn moved where that alone saves more than the churn."""
    plans = list(keeping)
    for at, order in enumerate(desk.orders):
        if order.id in sound:
            better = desk.improved(at, plans)
            if better.status != "infeasible" and plans[at].cost - better.cost > churn:
                plans[at] = better
    return plans


def _made_room(desk: _Desk, keeping: list[OrderPlan]) -> list[OrderPlan]:
    """Each order without a plan put first in turn, if that leaves fewer orders without one."""
    plans = list(keeping)
    for at, plan in enumerate(keeping):
        if plan.status == "infeasible" == plans[at].status:
            alone = desk.alone(at)
            if alone.status != "infeasible":
                other = desk.holding(at, alone, plans, set())
                plans = other if _total(other) < _total(plans) else plans
    return plans


def _held(
    desk: _Desk, plans: list[OrderPlan], sound: Mapping[str, OrderPlan], churn: int
) -> list[OrderPlan]:
    """Put orders back to their standing plans as long as that costs no more than the churn.

    Every order that is put back stays so; there are ever fewer changed ones, so this ends.
    """
    held = {at for at, plan in enumerate(plans) if plan is sound.get(plan.id)}
    going = True
    while going:
        going = False
        for at, plan in enumerate(plans):
            if plan.id not in sound or at in held:
                continue
            other = desk.holding(at, sound[plan.id], plans, held)
            if _holds(_total(other), _total(plans), churn):
                plans, going = other, True
                held |= {i for i, one in enumerate(plans) if one is sound.get(one.id)}
                break
    return plans


def _holds(held: Total, moved: Total, churn: int) -> bool:
    """Whether holding an order is worth it."""
    return held[0] < moved[0] or (held[0] == moved[0] and held[1] - moved[1] <= churn)


def _total(plans: Iterable[OrderPlan]) -> Total:
    lost = cost = 0
    for plan in plans:
        lost += plan.status == "infeasible"
        cost += plan.cost
    return lost, cost


def _objective(
    plans: list[OrderPlan], sound: Mapping[str, OrderPlan], churn: int
) -> tuple[int, int, int]:
    """Orders without a plan, cost with churn, moved orders: the smallest counts."""
    lost, cost = _total(plans)
    moved = sum(plan.id in sound and plan is not sound[plan.id] for plan in plans)
    return lost, cost + churn * moved, moved


def _same(one: OrderPlan, other: OrderPlan) -> bool:
    return one.short == other.short and [(s.node, s.service, s.units) for s in one.shipments] == [
        (s.node, s.service, s.units) for s in other.shipments
    ]


def _fates(
    desk: _Desk,
    plans: list[OrderPlan],
    sound: Mapping[str, OrderPlan],
    broken: Mapping[str, str],
    standing: Mapping[str, OrderPlan],
) -> Iterator[Fate]:
    held = {at for at, plan in enumerate(plans) if plan is sound.get(plan.id)}
    for at, plan in enumerate(plans):
        before, after = _way(standing.get(plan.id)), _way(plan)
        if plan.id in broken:
            yield Fate(plan.id, "forced", None, broken[plan.id], before, after)
        elif plan.id not in sound:
            yield Fate(plan.id, "new", after=after)
        elif at in held:
            yield Fate(plan.id, "kept", before=before, after=after)
        else:
            other = _total(desk.holding(at, sound[plan.id], plans, held))
            now = _total(plans)
            saving = other[1] - now[1] if other[0] == now[0] else None
            yield Fate(plan.id, "changed", saving, None, before, after)


def _way(plan: OrderPlan | None) -> tuple[tuple[str, str], ...]:
    return () if plan is None else tuple((s.node, s.service) for s in plan.shipments)


def _whole(desk: _Desk, plans: list[OrderPlan], wave: Plan) -> Plan:
    """One plan; the wave's bound is a bound for any plan of these orders."""
    cost = sum(plan.cost for plan in plans)
    bound = min(wave.lower_bound, cost)
    told = [desk.bounded(at, plan) for at, plan in enumerate(plans)]
    return Plan(
        "routing-plan/1",
        ENGINE,
        status_of(told, cost, bound),
        cost,
        bound,
        wave.work + desk.work,
        tuple(told),
    )
