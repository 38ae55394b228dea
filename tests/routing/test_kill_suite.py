"""Whole plans kept byte by byte, with candidates and work; made true once by independent eyes.

`python -m tests.routing.test_kill_suite > tests/routing/kept_plans.json` keeps them anew. The
digests show that nothing moved; the checker and the oracle show that what stands is right. This
is what `mutants.py` runs: seconds in total, the sharpest kinds first.
"""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from entrepot.kernel.refusals import Refusal
from entrepot.routing.engine import pricing, waves
from entrepot.routing.engine.deciding import DEFAULT_BUDGET
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.format import Plan, plan_bytes
from entrepot.routing.engine.routing import route, with_candidates
from tests.routing.checker import broken_rules
from tests.routing.kept_orders import KINDS, WAVES, Case
from tests.routing.oracle import least_cost, least_joint_cost
from tests.routing.orders import random_problem
from tests.routing.test_resting import relaxed

Document = dict[str, Any]
KEPT = Path(__file__).with_name("kept_plans.json")


def answered(case: Case) -> Document:
    """The plan, or the refusal where the budget ends first, without the libraries' versions."""
    problem, options = case
    read = decode_problem(json.dumps(problem).encode())
    return _document(lambda: route(read, **options))


def waved(case: Case) -> Document:
    """The plan of a wave, with its progress; explained beside all others."""
    problem, options = case
    read = decode_problem(json.dumps(problem).encode())
    budget = options.get("budget", DEFAULT_BUDGET)
    seen: list[list[float]] = []

    def watch(told: waves.Progress) -> bool:
        seen.append([told.settled, told.rounds, round(told.relaxation, 2), told.bound])
        return True

    def make() -> Plan:
        plan = waves.route_wave(read, budget=budget, watch=watch)
        if options.get("explained"):
            return with_candidates(read, plan, budget=budget, together=True)
        return plan

    return _document(make) | {"seen": seen}


def _document(make: Callable[[], Plan]) -> Document:
    try:
        plan: Document = json.loads(plan_bytes(make()))
    except Refusal as refusal:
        return {"refused": refusal.code}
    del plan["engine"]
    return plan


def digest(document: Any) -> str:
    raw = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(raw).hexdigest()[:12]


def answers(kind: str) -> Iterator[tuple[Document, Document]]:
    """Each problem of a kind with its answer."""
    if kind not in WAVES:
        for case in KINDS[kind]():
            yield case[0], answered(case)
        return
    sizes = waves.SUB_WAVE, waves.EXCHANGED
    try:
        if kind == "turning":
            waves.SUB_WAVE, waves.EXCHANGED = 5, 4  # type: ignore[misc]
        for case in WAVES[kind]():
            yield case[0], waved(case)
    finally:
        waves.SUB_WAVE, waves.EXCHANGED = sizes  # type: ignore[misc]


def first_moved(kind: str, kept: list[str]) -> int | None:
    """The first answer that is not what it was; None: all are."""
    found = OTHERS[kind]() if kind in OTHERS else (answer for _, answer in answers(kind))
    at = -1
    for at, answer in enumerate(found):
        if at >= len(kept) or digest(answer) != kept[at]:
            return at
    return None if at + 1 == len(kept) else at + 1


