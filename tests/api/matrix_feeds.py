# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of feeds: deltas, snapshots, drifts."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_AT = "2026-01-05T08:00:00Z"
_CORRECT = "/stock/drifts/{drift_id}/correct"

FEED_OPERATIONS = [
    Operation(
        "POST", "/stock/events", "/stock/events",
        {"feed": "erp", "node": "{warehouse}", "events": [{"sequence": 1, "sku": "{sku}", "delta": 1, "at": _AT}]},
        "feeds:post", ("warehouse",),
    ),
    Operation(
        "POST", "/stock/snapshots", "/stock/snapshots",
        {"feed": "erp", "node": "{warehouse}", "as_of": _AT, "counted": "gross", "lines": [{"sku": "{sku}", "qty": 1}]},
        "feeds:post", ("warehouse",),
    ),
    Operation("GET", "/stock/drifts", "/stock/drifts?node={warehouse}", None, "feeds:read", ("warehouse",), 200),
    Operation("POST", _CORRECT, _CORRECT, None, "reconciliation:repair", ("drift_id",)),
    Operation("GET", "/stock/feeds", "/stock/feeds?node={warehouse}", None, "feeds:read", ("warehouse",), 200),
]  # fmt: skip


async def add_feeds(key: ApiKeyInHand, side: str, ids: dict[str, str]) -> dict[str, str]:
    """A drift of three units, told by a feed of the warehouse."""
    shot = {
        "feed": f"wms-{side}", "node": ids["warehouse"], "as_of": _AT, "counted": "gross",
        "lines": [{"sku": ids["sku"], "qty": 3}],
    }  # fmt: skip
    await key.post("/stock/snapshots", shot)
    found = (await key.ask("GET", f"/stock/drifts?node={ids['warehouse']}")).json()
    return {"drift_id": found["items"][0]["id"]}
