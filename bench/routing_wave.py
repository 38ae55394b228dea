"""Waves on scarce stock against exact one-by-one: cost saved, gap to the bound, CPU seconds."""

import hashlib
import json
import time
from pathlib import Path

from bench.lines import emit
from bench.routing_instances import wave
from entrepot.routing.engine.decoding import decode_problem
from entrepot.routing.engine.routing import route
from entrepot.routing.engine.waves import route_wave

WAVES = {"deep": (800, 60), "thin": (800, 200)}
"""Orders and SKUs: with few SKUs a node holds many units of one, with many only two or three."""


def run() -> None:
    """Three lines per wave."""
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
        note = f"{orders} orders x 20 nodes, {catalogue} SKUs"
        emit(
            f"wave {name} saved", unit="share of one-by-one", ours=saved, limit=0.04,
            ratio=saved / 0.04, rounds=1, must=0.04, note=note,
        )  # fmt: skip
        emit(
            f"wave {name} gap", unit="share", ours=gap, limit=0.01, ratio=gap / 0.01, rounds=1,
            must=0.01, note=note,
        )  # fmt: skip
        emit(
            f"wave {name} time", unit="CPU s", ours=seconds, limit=90, ratio=seconds / 90,
            rounds=1, must=90, note=note,
        )  # fmt: skip
