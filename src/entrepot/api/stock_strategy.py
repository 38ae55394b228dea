"""What stock is for, over the signed API: pools, lots, owners, age, promotions."""

from typing import Annotated

from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from entrepot.api.deps import CallerOf, DatabaseOf, Listed
from entrepot.api.parameters import Skus, SomeNode, SomeSkus
from entrepot.flows.get_stock_strategy import get_stock_strategy
from entrepot.flows.list_ageing import list_ageing
from entrepot.flows.set_promotions import set_promotions
from entrepot.stock.strategy import Ageing, Strategy
from entrepot.stock.types import LevelsSet, NewPromotions


@get("/stock/strategy", tags=["stock"])
async def get_strategy(caller: CallerOf, db: DatabaseOf, skus: Skus) -> Strategy:
    """What the stock of SKUs is for: by node what is sellable, promoted, protected, expiring,
    quarantined; what each channel may take where; lots and owners."""
    return await get_stock_strategy(db, caller.principal, skus=skus)


@get("/stock/ageing", tags=["stock"])
async def get_ageing(
    caller: CallerOf,
    db: DatabaseOf,
    skus: SomeSkus = None,
    node: SomeNode = None,
    after: Annotated[str, QueryParameter(max_length=40)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=1000)] = 100,
) -> Listed[Ageing]:
    """How long the units of each SKU have lain at each node; `limit` counts SKUs."""
    found = await list_ageing(db, caller.principal, skus=skus, node=node, after=after, most=limit)
    last = found[-1].sku if len({row.sku for row in found}) == limit else None
    return Listed(found, last)


@put("/stock/promotions", tags=["stock"])
async def put_promotions(
    data: JSONBody[NewPromotions], caller: CallerOf, db: DatabaseOf
) -> LevelsSet:
    """Promote lots from one moment until another, or no longer."""
    return await set_promotions(db, caller.principal, caller.stamp, new=data)


STRATEGY_ROUTES: list[HTTPRouteHandler] = [get_strategy, get_ageing, put_promotions]
