"""List what lies on the dock: goods that were received and wait to be put away."""

from entrepot.access.flow import query
from entrepot.kernel.principals import ApiKey, Staff
from entrepot.platform.database import ReadTx
from entrepot.stock.arrivals import put_away
from entrepot.stock.arrivals.types import DockRow


@query(permission="stock:read", callers=(Staff, ApiKey))
async def list_dock(
    tx: ReadTx,
    *,
    node: str,
    after: tuple[str, str, str, str] = ("", "", "", ""),
    most: int = 50,
    code: str = "",
) -> list[DockRow]:
    """By (SKU, lot, owner, status), behind `after`; with a scanned `code` what it stands for.

    Raises NotFound `not_on_dock` or `unknown_sku`, Conflict `several_skus` for a code.
    """
    if code:
        return await put_away.list_scanned(tx, node=node, code=code, most=most)
    return await put_away.list_dock(tx, node=node, after=after, most=most)
