"""Set what a channel leaves to others and may take: buffers, quotas, protected stock."""

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Job, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.parcels.scope import needs_all_warehouses
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx
from entrepot.stock import operations, queries, strategy
from entrepot.stock.types import LevelsSet, NewChannelLevels


@flow(permission="channels:change", callers=(ApiKey, Staff, Job))
async def set_channel_levels(tx: Tx, *, channel: str, new: NewChannelLevels) -> LevelsSet:
    """How many rows. Raises NotFound for an unknown channel or SKU, Invalid for one named twice."""
    needs_all_warehouses(tx.principal)
    channel_id = await queries.channel_named(tx, code=channel)
    codes = [level.sku for level in new.levels]
    if len(set(codes)) < len(codes):
        error = FieldError("levels", "named_twice", "a SKU is named twice")
        raise Invalid("a SKU is named twice", errors=[error])
    if new.uses_protected is not None:
        await operations.let_use_protected(
            tx, channel_id=channel_id, uses_protected=new.uses_protected
        )
        await operations.tell_channel_rules(tx, channel=channel)
    if new.min_life_days is not None:
        await strategy.set_min_life(tx, channel_id=channel_id, min_life_days=new.min_life_days)
    if codes:
        await operations.set_channel_levels(
            tx,
            channel_id=channel_id,
            skus=await queries.skus_named(tx, skus=codes, path="levels"),
            buffers=[level.buffer for level in new.levels],
            quotas=[-1 if level.no_quota else level.quota for level in new.levels],
        )
    await operations.tell_levels(tx, skus=codes, channel=channel)
    await put_audit(
        tx, verb="set_channel_levels", subject="channel", subject_id=channel_id,
        facts={"rows": len(codes)},
    )  # fmt: skip
    return LevelsSet(len(codes))
