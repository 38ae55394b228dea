"""The demo merchant's carriers: what each node pays for the way to a customer, and how long it
takes. Invented prices, all in CNY, because a channel's nodes are compared in one currency.

Through the public API; doing it twice changes nothing.
"""

from collections.abc import Callable
from typing import Any

from entrepot.demo.client import ApiClient

Say = Callable[[str], None]
_DAY = 24 * 60

# First kilogram and each further one by distance zone, days on the way; None: does not go there.
_SLOW = [(500, 100, 1), (600, 150, 1), (900, 300, 2), (1200, 500, 3), (1500, 700, 4), None]
_FAST = [(1400, 200, 1), (1600, 300, 1), (2000, 800, 1), (2400, 1200, 2), (2600, 1400, 2), None]
_AIR = [None, None, None, None, (9800, 5200, 5), (14800, 7600, 7)]
_SERVICES = {
    "GZ-DC": [
        ("YD-STD", "yunda", "standard", _SLOW, True), ("SF-EXP", "sf", "express", _FAST, True),
        ("AIR-ECO", "yanwen", "economy", _AIR, False),
    ],
    "SH-RDC": [
        ("YD-STD", "yunda", "standard", _SLOW, True), ("SF-EXP", "sf", "express", _FAST, True),
        ("AIR-ECO", "yanwen", "economy", _AIR, False),
    ],
    "LAX-3PL": [("USPS-GA", "usps", "standard", _SLOW, False)],
    "HAM-3PL": [("DHL-PK", "dhl", "standard", _SLOW, False)],
}  # fmt: skip


def seed_deliveries(client: ApiClient, say: Say) -> None:
    """By which services the merchant's nodes deliver."""
    say("heyu: carriers of its nodes")
    for node, services in _SERVICES.items():
        document = {"currency": "CNY", "services": [_service(*one) for one in services]}
        client.put(f"/nodes/{node}/delivery-services", document)


def _service(
    code: str, carrier: str, level: str, zones: list[tuple[int, int, int] | None], cod: bool
) -> dict[str, Any]:
    rates = [
        None
        if zone is None
        else {
            "first_g": 1000, "first_minor": zone[0], "step_g": 1000, "step_minor": zone[1],
            "transit_min": zone[2] * _DAY,
        }
        for zone in zones
    ]  # fmt: skip
    pick_ups = [{"weekday": day, "cut_off": "16:30", "leaves": "18:00"} for day in range(1, 6)]
    return {
        "code": code, "carrier": carrier, "level": level, "max_g": 30_000, "cod": cod,
        "tags": ["bulky", "fragile"], "rates": rates, "pick_ups": pick_ups,
    }  # fmt: skip
