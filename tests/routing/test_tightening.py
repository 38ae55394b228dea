"""A wave's bound under rules, its lists of plans and its choices, against trying everything."""

import json
import random
from itertools import product

import msgspec
import numpy as np
import pytest

from entrepot.routing.engine import waves
from entrepot.routing.engine.asking import untouched
from entrepot.routing.engine.charging import Charging
from entrepot.routing.engine.choosing import Choosing, choose
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.exchanging import Wishes
from entrepot.routing.engine.format import OrderPlan
from entrepot.routing.engine.halving import broken_rules
from entrepot.routing.engine.listing import plans_within
from entrepot.routing.engine.master import Master
from entrepot.routing.engine.network import Network
from entrepot.routing.engine.offers import Offer, Offers, Rule, Terms
from entrepot.routing.engine.tightening import Tightening
from entrepot.routing.engine.waves import route_wave
from tests.routing.checker import broken_rules as broken_by
from tests.routing.oracle import Document, kilometres, least_joint_cost, may_carry, usable_options
from tests.routing.solving import route_document
from tests.routing.test_explaining import simple_problem
from tests.routing.test_waves import scarce, wave_document

NOBODY = OrderPlan("", "optimal", 0, 0, (), {})


def charging_of(problem: Document) -> Charging:
    read = decode_problem(json.dumps(problem).encode())
    network = Network(read)
    return Charging(network, read.orders, untouched(network), 12_000)


def divisions(problem: Document, order: Document) -> dict[str, int]:
    """Every way to divide an order of splittable lines, by rules 1 to 6, and its cost."""
    options = [
        {**option, "km": kilometres(order["dest"], option["node"])}
        for option in usable_options(problem, order)
    ]
    lines = order["lines"]
    shares = []
    for line in lines:
        able = [
            min(line["qty"], max(0, option["node"]["stock"].get(line["sku"], [0, 0, 0])[0]
                - option["node"]["stock"].get(line["sku"], [0, 0, 0])[1]))
            if may_carry(line, option) else 0
            for option in options
        ]  # fmt: skip
        ways = product(*(range(most + 1) for most in able))
        shares.append([way for way in ways if sum(way) <= line["qty"]])
    found: dict[str, int] = {}
    for ways in product(*shares):
        cost = _cost(problem, order, options, ways)
        if cost is not None:
            found[json.dumps(ways)] = cost
    return found


