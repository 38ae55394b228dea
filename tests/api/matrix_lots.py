# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of lots, recalls, histories and adjustments."""

import msgspec

from entrepot.flows.ask_adjustment import ask_adjustment
from entrepot.kernel.principals import Staff
from entrepot.platform.database import Database
from entrepot.stock.adjustment_types import NewAdjustment
from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation
from tests.flows.trade import stamp

_ONE = "/adjustments/{adjustment_id}"
_RECALL = "/recalls/{recall_id}"
_ASK = {
    "node": "{warehouse}",
    "cause": "broken",
    "lines": [{"sku": "{sku}", "qty": 1, "reason": "scrap"}],
}
_CHANGE = {
    "node": "{warehouse}", "cause": "found_damaged",
    "lines": [{"sku": "{sku}", "qty": 1, "status": "good", "to_status": "damaged"}],
}  # fmt: skip

LOT_OPERATIONS = [
    Operation("POST", "/adjustments", "/adjustments", _ASK, "stock:adjust", ("warehouse", "sku")),
    Operation("GET", "/adjustments", "/adjustments?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", _ONE, _ONE, None, "stock:read", ("adjustment_id",)),
    Operation("POST", _ONE + "/approve", "/adjustments/{to_approve}/approve", {}, "stock:approve", ("to_approve",)),
    Operation("POST", _ONE + "/reject", "/adjustments/{to_reject}/reject", {}, "stock:approve", ("to_reject",)),
    Operation("POST", _ONE + "/withdraw", "/adjustments/{to_withdraw}/withdraw", {}, "stock:adjust", ("to_withdraw",)),
    Operation("POST", _ONE + "/erase-notes", _ONE + "/erase-notes", None, "stock:approve", ("adjustment_id",)),
    Operation("POST", "/stock/status-changes", "/stock/status-changes", _CHANGE, "stock:move", ("warehouse", "sku")),
    Operation("GET", "/stock/kept-back", "/stock/kept-back?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", "/stock/kept-back", "/stock/kept-back?sku={sku}", None, "stock:read", ("sku",), 200),
    Operation(
        "PUT", "/stock/values", "/stock/values", {"values": [{"sku": "{sku}", "value_minor": 100}]},
        "stock:approve", ("sku",),
    ),
    Operation("GET", "/lots", "/lots?lot={lot}", None, "stock:read", ("lot",), 200),
    Operation("GET", "/lots/trace", "/lots/trace?sku={lot_sku}&lot={lot}", None, "stock:read", ("lot_sku", "lot")),
    Operation("GET", "/lots/of-reference", "/lots/of-reference?reference={lot_reference}", None, "stock:read", ("lot_reference",), 200),
    Operation(
        "POST", "/recalls", "/recalls",
        {"reference": "R-2", "cause": "quality", "lines": [{"sku": "{sku}", "lot": "X-1"}]}, "stock:adjust", ("sku",),
    ),
    Operation("GET", "/recalls", "/recalls", None, "stock:read", ()),
    Operation("GET", _RECALL, _RECALL, None, "stock:read", ("recall_id",)),
    Operation("GET", _RECALL + "/recipients", _RECALL + "/recipients", None, "stock:read", ("recall_id",)),
    Operation("GET", _RECALL + "/export", _RECALL + "/export?form=csv", None, "stock:read", ("recall_id",)),
    Operation("POST", _RECALL + "/close", _RECALL + "/close", {"outcome": "released"}, "stock:approve", ("recall_id",)),
    Operation("GET", "/stock/history", "/stock/history?sku={sku}", None, "stock:read", ("sku",)),
    Operation("GET", "/stock/history/export", "/stock/history/export?sku={sku}", None, "stock:read", ("sku",)),
    Operation("GET", "/stock", "/stock?node={warehouse}&as_of=2026-11-22T09:00:00Z", None, "stock:read", ("warehouse",), 200),
]  # fmt: skip


async def add_lots(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str, db: Database, by: Staff
) -> dict[str, str]:
    """A lot that was received, partly sold and called back; adjustments that wait, asked for by
    somebody else than the key: its own would be for other eyes to decide."""
    sku, lot, reference = f"LOT-{side}", f"L-{side}", f"{secret.replace(' ', '-')[:60]}-{side}"
    await key.post("/skus", {"code": sku, "names": {"en": secret}, "lot_tracked": True})
    end = {"node": ids["warehouse"]}
    line = {"sku": sku, "qty": 5, "lot": lot, "reason": "receipt", "to": end}
    await key.post("/stock/movements", {"reference": reference, "lines": [line]})
    sold = {"sku": sku, "qty": 1, "lot": lot, "reason": "sale", "from": end}
    await key.post("/stock/movements", {"reference": reference, "lines": [sold]})
    recall = {"reference": reference[:60], "cause": "safety", "lines": [{"sku": sku, "lot": lot}]}
    made = await key.post("/recalls", recall)
    plain = {"sku": ids["sku"], "qty": 8, "reason": "found"}
    ask = {"node": ids["warehouse"], "cause": "turned_up", "lines": [plain], "note": secret}
    new = msgspec.convert(ask, NewAdjustment)
    found = [(await ask_adjustment(db, by, stamp(), new=new)).id for _ in range(3)]
    own = await key.post("/adjustments", ask)
    return {
        "to_withdraw": own["id"], "lot_sku": sku, "lot": lot, "lot_reference": reference, "recall_id": made["id"],
        "adjustment_id": str(found[0]), "to_approve": str(found[1]), "to_reject": str(found[2]),
    }  # fmt: skip
