"""Small problems that use every rule of the format, from a seed."""

import random
from typing import Any

Document = dict[str, Any]
TAGS = ["hazmat", "cold", "oversize"]
REGIONS = ["north", "south", "east", "west"]


def random_problem(seed: int, *, nodes: int, lines: int, orders: int = 1) -> Document:
    """A problem with scarce stock, tags, deadlines, kits, limits and capacities mixed in."""
    rng = random.Random(seed)
    skus = [f"S{i:02d}" for i in range(lines * 3)]
    places = [_node(rng, i, skus) for i in range(nodes)]
    services = [service for place in places for service in _services(rng, place["id"])]
    capacities = []
    if rng.random() < 0.4:
        capacities = [{"id": f"shift{i}", "left": rng.randint(1, 12)} for i in range(2)]
        for thing in rng.sample(places + services, k=len(places)):
            thing["uses"] = [
                [rng.choice(["shift0", "shift1"]), rng.randint(0, 2), rng.randint(0, 1), 0]
            ]
    return {
        "format": "routing-problem/1",
        "seed": seed,
        "instant0": "2026-11-22T00:00:00Z",
        "currency": "CNY",
        "now": 100,
        "zone_km": [50, 300, 800, 1500, 2500],
        "capacities": capacities,
        "nodes": places,
        "services": services,
        "orders": [_order(rng, i, skus, lines) for i in range(orders)],
    }


def _node(rng: random.Random, i: int, skus: list[str]) -> Document:
    stock = {
        sku: [rng.randint(0, 6), rng.choice([0, 0, 1]), rng.choice([0, 0, -40, 60])]
        for sku in skus
        if rng.random() < 0.65
    }
    return {
        "id": f"N{i:02d}",
        "type": "store",
        "lat": round(rng.uniform(22, 42), 4),
        "lon": round(rng.uniform(102, 122), 4),
        "region": rng.choice(REGIONS),
        "tags": [tag for tag in TAGS if rng.random() < 0.85],
        "regions_blocked": [r for r in REGIONS if rng.random() < 0.05],
        "fix": rng.choice([0, 100, 250, 400]),
        "unit": rng.choice([0, 20, 50]),
        "penalty": rng.choice([0, 0, 0, 300]),
        "cap_units": rng.choice([None, None, None, rng.randint(0, 6)]),
        "stock": stock,
    }


def _services(rng: random.Random, node: str) -> list[Document]:
    made = []
    for i in range(rng.randint(1, 3)):
        start = rng.randint(0, 400)
        rates = [
            [rng.choice([500, 1000]), 500 + 150 * z + rng.randint(0, 300),
             rng.choice([500, 1000]), rng.choice([0, 100, 250]), 600 + 500 * z]
            for z in range(6)
        ]  # fmt: skip
        made.append(
            {
                "id": f"V{i}",
                "node": node,
                "carrier": rng.choice(["SF", "YTO"]),
                "level": "std",
                "tags": [tag for tag in TAGS if rng.random() < 0.85],
                "cod": rng.random() < 0.6,
                "max_g": rng.choice([3000, 8000, 30000]),
                "divisor": rng.choice([5000, 6000]),
                "departures": [[start + 600 * d, start + 600 * d + 60, 0] for d in range(3)],
                "rates": [rate if rng.random() < 0.92 else None for rate in rates],
            }
        )
    return made


def _order(rng: random.Random, i: int, skus: list[str], count: int) -> Document:
    kits = rng.random() < 0.2
    shorts = rng.random() < 0.4
    order: Document = {
        "id": f"O{i:04d}",
        "ready": rng.randint(0, 300),
        "dest": {
            "lat": round(rng.uniform(22, 42), 4),
            "lon": round(rng.uniform(102, 122), 4),
            "region": rng.choice(REGIONS),
        },
        "cod": rng.random() < 0.15,
        "deliver_by": rng.choice([None, None, 2500, 4000]),
        "late": rng.choice(["hard", "soft", "soft"]),
        "late_day": rng.choice([0, 150]),
        "max_shipments": rng.choice([None, None, None, 1, 2, 3]),
        "ship_complete": rng.random() < 0.08,
        "split_lines": rng.random() < 0.8,
        "lines": [],
    }
    for k, sku in enumerate(rng.sample(skus, count)):
        order["lines"].append(
            {
                "sku": sku,
                "qty": rng.choice([1, 1, 2, 3, 5]) if count <= 3 else rng.choice([1, 1, 1, 2, 3]),
                "g": rng.choice([150, 400, 900, 1600]),
                "cm3": rng.choice([200, 1500, 6000]),
                "tags": [rng.choice(TAGS)] if rng.random() < 0.15 else [],
                "group": "kit" if kits and k < 2 else None,
                "short": rng.choice([400, 900, 3000]) if shorts and rng.random() < 0.8 else None,
            }
        )
    return order
