"""What a channel may sell of some SKUs, in all or node by node."""

from collections.abc import Sequence

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock import queries
from entrepot.stock.types import Available, PartAvailable, ShownAvailable


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_availability(
    tx: ReadTx,
    *,
    channel: str,
    skus: Sequence[str],
    reference: str | None = None,
    by_node: bool = False,
) -> list[ShownAvailable]:
    """In the order asked; unknown SKUs are left out. What `reference` holds counts as available."""
    found: list[Available] = await queries.list_available(
        tx, channel=channel, skus=skus, reference=reference
    )
    if not by_node:
        return [ShownAvailable(row.sku, row.available) for row in found]
    rows = await queries.list_nodes_available(tx, channel=channel, skus=skus)
    parts = await queries.list_kit_parts(tx, skus=skus)
    names = sorted({part.sku for part in parts if part.sku is not None})
    told = await queries.list_available(tx, channel=channel, skus=names, reference=reference)
    counted = {row.sku: row.available for row in told}
    return [
        ShownAvailable(
            row.sku,
            row.available,
            [n for n in rows if n.sku == row.sku],
            [
                PartAvailable(part.sku, part.qty, counted.get(part.sku, 0))
                for part in parts
                if part.kit == row.sku and part.sku is not None
            ],
        )
        for row in found
    ]
