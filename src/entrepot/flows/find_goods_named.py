"""Which SKUs have a lot or a serial of a name."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import queries as lots
from entrepot.stock.lots.queries import NamedGoods


@query(permission="stock:read", callers=(ApiKey, Staff))
async def find_goods_named(tx: ReadTx, *, name: str) -> list[NamedGoods]:
    """At most 50 of them."""
    return await lots.list_goods_named(tx, name=name)
