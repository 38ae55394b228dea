"""Ask a connected carrier for prices, or no longer: the switch for a bad day."""

from entrepot.access.flow import flow
from entrepot.carriers import connections
from entrepot.carriers.connections import Connection, Switch
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="rate_cards:change", callers=(ApiKey, Staff))
async def switch_carrier(tx: Tx, *, code: str, to: Switch) -> Connection:
    """The connection as it is now. Raises NotFound, Forbidden for who works in some warehouses
    only."""
    refuse_part_of_house(tx.principal)
    connection_id = await connections.switch_connection(tx, code=code, enabled=to.enabled)
    await put_audit(
        tx,
        verb="switch_carrier",
        subject="carrier_connection",
        subject_id=connection_id,
        facts={"connection": code, "enabled": to.enabled},
    )
    (found,) = await connections.list_connections(tx, code=code)
    return found
