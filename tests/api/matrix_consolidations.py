# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of consolidations: drafts, what they hold, the line chosen, the settings."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

ONE = "/consolidations/{consolidation_id}"
BOX = {
    "code": "S9",
    "inner_mm": [500, 400, 300],
    "outer_mm": [510, 410, 310],
    "tare_g": 500,
    "max_g": 30000,
}
RULES = {"measured": True}
SETTINGS = {"cartons": [BOX | {"code": "K9"}], "rules": RULES}
CARTON = "/consolidation-settings/cartons/{code}"
CONSOLIDATION_OPERATIONS = [
    Operation(
        "POST", "/consolidations", "/consolidations",
        {"customer_id": "{customer_id}", "warehouse": "{warehouse}", "destination": {"country": "JP"}},
        "consolidations:create", ("customer_id", "warehouse"),
    ),
    Operation(
        "POST", "/consolidations", "/consolidations",
        {"customer_id": "{customer_id}", "warehouse": "{warehouse}", "parcels": ["{spare_parcel_id}"]},
        "consolidations:create", ("spare_parcel_id",),
    ),
    Operation("GET", "/consolidations", "/consolidations?customer_id={customer_id}", None, "consolidations:read", ("customer_id",), 200),
    Operation("GET", "/consolidations", "/consolidations?warehouse={warehouse}", None, "consolidations:read", ("warehouse",), 200),
    Operation("GET", "/consolidations/ready", "/consolidations/ready?customer_id={customer_id}", None, "consolidations:read", ("customer_id",)),
    Operation("GET", ONE, ONE, None, "consolidations:read", ("consolidation_id",)),
    Operation("GET", ONE + "/advice", ONE + "/advice", None, "consolidations:read", ("consolidation_id",)),
    Operation(
        "POST", ONE + "/parcels", ONE + "/parcels", {"parcels": ["{spare_parcel_id}"]},
        "consolidations:change", ("consolidation_id", "spare_parcel_id"),
    ),
    Operation(
        "PUT", ONE + "/destination", ONE + "/destination", {"country": "JP"},
        "consolidations:change", ("consolidation_id",),
    ),
    Operation("POST", ONE + "/prices", ONE + "/prices", {}, "consolidations:change", ("consolidation_id",)),
    Operation(
        "POST", ONE + "/choice", ONE + "/choice", {"service": "{service}"},
        "consolidations:change", ("consolidation_id",),
    ),
    Operation(
        "DELETE", ONE + "/parcels/{parcel_id}", ONE + "/parcels/{joined_parcel_id}", None,
        "consolidations:change", ("consolidation_id", "joined_parcel_id"),
    ),
    Operation("DELETE", ONE, ONE, None, "consolidations:change", ("consolidation_id",)),
    Operation("GET", "/consolidation-settings", "/consolidation-settings", None, "settings:read", ()),
    Operation("PUT", "/consolidation-settings", "/consolidation-settings", SETTINGS, "settings:change", ()),
    Operation(
        "PUT", "/consolidation-settings/rules", "/consolidation-settings/rules", RULES,
        "settings:change", (),
    ),
    Operation("PUT", CARTON, CARTON.replace("{code}", "S9"), BOX, "settings:change", ()),
    Operation("DELETE", CARTON, CARTON.replace("{code}", "S9"), None, "settings:change", ()),
]  # fmt: skip


async def add_consolidations(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """A draft of two parcels and a third that could join; `secret` is in what they hold."""
    measures = {"weight_g": 900, "length_mm": 300, "width_mm": 200, "height_mm": 100}
    item = {"description": secret, "quantity": 1, "unit_price_minor": 990, "currency": "CNY"}
    parcels = []
    for last in "123":
        number = f"SF00000000{'6666' if side == 'B' else '3333'}{last}"
        announced = {"customer_id": ids["customer_id"], "tracking_number": number, "items": [item]}
        await key.post("/pre-alerts", announced)
        scan = {"warehouse": ids["warehouse"], "tracking_number": number, **measures}
        parcels.append((await key.post("/scans", scan))["parcel"]["id"])
    wish = {
        "customer_id": ids["customer_id"], "warehouse": ids["warehouse"],
        "parcels": parcels[:2], "destination": {"country": "JP", "postcode": "150-0043"},
    }  # fmt: skip
    made = await key.post("/consolidations", wish)
    assert made["quote"] is not None
    return {
        "consolidation_id": made["id"],
        "joined_parcel_id": parcels[0],
        "spare_parcel_id": parcels[2],
    }
