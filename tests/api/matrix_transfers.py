# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of transfers and picking."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_ONE = "/transfers/{transfer_id}"
_PICKS = "/reservations/{reservation_id}/picks"
_PICK = _PICKS.replace("reservation_id", "picked_reservation_id")
_LINE = {"sku": "{transfer_sku}", "qty": 1}
_AT = {"node": "{warehouse}", "bin": "{bin}", "sku": "{transfer_sku}"}

TRANSFER_OPERATIONS = [
    Operation(
        "POST", "/transfers", "/transfers",
        {"from": "{warehouse}", "to": "{other_warehouse}", "reference": "R", "lines": [_LINE]},
        "stock:move", ("warehouse", "other_warehouse", "transfer_sku"),
    ),
    Operation("GET", "/transfers", "/transfers?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", _ONE, _ONE, None, "stock:read", ("transfer_id",)),
    Operation("POST", _ONE + "/send", _ONE + "/send", {}, "stock:move", ("transfer_id",)),
    Operation(
        "POST", _ONE + "/receive", "/transfers/{sent_transfer_id}/receive", {"goods": [_LINE]},
        "stock:receive", ("sent_transfer_id", "transfer_sku"),
    ),
    Operation(
        "POST", _ONE + "/close", "/transfers/{sent_transfer_id}/close", {"reason": "lost"},
        "stock:receive", ("sent_transfer_id",),
    ),
    Operation("POST", _ONE + "/cancel", "/transfers/{drafted_transfer_id}/cancel", None, "stock:move", ("drafted_transfer_id",)),
    Operation("GET", "/picks", "/picks?node={warehouse}", None, "stock:pick", ("warehouse",), 200),
    Operation("GET", _PICKS, _PICK + "?node={warehouse}", None, "stock:pick", ("picked_reservation_id", "warehouse")),
    Operation(
        "POST", _PICKS, _PICK, _AT, "stock:pick",
        ("picked_reservation_id", "warehouse", "bin", "transfer_sku"),
    ),
    Operation(
        "POST", _PICKS.replace("picks", "unpick"), _PICK.replace("picks", "unpick"),
        {"node": "{warehouse}", "sku": "{transfer_sku}"}, "stock:pick",
        ("picked_reservation_id", "warehouse", "transfer_sku"),
    ),
    Operation(
        "POST", _PICKS.replace("picks", "short"), _PICK.replace("picks", "short"), _AT, "stock:pick",
        ("picked_reservation_id", "warehouse", "bin", "transfer_sku"),
    ),
]  # fmt: skip


async def add_transfers(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """Transfers to a second warehouse, drafted and sent, and a reservation to pick; `secret` is
    the reference of each."""
    sku, warehouse, other = f"MOVED-{side}", ids["warehouse"], f"V-{side}"
    await key.post("/skus", {"code": sku, "names": {"en": secret}})
    await key.post("/nodes", {"code": other, "zone": "UTC", "names": {"en": secret}})
    pack = {"bins": [{"code": f"PACK-{side}", "class": "packed"}]}
    await key.post(f"/nodes/{warehouse}/bins", pack)
    line = {
        "sku": sku,
        "qty": 50,
        "reason": "receipt",
        "to": {"node": warehouse, "bin": ids["bin"]},
    }
    await key.post("/stock/movements", {"reference": secret[:80], "lines": [line]})
    new = {
        "from": warehouse, "to": other, "reference": secret[:80],
        "lines": [{"sku": sku, "qty": 5}],
    }  # fmt: skip
    drafts = [(await key.post("/transfers", new))["id"] for _ in range(3)]
    await key.post(f"/transfers/{drafts[1]}/send", {})
    wanted = [{"sku": sku, "qty": 9, "node": warehouse}]
    made = await key.post(
        "/reservations",
        {"reference": f"{secret} to pick"[:80], "channel": ids["channel"], "lines": wanted},
    )
    return {
        "transfer_sku": sku, "other_warehouse": other, "transfer_id": drafts[0],
        "sent_transfer_id": drafts[1], "drafted_transfer_id": drafts[2],
        "picked_reservation_id": made["id"],
    }  # fmt: skip
