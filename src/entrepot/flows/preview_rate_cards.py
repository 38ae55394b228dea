"""Look at what an import would change, and at all its errors, without keeping anything."""

import msgspec

from entrepot.access.flow import query
from entrepot.carriers import tariff_queries
from entrepot.carriers.importing import CardNews, RuleNews
from entrepot.carriers.uploads import Planner
from entrepot.kernel.principals import ApiKey, Principal, Staff
from entrepot.kernel.refusals import FieldError, Forbidden
from entrepot.platform.database import ReadTx


class ImportPreview(msgspec.Struct, frozen=True):
    """What would be new, and warnings of edges that mean nothing."""

    cards: list[CardNews]
    rules: list[RuleNews]
    warnings: list[FieldError]


@query(permission="rate_cards:change", callers=(ApiKey, Staff))
async def preview_rate_cards(tx: ReadTx, *, planner: Planner) -> ImportPreview:
    """The same answers and refusals as the import would give now."""
    refuse_part_of_house(tx.principal)
    plan = planner(await tariff_queries.get_shelf(tx))
    return ImportPreview(plan.card_news, plan.rule_news, plan.warnings)


def refuse_part_of_house(principal: Principal) -> None:
    """Cards and settings hold for every warehouse: who works for some only does not change them."""
    if isinstance(principal, Staff | ApiKey) and principal.warehouses is not None:
        raise Forbidden("this holds for every warehouse", code="whole_house_only")
