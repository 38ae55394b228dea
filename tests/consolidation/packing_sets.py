"""Seeded sets of parcels with every kind of wish, for the checker."""

import json
import random
from pathlib import Path
from typing import Any

DEMO = Path(__file__).parents[2] / "demo" / "demo-data.json"
CARTONS: list[dict[str, Any]] = json.loads(DEMO.read_bytes())["cartons"]


def seeded_set(seed: int) -> dict[str, Any]:
    """A pack request of 1 to 40 pieces: fragile, upright, together, apart, some too large."""
    rng = random.Random(seed)
    count = rng.randrange(1, 41)
    most = rng.choice((120, 250, 380))
    pieces = [
        {
            "id": f"p{number}",
            "mm": (mm := [rng.randrange(20, most) for _ in range(3)]),
            "g": max(20, mm[0] * mm[1] * mm[2] * rng.randrange(100, 900) // 10**6),
            "fragile": rng.random() < 0.15,
            "upright": rng.random() < 0.15,
        }
        for number in range(count)
    ]
    if rng.random() < 0.1:
        pieces[0]["mm"] = [700, 100, 100]
    if rng.random() < 0.1:
        pieces[0]["g"] = 31_000
    ids = [piece["id"] for piece in pieces]
    rng.shuffle(ids)
    request: dict[str, Any] = {"cartons": CARTONS, "pieces": pieces}
    if count >= 12 and rng.random() < 0.5:
        request["together"] = [ids[0:3], ids[3:5]]
        request["apart"] = [ids[5:8], [ids[0], ids[8]]]
    if rng.random() < 0.2:
        request["support_permille"] = rng.choice((500, 850, 1000))
    return request
