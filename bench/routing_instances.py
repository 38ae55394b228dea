"""Frozen instances for the routing bench: made from seeds, checked against a hash.

Written before the engine was tuned. Half of the orders are ordinary; a tenth each is built to
defeat one shortcut: near-equal costs (elimination), large quantities (listing all parts), light
parcels only (one node used twice while its stock is short), steep weight steps (prices per
piece), and scarce stock (one or two shipments).
"""

import hashlib
import json
import random
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

CELLS = {
    "3x20": (3, 20, 1000),
    "3x200": (3, 200, 1000),
    "6x20": (6, 20, 1000),
    "10x20": (10, 20, 200),
    "10x200": (10, 200, 200),
    "12x500": (12, 500, 200),
}
ORDERS_PER_NETWORK = 50
KINDS = ["equal", "many", "light", "steep", "scarce"]
CARRIERS = ["SF", "YTO", "ZTO", "JD", "EMS"]


def kind_of(index: int) -> str:
    """Every second order is ordinary, the others take the kinds in turn."""
    return "ordinary" if index % 2 == 0 else KINDS[(index // 2) % 5]


def instances(cell: str) -> Iterator[tuple[Document, list[str]]]:
    """The problems of a cell, each with the kinds of its orders (solved one alone each)."""
    lines, nodes, count = CELLS[cell]
    per = min(ORDERS_PER_NETWORK, count // 5)
    for number in range(count // per):
        for kind in ["ordinary", *KINDS]:
            wanted = [i for i in range(number * per, (number + 1) * per) if kind_of(i) == kind]
            yield _problem(cell, number, kind, lines, nodes, len(wanted)), [kind] * len(wanted)


def digest(cell: str) -> str:
    """SHA-256 over the canonical bytes of a cell."""
    found = hashlib.sha256()
    for problem, _ in instances(cell):
        found.update(json.dumps(problem, sort_keys=True, separators=(",", ":")).encode())
    return found.hexdigest()


def _problem(cell: str, number: int, kind: str, lines: int, nodes: int, orders: int) -> Document:
    rng = random.Random(f"{cell}/{number}/{kind}")
    skus = [f"SKU{i:03d}" for i in range(lines * 4)]
    cards = {carrier: _card(rng, kind) for carrier in CARRIERS}
    places = [_node(rng, i, skus, kind, nodes) for i in range(nodes)]
    services = [s for place in places for s in _services(rng, place["id"], cards, kind)]
    return {
        "format": "routing-problem/1",
        "seed": number,
        "instant0": "2026-11-22T00:00:00Z",
        "currency": "CNY",
        "now": 480,
        "zone_km": [50, 300, 800, 1500, 2500],
        "nodes": places,
        "services": services,
        "orders": [_order(rng, i, skus, lines, kind) for i in range(orders)],
    }


def _whole(rng: random.Random, low: int, high: int) -> int:
    return low + int(rng.random() * (high - low + 1))


def _pick(rng: random.Random, choices: list[Any]) -> Any:
    return choices[int(rng.random() * len(choices))]


def _card(rng: random.Random, kind: str) -> Document:
    first = _whole(rng, 500, 900)
    spread = 20 if kind == "equal" else 250
    step = _whole(rng, 250, 700) if kind == "steep" else _whole(rng, 40, 200)
    return {
        "first_g": 500 if kind == "steep" else _pick(rng, [1000, 1000, 3000]),
        "step_g": 500 if kind == "steep" else 1000,
        "divisor": _pick(rng, [5000, 6000, 8000]),
        "prices": [first + zone * _whole(rng, 60, 60 + spread) for zone in range(6)],
        "steps": [step * (2 + zone) // 3 for zone in range(6)],
        "transit": [_whole(rng, 400, 700) + zone * 480 for zone in range(6)],
    }


def _node(rng: random.Random, i: int, skus: list[str], kind: str, nodes: int) -> Document:
    share = {"scarce": 0.22, "light": 0.45}.get(kind, 0.4)
    if nodes > 100:
        share /= 2
    deep = {"scarce": 2, "light": 3, "many": 9}.get(kind, 6)
    stock = {
        sku: [_whole(rng, 1, deep), 0, _pick(rng, [0, 0, 0, -30, 25])]
        for sku in skus
        if rng.random() < share
    }
    tags = [tag for tag in ("hazmat", "cold") if rng.random() < 0.6]
    return {
        "id": f"N{i:03d}",
        "type": "warehouse" if rng.random() < 0.3 else "store",
        "lat": round(22 + 18 * rng.random(), 4),
        "lon": round(103 + 18 * rng.random(), 4),
        "region": f"R{_whole(rng, 0, 9)}",
        "tags": tags,
        "fix": 200 + (0 if kind == "equal" else _whole(rng, 0, 250)),
        "unit": 40 + (0 if kind == "equal" else _whole(rng, 0, 40)),
        "penalty": 0 if rng.random() < 0.8 else 150,
        "stock": stock,
    }


def _services(
    rng: random.Random, node: str, cards: dict[str, Document], kind: str
) -> list[Document]:
    made = []
    start = int(rng.random() * len(CARRIERS))
    for k in range(3):
        carrier = CARRIERS[(start + k) % len(CARRIERS)]
        card = cards[carrier]
        jitter = 0 if kind == "equal" else _whole(rng, -60, 60)
        made.append(
            {
                "id": f"{carrier}-{k}",
                "node": node,
                "carrier": carrier,
                "level": "standard",
                "tags": [tag for tag in ("hazmat", "cold") if rng.random() < 0.7],
                "cod": rng.random() < 0.7,
                "max_g": 4000 if kind == "light" else 30000,
                "divisor": card["divisor"],
                "departures": [[600 + 1440 * d, 700 + 1440 * d, 0] for d in range(3)],
                "rates": [
                    [card["first_g"], price + jitter, card["step_g"], step, transit]
                    for price, step, transit in zip(
                        card["prices"], card["steps"], card["transit"], strict=True
                    )
                ],
            }
        )
    return made


def _quantity(rng: random.Random, kind: str, lines: int) -> int:
    if kind == "many":
        return (
            _whole(rng, 4, 9)
            if lines <= 3
            else _whole(rng, 2, 4)
            if lines <= 6
            else (_whole(rng, 1, 3))
        )
    return _pick(rng, [1] * 11 + [2] * 5 + [3] * 3 + [4])


def _order(rng: random.Random, i: int, skus: list[str], lines: int, kind: str) -> Document:
    pool = list(skus)
    chosen = [pool.pop(int(rng.random() * len(pool))) for _ in range(lines)]
    soft = rng.random() < 0.3
    return {
        "id": f"O{i:03d}",
        "ready": _whole(rng, 0, 1200),
        "dest": {
            "lat": round(22 + 18 * rng.random(), 4),
            "lon": round(103 + 18 * rng.random(), 4),
            "region": f"R{_whole(rng, 0, 9)}",
        },
        "cod": rng.random() < 0.1,
        "deliver_by": 3600 if soft else None,
        "late": "soft",
        "late_day": 200,
        "lines": [
            {
                "sku": sku,
                "qty": _quantity(rng, kind, lines),
                "g": _pick(rng, [120, 300, 450, 800, 1500]),
                "cm3": _pick(rng, [300, 900, 2500, 6000]),
                "tags": ["hazmat"] if rng.random() < 0.04 else [],
                "short": 20_000,
            }
            for sku in chosen
        ],
    }


def wave(orders: int, catalogue: int) -> Document:
    """Orders on 20 nodes that share scarce stock of `catalogue` SKUs and a day's capacities.

    Stock exceeds demand by a twelfth; the fewer SKUs, the deeper each node's stock of one.
    """
    rng = random.Random(f"wave/{orders}/{catalogue}")
    skus = [f"SKU{i:03d}" for i in range(catalogue)]
    cards = {carrier: _card(rng, "ordinary") for carrier in CARRIERS}
    places = [_node(rng, i, [], "ordinary", 20) for i in range(20)]
    services = [s for place in places for s in _services(rng, place["id"], cards, "ordinary")]
    made = [_wave_order(rng, i, skus) for i in range(orders)]
    demand = dict.fromkeys(skus, 0)
    for order in made:
        for line in order["lines"]:
            demand[line["sku"]] += line["qty"]
    for sku in skus:
        here = [place for place in places if rng.random() < 0.45] or places[:1]
        total = demand[sku] + demand[sku] // 12 + 1
        shares = [rng.random() + 0.1 for _ in here]
        for place, share in zip(here, shares, strict=True):
            place["stock"][sku] = [-int(-total * share // sum(shares)), 0, 0]
    units = sum(demand.values())
    for place in places:
        place["cap_units"] = units // 20 + _whole(rng, 0, units // 20)
    return {
        "format": "routing-problem/1",
        "seed": orders,
        "instant0": "2026-11-22T00:00:00Z",
        "currency": "CNY",
        "now": 480,
        "zone_km": [50, 300, 800, 1500, 2500],
        "nodes": places,
        "services": services,
        "orders": made,
    }


def _wave_order(rng: random.Random, i: int, skus: list[str]) -> Document:
    """One to four lines; few SKUs are asked for often (a power law)."""
    wanted = list(dict.fromkeys(
        skus[int(len(skus) * rng.random() ** 2.2)] for _ in range(_whole(rng, 1, 4))
    ))  # fmt: skip
    order = _order(rng, i, wanted, len(wanted), "ordinary")
    order["id"] = f"O{i:05d}"
    for line in order["lines"]:
        line |= {"tags": [], "short": 3000}
    return order
