"""Take a carton out of the catalogue."""

from entrepot.access.flow import flow
from entrepot.consolidation import cartons, queries
from entrepot.consolidation.types import Settings
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="settings:change", callers=(ApiKey, Staff))
async def remove_carton(tx: Tx, *, code: str) -> Settings:
    """What is left. Raises NotFound, Conflict (`last_carton`), Forbidden for who works in some
    warehouses only."""
    refuse_part_of_house(tx.principal)
    await cartons.end_carton(tx, code=code)
    await put_audit(
        tx, verb="remove_carton", subject="setting", subject_id=None, facts={"carton": code}
    )
    return await queries.get_settings(tx)
