"""Reserve stock: whole requests, one statement, carried together where they want the same SKU.

`flows.reserve_stock_batch_v2` claims the requests, locks the guarding rows, decides first come
first served and writes everything down. When it needs every node of a channel to say no, it
says `again` and has done nothing.
"""

from collections.abc import Sequence

from entrepot.access.batch_flow import Request, batch_flow
from entrepot.access.flow import Claim
from entrepot.kernel.ids import new_ids
from entrepot.kernel.principals import ApiKey, Job, Staff, credential
from entrepot.platform.database import Tx
from entrepot.platform.sqlfile import parse_statement
from entrepot.stock.types import NewReservation, Reservation

RESERVE = parse_statement(
    "reserve_stock",
    """
    select verdict, refused, answer
    from flows.reserve_stock_batch_v2(
        :now, :whole, :key_ids, :key_versions, :key_of, :credentials, :nonces, :keys,
        :fingerprints, :request_ids, :actors, :ids, :event_ids, :audit_ids, :references,
        :channels, :expires, :line_of, :skus, :qtys, :nodes, :warehouses
    )
    order by req
    """,
)


@batch_flow(permission="reservations:create", callers=(ApiKey, Staff, Job), answer=Reservation)
async def reserve_stock(tx: Tx, requests: Sequence[Request]) -> Sequence[Claim]:
    """What is held now, for each request.

    Refusals: Conflict `insufficient_stock` with every shortage; NotFound for an unknown channel,
    SKU or node; Invalid for an expiry that has passed.
    """
    found = await _reserve(tx, requests, whole=False)
    if found[0].verdict == "again":
        found = await _reserve(tx, requests, whole=True)
    return found


async def _reserve(tx: Tx, requests: Sequence[Request], *, whole: bool) -> list[Claim]:
    values: list[NewReservation] = [request.value for request in requests]
    principals = [request.principal for request in requests]
    stamps = [request.stamp for request in requests]
    lines = [line for value in values for line in value.lines]
    names = {id(p): (credential(p), p.actor) for p in principals}
    keys = list({p for p in principals if isinstance(p, ApiKey)})
    place = {key: n for n, key in enumerate(keys, 1)}
    expires = [value.expires_at for value in values]
    count = len(requests)
    ids = new_ids(tx.now, 3 * count)
    first = principals[0]
    scope = first.warehouses if isinstance(first, Staff | ApiKey) else None
    return await tx.list(
        RESERVE,
        Claim,
        now=tx.now,
        whole=whole,
        key_ids=[key.key_id for key in keys],
        key_versions=[key.version for key in keys],
        key_of=[place[p] if isinstance(p, ApiKey) else None for p in principals] if keys else [],
        credentials=[names[id(p)][0] for p in principals],
        nonces=[stamp.nonce for stamp in stamps],
        keys=[stamp.key for stamp in stamps],
        fingerprints=[stamp.fingerprint for stamp in stamps],
        request_ids=[stamp.request_id for stamp in stamps],
        actors=[names[id(p)][1] for p in principals],
        ids=ids[:count],
        event_ids=ids[count : 2 * count],
        audit_ids=ids[2 * count :],
        references=[value.reference for value in values],
        channels=[value.channel for value in values],
        expires=expires if any(expires) else [],
        line_of=[n for n, value in enumerate(values, 1) for _ in value.lines],
        skus=[line.sku for line in lines],
        qtys=[line.qty for line in lines],
        nodes=[line.node for line in lines],
        warehouses=None if scope is None else sorted(scope),
    )
