"""Routing: CPU milliseconds per order on the frozen instances, against HiGHS and rule of thumb.

From parsed problem to plan, one order alone, network compiled; per order the median of the warm
rounds. Cold is the first time in this process. The instances are checked against their hash.
"""

import gc
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # CPU time counts one thread

from tests.routing.oracle import least_cost

from bench.lines import emit
from bench.routing_instances import CELLS, digest, instances
from bench.routing_rivals import nearest_first, priority_first
from entrepot.routing.engine.asking import untouched
from entrepot.routing.engine.deciding import DEFAULT_BUDGET, decide
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.explaining import explain
from entrepot.routing.engine.format import OrderPlan
from entrepot.routing.engine.network import Network

# cell: must p50, p99, share proven; aim p50, p99, share proven (issue 4)
GOALS = {
    "3x20": (0.8, 4, 1.0, 0.5, 3, 1.0),
    "3x200": (6, 20, 1.0, 4, 15, 1.0),
    "6x20": (3.5, 15, 1.0, 2, 10, 1.0),
    "10x20": (12, 250, 0.8, 7, 60, 1.0),
    "10x200": (45, 250, 0.75, 20, 150, 0.98),
    "12x500": (None, None, 0.0, 60, 500, 0.9),  # must: every gap at most MOST_GAP
}
MOST_GAP = 0.02
ROUNDS = 3
PEER_ORDERS = 60
Sample = tuple[float, float, OrderPlan, dict[str, Any], dict[str, Any]]
"""Cold ms, warm ms, plan, problem document, order document."""


def run() -> None:
    """One line per figure."""
    frozen = Path(__file__).with_name("routing_instances.sha256").read_text().split()
    for cell in CELLS:
        if digest(cell) != frozen[frozen.index(cell) - 1]:
            raise SystemExit(f"the instances of {cell} are not the frozen ones")
        samples = _measure(cell)
        _report(cell, samples)
        if cell == "3x20":
            _against_highs(samples)
            _against_rules(samples)
            _explaining(cell, samples)


def _measure(cell: str) -> list[Sample]:
    samples: list[Sample] = []
    for document, _ in instances(cell):
        problem = decode_problem(json.dumps(document).encode())
        network = Network(problem)
        left = untouched(network)
        for order, plain in zip(problem.orders, document["orders"], strict=True):
            times = []
            for _ in range(1 + ROUNDS):
                start = time.process_time()
                plan = decide(network, order, left).plan
                times.append((time.process_time() - start) * 1000)
            samples.append((times[0], statistics.median(times[1:]), plan, document, plain))
        gc.collect()
    return samples


def _report(cell: str, samples: list[Sample]) -> None:
    must50, must99, must_proven, aim50, aim99, aim_proven = GOALS[cell]
    warm = sorted(sample[1] for sample in samples)
    cold = sorted(sample[0] for sample in samples)
    proven = sum(sample[2].status == "optimal" for sample in samples) / len(samples)
    several = sum(len(sample[2].shipments) > 1 for sample in samples) / len(samples)
    gap = max(1 - s[2].lower_bound / s[2].cost for s in samples)
    if cell == "12x500":
        emit(
            f"routing {cell} largest gap", unit="share", ours=gap, limit=MOST_GAP,
            ratio=gap / MOST_GAP, rounds=1, must=MOST_GAP,
        )  # fmt: skip
    note = (
        f"{len(samples)} orders, budget {DEFAULT_BUDGET};"
        f" cold p50 {_at(cold, 50):.2f} p99 {_at(cold, 99):.2f};"
        f" more than one shipment {several:.0%}; largest gap {gap:.2%}"
    )
    for share, must, aim in ((50, must50, aim50), (99, must99, aim99)):
        ours = _at(warm, share)
        limit = must if must is not None else aim
        emit(
            f"routing {cell} p{share}", unit="CPU ms", ours=ours, limit=limit, ratio=ours / limit,
            rounds=ROUNDS, must=must, aim=aim, note=note,
        )  # fmt: skip
    emit(
        f"routing {cell} proven", unit="share", ours=proven, limit=must_proven,
        ratio=proven / (must_proven or 1), rounds=1, must=must_proven, aim=aim_proven,
    )  # fmt: skip


def _against_highs(samples: list[Sample]) -> None:
    """The same orders, from the same parsed documents, model building included."""
    chosen = samples[:: max(1, len(samples) // PEER_ORDERS)]
    ratios, peers, ours = [], [], []
    for _, warm, plan, document, order in chosen:
        start = time.process_time()
        cost = least_cost(document, order)
        peer = (time.process_time() - start) * 1000
        if cost != plan.cost:
            raise SystemExit(f"HiGHS says {cost}, the engine {plan.cost}")
        ratios.append(peer / warm)
        peers.append(peer)
        ours.append(warm)
    emit(
        "routing 3x20 against HiGHS", unit="CPU ms", ours=statistics.median(ours),
        peer=statistics.median(peers), ratio=statistics.median(ratios), rounds=len(chosen),
        must=20, note="ratio: HiGHS over ours; equal cost on every order",
    )  # fmt: skip


def _against_rules(samples: list[Sample]) -> None:
    ours = sum(sample[2].cost for sample in samples)
    for name, rule in (("nearest-first", nearest_first), ("priority-first", priority_first)):
        theirs = sum(rule(document, order) for _, _, _, document, order in samples)
        emit(
            f"routing 3x20 cost of {name}", unit="minor units", ours=ours, peer=theirs,
            ratio=theirs / ours, rounds=1, note="ratio: theirs over ours, all orders",
        )  # fmt: skip


def _explaining(cell: str, samples: list[Sample]) -> None:
    """CPU of explaining every candidate, as a multiple of deciding."""
    ratios = []
    for document, _ in instances(cell):
        problem = decode_problem(json.dumps(document).encode())
        network = Network(problem)
        left = untouched(network)
        for order in problem.orders[:5]:
            start = time.process_time()
            plan = decide(network, order, left).plan
            middle = time.process_time()
            explain(network, order, left, plan, budget=DEFAULT_BUDGET)
            ratios.append((time.process_time() - middle) / (middle - start))
        if len(ratios) >= 200:
            break
    ours = statistics.median(ratios)
    emit(
        f"routing {cell} explaining", unit="times the decision", ours=ours, limit=20,
        ratio=ours / 20, rounds=len(ratios), must=20,
    )  # fmt: skip


def _at(ordered: list[float], share: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]
