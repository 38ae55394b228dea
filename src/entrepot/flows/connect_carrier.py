"""Connect a live carrier, or change its connection: credentials go in sealed and never come out."""

from typing import Any

from entrepot.access.flow import split_flow
from entrepot.carriers import connections
from entrepot.carriers.connections import Connection, NewConnection
from entrepot.carriers.live import LiveDoor
from entrepot.flows.preview_rate_cards import refuse_part_of_house
from entrepot.kernel.ids import new_id
from entrepot.kernel.principals import ApiKey, Principal, Staff
from entrepot.kernel.refusals import FieldError, Invalid
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Database, Tx
from entrepot.platform.outgoing import NotAnswered


async def check_address(
    db: Database, principal: Principal, *, code: str, new: NewConnection, live: LiveDoor
) -> dict[str, Any]:
    """Resolve the carrier's name before anything is kept: it must lead to public addresses.

    Raises Invalid (`base_url`). Every request checks again, because names change.
    """
    connections.check_connection(new, loopback=live.outgoing.loopback)
    if new.base_url:
        try:
            await live.outgoing.check(new.base_url)
        except NotAnswered as error:
            wrong = FieldError("base_url", error.trouble, "this address cannot be asked")
            raise Invalid("the connection has errors", errors=[wrong]) from error
    return {"code": code, "new": new, "live": live}


@split_flow(permission="rate_cards:change", callers=(ApiKey, Staff), before=check_address)
async def connect_carrier(tx: Tx, *, code: str, new: NewConnection, live: LiveDoor) -> Connection:
    """The connection as it is now. Raises Invalid with all errors, Forbidden for who works in
    some warehouses only."""
    refuse_part_of_house(tx.principal)
    connection_id = await connections.put_connection(
        tx, code=code, new=new, connection_id=new_id(tx.now), sealing=live.sealing
    )
    await put_audit(
        tx,
        verb="connect_carrier",
        subject="carrier_connection",
        subject_id=connection_id,
        facts={
            "connection": code,
            "adapter": new.adapter,
            "enabled": new.enabled,
            "credentials": sorted(new.credentials or {}),
        },
    )
    (made,) = await connections.list_connections(tx, code=code)
    return made
