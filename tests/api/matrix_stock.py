# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of stock: reservations, availability, movements, levels."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_ONE = "/reservations/{reservation_id}"
_LINE = {"sku": "{sku}", "qty": 1, "node": "{warehouse}"}
_IN = {"sku": "{sku}", "qty": 1, "reason": "receipt", "to": {"node": "{warehouse}", "bin": "{bin}"}}

STOCK_OPERATIONS = [
    Operation(
        "POST", "/reservations", "/reservations",
        {"reference": "R-1", "channel": "{channel}", "lines": [_LINE]},
        "reservations:create", ("channel", "sku", "warehouse"),
    ),
    Operation("GET", "/reservations", "/reservations?channel={channel}", None, "reservations:read", ("channel",), 200),
    Operation("GET", "/stock/levels", "/stock/levels?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/stock/levels", "/stock/levels?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", "/channels/{code}/stock-levels", "/channels/{channel}/stock-levels", None, "stock:read", ("channel",)),
    Operation("GET", _ONE, _ONE, None, "reservations:read", ("reservation_id",)),
    Operation("PUT", _ONE, _ONE, {"strength": "allocated"}, "reservations:change", ("reservation_id",)),
    Operation("POST", _ONE + "/release", _ONE + "/release", None, "reservations:change", ("reservation_id",)),
    Operation("POST", _ONE + "/fulfil", _ONE + "/fulfil", None, "stock:pick", ("reservation_id",)),
    Operation("GET", "/availability", "/availability?channel={channel}&sku={sku}&by_node=true", None, "stock:read", ("channel",)),
    Operation("GET", "/availability", "/availability?channel={channel}&sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/availability/changes", "/availability/changes?channel={channel}", None, "stock:read", ("channel",)),
    Operation(
        "POST", "/stock/movements", "/stock/movements", {"reference": "M", "lines": [_IN]},
        "stock:move", ("sku", "warehouse", "bin"),
    ),
    Operation(
        "POST", "/stock/movements/{movement_id}/reverse", "/stock/movements/{movement_id}/reverse",
        None, "stock:adjust", ("movement_id",),
    ),
    Operation(
        "PUT", "/stock/levels", "/stock/levels",
        {"levels": [{"sku": "{sku}", "node": "{warehouse}", "safety": 1}]}, "stock:adjust", ("sku", "warehouse"),
    ),
    Operation(
        "PUT", "/channels/{code}/stock-levels", "/channels/{channel}/stock-levels",
        {"levels": [{"sku": "{sku}", "buffer": 1}]}, "channels:change", ("channel", "sku"),
    ),
    Operation("GET", "/stock", "/stock?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/stock", "/stock?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", "/movements", "/movements?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/stock/strategy", "/stock/strategy?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/stock/ageing", "/stock/ageing?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation("GET", "/stock/ageing", "/stock/ageing?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("PUT", "/stock/promotions", "/stock/promotions", {"lots": [{"sku": "{sku}", "lot": "L-1"}]}, "stock:adjust", ("sku",)),
]  # fmt: skip


async def add_stock(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """Ten units of the SKU in the warehouse, two of them reserved; references hold `secret`."""
    line = {
        "sku": ids["sku"], "qty": 10, "reason": "receipt", "lot": "L-1",
        "to": {"node": ids["warehouse"]},
    }  # fmt: skip
    posted = await key.post("/stock/movements", {"reference": secret[:80], "lines": [line]})
    wanted = [{"sku": ids["sku"], "qty": 2}]
    made = await key.post(
        "/reservations", {"reference": secret[:80], "channel": ids["channel"], "lines": wanted}
    )
    return {"reservation_id": made["id"], "movement_id": posted["movements"][0]}
