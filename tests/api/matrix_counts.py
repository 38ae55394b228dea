# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of counts."""

from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

COUNT = "/counts/{count_id}"

COUNT_OPERATIONS = [
    Operation(
        "POST", "/counts", "/counts", {"what": "parcels", "warehouse": "{warehouse}", "bin": "{spare_bin}"},
        "counts:create", ("warehouse", "spare_bin"),
    ),
    Operation(
        "POST", "/counts/plan", "/counts/plan", {"what": "stock", "warehouse": "{warehouse}", "rule": "abc"},
        "counts:create", ("warehouse",),
    ),
    Operation("GET", "/counts", "/counts?warehouse={warehouse}", None, "counts:read", ("warehouse",), 200),
    Operation("GET", COUNT, COUNT, None, "counts:read", ("count_id",)),
    Operation("POST", COUNT + "/begin", COUNT + "/begin", {}, "counts:count", ("count_id",)),
    Operation("POST", COUNT + "/sheet", COUNT + "/sheet", {"goods": []}, "counts:count", ("count_id",)),
    Operation("POST", COUNT + "/approve", "/counts/{asked_count_id}/approve", {}, "counts:approve", ("asked_count_id",)),
    Operation("POST", COUNT + "/reject", "/counts/{other_count_id}/reject", {}, "counts:approve", ("other_count_id",)),
    Operation("GET", "/nodes/{code}/count-limits", "/nodes/{warehouse}/count-limits", None, "counts:approve", ("warehouse",)),
    Operation(
        "PUT", "/nodes/{code}/count-limits", "/nodes/{warehouse}/count-limits",
        {"free_units": 0, "four_eyes_units": 5}, "stock:approve", ("warehouse",),
    ),
]  # fmt: skip


async def add_counts(key: ApiKeyInHand, side: str, ids: dict[str, str]) -> dict[str, str]:
    """Four bins: one to open, one open, one whose count waits for a decision, one to reject."""
    warehouse = ids["warehouse"]
    bins = [f"COUNT-{side}-{n}" for n in range(4)]
    await key.post(f"/nodes/{warehouse}/bins", {"bins": [{"code": code} for code in bins]})
    found = []
    for code in bins[1:]:
        sheet = {"what": "parcels", "warehouse": warehouse, "bin": code}
        found.append((await key.post("/counts", sheet))["id"])
    for _ in range(2):
        seen = {"parcels": [ids["parcel_id"]]}
        await key.post(f"/counts/{found[1]}/sheet", seen)
    return {
        "spare_bin": bins[0],
        "count_id": found[0],
        "asked_count_id": found[1],
        "other_count_id": found[2],
    }