def _cost(
    problem: Document, order: Document, options: list[Document], ways: tuple[tuple[int, ...], ...]
) -> int | None:
    """What a division costs; None: it breaks a rule."""
    total = 0
    for line, way in zip(order["lines"], ways, strict=True):
        missing = line["qty"] - sum(way)
        if missing and line["short"] is None:
            return None
        total += missing * (line["short"] or 0)
        for node in problem["nodes"]:
            taken = sum(n for n, o in zip(way, options, strict=True) if o["node"] is node)
            row = node["stock"].get(line["sku"], [0, 0, 0])
            if taken > max(0, row[0] - row[1]):
                return None
    for at, option in enumerate(options):
        amounts = [way[at] for way in ways]
        if not any(amounts):
            continue
        node, service, rate = option["node"], option["service"], option["rate"]
        pairs = list(zip(order["lines"], amounts, strict=True))
        grams = sum(line["g"] * n for line, n in pairs)
        volume = sum(-(-line["cm3"] * 1000 // service["divisor"]) * n for line, n in pairs)
        heavy = max(grams, volume)
        if heavy > service["max_g"]:
            return None
        total += node["fix"] + node["penalty"] + option["late"] + rate[1]
        total += rate[3] * max(0, -(-(heavy - rate[0]) // rate[2]))
        for line, n in pairs:
            total += n * (node["unit"] + node["stock"].get(line["sku"], [0, 0, 0])[2])
    return total


@pytest.mark.parametrize("seed", range(8500, 8506))
def test_every_plan_within_a_limit_is_listed_once(seed: int) -> None:
    problem = scarce(seed, 3)
    for node in problem["nodes"]:
        node.update(cap_units=None, uses=[])
    for order in problem["orders"]:
        order.update(max_shipments=None, ship_complete=False, split_lines=True)
        for line in order["lines"]:
            line.update(qty=min(line["qty"], 2), group=None)
    for service in problem["services"]:
        service["uses"] = []
    charging = charging_of(problem)
    for place, order in enumerate(problem["orders"]):
        costs = sorted(divisions(problem, order).values())
        question = charging.questions[place]
        limit = costs[len(costs) // 2]
        listed = plans_within(question, (limit + 1) * question.radix - 1)
        assert listed is not None
        assert sorted(plan.value // question.radix for plan in listed) == [
            cost for cost in costs if cost <= limit
        ]
        assert len({plan.shipments for plan in listed}) == len(listed)


@pytest.mark.parametrize("seed", range(8510, 8514))
def test_listed_plans_are_true_and_begin_with_the_cheapest(seed: int) -> None:
    charging = charging_of(scarce(seed, 6))
    rng = random.Random(seed)
    prices = np.array([rng.choice([0, 0, 150, 400]) for _ in charging.limits], np.int64)
    for place in range(6):
        cheapest = charging.cheapest(place, prices)
        assert cheapest is not None
        plans = charging.within(place, prices, cheapest[1] + 300)
        assert plans
        paid = []
        for plan in plans:
            offer = charging.offer(place, plan)
            amounts = np.array(offer.amounts, np.int64)
            paid.append(offer.cost + int(prices[list(offer.rows)] @ amounts))
            shipped = sum(shipment.cost for shipment in plan.shipments)
            prices_short = {line.sku: line.short or 0 for line in charging.orders[place].lines}
            assert plan.cost == shipped + sum(prices_short[s] * n for s, n in plan.short.items())
        assert min(paid) == cheapest[1]
        assert max(paid) <= cheapest[1] + 300
        assert charging.within(place, prices, cheapest[1] - 1) == []


def drawn_offers(seed: int) -> tuple[Offers, Master]:
    """Five orders with four offers each on five rows of one to four units."""
    rng = random.Random(seed)
    limits = [rng.randint(1, 4) for _ in range(5)]
    offers = Offers(5, limits)
    master = Master(offers, 100_000)
    for order in range(5):
        master.add(Offer(order, 900, (), ()), NOBODY)
        for _ in range(3):
            rows = sorted(rng.sample(range(5), rng.randint(1, 3)))
            amounts = tuple(rng.randint(1, limits[row]) for row in rows)
            master.add(Offer(order, rng.randint(100, 500), tuple(rows), amounts), NOBODY)
    return offers, master


def whole_choices(offers: Offers) -> list[tuple[int, ...]]:
    """Every choice of one offer per order that fits."""
    mine = [[at for at, offer in enumerate(offers.kept) if offer.order == o] for o in range(5)]
    return [
        places for places in product(*mine) if int(offers.room(dict(enumerate(places))).min()) >= 0
    ]


def test_rules_hold_for_whole_choices_and_cut_off_fractions() -> None:
    found = raised = 0
    for seed in range(30):
        offers, master = drawn_offers(seed)
        relaxed = master.relax()
        rules = broken_rules(offers, relaxed.levels, set())
        choices = whole_choices(offers)
        least = min(sum(offers.kept[at].cost for at in places) for places in choices)
        for rule in rules:
            counted = offers.halves(rule)
            assert float(counted @ relaxed.levels) > rule.limit + 1e-6
            assert max(sum(int(counted[at]) for at in places) for places in choices) <= rule.limit
        assert broken_rules(offers, relaxed.levels, {rule.rows for rule in rules}) == []
        master.impose(rules)
        tighter = master.relax()
        assert relaxed.value - 1e-6 <= tighter.value <= least + 1e-6
        found += len(rules)
        raised += tighter.value > relaxed.value + 1
    assert found > 30
    assert raised > 7


def test_a_later_offer_keeps_the_rules_and_idle_rules_are_forgotten() -> None:
    for seed in range(30):
        offers, master = drawn_offers(seed)
        rules = broken_rules(offers, master.relax().levels, set())
        master.impose(rules)
        rows = tuple(range(5))
        master.add(Offer(0, 50, rows, tuple(1 for _ in rows)), NOBODY)
        master.add(Offer(1, 60, rows[1:], tuple(1 for _ in rows[1:])), NOBODY)
        relaxed = master.relax()
        for rule in master.rules:
            assert float(offers.halves(rule) @ relaxed.levels) <= rule.limit + 1e-6
        master.lift(relaxed)
        assert len(master.rules) == int((relaxed.tolls > 1e-7).sum())
        again = master.relax()
        assert again.value == pytest.approx(relaxed.value)
        assert len(again.tolls) == len(master.rules)


def tightened(problem: Document) -> Tightening:
    """A wave's bound worked out from one offer per order."""
    charging = charging_of(problem)
    offers = Offers(len(charging.orders), charging.limits)
    master = Master(offers, 10**7)
    free = np.zeros(len(charging.limits), np.int64)
    for place in range(len(charging.orders)):
        cheapest = charging.cheapest(place, free)
        assert cheapest is not None
        master.add(charging.offer(place, cheapest[0]), cheapest[0])
    return Tightening(charging, master, -(2**62))


def crowded(seed: int, orders: int) -> Document:
    """Scarce stock in odd numbers, wanted in pairs."""
    problem = scarce(seed, orders)
    for node in problem["nodes"]:
        for row in node["stock"].values():
            row[:2] = [3, 0]
    for order in problem["orders"]:
        for line in order["lines"]:
            line["qty"] = 2
    return problem


def test_rules_raise_the_bound_and_keep_it_true() -> None:
    raised = 0
    for seed in range(8520, 8526):
        problem = crowded(seed, 7)
        best = least_joint_cost(problem)
        assert best is not None
        tightening = tightened(problem)
        assert tightening.run(lambda value, bound: True, 6)
        assert tightening.bound <= best
        plain = tightened(problem)
        plain.run(lambda value, bound: True, 0)
        raised += tightening.bound > plain.bound
        assert plain.bound <= best
    assert raised >= 2


@pytest.mark.parametrize("listed", [True, False])
def test_any_prices_and_tolls_prove_a_true_bound(
    listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not listed:
        monkeypatch.setattr("entrepot.routing.engine.listing.MOST_PLANS", 0)
    rng = random.Random(7)
    for seed in range(8540, 8546):
        problem = crowded(seed, 6)
        best = least_joint_cost(problem)
        assert best is not None
        tightening = tightened(problem)
        capacity = tightening.master.offers.capacity
        for _ in range(4):
            rules = []
            for _ in range(6):
                rows = sorted(rng.sample(range(len(capacity)), rng.randint(2, 6)))
                rules.append(Rule(tuple(rows), int(capacity[rows].sum()) // 2))
            prices = [rng.choice([0, 0, 100, 300]) for _ in tightening.charging.limits]
            tolls = [rng.choice([0, 80, 200]) for _ in rules]
            tightening.bound = -(2**62)
            terms = Terms(np.array(prices, np.int64), tuple(rules), np.array(tolls, np.int64))
            tightening.prove(terms, 0)
            assert -(2**62) < tightening.bound <= best


def test_three_units_are_not_halved_among_three_orders() -> None:
    """Two units each, three at the near node: one order gets them, and the bound says so."""
    problem = simple_problem()
    [node], [order] = problem["nodes"], problem["orders"]
    node["stock"] = {"X": [3, 0, 0]}
    order["lines"][0] |= {"qty": 2, "short": 5000}
    order["split_lines"] = False
    problem["orders"] = [{**order, "id": name} for name in "ABC"]
    plan = wave_document(problem)
    assert plan["status"] == "optimal"
    assert plan["cost"] == plan["lower_bound"] == least_joint_cost(problem)
    assert sum(bool(one["shipments"]) for one in plan["orders"]) == 1


def test_the_choice_is_the_cheapest_that_fits_or_where_it_began() -> None:
    for seed in range(6):
        offers, _ = drawn_offers(seed)
        start = {one.order: at for at, one in enumerate(offers.kept) if not one.rows}
        everything = list(range(len(offers.kept)))
        choosing = Choosing(list(range(5)), everything, offers.limits, (), None)
        best = choose(offers, choosing, start, 300, lambda: True)
        costs = [sum(offers.kept[at].cost for at in places) for places in whole_choices(offers)]
        assert sum(offers.kept[at].cost for at in best.values()) == min(costs)
        assert int(offers.room(best).min()) >= 0
        crammed = msgspec.structs.replace(choosing, room=np.zeros(5, np.int64))
        assert choose(offers, crammed, start, 300, lambda: True) == start


def test_a_choice_told_to_stop_keeps_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.routing.engine.choosing.ASKED", 1)
    rng = random.Random(1)
    offers = Offers(60, [rng.randint(3, 7) for _ in range(20)])
    for order in range(60):
        offers.add(Offer(order, 900, (), ()), NOBODY)
        for _ in range(6):
            rows = tuple(sorted(rng.sample(range(20), 3)))
            amounts = tuple(rng.randint(1, 3) for _ in rows)
            offers.add(Offer(order, rng.randint(100, 800), rows, amounts), NOBODY)
    start = {offer.order: at for at, offer in enumerate(offers.kept) if not offer.rows}
    everything = list(range(len(offers.kept)))
    choosing = Choosing(list(range(60)), everything, offers.limits, (), None)
    asked: list[int] = []
    early = choose(offers, choosing, start, 300, lambda: bool(asked.append(1)))
    assert len(asked) == 1
    assert int(offers.room(early).min()) >= 0
    late = choose(offers, choosing, start, 300, lambda: True)
    costs = [sum(offers.kept[at].cost for at in one.values()) for one in (late, early, start)]
    assert costs == sorted(costs)
    assert costs[0] < costs[2]


@pytest.mark.parametrize("exchanged", [300, 4])
def test_orders_with_too_many_plans_to_list_take_part(
    exchanged: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.routing.engine.waves.EXCHANGED", exchanged)
    monkeypatch.setattr("entrepot.routing.engine.listing.SMALL_PAIRS", 0)
    for seed in range(8550, 8552):
        problem = crowded(seed, 7)
        plan = wave_document(problem)
        best = least_joint_cost(problem)
        assert best is not None
        assert broken_by(problem, plan) == []
        assert plan["lower_bound"] <= best <= plan["cost"] <= route_document(problem)["cost"]


def test_partners_are_those_who_hold_what_is_scarce() -> None:
    """The first order wants a unit of each row; only the second row has a price."""
    offers = Offers(20, [10, 10])
    held = {}
    for order in range(20):
        held[order] = len(offers.kept)
        rows = () if order == 0 else (int(order > 9),)
        offers.add(Offer(order, 900, rows, (1,) * len(rows)), NOBODY)
    offers.add(Offer(0, 100, (0, 1), (1, 1)), NOBODY)
    terms = Terms(np.array([0, 50], np.int64), (), np.zeros(0, np.int64))
    wishes = Wishes(offers, terms)
    assert wishes.above[0] == 750
    assert wishes.nearest(20) == set(range(1, 21))
    group = wishes.group(random.Random(1), held, 4)
    assert group[0] == 0
    assert len(group) == 4
    assert set(group[1:]) <= set(range(10, 20))


def test_large_orders_are_offered_what_the_others_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = crowded(8570, 8)
    for node in problem["nodes"]:
        for row in node["stock"].values():
            row[0] = 2
    tightening = tightened(problem)
    charging, offers = tightening.charging, tightening.master.offers
    held: dict[int, int] = {}
    for order in range(8):
        plans = charging.within(order, np.zeros(len(charging.limits), np.int64), 10**6)
        assert plans
        short = max(plans, key=lambda plan: sum(plan.short.values()))
        held[order] = len(offers.kept)
        assert offers.add(charging.offer(order, short), short)
    wishes = Wishes(offers, tightening.terms)
    wave = waves._Wave(charging.network, charging.orders, charging.left, 12_000)
    assert wave._offered_anew(charging, wishes, [1, 4], held) == set()
    monkeypatch.setattr("entrepot.routing.engine.listing.SMALL_PAIRS", 0)
    held[2] = 2
    held[3] = int(wishes.wanted[3])
    known = len(offers.kept)
    for group in ([1, 4], [0, 5, 6, 7]):
        others = {order: at for order, at in held.items() if order not in group}
        for at in wave._offered_anew(charging, wishes, group, held):
            assert offers.kept[at].order in group
            assert offers.plans[at].id == charging.orders[offers.kept[at].order].id
            assert int(offers.room(others | {offers.kept[at].order: at}).min()) >= 0
    assert len(wishes.above) == len(offers.kept) > known


def test_a_wave_stopped_in_any_round_is_sound_and_never_dearer() -> None:
    problem = crowded(8560, 8)
    read = decode_problem(json.dumps(problem).encode())
    costs = []
    for last in (1, 2, 4, 7, 10):
        rounds: list[int] = []
        plan = route_wave(read, watch=lambda told, r=rounds, n=last: r.append(1) or len(r) < n)
        costs.append(plan.cost)
        assert plan.lower_bound <= plan.cost <= route_document(problem)["cost"]
    assert costs[-1] == min(costs)
