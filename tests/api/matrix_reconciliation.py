# ruff: noqa: E501 - the table of operations reads better in long lines
"""The tenant matrix of the reconciliation: runs, differences, periods."""

from entrepot.jobs.watching import watch_feeds
from entrepot.kernel.ids import TenantId
from entrepot.platform.database import Database
from entrepot.tenancy.entrances import Connection
from tests.api.harness import ApiKeyInHand
from tests.api.matrix_operation import Operation

_RUNS, _PERIOD = "/reconciliations", "/periods/{period}"
_ALARM = "/stock/feeds/alarms/{alarm_id}/correct"
_CORRECT = "/reconciliations/differences/{difference_id}/correct"

RECONCILIATION_OPERATIONS = [
    Operation("POST", _RUNS, _RUNS, {"mode": "full"}, "reconciliation:read", ()),
    Operation("GET", _RUNS, _RUNS, None, "reconciliation:read", ()),
    Operation("GET", _RUNS + "/{run_id}", _RUNS + "/{run_id}", None, "reconciliation:read", ("run_id",)),
    Operation("GET", _RUNS + "/differences", _RUNS + "/differences?node={warehouse}", None, "reconciliation:read", ("warehouse",), 200),
    Operation("POST", _CORRECT, _CORRECT, None, "reconciliation:repair", ("difference_id",)),
    Operation("POST", "/periods", "/periods", {"code": "NEW", "until": "2026-01-04T00:00:00Z"}, "reconciliation:close", ()),
    Operation("GET", "/periods", "/periods", None, "reconciliation:read", ()),
    Operation("GET", _PERIOD + "/balances", _PERIOD + "/balances?sku={sku}", None, "reconciliation:read", ("period",)),
    Operation("GET", _PERIOD + "/late", _PERIOD + "/late", None, "reconciliation:read", ("period",)),
    Operation("POST", _PERIOD + "/reopen", _PERIOD + "/reopen", None, "reconciliation:close", ("period",)),
    Operation(
        "PUT", "/nodes/{code}/feed-policy", "/nodes/{warehouse}/feed-policy",
        {"stale_after_s": 60, "stale_policy": "ignore"}, "nodes:change", ("warehouse",),
    ),
    Operation("GET", "/stock/feeds/states", "/stock/feeds/states?node={warehouse}", None, "feeds:read", ("warehouse",), 200),
    Operation("GET", "/stock/feeds/alarms", "/stock/feeds/alarms?node={warehouse}", None, "feeds:read", ("warehouse",), 200),
    Operation("POST", _ALARM, _ALARM, None, "reconciliation:repair", ("alarm_id",)),
    Operation("GET", "/stock/accuracy", "/stock/accuracy?sku={sku}", None, "feeds:read", ()),
]  # fmt: skip


async def add_reconciliation(
    db: Database,
    owner: Connection,
    tenant: TenantId,
    key: ApiKeyInHand,
    side: str,
    ids: dict[str, str],
) -> dict[str, str]:
    """A run, a closed period, and a guarding row of the warehouse that says one too many."""
    done = await owner.execute(
        "update stock.sku_node set on_hand = on_hand + 1 where (sku_id, node_id) = ("
        " select g.sku_id, g.node_id from stock.sku_node g join nodes.node n using (node_id)"
        " join catalog.sku s using (sku_id) where n.code = $1 and s.code = $2)",
        ids["warehouse"], ids["sku"],
    )  # fmt: skip
    assert done == "UPDATE 1"
    twins = [
        {"feed": f"wms-{side}", "node": ids["warehouse"], "events": [
            {"sequence": n, "sku": ids["sku"], "delta": 1, "at": "2026-01-06T08:00:00Z"}]}
        for n in (1, 2)
    ]  # fmt: skip
    for told in twins:
        await key.post("/stock/events", told)
    await watch_feeds(db, tenant=tenant)
    alarms = (await key.ask("GET", f"/stock/feeds/alarms?node={ids['warehouse']}")).json()
    run = await key.post("/reconciliations", {"mode": "full"})
    await key.post("/periods", {"code": f"P-{side}", "until": "2026-01-03T00:00:00Z"})
    found = await key.ask("GET", f"{_RUNS}/differences?node={ids['warehouse']}")
    return {
        "alarm_id": alarms["items"][0]["id"], "run_id": run["id"], "period": f"P-{side}",
        "difference_id": found.json()["items"][0]["id"],
    }  # fmt: skip
