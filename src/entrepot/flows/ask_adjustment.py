"""Ask for an adjustment: within the limits of the node it is posted, above them it waits."""

import msgspec

from entrepot.access.flow import flow
from entrepot.counts.queries import find_limits
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.nodes.queries import get_place
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import coming, queries
from entrepot.stock.adjustment_rules import Limits, movement_of
from entrepot.stock.adjustment_types import AdjustmentSummary, NewAdjustment, NewAdjustmentLine
from entrepot.stock.adjustments import operations as adjustments
from entrepot.stock.adjustments import queries as adjustment_queries
from entrepot.stock.scope import warehouses_of


@flow(permission="stock:adjust", callers=(Staff, ApiKey))
async def ask_adjustment(tx: Tx, *, new: NewAdjustment) -> AdjustmentSummary:
    """The adjustment, posted or requested. The limits are those of counts in the node: what one
    pair of eyes may approve in a count they may adjust in a day. See `stock.adjustments.ask`;
    Invalid `is_kit` for kits that were found, and as `coming.as_kept`."""
    place = await get_place(tx, code=new.node, warehouses=warehouses_of(tx.principal))
    await queries.refuse_found_kits(
        tx, skus=[line.sku if line.reason == "found" else "" for line in new.lines]
    )
    new = msgspec.structs.replace(new, lines=await _as_kept(tx, new))
    limits = await find_limits(tx, node_id=place.node_id)
    adjustment_id = await adjustments.ask(
        tx, new=new, limits=Limits(limits.four_eyes_units, limits.four_eyes_minor)
    )
    made = await adjustment_queries.get_summary(tx, adjustment_id=adjustment_id)
    await put_audit(
        tx, verb="ask_adjustment", subject="adjustment", subject_id=adjustment_id,
        facts={"state": made.state, "cause": made.cause, "units": made.units, "over": made.over},
    )  # fmt: skip
    return made


async def _as_kept(tx: Tx, new: NewAdjustment) -> list[NewAdjustmentLine]:
    asked = [movement_of(line, new.node) for line in new.lines]
    kept = await coming.as_kept(tx, movements=asked)
    return [
        msgspec.structs.replace(line, lot=one.lot, owner=one.owner, serial=one.serial)
        for line, one in zip(new.lines, kept, strict=True)
    ]
