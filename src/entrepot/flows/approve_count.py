"""Approve a count: what was counted twice and still differs is posted."""

from uuid import UUID

import msgspec

from entrepot.access.flow import flow
from entrepot.counts import operations, queries
from entrepot.counts.operations import Difference
from entrepot.counts.types import CountSummary, TakenCount
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import Conflict, NotFound
from entrepot.nodes.queries import find_bin
from entrepot.parcels import operations as parcels
from entrepot.parcels.scope import scope_of
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations as stock
from entrepot.stock.feeds import operations as feeds
from entrepot.stock.queries import refuse_found_kits
from entrepot.stock.types import End, NewMovement


@flow(permission="counts:approve", callers=(Staff, ApiKey))
async def approve_count(tx: Tx, *, count_id: UUID) -> CountSummary:
    """The closed sheet. Raises Conflict (`wrong_state`) when no finished round waits, Forbidden
    (`other_eyes_needed`) above the limit for whoever counted, Conflict when what is missing by
    the count has moved away meanwhile, Invalid (`is_kit`) for units found of what has become a
    kit since."""
    scope = scope_of(tx.principal).warehouses
    taken = await operations.take_count(tx, count_id=count_id, warehouses=scope)
    if not taken.asked:
        raise Conflict(
            "no finished round waits for a decision",
            code="wrong_state",
            status_now=taken.status,
            verb="approve",
        )
    await operations.check_eyes(tx, taken=taken)
    posted = await post_differences(tx, taken)
    await operations.close(tx, taken=taken, verb="approve")
    await put_audit(
        tx,
        verb="approve_count",
        subject="count",
        subject_id=count_id,
        facts={"lines": posted},
    )
    return await queries.get_summary(tx, count_id=count_id, warehouses=scope)


async def post_differences(tx: Tx, taken: TakenCount) -> int:
    """Post what the last finished round changes, through the room of the thing counted; how many
    lines that were."""
    found = await operations.differences(tx, taken=taken)
    if taken.what == "parcels":
        await _post_parcels(tx, taken, found)
    elif found:
        await refuse_found_kits(tx, skus=[one.sku or "" if one.units > 0 else "" for one in found])
        moves = [_movement(taken, one) for one in found]
        await feeds.refuse_edits(tx, movements=moves)
        await stock.post(tx, reference=f"count {taken.count_id}", movements=moves)
    return len(found)


def _movement(taken: TakenCount, one: Difference) -> NewMovement:
    end = msgspec.convert({"node": taken.warehouse, "bin": taken.bin, "status": one.status}, End)
    more = one.units > 0
    return NewMovement(
        sku=one.sku or "",
        qty=abs(one.units),
        reason="count_more" if more else "count_less",
        from_=None if more else end,
        to=end if more else None,
        lot=one.lot,
        serial=one.serial or None,
        owner=one.owner,
    )


async def _post_parcels(tx: Tx, taken: TakenCount, found: list[Difference]) -> None:
    """Missing parcels are set aside, found ones are stored where they lie; in order of ids."""
    for one in sorted(found, key=lambda d: str(d.parcel_id)):
        if one.parcel_id is None:
            continue
        if one.units < 0:
            await parcels.set_aside(tx, parcel_id=one.parcel_id, reason="missing_at_count")
            continue
        scope = scope_of(tx.principal).warehouses
        into = await find_bin(tx, warehouse=taken.warehouse, code=taken.bin, warehouses=scope)
        if into is None:
            raise NotFound("the bin is closed", code="unknown_bin", bin=taken.bin)
        await parcels.find_again(tx, parcel_id=one.parcel_id, into=into)
