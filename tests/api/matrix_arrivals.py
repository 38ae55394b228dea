# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of goods that come in: ASNs, receipts, put-away, returns."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_ONE = "/asns/{asn_id}"
_ANNOUNCED = {
    "reference": "ASN-1", "node": "{warehouse}", "expected_at": "2027-01-01T00:00:00Z",
    "lines": [{"code": "{sku}", "qty": 2}],
}  # fmt: skip
_FILE = {
    "reference": "ASN-2", "node": "{warehouse}", "expected_at": "2027-01-01T00:00:00Z",
    "csv": "code,qty\n{sku},2\n",
}  # fmt: skip

ARRIVAL_OPERATIONS = [
    Operation("POST", "/asns", "/asns", _ANNOUNCED, "arrivals:create", ("warehouse", "sku")),
    Operation("POST", "/asns/import", "/asns/import", _FILE, "arrivals:create", ("warehouse", "sku")),
    Operation("GET", "/asns", "/asns?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation("GET", _ONE, _ONE, None, "stock:read", ("asn_id",)),
    Operation(
        "POST", "/receipts", "/receipts",
        {"node": "{warehouse}", "asn": "{asn_id}", "lines": [{"code": "{sku}", "bin": "{bin}"}]},
        "stock:receive", ("warehouse", "asn_id", "sku", "bin"),
    ),
    Operation("POST", _ONE + "/close", _ONE + "/close", {"reason": "not_sent"}, "stock:receive", ("asn_id",)),
    Operation("POST", _ONE + "/cancel", "/asns/{other_asn_id}/cancel", {}, "arrivals:create", ("other_asn_id",)),
    Operation("GET", "/dock", "/dock?node={warehouse}", None, "stock:read", ("warehouse",), 200),
    Operation(
        "GET", "/put-aways/suggestions", "/put-aways/suggestions?node={warehouse}&code={sku}", None,
        "stock:read", ("warehouse", "sku"),
    ),
    Operation(
        "POST", "/put-aways", "/put-aways", {"node": "{warehouse}", "code": "{sku}", "to": "{bin}", "lot": ""},
        "stock:move", ("warehouse", "sku", "bin"),
    ),
    Operation(
        "POST", "/put-aways/{movement_id}/undo", "/put-aways/{put_away_id}/undo", {}, "stock:move",
        ("put_away_id",),
    ),
    Operation(
        "POST", "/goods-returns", "/goods-returns",
        {"node": "{warehouse}", "reference": "{sold}", "lines": [{"code": "{sku}", "bin": "{bin}"}]},
        "stock:receive", ("warehouse", "sold", "sku", "bin"),
    ),
    Operation("GET", "/nodes/{code}/receiving-rule", "/nodes/{warehouse}/receiving-rule", None, "stock:read", ("warehouse",)),
    Operation(
        "PUT", "/nodes/{code}/receiving-rule", "/nodes/{warehouse}/receiving-rule",
        {"over_permille": 50}, "stock:approve", ("warehouse",),
    ),
]  # fmt: skip


async def add_arrivals(
    key: ApiKeyInHand, side: str, ids: dict[str, str], *, secret: str
) -> dict[str, str]:
    """Two ASNs, of one of which something was received; a put-away and a sale of the SKU."""
    base = {"node": ids["warehouse"], "expected_at": "2027-01-01T00:00:00Z"}
    lines = [{"code": ids["sku"], "qty": 5}]
    asns = [
        await key.post("/asns", base | {"reference": f"{secret[:60]} {n}", "lines": lines})
        for n in (1, 2)
    ]
    one = [{"code": ids["sku"], "qty": 4}]
    await key.post("/receipts", {"node": ids["warehouse"], "asn": asns[0]["id"], "lines": one})
    put = {"node": ids["warehouse"], "code": ids["sku"], "to": ids["bin"], "lot": ""}
    done = await key.post("/put-aways", put)
    end = {"node": ids["warehouse"]}
    sale = {"sku": ids["sku"], "qty": 2, "reason": "sale", "from": end}
    sold = f"{secret[:60]} sold"
    await key.post("/stock/movements", {"reference": sold, "lines": [sale]})
    return {
        "asn_id": asns[0]["id"], "other_asn_id": asns[1]["id"],
        "put_away_id": done["movements"][0], "sold": sold,
    }  # fmt: skip
