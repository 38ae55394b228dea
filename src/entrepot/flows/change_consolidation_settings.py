"""Change which cartons there are and which parcels may join a draft."""

from entrepot.access.flow import flow
from entrepot.consolidation import operations, queries
from entrepot.consolidation.types import Settings
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="settings:change", callers=(ApiKey, Staff))
async def change_consolidation_settings(tx: Tx, *, new: Settings) -> Settings:
    """The settings as they are then; drafts are judged by them at their next look.

    Raises Invalid naming every carton that cannot be used, Forbidden for who works in some
    warehouses only: all warehouses pack and admit by them.
    """
    refuse_part_of_house(tx.principal)
    await operations.change_settings(tx, new=new)
    facts = {"cartons": [carton.code for carton in new.cartons]}
    await put_audit(
        tx, verb="change_consolidation_settings", subject="setting", subject_id=None, facts=facts
    )
    return await queries.get_settings(tx)
