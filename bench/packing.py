"""Packing against py3dbp and packvium on frozen sets, wishes off; then ours with wishes on.

Each packer gets the same parcels and one carton, weights and support left out, and is judged by
the part of the carton it fills: medians over 30 sets of 20, 50 and 100 parcels, packers in turn.
Our answers are checked for overlap, and a fault stops the run; a peer's count as they are.
"""

import json
import time
from collections.abc import Callable
from itertools import combinations
from statistics import median
from typing import Any

import msgspec
from tests.consolidation.packing_checker import faults as independent
from tests.consolidation.packing_sets import CARTONS, seeded_set

from bench.lines import emit
from bench.rating import frozen
from entrepot.consolidation.packing.choosing import pack
from entrepot.consolidation.packing.filling import Task, fill
from entrepot.consolidation.packing.types import CartonType, PackRequest, Piece

Box = tuple[tuple[int, ...], tuple[int, ...]]
Packer = Callable[[tuple[int, int, int], list[list[int]]], tuple[float, list[Box]]]
"""Carton and parcels → seconds and boxes; for peers only the packing itself is timed."""


def ours(inner: tuple[int, int, int], parcels: list[list[int]]) -> tuple[float, list[Box]]:
    """Our filling of one carton, timed with the making of its values."""
    start = time.perf_counter()
    pieces = [Piece(str(i), (a, b, c), 1) for i, (a, b, c) in enumerate(parcels)]
    task = Task(pieces, [(i,) for i in range(len(pieces))], {}, 0)
    load = fill(inner, 10**9, task)
    return time.perf_counter() - start, [(at, mm) for _, at, mm in load.placed]


def py3dbp(inner: tuple[int, int, int], parcels: list[list[int]]) -> tuple[float, list[Box]]:
    """py3dbp's, bigger first as its documentation shows."""
    from py3dbp import Bin, Item, Packer

    packer = Packer()
    packer.add_bin(Bin("bin", *inner, 10**9))
    for index, (a, b, c) in enumerate(parcels):
        packer.add_item(Item(str(index), a, b, c, 1))
    start = time.perf_counter()
    packer.pack(bigger_first=True)
    seconds = time.perf_counter() - start
    return seconds, [
        (tuple(int(v) for v in item.position), tuple(int(v) for v in item.get_dimension()))
        for item in packer.bins[0].items
    ]


def packvium(inner: tuple[int, int, int], parcels: list[list[int]]) -> tuple[float, list[Box]]:
    """packvium's profile `fast` with its own defaults (it stops itself after 200 ms)."""
    from packvium import Container, Dimensions, Item, PackingConfig
    from packvium import Packer as Engine

    items = [
        Item.create(f"i{index}", Dimensions.mm(str(a), str(b), str(c)))
        for index, (a, b, c) in enumerate(parcels)
    ]
    carton = Container.create("box", Dimensions.mm(*map(str, inner)), quantity=1)
    engine = Engine(PackingConfig.fast())
    start = time.perf_counter()
    result = engine.pack(items=items, containers=[carton])
    seconds = time.perf_counter() - start
    containers = result.to_dict()["containers"]
    return seconds, [_box(one) for container in containers for one in container["placements"]]


def _box(placement: Any) -> Box:
    at, size = placement["position"], placement["dimensions"]
    corner = tuple(int(at[key]["value"]) for key in ("x", "y", "z"))
    return corner, tuple(int(size[key]["value"]) for key in ("length", "width", "height"))


def faults(inner: tuple[int, int, int], boxes: list[Box]) -> int:
    """How many boxes stick out or overlap."""
    out = sum(
        1
        for at, mm in boxes
        if min(at) < 0 or any(p + s > m for p, s, m in zip(at, mm, inner, strict=True))
    )
    return out + sum(
        1
        for (at, mm), (other, sides) in combinations(boxes, 2)
        if all(at[i] < other[i] + sides[i] and other[i] < at[i] + mm[i] for i in range(3))
    )


def measure(packers: dict[str, Packer], document: Any, count: int) -> dict[str, Any]:
    """Medians of fill and seconds of each packer over the sets of one size, in turn."""
    inner = tuple(document["inner_mm"])
    room = inner[0] * inner[1] * inner[2]
    fills: dict[str, list[float]] = {name: [] for name in packers}
    seconds: dict[str, list[float]] = {name: [] for name in packers}
    for turn, parcels in enumerate(document["sets"][str(count)]):
        order = list(packers) if turn % 2 == 0 else list(packers)[::-1]
        for name in order:
            taken, boxes = packers[name](inner, parcels)
            seconds[name].append(taken)
            if name == "ours" and faults(inner, boxes):
                raise SystemExit("our packing has faults")
            fills[name].append(sum(a * b * c for _, (a, b, c) in boxes) / room)
    return {name: (median(fills[name]), median(seconds[name])) for name in packers}


def run() -> None:
    """All comparisons, one line each for fill and time."""
    document = frozen("packing_sets.json")
    packers: dict[str, Packer] = {"ours": ours}
    for name, packer in (("py3dbp", py3dbp), ("packvium", packvium)):
        try:
            packer((100, 100, 100), [[50, 50, 50]])
            packers[name] = packer
        except ImportError:
            print(json.dumps({"bench": f"packing_against_{name}", "skipped": "not installed"}))
    for count in (20, 50, 100):
        found = measure(packers, document, count)
        for name, most in (("py3dbp", 1.0), ("packvium", 0.05)):
            if name not in found:
                continue
            (fill_ours, time_ours), (fill_peer, time_peer) = found["ours"], found[name]
            emit(
                f"packing_fill_{count}_{name}", unit="part of the carton", ours=fill_ours,
                peer=fill_peer, ratio=fill_ours / fill_peer, rounds=30, must=1,
            )  # fmt: skip
            emit(
                f"packing_time_{count}_{name}", unit="s", ours=time_ours, peer=time_peer,
                ratio=time_ours / time_peer, rounds=30, must=most, note="at most",
            )  # fmt: skip
    _wishes()


def _wishes() -> None:
    """2,000 sets with every wish on: faults by the tests' independent checker, and fill; then
    the time of 100 parcels into the demo's catalogue."""
    wrong, fills = 0, []
    for seed in range(10_000, 12_000):
        plain = seeded_set(seed)
        answer = pack(msgspec.convert(plain, PackRequest))
        document = msgspec.to_builtins(answer)
        wrong += len(independent(plain, json.loads(json.dumps(document))))
        fills += [carton.fill_permille / 1000 for carton in answer.cartons]
    emit(
        "packing_wishes_faults", unit="faults in 2,000 sets", ours=wrong, limit=0, ratio=wrong,
        rounds=2000, must=0, note=f"median fill of {len(fills)} cartons {median(fills):.3f}",
    )  # fmt: skip
    cartons = tuple(msgspec.convert(one, CartonType) for one in CARTONS)
    seconds = []
    for parcels in frozen("packing_sets.json")["sets"]["100"]:
        pieces = tuple(
            Piece(str(i), (a, b, c), 300, fragile=i % 9 == 0) for i, (a, b, c) in enumerate(parcels)
        )
        start = time.perf_counter()
        pack(PackRequest(cartons, pieces))
        seconds.append(time.perf_counter() - start)
    worst = max(seconds)
    emit(
        "packing_100_parcels_catalogue", unit="s, worst of 30 sets", ours=worst, limit=1,
        ratio=worst, rounds=30, must=1, note=f"median {median(seconds):.3g} s; 8 kinds of carton",
    )  # fmt: skip


if __name__ == "__main__":
    run()
