"""Put a parcel away: from the receiving bin onto a shelf of the same node."""

from uuid import UUID

from entrepot.access.flow import flow
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.kernel.refusals import NotFound
from entrepot.nodes.queries import find_bin, is_bin_code
from entrepot.parcels import operations, queries
from entrepot.parcels.scope import scope_of
from entrepot.parcels.types import PutAway, PutAwayDone
from entrepot.platform.audit import put_audit
from entrepot.platform.database import Tx


@flow(permission="parcels:put_away", callers=(Staff, ApiKey))
async def put_away_parcel(tx: Tx, *, parcel_id: UUID, put: PutAway) -> PutAwayDone:
    """Where it lies now; `already` when it lay in that bin before.

    Raises Conflict (`wrong_bin`) for a bin of another warehouse, NotFound for no bin at all.
    """
    code = put.bin.strip().upper()
    taken = await operations.take_parcel(tx, parcel_id=parcel_id)
    scope = scope_of(tx.principal).warehouses
    into = await find_bin(tx, warehouse=taken.warehouse or "", code=code, warehouses=scope)
    if into is None and not await is_bin_code(tx, code=code, warehouses=scope):
        raise NotFound("there is no bin of this code", code="unknown_bin", bin=code)
    already = await operations.put_away(tx, parcel_id=parcel_id, into=into, code=code)
    await put_audit(
        tx, verb="put_away_parcel", subject="parcel", subject_id=parcel_id, facts={"bin": code}
    )
    return PutAwayDone(await queries.get_summary(tx, parcel_id=parcel_id), code, already)
