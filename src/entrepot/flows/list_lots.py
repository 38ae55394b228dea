"""Lots: when they expire, how much of them lies there."""

from datetime import date

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.lots import queries as lots
from entrepot.stock.lots.types import LotRow


@query(permission="stock:read", callers=(ApiKey, Staff))
async def list_lots(
    tx: ReadTx, *, sku: str | None = None, lot: str | None = None,
    expires_until: date | None = None, lying: bool = False, after: tuple[str, str] = ("", ""),
    most: int = 200,
) -> list[LotRow]:  # fmt: skip
    """By SKU and lot behind `after`; `lying`: only what lies somewhere."""
    return await lots.list_lots(
        tx, sku=sku, lot=lot, expires_until=expires_until, lying=lying, after=after, most=most
    )
