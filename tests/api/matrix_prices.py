# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of prices: quotes, cards, and which node offers which service."""

import json
from typing import Any

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation
from tests.carriers.price_house import card_file, switch

PIECES = [{"g": 1200, "mm": [300, 200, 100]}]
QUOTE = {"warehouse": "{warehouse}", "country": "JP", "ship_date": "2026-11-22"}
NEXT = "service,zone,kind,first_g,first_minor,step_g,step_minor\n{service},JP,first_step,500,3900,500,950\n"

PRICE_OPERATIONS = [
    Operation(
        "POST", "/quotes", "/quotes", QUOTE | {"pieces": PIECES, "customer_id": "{customer_id}"},
        "quotes:create", ("warehouse", "customer_id"),
    ),
    Operation(
        "POST", "/quotes", "/quotes", QUOTE | {"parcels": ["{measured_parcel_id}"]},
        "quotes:create", ("warehouse", "measured_parcel_id"),
    ),
    Operation("GET", "/quotes/{quote_id}", "/quotes/{quote_id}", None, "quotes:read", ("quote_id",)),
    Operation("GET", "/quotes/{quote_id}/replay", "/quotes/{quote_id}/replay", None, "quotes:read", ("quote_id",)),
    Operation(
        "POST", "/quotes/{quote_id}/accept", "/quotes/{quote_id}/accept", {"service": "{service}"},
        "quotes:create", ("quote_id",),
    ),
    Operation(
        "POST", "/rate-cards/imports", "/rate-cards/imports",
        {"table": NEXT, "version": "9999", "valid_from": "2099-01-01"}, "rate_cards:change", (),
    ),
    Operation(
        "POST", "/rate-cards/previews", "/rate-cards/previews",
        {"table": NEXT, "version": "9998", "valid_from": "2099-06-01"}, "rate_cards:change", (),
    ),
    Operation("GET", "/rate-cards", "/rate-cards", None, "rate_cards:read", ()),
    Operation("GET", "/rate-cards/export", "/rate-cards/export", None, "rate_cards:read", ()),
    Operation("GET", "/services/{service}/card", "/services/{service}/card", None, "rate_cards:read", ("service",)),
    Operation(
        "POST", "/services/{service}/withdrawals", "/services/{service}/withdrawals",
        {"version": "2027"}, "rate_cards:change", ("service",),
    ),
    Operation("GET", "/nodes/{code}/services", "/nodes/{warehouse}/services", None, "nodes:read", ("warehouse",)),
    Operation(
        "PUT", "/nodes/{code}/services", "/nodes/{warehouse}/services",
        {"services": [{"service": "{service}", "offered": True}]}, "nodes:change", ("warehouse",),
    ),
    Operation("GET", "/carrier-connections", "/carrier-connections", None, "rate_cards:read", ()),
    Operation(
        "PUT", "/carrier-connections/{code}", "/carrier-connections/sendle",
        {
            "adapter": "karrio", "options": {"carrier": "sendle"}, "warehouses": ["{warehouse}"],
            "services": [{
                "id": "SENDLE", "code": "sendle_standard_pickup", "carrier": "Sendle", "name": {},
                "kind": "express", "goods": {"allowed": ["general"], "refused": []},
                "limits": {"max_piece_g": 20000, "max_longest_mm": 1000},
            }],
            "credentials": {"api_key": "x"}, "enabled": False,
        },
        "rate_cards:change", ("warehouse",),
    ),
    Operation(
        "PUT", "/carrier-connections/{code}/switch", "/carrier-connections/sendle/switch",
        {"enabled": False}, "rate_cards:change", (),
    ),
    Operation("GET", "/customers/{customer_id}/tier", "/customers/{customer_id}/tier", None, "customers:read", ("customer_id",)),
    Operation(
        "PUT", "/customers/{customer_id}/tier", "/customers/{customer_id}/tier", {"tier": None},
        "customers:change", ("customer_id",),
    ),
]  # fmt: skip


async def add_prices(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """One line with two versions of its card, a measured parcel and a quote; their ids. `secret`
    stands in the line's name."""
    service = f"LINE-{side}"
    await key.post("/rate-cards/imports", {"cards": _cards(service, secret)})
    await switch(key, ids["warehouse"], service)
    measures = {"weight_g": 1200, "length_mm": 300, "width_mm": 200, "height_mm": 100}
    number = f"SF00000000{'88888' if side == 'B' else '22222'}"
    announced = {"customer_id": ids["customer_id"], "tracking_number": number}
    await key.post("/pre-alerts", announced)
    scan = {"warehouse": ids["warehouse"], "tracking_number": number, **measures}
    parcel = await key.post("/scans", scan)
    wanted = {"country": "JP", "ship_date": "2026-11-22", "pieces": PIECES}
    asked = {"warehouse": ids["warehouse"], "customer_id": ids["customer_id"], **wanted}
    quote = await key.post("/quotes", asked)
    return {
        "service": service,
        "measured_parcel_id": parcel["parcel"]["id"],
        "quote_id": quote["id"],
    }


def _cards(service: str, secret: str) -> dict[str, Any]:
    whole = card_file()
    one = next(s for s in whole["services"] if s["id"] == "JP-AIR")
    one |= {"id": service, "name": {"en": secret}, "carrier": secret}
    later = json.loads(json.dumps(one))
    later["rate"] |= {"version": "2027", "valid_from": "2027-06-01"}
    return whole | {"services": [one, later]}
