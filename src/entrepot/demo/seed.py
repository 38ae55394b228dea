"""Fills a demo tenant: places, people, pre-alerts, and some parcels already scanned in.

The customers with their well-known suite codes are imported before, by the local command line;
all else goes through the public API. Doing it twice changes nothing: what exists is left alone.
"""

from collections.abc import Callable
from typing import Any

from entrepot.demo.client import ApiClient, Refused
from entrepot.demo.content import PASSWORD, Content, bins_document, node_document

Say = Callable[[str], None]

# courier, number, what is inside: category, description, quantity, price in fen
_STORY_D1 = [
    ("SF", "SF0000000000142", "clothing", "Linen jacket 亚麻外套", 1, 28900),
    ("YTO", "YT0000000000142", "toys", "Wooden puzzle 木质拼图", 2, 6900),
    ("ZTO", "75000000000142", "electronics_bi", "Bluetooth earphones 蓝牙耳机", 1, 15900),
    ("STO", "7700000000142", "books", "Photo book 摄影集", 3, 8800),
]
_WITHOUT_PRE_ALERT = "430000000000142"
_STORY_D2 = ("JD0000000000142-1-2-", "JD0000000000142-2-2-")
STILL_TO_SCAN = ["75000000000142", "7700000000142", "JD0000000000142-2-2-"]
"""Announced but not yet scanned: for the visitor's own scanner."""


def seed(
    client: ApiClient, tenant: dict[str, Any], content: Content, say: Say
) -> list[dict[str, str]]:
    """Fill one tenant; returns its log-ins as `{"role", "email", "password"}`."""
    say(f"{tenant['slug']}: places")
    for warehouse in tenant["warehouses"]:
        _once(client, "/nodes", node_document(warehouse))
        client.post(f"/nodes/{warehouse['code']}/bins", bins_document(warehouse))
    say(f"{tenant['slug']}: people")
    logins = [
        _staff_login(client, tenant, person)
        for person in content.staff
        if person["tenant"] == tenant["slug"]
    ]
    return logins


def owner_login(client: ApiClient, tenant: dict[str, Any]) -> dict[str, str]:
    """The owner's log-in."""
    email = f"owner@{tenant['slug']}.example"
    name = tenant["name"]["en"] + " owner"
    _once(
        client,
        "/people",
        {"email": email, "name": name, "roles": ["owner"], "password": PASSWORD},
    )
    return {"role": "owner", "email": email, "password": PASSWORD}


def set_suite_rule(client: ApiClient) -> None:
    """The forwarder's codes begin with QG, behind those of the demo's shoppers."""
    client.put("/suite-rule", {"prefix": "QG", "first_number": 106_000})


def seed_parcels(client: ApiClient, customers: dict[str, str], say: Say) -> list[dict[str, str]]:
    """The forwarder's stories; `customers` maps suite codes to ids. Returns shoppers' log-ins."""
    say("qinggang: shoppers and pre-alerts")
    logins = [
        _shopper_login(
            client, customers["QG104472-7"], "marisol@shopper.example", "Marisol Examplar", "en"
        ),
        _shopper_login(client, customers["QG105101-1"], "lin@shopper.example", "林範例", "zh-TW"),
        _shopper_login(
            client, customers["QG105004-3"], "tan@shopper.example", "Tan Sample Li 陈样例", "zh-CN"
        ),
    ]
    for courier, number, category, description, quantity, price in _STORY_D1:
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
                "suite_code": "QG104472-7",
                "tracking_number": number,
                "warehouse": "SZX1",
                "courier": courier,
                "items": [item],
            },
        )
    client.post(
        "/pre-alerts",
        {
            "suite_code": "QG104603-6",
            "tracking_number": "JD0000000000142",
            "warehouse": "SZX1",
            "courier": "JD",
            "items": [],
        },
    )
    say("qinggang: the first scans")
    scan = {
        "warehouse": "SZX1",
        "weight_g": 1240,
        "length_mm": 320,
        "width_mm": 240,
        "height_mm": 120,
    }
    client.post("/scans", scan | {"tracking_number": "SF0000000000142"})
    client.post("/scans", scan | {"tracking_number": "YT0000000000142", "weight_g": 860})
    client.post("/scans", {"warehouse": "SZX1", "tracking_number": _STORY_D2[0], "weight_g": 4300})
    label = {"recipient": "Marisol Examplar", "text": "青港仓 QG104472-7"}
    client.post(
        "/scans", {"warehouse": "SZX1", "tracking_number": _WITHOUT_PRE_ALERT, "label": label}
    )
    client.post(
        "/scans",
        {
            "warehouse": "SZX1",
            "tracking_number": "DPK000000000142",
            "label": {"recipient": "陈先生"},
        },
    )
    client.post("/scans", {"warehouse": "YIW1", "tracking_number": "JT0000000000142"})
    return logins


def _staff_login(
    client: ApiClient, tenant: dict[str, Any], person: dict[str, Any]
) -> dict[str, str]:
    email = f"{person['badge'].lower()}@{tenant['slug']}.example"
    warehouses = [person["warehouse"]] if person["warehouse"] else None
    _once(
        client,
        "/people",
        {
            "email": email,
            "name": person["name"],
            "locale": "zh-CN",
            "roles": [person["role"]],
            "warehouses": warehouses,
            "password": PASSWORD,
        },
    )
    return {"role": person["role"], "email": email, "password": PASSWORD}


def _shopper_login(
    client: ApiClient, customer_id: str, email: str, name: str, locale: str
) -> dict[str, str]:
    _once(
        client,
        "/people",
        {
            "email": email,
            "name": name,
            "locale": locale,
            "customer_id": customer_id,
            "password": PASSWORD,
        },
    )
    return {"role": "customer", "email": email, "password": PASSWORD}


def _once(client: ApiClient, target: str, document: dict[str, Any]) -> None:
    """POST something that may exist already."""
    try:
        client.post(target, document)
    except Refused as refused:
        if refused.status != 409:
            raise
