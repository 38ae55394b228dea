"""Stock in the office: what there is, why so much may be sold, where it lies, how it came there."""

from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath, FromQuery

from entrepot.flows.get_sku import get_sku
from entrepot.flows.get_sku_stock import get_sku_stock
from entrepot.flows.get_stock_strategy import get_stock_strategy
from entrepot.flows.list_movements import list_movements
from entrepot.flows.list_stock import list_stock
from entrepot.flows.list_stock_levels import list_stock_levels
from entrepot.stock.strategy import SOON_DAYS
from entrepot.web.answers import page
from entrepot.web.deps import Deps, Visiting
from entrepot.web.staff_pages import staff_of, warehouses_of

_PAGE = 50
_PLACES = 200


@get("/admin/stock")
async def stock(
    deps: Deps,
    visit: Visiting,
    search: FromQuery[str] = "",
    node: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[str]:
    """Levels by SKU, over all warehouses in sight or in one."""
    wanted, place = search.strip()[:40], node.strip()[:16]
    by = staff_of(visit)
    rows = await list_stock_levels(
        deps.db, by, search=wanted or None, node=place or None, after=after[:40], most=_PAGE
    )
    return page(
        visit,
        "admin/stock.html",
        deps=deps,
        rows=rows,
        search=wanted,
        node=place,
        warehouses=await warehouses_of(deps, by),
        next_after=rows[-1].sku if len(rows) == _PAGE else None,
    )


@get("/admin/stock/{code:str}")
async def sku_stock(
    deps: Deps, visit: Visiting, code: FromPath[str], before: FromQuery[UUID | None] = None
) -> Response[str]:
    """One SKU: pools and strategy, places, history."""
    by = staff_of(visit)
    sku = await get_sku(deps.db, by, code=code)
    moves = await list_movements(
        deps.db, by, sku=sku.code, reference=None, before=before, most=_PAGE
    )
    return page(
        visit,
        "admin/sku_stock.html",
        deps=deps,
        sku=sku,
        stock=await get_sku_stock(deps.db, by, sku=sku.code),
        strategy=await get_stock_strategy(deps.db, by, skus=[sku.code]),
        soon_days=SOON_DAYS,
        places=await list_stock(deps.db, by, skus=[sku.code], node=None, most=_PLACES),
        moves=moves,
        next_before=moves[-1].id if len(moves) == _PAGE else None,
    )


STOCK_PAGES = [stock, sku_stock]
