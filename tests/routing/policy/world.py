"""What every scenario's world has: places, services, orders, and rules that say nothing."""

import random
from typing import Any

from tests.routing.policy.brute_force import Lane, Reason, Room, Terms

Document = dict[str, Any]
PLACES = {
    "CAN": (23.13, 113.26, "CN-GD"),
    "CTU": (30.57, 104.06, "CN-SC"),
    "HGH": (30.25, 120.17, "CN-ZJ"),
    "HKG": (22.32, 114.17, "HK"),
    "SHA": (31.23, 121.47, "CN-SH"),
}
CITIES = {
    "Shanghai": (31.2, 121.5, "CN-SH"),
    "Hangzhou": (30.3, 120.1, "CN-ZJ"),
    "Shenzhen": (22.54, 114.06, "CN-GD"),
    "Hong Kong": (22.28, 114.16, "HK"),
    "Chengdu": (30.66, 104.08, "CN-SC"),
    "Urumqi": (43.8, 87.6, "CN-XJ"),
}
SKUS = ["A", "B", "C", "D"]
NOON = "2026-11-22T04:00:00Z"


def service(node: str, name: str, carrier: str, rng: random.Random, **more: Any) -> Document:
    """A standard or express service with its rate card; two trucks."""
    fast = name == "exp"
    rates = [
        [1000, (2200 if fast else 1000) + (1500 if fast else 900) * zone, 1000,
         300 if fast else 200, (300 + 260 * zone) if fast else (700 + 720 * zone)]
        for zone in range(6)
    ]  # fmt: skip
    start = rng.choice([120, 240, 400])
    return {
        "id": name, "node": node, "carrier": carrier, "level": name, "max_g": 20_000,
        "divisor": 6000, "departures": [[start, start + 60, 0], [start + 1440, start + 1500, 0]],
        "rates": rates, "cod": carrier != "EMS", "tags": ["hazmat"] if not fast else [], **more,
    }  # fmt: skip


class Scenario:
    """What a scenario has unless it says otherwise."""

    name = ""
    tiers: tuple[str, ...] = ("money",)
    now = 0

    def node(self, rng: random.Random, name: str) -> Document:
        lat, lon, region = PLACES[name]
        stock = {
            sku: [rng.choice([1, 2, 3, 6]), rng.choice([0, 0, 1]), 0]
            for sku in SKUS
            if rng.random() < 0.62
        }
        return {
            "id": name, "type": "warehouse", "lat": lat, "lon": lon, "region": region,
            "tags": ["hazmat"] if rng.random() < 0.8 else [], "fix": rng.choice([300, 500, 700]),
            "unit": rng.choice([0, 40]), "stock": stock, "attrs": {}, "stock_attrs": {},
        }  # fmt: skip

    def services(self, rng: random.Random, name: str) -> list[Document]:
        return [
            service(name, "std", rng.choice(["EMS", "SF", "YTO"]), rng),
            service(name, "exp", "SF", rng),
        ]

    def world(self, seed: int) -> Document:
        rng = random.Random(seed)
        return {
            "format": "routing-problem/1", "instant0": NOON, "currency": "CNY", "now": self.now,
            "zone_km": [50, 300, 800, 1500, 2500], "nodes": [self.node(rng, n) for n in PLACES],
            "services": [made for n in PLACES for made in self.services(rng, n)],
        }  # fmt: skip

    def order(self, rng: random.Random, number: int) -> Document:
        lat, lon, region = CITIES[rng.choice(list(CITIES))]
        lines = [
            {"sku": sku, "qty": 1, "g": rng.choice([300, 900, 1800, 3500]),
             "cm3": rng.choice([500, 4000]), "tags": [], "attrs": {}}
            for sku in rng.sample(SKUS, rng.choice([1, 2, 3, 3]))
        ]  # fmt: skip
        lines[0]["qty"] = rng.choice([1, 1, 2, 3])
        return {
            "id": f"{self.name}-{number:03d}", "ready": rng.choice([0, 0, 300]),
            "dest": {"lat": lat, "lon": lon, "region": region}, "lines": lines, "cod": False,
            "attrs": {},
        }  # fmt: skip

    def forbids(self, order: Document, line: Document, lane: Lane) -> Reason | None:
        return None

    def terms(self, order: Document, dropped: frozenset[str]) -> Terms:
        return Terms(order.get("deliver_by"), order.get("late", "hard") == "hard")

    def yielding(self, order: Document) -> list[str]:
        return []

    def per_shipment(self, order: Document, lane: Lane) -> int:
        return 0

    def per_unit(self, order: Document, line: Document, node: Document) -> int:
        return 0

    def safety(self, order: Document, line: Document, node: Document) -> tuple[int, str]:
        return node["stock"].get(line["sku"], [0, 0, 0])[1], ""

    def rooms(self, order: Document, node: Document) -> list[Room]:
        return []

    def fallback(self, order: Document) -> tuple[str, str] | None:
        return ("manual", "to-a-person")
