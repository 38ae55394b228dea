"""The demo merchant's stock: what lies in its nodes, what is kept back, what is promised.

Invented quantities. Everything through the public API. Documents of movements carry a reference
of their own; one that is known already is not posted again, so doing it twice changes nothing.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from entrepot.demo.client import ApiClient, Refused

Say = Callable[[str], None]

# SKU, node, units, bin: pieces lie in the picking zone, bulk in the reserve.
_GOODS = [
    ("CUP-BLUE", "GZ-DC", 480, "A-01-01-1"), ("CUP-BLUE", "SH-RDC", 160, "A-01-01-1"),
    ("CUP-BLUE", "LAX-3PL", 36, None), ("CUP-SAND", "GZ-DC", 240, "A-01-02-1"),
    ("CUP-SAND", "SH-RDC", 96, "A-01-02-1"), ("POT-1L", "GZ-DC", 90, "A-01-03-1"),
    ("POT-1L", "SH-RDC", 24, "A-01-03-1"), ("LAMP-RICE", "GZ-DC", 40, "B-01-01-1"),
    ("LAMP-RICE", "HAM-3PL", 12, None), ("RUG-160", "SH-RDC", 18, "B-01-01-1"),
    ("RUG-160", "LAX-3PL", 9, None), ("SHELF-5", "GZ-DC", 14, "B-01-02-1"),
    ("THROW-BLUE", "GZ-DC", 200, "A-01-04-1"), ("THROW-BLUE", "HAM-3PL", 60, None),
    ("CANDLE-3", "SH-RDC", 130, "A-01-04-1"), ("VASE-S", "GZ-DC", 3, "A-01-05-1"),
]  # fmt: skip
_LEVELS = [
    {"sku": "CUP-BLUE", "node": "GZ-DC", "safety": 48},
    {"sku": "THROW-BLUE", "node": "GZ-DC", "safety": 10, "protected": 40},
    {"sku": "RUG-160", "node": "SH-RDC", "sells_inbound": True},
]
_PROMISES = [
    ("D-1001", "WEB-CN", [("TEA-SET-6", 2)], None),
    ("D-1002", "TMALL", [("RUG-160", 1), ("CANDLE-3", 4)], None),
    ("CART-77", "WEB-EU", [("LAMP-RICE", 1)], "2027-01-31T00:00:00Z"),
]


# On its way to Shanghai: the rugs are promised ahead there, a first box of cups has come.
_ANNOUNCED: dict[str, Any] = {
    "reference": "DN-2026-118",
    "node": "SH-RDC",
    "supplier": "Jingdezhen Kiln 9",
    "expected_at": "2026-12-04T01:00:00Z",
    "over_permille": 20,
    "lines": [
        {"code": "RUG-160", "qty": 24}, {"code": "CUP-SAND", "qty": 96},
        {"code": "POT-1L", "qty": 36},
    ],
}  # fmt: skip
_CAME: list[dict[str, Any]] = [
    {"code": "CUP-SAND", "qty": 46}, {"code": "CUP-SAND", "qty": 2, "status": "damaged"},
]  # fmt: skip


def seed_stock(client: ApiClient, say: Say) -> None:
    """What the merchant has, and three promises made of it."""
    say("heyu: stock")
    _post_once(client, "DEMO-OPENING", [_came(*row) for row in _GOODS])
    broken = {"node": "GZ-DC", "bin": "A-01-02-1"}
    damaged = {
        "sku": "CUP-SAND", "qty": 3, "reason": "reclassify", "from": broken,
        "to": broken | {"status": "damaged"},
    }  # fmt: skip
    _post_once(client, "DEMO-BREAKAGE", [damaged])
    client.put("/stock/levels", {"levels": _LEVELS})
    _announce(client)
    client.put("/channels/TMALL/stock-levels", {"levels": [{"sku": "CUP-BLUE", "buffer": 12}]})
    for reference, channel, lines, expires_at in _PROMISES:
        document: dict[str, Any] = {
            "reference": reference,
            "channel": channel,
            "lines": [{"sku": sku, "qty": qty} for sku, qty in lines],
        }
        if expires_at is not None:
            document["expires_at"] = expires_at
        client.post("/reservations", document)
    sheet = {"what": "stock", "warehouse": "GZ-DC", "bin": "A-01-05-1"}
    try:
        client.post("/counts", sheet)
    except Refused as refused:
        if refused.status != 409:
            raise


def _announce(client: ApiClient) -> None:
    """One delivery that was announced and has begun to come; nothing when it was seeded before."""
    if client.get(f"/asns?reference={quote(_ANNOUNCED['reference'])}&limit=1")["items"]:
        return
    asn = client.post("/asns", _ANNOUNCED)
    client.post("/receipts", {"node": asn["node"], "asn": asn["id"], "lines": _CAME})


def _came(sku: str, node: str, units: int, bin_: str | None) -> dict[str, Any]:
    to = {"node": node} if bin_ is None else {"node": node, "bin": bin_}
    return {"sku": sku, "qty": units, "reason": "opening", "to": to}


def _post_once(client: ApiClient, reference: str, lines: list[dict[str, Any]]) -> None:
    if not client.get(f"/movements?reference={quote(reference)}&limit=1")["items"]:
        client.post("/stock/movements", {"reference": reference, "lines": lines})