WRONG: list[Any] = [
    None, True, -1, 0, 1.5, "", "x", "~" * 300, [], [1], {}, {"x": 1}, 2**63, -(2**63) - 1, 10**18,
    10**9 + 1, -(10**9) - 1, 91, -91, 181, 50_001,
]  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, of a list only the first and last entry."""
    if path:
        yield path
    if isinstance(value, dict):
        for name in value:
            yield from _places(value[name], (*path, name))
    elif isinstance(value, list):
        for i in sorted({0, len(value) - 1} if value else ()):
            yield from _places(value[i], (*path, i))


def _changed(document: Document, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    made = copy.deepcopy(document)
    here: Any = made
    for step in path[:-1]:
        here = here[step]
    change(here, path[-1])
    return made


def said(document: Any) -> list[list[str]] | str:
    """What the reader says of a document: every mistake, or that it is good."""
    try:
        decode_problem(json.dumps(document).encode())
    except Refusal as refusal:
        errors = getattr(refusal, "errors", ())
        return [[refusal.code], *([e.path, e.code, e.message] for e in errors)]
    return "good"


def _base() -> Document:
    problem = random_problem(31_000, nodes=2, lines=2)
    problem["nodes"][1]["stock"].setdefault("S00", [1, 0, 0])
    problem["capacities"] = [{"id": "a", "left": 3}, {"id": "b", "left": 4}]
    problem["nodes"][0]["uses"] = [["a", 1, 0, 0], ["b", 0, 1, 1]]
    problem["services"][0]["uses"] = [["b", 1, 0, 0]]
    problem["orders"][0] |= {"deliver_by": 2500, "late_day": 5, "max_shipments": 2}
    return problem


def mistakes() -> Iterator[list[Any]]:
    """What is said when each place of a good problem is wrong in each way, missing or doubled."""
    base = _base()
    for path in list(_places(base)):
        found = []
        for wrong in WRONG:
            found.append(said(_changed(base, path, lambda at, k, w=wrong: at.__setitem__(k, w))))
        found.append(said(_changed(base, path, lambda at, k: at.__delitem__(k))))
        if isinstance(path[-1], int):
            found.append(said(_changed(base, path, lambda at, k: at.append(at[k]))))
            found.append(said(_changed(base, path, lambda at, k: at.reverse())))
        yield found
    yield [said(document) for document in _nearly_too_dear()]
    yield [said(base | {"orders": [{}] * count}) for count in (50, 62, 63, 124, 125, 126, 500)]


def _nearly_too_dear() -> Iterator[Document]:
    """Amounts on both sides of what could be summed exactly, each amount by itself."""
    cost = 2**50
    for sign in (-1, 0, 1):
        for field in ("unit", "fix", "penalty", "shadow", "short", "late_day", "first", "step"):
            problem = _base()
            [order], node, service = problem["orders"], problem["nodes"][1], problem["services"][0]
            units = sum(line["qty"] for line in order["lines"])
            amount = cost // units // 4 + sign * cost // units // 5
            if field in ("unit", "fix", "penalty"):
                node[field] = amount * 3
            elif field == "shadow":
                node["stock"]["S00"] = [1, 0, -amount * 3]
            elif field == "short":
                order["lines"][0]["short"] = amount * 3
            elif field == "late_day":
                order["late_day"] = amount
            else:
                service["rates"][2] = [1, 1, 1, 1, 1]
                service["rates"][2][{"first": 1, "step": 3}[field]] = amount * 3
            yield problem


AMOUNTS: list[tuple[Any, ...]] = [
    ("nodes", 1, "unit"), ("nodes", 1, "fix"), ("nodes", 1, "penalty"),
    ("orders", 0, "lines", 0, "short"), ("orders", 0, "late_day"), ("orders", 0, "lines", 0, "g"),
    ("orders", 0, "lines", 0, "cm3"), ("orders", 0, "lines", 1, "qty"),
    ("services", 0, "rates", 0, 0), ("services", 0, "rates", 0, 1), ("services", 0, "rates", 0, 2),
    ("services", 0, "rates", 0, 3), ("services", 0, "rates", 0, 4), ("services", 0, "divisor"),
    ("services", 0, "departures", 2, 1), ("services", 0, "departures", 2, 2),
    ("orders", 0, "deliver_by"), ("nodes", 0, "uses", 1, 3), ("services", 0, "uses", 0, 3),
    ("nodes", 1, "stock", "S00", 2),
]  # fmt: skip


def limits() -> Iterator[list[int]]:
    """From which value on each amount is refused, rising and falling, by itself in dear orders."""
    for variant in range(5):
        base = _base()
        order, service = base["orders"][0], base["services"][0]
        base["nodes"][1]["stock"]["S00"] = [1, 0, [0, 10**9][variant % 2]]
        for line in order["lines"]:
            line |= {
                "qty": 900,
                "g": [5, 5 * 10**8][variant == 4],
                "cm3": [10, 10**7][variant == 3],
            }
        service["rates"] = [[10, 7, 3, 11, 500]] * 6
        order["late_day"] = [10**9, 10**5][variant % 2]
        order["lines"][0]["short"] = [0, 10**8][variant == 2]
        base["nodes"][0]["fix"] = [10**3, 10**10][variant == 1]
        if variant == 4:
            order["deliver_by"] = None
        yield [_limit(base, path, 1) for path in AMOUNTS]
        yield [_limit(base, path, -1) for path in AMOUNTS if path[-1] in (2, "deliver_by")]
    yield from _bare_limits()


def _bare_limits() -> Iterator[list[int]]:
    """The same where a list is empty, and to the very unit."""
    base = _base() | {"capacities": []}
    for thing in base["nodes"] + base["services"]:
        thing["uses"] = []
    for line in base["orders"][0]["lines"]:
        line |= {"short": 0, "g": 0, "cm3": 0}
    base["nodes"][1]["unit"] = 10**12
    base["orders"][0] |= {"late_day": 0}
    base["orders"][0]["lines"][0]["qty"], base["orders"][0]["lines"][1]["qty"] = 1, 1124
    for node in base["nodes"]:
        node |= {"fix": 0, "penalty": 0, "stock": {}}
    for service in base["services"]:
        service["rates"] = [[1, 0, 1, 0, 0]] * 6
    yield [_limit(base, ("orders", 0, "lines", 0, "short"), 1)]
    base = _base() | {"services": []}
    base["nodes"][1]["unit"] = 10**9
    base["nodes"][0]["uses"] = []
    yield [
        _limit(base, path, 1) for path in AMOUNTS if path[0] != "services" and "uses" not in path
    ]
    base = _base() | {"services": [], "nodes": []}
    yield [_limit(base, path, 1) for path in AMOUNTS if path[0] == "orders"]


def _limit(base: Document, path: tuple[Any, ...], sign: int) -> int:
    low, high = 0, 2 * 10**12
    start = said(_changed(base, path, lambda at, k: at.__setitem__(k, sign)))
    while high - low > 1:
        middle = (low + high) // 2
        value = sign * middle
        same = said(_changed(base, path, lambda at, k, v=value: at.__setitem__(k, v))) == start
        low, high = (middle, high) if same else (low, middle)
    return low


def wild() -> Iterator[list[Any]]:
    """Prices repaired from duals that are nonsense: whole, and no column undercuts them."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        relaxation = relaxed(seed, most=2 if seed % 3 == 0 else None)
        columns, counts = len(relaxation.cost), len(relaxation.counts)
        rules = pricing._Rules(
            rng.integers(0, 4, (columns, seed % 4)).astype(float),
            rng.integers(1, 5, seed % 4).astype(float), frozenset(),
        )  # fmt: skip
        duals = rng.normal(0, 10.0 ** [2, 3, 17, 30][seed % 4], counts + seed % 4)
        prices = pricing._exact(relaxation, duals, rules, seed)
        assert (prices.extra >= 0).all()
        assert all(extra is None or extra >= 0 for extra in prices.short_extra)
        pieces = [prices.bound, prices.extra.tolist(), prices.short_extra]
        solved = pricing.prices_for(relaxation)
        yield [*pieces, solved.bound, solved.extra.tolist(), solved.short_extra, solved.steps]


