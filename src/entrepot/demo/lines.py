"""The demo's shipping lines, and the story of the one click: parcels that can leave together.

Everything through the public API. Doing it twice changes nothing: cards that are known are left
alone, parcels that were announced or scanned before are the same ones.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from entrepot.demo.calendars import CALENDARS
from entrepot.demo.client import ApiClient, Refused
from entrepot.demo.content import FOLDER

Say = Callable[[str], None]
_CARD_FILE = (
    "services", "pricing_rules", "fx", "insurance", "member_tiers", "value_added_services",
    "storage",
)  # fmt: skip
_SHOPPER = "QG104472-7"
_HOME = {"country": "US", "state": "TX", "postcode": "78704"}
_HERE, _ELSEWHERE = "SZX1", "YIW1"

# courier, number, what is inside, warehouse, grams and sides as the scale says them
_Inside = tuple[str, str, int, int]
_Measures = tuple[int, int, int, int] | None
_PARCELS: list[tuple[str, str, _Inside, str, _Measures]] = [
    ("SF", "SF0000000000231", ("clothing", "Running shoes 跑鞋", 1, 32900), _HERE,
     (1180, 330, 210, 125)),
    ("YTO", "YT0000000000231", ("homeware", "Tea set 茶具", 1, 18800), _HERE,
     (1460, 240, 180, 150)),
    ("ZTO", "75000000000231", ("books", "Cookbook 菜谱", 2, 4900), _HERE, (980, 260, 190, 45)),
    ("STO", "7700000000231", ("toys", "Building bricks 积木", 1, 12900), _HERE,
     (740, 280, 190, 70)),
    ("SF", "SF0000000000232", ("clothing", "Scarf 围巾", 1, 5900), _HERE, None),
    ("YTO", "YT0000000000232", ("homeware", "Lampshade 灯罩", 1, 9900), _ELSEWHERE,
     (820, 300, 300, 260)),
]  # fmt: skip


def seed_lines(client: ApiClient, warehouses: list[dict[str, Any]], say: Say) -> None:
    """Rate cards and shared rules of the demo data, every line offered at every warehouse."""
    say("qinggang: rate cards")
    document = _demo_document()
    cards = {part: document[part] for part in _CARD_FILE}
    client.post("/rate-cards/imports", {"cards": {**cards, "calendars": CALENDARS}})
    offered = [{"service": service["id"], "offered": True} for service in document["services"]]
    for warehouse in warehouses:
        client.put(f"/nodes/{warehouse['code']}/services", {"services": offered})


def seed_tiers(
    client: ApiClient, customers: dict[str, str], shoppers: list[dict[str, Any]]
) -> None:
    """The member tiers of the demo's shoppers."""
    for shopper in shoppers:
        if shopper["suite"] in customers:
            client.put(f"/customers/{customers[shopper['suite']]}/tier", {"tier": shopper["tier"]})


def seed_one_click(client: ApiClient, customers: dict[str, str], say: Say) -> None:
    """Several parcels of one shopper ready to leave, and one each that is not: not measured, and
    in another warehouse. A draft that was undone again is how her address is known."""
    say("qinggang: parcels that are ready to leave together")
    for courier, number, inside, warehouse, measures in _PARCELS:
        category, description, quantity, price = inside
        item = {
            "description": description,
            "category": category,
            "quantity": quantity,
            "unit_price_minor": price,
            "currency": "CNY",
        }
        client.post(
            "/pre-alerts",
            {
                "suite_code": _SHOPPER,
                "tracking_number": number,
                "warehouse": warehouse,
                "courier": courier,
                "items": [item],
            },
        )
        names = ("weight_g", "length_mm", "width_mm", "height_mm")
        scale = dict(zip(names, measures, strict=True)) if measures else {}
        client.post("/scans", {"warehouse": warehouse, "tracking_number": number} | scale)
    wish = {"customer_id": customers[_SHOPPER], "warehouse": _HERE, "destination": _HOME}
    try:
        made = client.post("/consolidations", wish)
    except Refused as refused:
        if refused.status != 409:
            raise
        return
    client.delete(f"/consolidations/{made['id']}")


def _demo_document() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((FOLDER / "demo-data.json").read_bytes())
    return found
