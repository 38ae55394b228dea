"""Add a carton to the catalogue, or change one."""

from entrepot.access.flow import flow
from entrepot.consolidation import cartons
from entrepot.consolidation.packing.types import CartonType
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="settings:change", callers=(ApiKey, Staff))
async def change_carton(tx: Tx, *, carton: CartonType) -> CartonType:
    """The carton. Raises Invalid with every fault, Forbidden for who works in some warehouses
    only: all of them pack into it."""
    refuse_part_of_house(tx.principal)
    await cartons.put_carton(tx, carton=carton)
    facts = {"carton": carton.code, "inner_mm": list(carton.inner_mm), "max_g": carton.max_g}
    await put_audit(tx, verb="change_carton", subject="setting", subject_id=None, facts=facts)
    return carton