OTHERS: dict[str, Callable[[], Iterator[Any]]] = {
    "mistakes": mistakes, "limits": limits, "wild": wild,
}  # fmt: skip


@pytest.mark.parametrize("kind", [*KINDS, *WAVES, *OTHERS])
def test_answers_are_what_they_were(kind: str) -> None:
    assert first_moved(kind, json.loads(KEPT.read_text(encoding="utf-8"))[kind]) is None


@pytest.mark.parametrize("kind", [*KINDS, *WAVES])
def test_kept_plans_break_no_rule(kind: str) -> None:
    """Each plan keeps the rules; what is called optimal or infeasible is, by the oracle."""
    for problem, plan in answers(kind):
        if "refused" in plan:
            continue
        assert broken_rules(problem, plan) == []
        if len(problem["orders"]) == 1 and plan["status"] != "bounded" and problem["nodes"]:
            best = least_cost(problem, problem["orders"][0])
            assert best == (plan["cost"] if plan["status"] == "optimal" else None)
        elif kind in WAVES and plan["status"] != "infeasible":
            best = least_joint_cost(problem)
            assert best is not None
            assert plan["lower_bound"] <= best <= plan["cost"]


def kept() -> dict[str, list[str]]:
    """All digests."""
    found = {kind: [digest(a) for _, a in answers(kind)] for kind in [*KINDS, *WAVES]}
    return found | {kind: [digest(one) for one in OTHERS[kind]()] for kind in OTHERS}


if __name__ == "__main__":
    print(json.dumps(kept(), indent=1))
