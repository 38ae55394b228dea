"""Open the counts that a rule asks for: goods whose class is due, emptied bins, parcels' bins."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.counts import operations, queries, rules
from entrepot.counts.types import CountSummary, NewCountPlan, OpenedCounts
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import find_bin, get_place
from entrepot.nodes.types import NodePlace
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx

_TURNOVER_DAYS = 90


@flow(permission="counts:create", callers=(Staff, ApiKey))
async def plan_counts(tx: Tx, *, plan: NewCountPlan) -> OpenedCounts:
    """What was opened; what has a live sheet already is left alone."""
    scope = scope_of(tx.principal).warehouses
    place = await get_place(tx, code=plan.warehouse, warehouses=scope)
    opened: list[CountSummary] = []
    for code, sku_id in await _wanted(tx, place, plan):
        found = await find_bin(tx, warehouse=plan.warehouse, code=code, warehouses=scope)
        if found is None:
            continue
        sheet = operations.NewSheet(plan.what, plan.warehouse, found.id, sku_id, plan.rule)
        count_id = await operations.open_count(tx, sheet=sheet)
        if count_id is not None:
            opened.append(await queries.get_summary(tx, count_id=count_id, warehouses=scope))
    await put_audit(
        tx,
        verb="plan_counts",
        subject="node",
        subject_id=place.node_id,
        facts={"rule": plan.rule, "opened": len(opened)},
    )
    return OpenedCounts(opened)


async def _wanted(tx: Tx, place: NodePlace, plan: NewCountPlan) -> list[tuple[str, UUID | None]]:
    """Bins, and the SKU in each when the rule speaks of goods; in the order of need."""
    if plan.what == "parcels":
        bins = await queries.list_parcel_bins_due(tx, node_id=place.node_id, most=plan.most)
        return [(code, None) for code in bins]
    if plan.rule == "zero":
        bins = await queries.list_emptied_bins(tx, node_id=place.node_id, most=plan.most)
        return [(code, None) for code in bins]
    since = queries.since(tx.now, _TURNOVER_DAYS)
    moved = await queries.list_turnover(tx, node_id=place.node_id, since=since)
    codes = rules.due(moved, now=tx.now, days=rules.ABC_DAYS)
    if plan.rule == "value":
        of = rules.classes(moved)
        codes = [code for code in codes if of[code] == "a"]
    known = await queries.list_skus(tx, codes=codes[: plan.most])
    rows = await queries.list_bins_of_skus(tx, node_id=place.node_id, codes=codes[: plan.most])
    wanted: list[tuple[str, UUID | None]] = [
        (row.bin, known[row.sku].sku_id) for row in rows if row.sku in known
    ]
    return wanted[: plan.most]
