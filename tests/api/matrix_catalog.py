# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of the catalogue and of the nodes: SKUs, attributes, channels, groups."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_TYPE = {"type": "boolean"}

CATALOG_OPERATIONS = [
    Operation("POST", "/skus", "/skus", {"code": "SKU-NEW", "names": {"en": "N"}}, "catalog:change", ()),
    Operation(
        "POST", "/skus", "/skus", {"code": "KIT-NEW", "parts": [{"sku": "{sku}", "quantity": 2}]},
        "catalog:change", ("sku",), 422,
    ),
    Operation("GET", "/skus", "/skus?search={sku}", None, "catalog:read", ("sku",), 200),
    Operation("GET", "/skus", "/skus?search={gtin}", None, "catalog:read", ("gtin",), 200),
    Operation("GET", "/skus/{code}", "/skus/{sku}", None, "catalog:read", ("sku",)),
    Operation("PUT", "/skus/{code}", "/skus/{sku}", {"names": {"en": "M"}}, "catalog:change", ("sku",)),
    Operation("GET", "/skus/export", "/skus/export", None, "catalog:read", ()),
    Operation("POST", "/skus/import", "/skus/import", {"csv": "code\nSKU-OF-A-FILE"}, "catalog:change", ()),
    Operation("POST", "/skus/import/preview", "/skus/import/preview", {"csv": "code\nSKU-2"}, "catalog:change", ()),
    Operation("GET", "/sku-attributes", "/sku-attributes", None, "catalog:read", ()),
    Operation("POST", "/sku-attributes", "/sku-attributes", {"name": "glass"} | _TYPE, "catalog:change", ()),
    Operation("POST", "/lookups", "/lookups", {"code": "{sku}", "warehouse": "W-{side}"}, "parcels:read", ("sku",), 200),
    Operation("POST", "/lookups", "/lookups", {"code": "{gtin}", "warehouse": "W-{side}"}, "parcels:read", ("gtin",), 200),
    Operation("GET", "/nodes", "/nodes", None, "nodes:read", ()),
    Operation("GET", "/nodes/export", "/nodes/export", None, "nodes:read", ()),
    Operation("POST", "/nodes/import", "/nodes/import", {"csv": "code,zone\nW-FILE,UTC"}, "nodes:create", ()),
    Operation("GET", "/nodes/{code}", "/nodes/{warehouse}", None, "nodes:read", ("warehouse",)),
    Operation("PATCH", "/nodes/{code}", "/nodes/{warehouse}", {"region": "CN-GD"}, "nodes:change", ("warehouse",)),
    Operation("GET", "/node-attributes", "/node-attributes", None, "nodes:read", ()),
    Operation("POST", "/node-attributes", "/node-attributes", {"name": "dock"} | _TYPE, "nodes:change", ()),
    Operation("GET", "/channels", "/channels", None, "channels:read", ()),
    Operation(
        "POST", "/channels", "/channels",
        {"code": "NEW", "pool": [{"node": "{warehouse}", "priority": 1}]}, "channels:change", ("warehouse",),
    ),
    Operation(
        "POST", "/channels", "/channels", {"code": "NEW2", "group": "{group}"}, "channels:change", ("group",),
    ),
    Operation("GET", "/channels/{code}", "/channels/{channel}", None, "channels:read", ("channel",)),
    Operation(
        "PUT", "/channels/{code}", "/channels/{channel}",
        {"pool": [{"node": "{warehouse}", "priority": 1}]}, "channels:change", ("channel", "warehouse"),
    ),
    Operation("GET", "/node-groups", "/node-groups", None, "nodes:read", ()),
    Operation(
        "PUT", "/node-groups/{code}", "/node-groups/NEW",
        {"nodes": ["{warehouse}"], "rules": [{"to": "{group}", "verdict": "allow"}]},
        "nodes:change", ("warehouse", "group"),
    ),
]  # fmt: skip


async def add_catalog(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """A SKU with a GTIN, attributes, a channel and a group; `secret` stands in every name."""
    names = {"en": secret}
    gtin = "4006381333931" if side == "A" else "5901234123457"
    await key.post("/sku-attributes", {"name": f"own_{side.lower()}", "names": names} | _TYPE)
    await key.post("/node-attributes", {"name": f"own_{side.lower()}", "names": names} | _TYPE)
    await key.post("/skus", {"code": f"SKU-{side}", "names": names, "gtins": [gtin]})
    group = {"names": names, "nodes": [ids["warehouse"]]}
    assert (await key.ask("PUT", f"/node-groups/GROUP-{side}", group)).is_success
    pool = [{"node": ids["warehouse"], "priority": 1}]
    await key.post("/channels", {"code": f"SHOP-{side}", "names": names, "pool": pool})
    return {
        "sku": f"SKU-{side}", "gtin": gtin, "channel": f"SHOP-{side}", "group": f"GROUP-{side}",
    }  # fmt: skip
