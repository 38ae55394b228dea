"""Waves on scarce stock against exact one-by-one: cost saved, gap to the bound, CPU seconds."""

import hashlib
import json
import os
import resource
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # CPU time counts one thread

from bench.lines import emit
from bench.routing_instances import wave
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.routing import route
from entrepot.routing.engine.waves import route_wave

WAVES = {"deep": (800, 60), "thin": (800, 200), "many": (5000, 200)}
"""Orders and SKUs: with few SKUs a node holds many units of one, with many only two or three."""
SAVED, GAP, SECONDS = (
    {"deep": 0.04, "thin": 0.04, "many": 0.0},
    {"deep": 0.01, "thin": 0.01},
    {"deep": (90, None), "thin": (90, None), "many": (900, 300)},
)
"""Must: share saved against one by one, gap to the bound; must and aim: CPU seconds."""
MEMORY_MB = 2_000


def run() -> None:
    """Three lines per wave, and the memory of all."""
    frozen = Path(__file__).with_name("routing_wave.sha256").read_text().split()
    for name, (orders, catalogue) in WAVES.items():
        raw = json.dumps(wave(orders, catalogue), sort_keys=True).encode()
        if hashlib.sha256(raw).hexdigest() != frozen[frozen.index(name) - 1]:
            raise SystemExit(f"the {name} wave is not the frozen one")
        problem = decode_problem(raw)
        plain = route(problem)
        start = time.process_time()
        waved = route_wave(problem)
        seconds = time.process_time() - start
        saved, gap = 1 - waved.cost / plain.cost, 1 - waved.lower_bound / waved.cost
        note = f"{orders} orders x 20 nodes, {catalogue} SKUs; cost {waved.cost}"
        _against(f"wave {name} saved", "share of one-by-one", saved, SAVED[name], note)
        _against(f"wave {name} gap", "share", gap, GAP.get(name), f"bound {waved.lower_bound}")
        must, aim = SECONDS[name]
        emit(
            f"wave {name} time", unit="CPU s", ours=seconds, limit=must, ratio=seconds / must,
            rounds=1, must=must, aim=aim, note=note,
        )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _against("wave memory", "MB, highest so far", peak, MEMORY_MB, "all waves in one process")


def _against(name: str, unit: str, ours: float, must: float | None, note: str) -> None:
    ratio = ours / must if must else 1.0
    emit(name, unit=unit, ours=ours, limit=must, ratio=ratio, rounds=1, must=must, note=note)
